#!/usr/bin/env bash
# The checked-in files of the dashboard are what its sources and the schemas give, byte for byte, and
# its scripts stay within their budget.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/needs.sh"
source=$ASSAY_SOURCE/client/dashboard
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/client" && cp -r "$ASSAY_SOURCE/schemas" "$folder/schemas"
cp -r "$source" "$folder/client/dashboard"
cd "$folder/client/dashboard"
./generate.sh
diff -r src/api/gen "$source/src/api/gen" || { echo "src/api/gen is old: client/dashboard/generate.sh"; exit 1; }
npm run --silent build >build.log 2>&1 || { cat build.log; exit 1; }
diff -rq dist "$source/dist" || { echo "dist is old: npm run build in client/dashboard"; exit 1; }
size=$(for file in dist/assets/*.js; do gzip -9 -n -c "$file" | wc -c; done | awk '{sum += $1} END {print sum}')
echo "scripts: $size bytes gzipped"
[ "$size" -le 200000 ] || { echo "more than 200,000 bytes"; exit 1; }
