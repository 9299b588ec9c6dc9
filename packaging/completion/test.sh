#!/usr/bin/env bash
# The completion offers each option that `midge help COMMAND` names, no other. Usage: test.sh MIDGE
set -euo pipefail
midge=$1
# shellcheck source=packaging/completion/midge.bash
source "$(dirname "${BASH_SOURCE[0]}")/midge.bash"

offered() { # WORD...: what is offered for the last word
  COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
  _midge
  ((${#COMPREPLY[@]} == 0)) || printf '%s\n' "${COMPREPLY[@]}"
}

named() { "$midge" help "$1" 2>&1 | grep -oP '(?<![\w-])--?[A-Za-z][\w-]*' | sort -u; }

failed=0
for command in broker pub sub passwd; do
  "$midge" help "$command" >/dev/null || { printf 'midge help %s fails\n' "$command" && failed=1; }
  difference=$(diff <(named "$command") <(offered midge "$command" - | sort -u)) || {
    printf '%s (< only in the help, > only in the completion):\n%s\n' "$command" "$difference"
    failed=1
  }
  alias=mosquitto_$command
  [[ $command != broker ]] || alias=mosquitto
  [[ $(offered "/usr/bin/$alias" -) == "$(offered midge "$command" -)" ]] || {
    printf 'not the same for %s\n' "$alias"
    failed=1
  }
done
exit "$failed"
