# What the shell scripts that try command line clients have in common.

fail() { echo "FAILED: $*" >&2; exit 1; }

# expect WANTED COMMAND ...: the command's output, without white space at the end, is WANTED
expect() {
  local wanted=$1 seen
  shift
  seen=$("$@" 2>>errors) || fail "the user sees, after \`$*\`: $seen $(tail -5 errors)"
  [ "$seen" = "$wanted" ] || fail "\`$*\` gives \"$seen\" instead of \"$wanted\""
}

# refused TEXT COMMAND ...: the command fails and shows the service's message
refused() {
  local text=$1 seen
  shift
  if seen=$("$@" 2>&1); then fail "\`$*\` was taken: $seen"; fi
  grep -q "$text" <<<"$seen" || fail "\`$*\` does not say \"$text\": $seen"
}

# together JOB ...: shell functions at the same time; all have to succeed
together() {
  local jobs=() job failed=0
  for job in "$@"; do "$job" & jobs+=($!); done
  for job in "${jobs[@]}"; do wait "$job" || failed=1; done
  [ "$failed" = 0 ] || exit 1
}
