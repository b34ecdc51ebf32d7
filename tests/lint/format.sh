#!/usr/bin/env bash
# Every C++ and proto file is as clang-format leaves it. Run from the root of the checkout.
set -euo pipefail
find evaluators schemas server client tests -name '*.cc' -o -name '*.h' | sort |
  xargs clang-format --dry-run --Werror
echo "formatted"
