#!/usr/bin/env bash
# Builds Assay and runs its tests, ending with ctest's summary and exit code.
#
# Usage: tests/run.sh         # gcc build, unit, integration and end-to-end tests, lint
#        tests/run.sh --all   # and clang, asan+ubsan, tsan, fuzzers, full clang-tidy, more crashes
set -euo pipefail
cd "$(dirname "$0")/.."

all=false
case "${1:-}" in
  "") ;;
  --all) all=true ;;
  *)
    sed -n '2,5p' "$0" | cut -c3- >&2
    exit 2
    ;;
esac

deploy/install_dependencies.sh "$([ $all = true ] && echo all || echo test)"

# Builds one preset, headers on their own included.
build() {
  echo "== build $1"
  cmake --preset "$1" >"/tmp/assay-configure-$$.log" 2>&1 || { cat "/tmp/assay-configure-$$.log"; exit 1; }
  rm -f "/tmp/assay-configure-$$.log"
  NINJA_STATUS='[%f/%t %es] ' cmake --build --preset "$1" -- --quiet
}

# The packages that test the dashboard, where Node can run them; its bundle is checked in.
if command -v npm >/dev/null && node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)'; then
  (cd client/dashboard && { [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --silent; }) ||
    echo "npm ci failed: the tests of the dashboard will be skipped" >&2
fi

failures=0
if [ $all = true ]; then
  for preset in clang asan tsan; do
    build $preset
    echo "== test $preset"
    ctest --preset $preset --parallel "$(nproc)" --label-exclude lint || failures=$((failures + 1))
  done
  build fuzz
  tests/fuzz/run.sh build/fuzz 60 || failures=$((failures + 1))
  echo "== clang-tidy on every source"
  tests/lint/clang_tidy.sh build/clang all || failures=$((failures + 1))
  export ASSAY_CRASHES=50
fi

build dev
cmake --build --preset dev --target all_verify_interface_header_sets -- --quiet
echo "== test dev"
status=0
ctest --preset dev --parallel "$(nproc)" || status=$?
if [ $failures -ne 0 ]; then
  echo "$failures of the further checks above failed" >&2
  exit 1
fi
exit $status
