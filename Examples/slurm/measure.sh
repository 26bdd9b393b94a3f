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
# SBATCH_OPTIONS. Run it again with REDO=3,5-7 to make only these parts anew and merge.
set -euo pipefail

parts=$1
result=$(realpath -m "$2")
command=$3
shift 3
script=$(realpath "$0")
here=$(dirname "$script")
redo=${REDO:-1-$parts}
mkdir -p "$result.parts"

# What is in the way of the merging job must be of this run.
for range in ${redo//,/ }; do
  numbers=$(seq "${range%-*}" "${range#*-}")
  for part in $numbers; do rm -f "$result.parts/$part"; done
done

export COMMAND=$command OPTIONS=${*@Q} PARTS=$parts RESULT=$result MEASURE=$script
PARTS_JOB=$(sbatch --parsable ${SBATCH_OPTIONS:-} --array="$redo" "$here/part.sbatch")
export PARTS_JOB
echo "$PARTS_JOB"
# Runs when no task is left, even if one has failed, to say which. After "afterok" it would stay in the
# queue for ever.
sbatch --parsable --dependency="afterany:$PARTS_JOB" "$here/merge.sbatch"
