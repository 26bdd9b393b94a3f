#!/usr/bin/env bash
# The speed of evaluation against the reference's, on a model of 304 M weights in several types;
# figures go to .build/bench-evaluation.json. Options go to evaluation-peers.py.
#
# GGUF_TOOL=program measures another build, MODEL=file another model in F16.
set -euo pipefail
cd "$(dirname "$0")/.."

model=${MODEL:-.build/dense-model/dense.gguf}
[ -n "${MODEL:-}" ] || Benchmarks/dense-model.sh "$model"
python3 Benchmarks/evaluation-peers.py "$model" \
  --tool "${GGUF_TOOL:-.build/release/gguf-tool}" \
  --python "${GGUF_TOOL_REFERENCE:-.build/reference}/bin/python3" \
  --json .build/bench-evaluation.json "$@"
