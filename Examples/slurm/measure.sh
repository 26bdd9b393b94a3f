#!/usr/bin/env bash
# Measures a model on a Slurm cluster: a task for each of PARTS parts, then one that puts them together.
#
#     measure.sh PARTS RESULT perplexity MODEL --corpus wikitext.txt --base model-BF16.gguf
#     measure.sh PARTS RESULT imatrix MODEL --corpus calibration.txt
#     measure.sh PARTS RESULT sensitivity MODEL --corpus calibration.txt --imatrix model.imatrix.gguf
#     measure.sh PARTS RESULT frontier MODEL --corpus wikitext.txt --imatrix model.imatrix.gguf
#
# RESULT is the file to write: figures as JSON, an importance matrix, a sensitivity file, or a page.
# Prints the number of the array's job, then that of the job that merges. sbatch's own options go into
# SBATCH_OPTIONS. Run it again with REDO=3,5 to make only these parts anew and merge.
set -euo pipefail

parts=$1
result=$(realpath -m "$2")
command=$3
shift 3
here=$(dirname "$0")
mkdir -p "$result.parts"

export COMMAND=$command OPTIONS=${*@Q} PARTS=$parts RESULT=$result
job=$(sbatch --parsable ${SBATCH_OPTIONS:-} --array="${REDO:-1-$parts}" "$here/part.sbatch")
echo "$job"
# Runs only if no task has failed.
sbatch --parsable --dependency="afterok:$job" "$here/merge.sbatch"
