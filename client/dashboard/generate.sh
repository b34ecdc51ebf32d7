#!/usr/bin/env bash
# Writes src/api/gen from the schemas. Run after a change of a .proto file.
set -euo pipefail
cd "$(dirname "$0")"
rm -rf src/api/gen
mkdir -p src/api/gen
protoc -I ../../schemas --plugin=protoc-gen-es=node_modules/.bin/protoc-gen-es \
  --es_out=src/api/gen --es_opt=target=ts ../../schemas/assay/v1/*.proto
