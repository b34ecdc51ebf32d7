#!/usr/bin/env bash
# Runs the tests of the dashboard: those of its code, then those in the browser.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/needs.sh"
[ -x /usr/bin/chromium ] || skip "no Chromium"
(cd "$ASSAY_SOURCE/client/dashboard" && npm run --silent check && npm test --silent)
exec node --test --test-concurrency=1 "$here"/*.test.mjs
