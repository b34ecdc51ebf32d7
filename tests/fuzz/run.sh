#!/usr/bin/env bash
# Runs every fuzzer from its seeds for some time; fails when one finds something.
#
# Usage: tests/fuzz/run.sh BUILD_DIR SECONDS [FUZZER...]
set -euo pipefail

if [ $# -lt 2 ]; then
  sed -n '2,4p' "$0" | cut -c3- >&2
  exit 2
fi
build=$(realpath "$1")
seconds=$2
shift 2
corpus=$(realpath "$(dirname "$0")")/corpus
found=$build/fuzz/found
fuzzers=("$@")
if [ ${#fuzzers[@]} -eq 0 ]; then
  for program in "$build"/fuzz/fuzz_*; do
    [ -x "$program" ] && [ -f "$program" ] && fuzzers+=("$(basename "$program")")
  done
fi
if [ ${#fuzzers[@]} -eq 0 ]; then
  echo "no fuzzers in $build/fuzz" >&2
  exit 2
fi

failed=0
for fuzzer in "${fuzzers[@]}"; do
  echo "== $fuzzer, $seconds s"
  mkdir -p "$found/$fuzzer"
  log=$found/$fuzzer.log
  if (cd "$found" && "$build/fuzz/$fuzzer" -max_total_time="$seconds" -timeout=20 \
        -rss_limit_mb=4096 -max_len=8192 -artifact_prefix="$found/$fuzzer-" \
        "$found/$fuzzer" "$corpus/$fuzzer") >"$log" 2>&1; then
    tail -1 "$log"
  else
    failed=$((failed + 1))
    tail -40 "$log"
  fi
done
if [ $failed -ne 0 ]; then
  echo "$failed fuzzers found something; inputs are in $found" >&2
  exit 1
fi
