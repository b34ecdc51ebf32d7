#!/usr/bin/env bash
# Usage: clang_tidy.sh BUILD_DIR [all]
# clang-tidy with the short list of .clang-tidy on the core folders, but for the static analyser,
# which takes half to four fifths of the time; with `all`, the whole list on every source. Without
# `all`, clang's own warning finds reserved names: the check spends a sixth of the rest on those in
# other people's headers.
set -euo pipefail
build=$1
folders='(evaluators|server/(base|store|run))'
checks='-clang-analyzer-*,-bugprone-reserved-identifier,clang-diagnostic-reserved-*'
arguments=(-extra-arg=-Wreserved-identifier)
if [ "${2:-}" = all ]; then
  folders='(evaluators|schemas|server|client)'
  checks=
  arguments=()
fi
# The database is gcc's, whose warning options clang does not all know.
arguments+=(-extra-arg=-Wno-unknown-warning-option)
run-clang-tidy -quiet -checks="$checks" "${arguments[@]}" -j "$(nproc)" -p "$build" "^$PWD/$folders/.*\.cc$" > "$build/clang_tidy.log" 2>&1 || {
  grep -E '(warning|error):|note:' "$build/clang_tidy.log" | sort -u | head -100
  exit 1
}
echo "$(grep -c '^clang-tidy' "$build/clang_tidy.log") files without a finding"
