#!/usr/bin/env bash
# The whole command against the reference's: a model of 304 M weights to Q4_K_S, every tensor alike,
# both on two threads and by turns. Prints the median seconds of each, their ratio, and the most
# memory that our process held.
#
# RUNS=3 is how often each runs; MODEL=file names another model in F16 or F32.
set -euo pipefail
cd "$(dirname "$0")/.."

tool=.build/release/gguf-tool
reference=${GGUF_TOOL_REFERENCE:-.build/reference}/bin/python3
folder=.build/whole-command
model=${MODEL:-.build/dense-model/dense.gguf}
mkdir -p "$folder"
[ -n "${MODEL:-}" ] || Benchmarks/dense-model.sh "$model"

python3 - "$tool" "$reference" "$model" "$folder" "${RUNS:-3}" <<'PYTHON'
import os, statistics, subprocess, sys, time

tool, reference, model, folder, runs = *sys.argv[1:5], int(sys.argv[5])
QUANTIZE = """
import ctypes, sys, time, llama_cpp
params = llama_cpp.llama_model_quantize_default_params()
params.nthread, params.ftype, params.pure = 2, llama_cpp.LLAMA_FTYPE_MOSTLY_Q4_K_S, True
start, start_cpu = time.monotonic(), time.process_time()
status = llama_cpp.llama_model_quantize(
    sys.argv[1].encode(), sys.argv[2].encode(), ctypes.byref(params))
print("seconds", time.monotonic() - start, time.process_time() - start_cpu, flush=True)
sys.exit(status)
"""


def run(command, output):
    """The seconds of a command, what it used, and what it said."""
    if os.path.exists(output):
        os.remove(output)
    # What the last run left to be written is not charged to this one.
    os.sync()
    with open(os.path.join(folder, "log"), "w+", errors="replace") as log:
        start = time.monotonic()
        child = subprocess.Popen(command, stdout=log, stderr=log)
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.monotonic() - start
        log.seek(0)
        text = log.read()
    if status:
        sys.exit(f"{command[0]} failed:\n" + text[-2000:])
    return seconds, usage, text


ours_out, theirs_out = (os.path.join(folder, name) for name in ("ours.gguf", "reference.gguf"))
ours_command = [tool, "requantize", model, ours_out, "--type", "Q4_K_S", "--pure", "-t", "2"]
theirs_command = [reference, "-c", QUANTIZE, model, theirs_out]
ours, theirs, memory = [], [], 0
for number in range(runs):
    seconds, usage, _ = run(ours_command, ours_out)
    ours.append((seconds, usage.ru_utime + usage.ru_stime))
    memory = max(memory, usage.ru_maxrss)
    # Python's start is no part of the reference's work: the call is timed within.
    _, _, said = run(theirs_command, theirs_out)
    theirs.append(tuple(map(float, said.rsplit("seconds ", 1)[1].split()[:2])))
    print(f"run {number + 1}: ours {ours[-1][0]:.2f} s, reference {theirs[-1][0]:.2f} s", flush=True)

print(f"\nrequantize to Q4_K_S --pure, {os.path.getsize(model) / 1e6:.0f} MB of input, 2 threads")
print("medians         ours  reference  times as fast")
for column, title in enumerate(["wall clock", "processor"]):
    mine, other = (statistics.median(times[column] for times in list) for list in (ours, theirs))
    print(f"{title:11} {mine:6.2f} s   {other:6.2f} s  {other / mine:13.2f}")
print("goal: 5 times as fast by the wall clock, both alone on the machine")
print(f"written: {os.path.getsize(ours_out):,} bytes, reference {os.path.getsize(theirs_out):,}")
print(f"peak memory: {memory / 1024:.0f} MiB (goal 300)")
PYTHON
rm -f "$folder"/ours.gguf "$folder"/reference.gguf
