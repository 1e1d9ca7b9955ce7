#!/bin/bash
# The ffmpeg workflow's wall time beside `xargs -P2 ffmpeg` over the same files, in turn. Usage: workflow_bench.sh PROGRAM
set -euo pipefail
program=$(realpath "$1")
fixture=$(realpath "$(dirname "$0")/../../fixtures/ffmpeg")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

for n in 1 2 3 4 5; do
  ffmpeg -nostdin -v error -y -f lavfi -i testsrc=duration=600:size=160x90:rate=2 \
    -f lavfi -i "sine=frequency=$((220 * n)):duration=600" -shortest "v$n.mp4"
done

now() { date +%s.%N; }
best() { sort -g | head -1; }
for _ in 1 2 3; do
  start=$(now)
  ls v*.mp4 | xargs -P2 -I{} ffmpeg -nostdin -v error -y -i {} {}.mp3
  echo "$(now) - $start" | bc >>plain
  start=$(now)
  "$program" run "$fixture" -q --location "$scratch/data" --input 'v*.mp4' --output out >/dev/null
  echo "$(now) - $start" | bc >>ours
done
plain=$(best <plain)
ours=$(best <ours)
printf '%-58s %12.2f\n' "5 MP4s to MP3 by xargs -P2 ffmpeg, s" "$plain"
printf '%-58s %12.2f ratio %.2f, +%.2f s\n' "5 MP4s to MP3 by batchite run on 5 nodes, s" "$ours" \
  "$(echo "$ours / $plain" | bc -l)" "$(echo "$ours - $plain" | bc)"
