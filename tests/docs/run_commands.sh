#!/bin/bash
# Runs every command of a document's console blocks, in order, in one shell; any that fails fails the test.
# Usage: run_commands.sh DOCUMENT PROGRAM SOURCE_DIR
# The scripts of script/ are left out: they build and test, which is what is going on here.
set -euo pipefail
document=$1 program=$2 source=$3
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

awk '/^```console/ { on = 1; next } /^```/ { on = 0 } on && /^\$ / { print substr($0, 3) }' "$document" |
  sed -E 's/ +# .*$//' | grep -v '^script/' |
  sed -e "s#build/release/batchite#$program#g" -e "s#out/#$scratch/out/#g" >"$scratch/commands"
[ -s "$scratch/commands" ] || { echo "no commands in $document"; exit 1; }

# Inputs that the documents take from script/demo.
mkdir -p "$scratch/out/videos"
for n in 1 2; do
  ffmpeg -nostdin -v error -y -f lavfi -i testsrc=duration=1:size=160x90:rate=5 -f lavfi -i sine=duration=1 -shortest \
    "$scratch/out/videos/v$n.mp4"
done

cd "$source"
{
  echo 'set -e; shopt -s expand_aliases'
  while IFS= read -r command; do printf 'echo %q\n%s\n' "\$ $command" "$command"; done <"$scratch/commands"
} >"$scratch/script"
BATCHITE_LOCATION=$scratch/data bash "$scratch/script" </dev/null
