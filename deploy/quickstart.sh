#!/usr/bin/env bash
# From a fresh Debian 12 to a verdict: installs what is missing, builds a release, starts
# assay-server on loopback, loads the example data, compares baseline and candidate.
#
# Usage: deploy/quickstart.sh          # data in ./.assay, or in $ASSAY_DATA_DIR
#        deploy/quickstart.sh stop     # stops the server that it started; the data stay
#
# A second run rebuilds nothing, loads nothing twice and prints the same comparisons.
set -euo pipefail
cd "$(dirname "$0")/.."

data_dir=${ASSAY_DATA_DIR:-$PWD/.assay}
bin=$PWD/build/release/bin
listen=${ASSAY_LISTEN:-127.0.0.1:7317}
http_listen=${ASSAY_HTTP_LISTEN:-127.0.0.1:7318}
pid_file=$data_dir/quickstart.pid

running() { [ -f "$pid_file" ] && kill -0 "$(cat "$pid_file")" 2>/dev/null; }
say() { printf '\n== %s\n' "$*"; }

case "${1:-}" in
  "") ;;
  stop)
    if running; then
      pid=$(cat "$pid_file")
      kill "$pid"
      while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
      echo "stopped; the data stay in $data_dir"
    else
      echo "no server of the quickstart is running on $data_dir"
    fi
    rm -f "$pid_file"
    exit 0
    ;;
  *)
    sed -n '2,8p' "$0" | cut -c3- >&2
    exit 2
    ;;
esac

say "dependencies"
deploy/install_dependencies.sh build
echo "all there"

say "build"
if [ ! -f build/release/build.ninja ]; then
  cmake --preset release >/dev/null
fi
NINJA_STATUS='[%f/%t %es] ' cmake --build --preset release --target assay assay-server

say "server"
mkdir -p "$data_dir"
if running; then
  echo "already running, pid $(cat "$pid_file")"
else
  rm -f "$data_dir/quickstart.ready"
  setsid "$bin/assay-server" --data-dir "$data_dir" --listen "$listen" --http-listen "$http_listen" \
    >"$data_dir/quickstart.ready" 2>>"$data_dir/server.log" </dev/null &
  server=$!
  echo "$server" >"$pid_file"
  for _ in $(seq 300); do
    grep -q '^ready' "$data_dir/quickstart.ready" && break
    if ! kill -0 "$server" 2>/dev/null; then
      echo "the server did not start:" >&2
      tail -n 5 "$data_dir/server.log" >&2
      rm -f "$pid_file"
      exit 3
    fi
    sleep 0.1
  done
  cat "$data_dir/quickstart.ready"
fi
ASSAY_ENDPOINT=$(sed -n 's/^ready grpc=\([^ ]*\).*/\1/p' "$data_dir/quickstart.ready")
export ASSAY_ENDPOINT

assay() {
  "$bin/assay" "$@"
}
# Prints the command, then runs it; a verdict other than PASS does not end the script.
show() {
  printf '\n$ assay %s\n' "$*"
  local code=0
  assay "$@" || code=$?
  echo "exit code $code"
}
# Pushes a model version and its outputs: MODEL DATASET OUTPUTS FLAGS...
push_outputs() {
  local model=$1 dataset=$2 outputs=$3 pushed
  shift 3
  pushed=$(assay model push "$model" --external "$@")
  echo "$pushed"
  assay outputs push --model "${pushed%% *}" --dataset "$dataset" "$outputs"
}

say "example data"
digits=tests/data/digits
robust=tests/data/robust03
mlp_weights=sha256:9e19ce41fc5eaa9833828a2bd3de7920eee194a71562791f36241fab33e68500
embed_weights=sha256:e172d98e4306c153319233f1f27a6e9a805f9e0614d5a0e0ae8fd873d450564c
assay dataset push digits "$digits/examples.jsonl"
push_outputs mlp digits "$digits/mlp_relu.jsonl" --activation relu --weights-digest $mlp_weights
push_outputs mlp digits "$digits/mlp_silu.jsonl" --activation silu --weights-digest $mlp_weights
push_outputs embed digits "$digits/embed_gelu.jsonl" --activation gelu --weights-digest $embed_weights
push_outputs embed digits "$digits/embed_silu.jsonl" --activation silu --weights-digest $embed_weights
models=tests/data/reference_models
assay model push classifier --architecture $models/mlp_relu.arch.json --weights $models/mlp_relu.safetensors
assay dataset push robust03 --qrels "$robust/qrels.txt"
push_outputs search robust03 "$robust/fub03IeOLKe3.run" --config system=fub03IeOLKe3
push_outputs search robust03 "$robust/oce03noXbmD.run" --config system=oce03noXbmD

say "did the change make the model worse?"
show check classifier@1 --dataset digits --activation relu=silu --max-drop accuracy=0.02
show diff search@1 search@2 --dataset robust03 --max-drop nDCG@10=0.02
show diff embed@1 embed@2 --dataset digits --max-drop cosine=0.02
show diff mlp@1 mlp@2 --dataset digits --max-drop accuracy=0.02

cat <<TEXT

The data lie in $data_dir; the server listens on $ASSAY_ENDPOINT.
Go on:  export PATH=$bin:\$PATH ASSAY_ENDPOINT=$ASSAY_ENDPOINT
        assay run ls
        assay --help
Stop:   deploy/quickstart.sh stop
TEXT
