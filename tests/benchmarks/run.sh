#!/usr/bin/env bash
# Builds the bench preset and prints every figure, each beside its reference.
#
# Usage: tests/benchmarks/run.sh [WORK_DIR]   # a directory on a real disk; default: a fresh one in /var/tmp
set -euo pipefail
cd "$(dirname "$0")/../.."
work=${1:-$(mktemp -d /var/tmp/assay-benchmark-XXXXXX)}
mkdir -p "$work"
cmake --preset bench >/dev/null
cmake --build --preset bench -- --quiet
bin=$PWD/build/bench/bin

echo "== ingest and small calls"
rm -rf "$work/ingest"
coproc SERVER { exec "$bin/assay-server" --data-dir "$work/ingest" --listen 127.0.0.1:0 --http-listen 127.0.0.1:0; }
server=$SERVER_PID
trap 'kill "$server" 2>/dev/null || true' EXIT
read -r ready <&"${SERVER[0]}"
endpoint=$(sed -n 's/^ready grpc=\([^ ]*\).*/\1/p' <<<"$ready")
"$bin/ingest_benchmark" "$endpoint" "$work"
kill "$server" && wait "$server"
trap - EXIT

echo "== a million labels of 77 classes"
"$bin/classification_benchmark"

echo "== rankings against judgements, without a server"
"$bin/score_benchmark" "$bin/assay" "$work"

echo "== a million rows through the command line"
tests/benchmarks/million_rows.py "$bin" "$work/million"

echo "== one comparison of a million rows, five metrics, forty cohorts"
tests/benchmarks/whole_comparison.py "$bin" "$work/whole"

echo "== the same systems through two averages and through Assay"
tests/benchmarks/paired_against_naive.py "$bin"

echo "== embeddings and kernels"
OMP_NUM_THREADS=1 "$bin/embedding_benchmark"
OMP_NUM_THREADS=1 "$bin/kernel_benchmark"

echo "== statistics: 1 M paired rows x 5 metrics x 40 cohorts (at most 4 s on two cores, 256 MiB)"
"$bin/statistics_benchmark" comparison
echo "== statistics beside scipy (general 0.3 s, binary 0.01 s, permutation 0.15 s; at least 50x)"
/usr/bin/python3 tests/benchmarks/statistics_beside_scipy.py "$bin"

echo "== spans in, answers out, the oldest away"
rm -rf "$work/traces" && mkdir "$work/traces"
coproc SERVER { exec "$bin/assay-server" --data-dir "$work/traces/store" --listen 127.0.0.1:0 --http-listen 127.0.0.1:0; }
server=$SERVER_PID
trap 'kill "$server" 2>/dev/null || true' EXIT
read -r ready <&"${SERVER[0]}"
"$bin/trace_benchmark" ingest "$(sed -n 's/^ready grpc=\([^ ]*\).*/\1/p' <<<"$ready")" "$work/traces" 500000
kill "$server" && wait "$server"
trap - EXIT
"$bin/trace_benchmark" ask "$work/traces/store"
"$bin/trace_benchmark" retain "$work/traces/store"

echo "== what recording its spans costs a run (under 1 %)"
"$bin/span_cost_benchmark" "$work/span_cost"

echo "== a check through the command line (under 1 s)"
tests/benchmarks/check_time.py "$bin"
