#!/usr/bin/env bash
# Installs what Assay needs from Debian 12's own packages; what is there already is left alone.
#
# Usage: deploy/install_dependencies.sh build   # to build and run
#        deploy/install_dependencies.sh test    # and to run the tests
#        deploy/install_dependencies.sh all     # and the sanitizers, fuzzers, full lint, optional tests
set -euo pipefail

build=(g++ cmake ninja-build protobuf-compiler protobuf-compiler-grpc libgrpc++-dev libprotobuf-dev
  libsqlite3-dev libabsl-dev libeigen3-dev libboost-dev libssl-dev zlib1g-dev libsimdjson-dev
  libcli11-dev libspdlog-dev libtomlplusplus-dev libxxhash-dev libicu-dev libre2-dev)
test=(libgtest-dev libgmock-dev python3 python3-jsonschema libxml2-utils clang-tidy clang-format
  openssl curl ccache chromium)
all=(clang libclang-rt-14-dev llvm libbenchmark-dev libdnnl-dev libonnx-testdata python3-mpmath
  python3-scipy python3-statsmodels)

case "${1:-}" in
  build) wanted=("${build[@]}") ;;
  test) wanted=("${build[@]}" "${test[@]}") ;;
  all) wanted=("${build[@]}" "${test[@]}" "${all[@]}") ;;
  *)
    sed -n '2,7p' "$0" | cut -c3- >&2
    exit 2
    ;;
esac

missing=()
for package in "${wanted[@]}"; do
  if [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" != installed ]; then
    missing+=("$package")
  fi
done
if [ ${#missing[@]} -eq 0 ]; then
  exit 0
fi
echo "installing ${#missing[@]} packages: ${missing[*]}" >&2
if [ "$(id -u)" -ne 0 ]; then
  echo "this needs root: sudo $0 $*" >&2
  exit 3
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq >&2
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
