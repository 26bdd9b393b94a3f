#!/usr/bin/env bash
# Requantizes a model on a Slurm cluster, a task for each shard of the output:
#
#     requantize.sh MODEL OUT --type Q4_K_M --split-max-size 20G [OPTION...]
#
# Prints the number of the job. sbatch's own options go into SBATCH_OPTIONS, such as
# "--cpus-per-task=16 --partition=long". MODEL and OUT are on a file system that all nodes see. Run it
# again with REDO=3,5-7 to make only these shards, which go on where they were.
set -euo pipefail

model=$(realpath "$1")
out=$(realpath -m "$2")
shift 2
plan=$(gguf-tool requantize "$model" "$out" "$@" --dry-run --json)
read -r shards mark < <(python3 -c '
import json, sys
plan = json.load(sys.stdin)
print(len(plan["files"]), plan["plan_fingerprint"])' <<<"$plan")

MODEL=$model OUT=$out OPTIONS=${*@Q} SHARDS=$shards PLAN=$mark \
  sbatch --parsable ${SBATCH_OPTIONS:-} --array="${REDO:-1-$shards}" "$(dirname "$0")/requantize.sbatch"
