#!/bin/sh
# Builds the fuzz target with address checks and runs it: Tests/Fuzz/run.sh [seconds] [corpus folder]
# Needs Linux; with python3 and its package gguf it starts from two valid files.
set -eu
cd "$(dirname "$0")/../.."
out=.build/fuzz
corpus=${2:-$out/corpus}
mkdir -p "$out" "$corpus"
for order in little big; do
  python3 Tests/Scripts/check_container.py write "$corpus/$order.gguf" "$order" || true
done
find Sources/GGUF -name '*.swift' -exec swiftc -O -swift-version 6 -parse-as-library \
  -enable-experimental-feature Lifetimes -enable-upcoming-feature ExistentialAny \
  -sanitize=fuzzer,address -o "$out/open-fuzzer" Tests/Fuzz/OpenFuzzer.swift {} +
exec "$out/open-fuzzer" -max_total_time="${1:-60}" -max_len=8192 -rss_limit_mb=512 \
  -artifact_prefix="$out/" "$corpus"
