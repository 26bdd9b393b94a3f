#!/usr/bin/env bash
# Makes the model that speeds are measured with, if it is missing: 304 M random weights in F16.
set -euo pipefail
cd "$(dirname "$0")/.."

model=$1
[ ! -e "$model" ] || exit 0
python=.build/python/bin/python3
[ -x "$python" ] || python=python3
mkdir -p "$(dirname "$model")"
echo "making the model"
"$python" Tests/Scripts/random_model.py "$model.new"
mv "$model.new" "$model"
