# SPDX-License-Identifier: MIT
"""Compares the speed of evaluation with the reference's, type by type, on one model.

Ours is `gguf-tool perplexity` in each mode, the reference llama-cpp-python's `llama_decode` with a
window a batch and logits for its second half. They take turns, and medians of tokens/s are compared.
Loading counts on neither side: the reference has its model in memory and has run once, ours tells
the seconds of the evaluation itself (reading and decoding weights are part of it).
"""

import argparse
import json
import os
import pathlib
import random
import statistics
import subprocess
import sys

LENGTH = 512
MODES = ["default", "f32", "bf16x3", "bf16"]

REFERENCE = """
import sys, time
from llama_cpp import llama_cpp as lib

path, threads, length = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
lib.llama_backend_init()
model = lib.llama_model_load_from_file(path.encode(), lib.llama_model_default_params())
params = lib.llama_context_default_params()
params.n_ctx = params.n_batch = params.n_ubatch = length
params.n_threads = params.n_threads_batch = threads
context = lib.llama_init_from_model(model, params)
batch = lib.llama_batch_init(length, 0, 1)
batch.n_tokens = length
for index in range(length):
    batch.token[index] = 100 + index * 7 % 26
    batch.pos[index] = index
    batch.n_seq_id[index] = 1
    batch.seq_id[index][0] = 0
    batch.logits[index] = index >= length // 2


def decode():
    lib.llama_memory_clear(lib.llama_get_memory(context), True)
    if lib.llama_decode(context, batch) != 0:
        sys.exit("llama_decode failed")
    lib.llama_synchronize(context)


decode()
print("ready", flush=True)
for line in sys.stdin:
    start, start_cpu = time.monotonic(), time.process_time()
    for _ in range(int(line)):
        decode()
    print(time.monotonic() - start, time.process_time() - start_cpu, flush=True)
"""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=pathlib.Path, help="in F16; the other types are made of it")
    parser.add_argument("--tool", required=True, help="our program")
    parser.add_argument("--python", required=True, help="a Python that has llama-cpp-python")
    parser.add_argument("--types", default="F16,Q8_0,Q4_K,Q6_K,IQ3_S,IQ2_XXS")
    parser.add_argument("--modes", default=",".join(MODES))
    parser.add_argument("--windows", type=int, default=16)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", type=pathlib.Path, help="a file for all figures")
    parser.add_argument("--markdown", type=pathlib.Path, help="a page to renew the table in")
    return parser.parse_args()


class Reference:
    """The reference with a model in memory, waiting for its turns."""

    def __init__(self, options: argparse.Namespace, model: pathlib.Path):
        command = [options.python, "-c", REFERENCE, model, options.threads, LENGTH]
        self.child = subprocess.Popen(
            list(map(str, command)), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True)
        self.line()

    def line(self) -> str:
        line = self.child.stdout.readline()
        return line or sys.exit("the reference ended early")

    def run(self, windows: int) -> dict:
        self.child.stdin.write(f"{windows}\n")
        self.child.stdin.flush()
        seconds, processor = map(float, self.line().split())
        tokens = windows * LENGTH
        return {"speed": tokens / seconds, "processor": tokens / processor}

    def close(self) -> None:
        self.child.stdin.close()
        self.child.wait()


def run_ours(options: argparse.Namespace, model: pathlib.Path, text: pathlib.Path, mode: str) -> dict:
    command = [options.tool, "perplexity", model, "--corpus", text, "--ctx", LENGTH]
    command += ["--chunks", options.windows, "--threads", options.threads, "--json"]
    command += [] if mode == "default" else ["--compute", mode]
    child = subprocess.Popen(
        list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    said, problem = child.stdout.read(), child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"{options.tool} failed:\n{problem}")
    result = json.loads(said)
    corpus = result["corpora"][0]
    processor = corpus["tokens"] / (usage.ru_utime + usage.ru_stime)
    return {
        "speed": corpus["tokens_per_second"], "processor": processor, "compute": result["compute"]}


def prepare(options: argparse.Namespace, kind: str) -> pathlib.Path:
    """The model in a type, made if it is not there."""
    if kind == "F16":
        return options.model
    path = options.model.with_name(f"{options.model.stem}-{kind}.gguf")
    if not path.exists():
        # Presets for pure K-quants are named after their mixes.
        preset = kind + ("_S" if kind in ("Q3_K", "Q4_K", "Q5_K") else "")
        print(f"making the model in {kind}", flush=True)
        subprocess.run(
            [options.tool, "requantize", options.model, path, "--type", preset, "--pure",
             "--allow-missing-imatrix"],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return path


def measure(options: argparse.Namespace, kind: str, text: pathlib.Path) -> dict:
    """Medians of the reference and of our modes, and which mode the default is."""
    model = prepare(options, kind)
    reference = Reference(options, model)
    modes = options.modes.split(",")
    found: dict[str, list[dict]] = {"reference": []} | {mode: [] for mode in modes}
    same = ""
    for _ in range(options.runs):
        found["reference"].append(reference.run(options.windows))
        for mode in modes:
            # What the default stands for is not measured twice.
            if mode == same:
                continue
            found[mode].append(run_ours(options, model, text, mode))
            if mode == "default":
                same = found[mode][-1]["compute"]
    reference.close()
    if same in found:
        found[same] = found["default"]
    medians = {
        who: {clock: statistics.median(run[clock] for run in runs) for clock in ("speed", "processor")}
        for who, runs in found.items()
    }
    return {"type": kind, "default": same, "medians": medians, "runs": found}


def ratio(row: dict, mode: str, clock: str = "speed") -> float:
    return row["medians"][mode][clock] / row["medians"]["reference"][clock]


def has_tiles() -> bool:
    return "amx_bf16" in pathlib.Path("/proc/cpuinfo").read_text()


def goal(mode: str) -> float | None:
    if mode == "default":
        return 1
    return 3 if mode == "bf16" and has_tiles() else None


def cell(row: dict, mode: str) -> str:
    if mode not in row["medians"]:
        return ""
    times, wanted = ratio(row, mode), goal(mode)
    return f"{times:.2f}" + (" !" if wanted is not None and times < wanted else "")


def header(rows: list[dict], modes: list[str]) -> list[str]:
    titles = {"default": f"default ({rows[0]['default']})" if rows else "default"}
    return ["type", "reference, tokens/s"] + [titles.get(mode, mode) for mode in modes] + [
        "default by processor time"]


def cells(row: dict, modes: list[str]) -> list[str]:
    speed = f"{row['medians']['reference']['speed']:.0f}"
    processor = f"{ratio(row, 'default', 'processor'):.2f}" if "default" in modes else ""
    return [row["type"], speed] + [cell(row, mode) for mode in modes] + [processor]


def processor_name() -> str:
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(": ", 1)[1]
    return "a processor without a name"


def conditions(options: argparse.Namespace, load: tuple[float, float]) -> str:
    tiles = "with AMX" if has_tiles() else "without AMX, so that bf16 has no goal"
    return (
        f"{processor_name()}, {tiles}; {options.threads} threads, {options.windows} windows of "
        f"{LENGTH} tokens, medians of {options.runs} runs by turns; load average {load[0]:.1f} "
        f"before, {load[1]:.1f} after.")


def page(rows: list[dict], options: argparse.Namespace, modes: list[str], said: str) -> str:
    titles = header(rows, modes)
    lines = [titles, ["---"] + ["--:"] * (len(titles) - 1)] + [cells(row, modes) for row in rows]
    table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    return f"{said}\n\n{table}\n"


def renew(path: pathlib.Path, text: str) -> None:
    """Puts a text between the page's two marks."""
    start, end = "<!-- evaluation-peers -->\n", "<!-- end of evaluation-peers -->"
    before, found, rest = path.read_text().partition(start)
    _, found_end, after = rest.partition(end)
    if not found or not found_end:
        sys.exit(f"{path}: expected the marks of evaluation-peers, found none")
    path.write_text(before + start + text + end + after)


def main() -> None:
    options = arguments()
    modes = options.modes.split(",")
    text = options.model.with_name("text.txt")
    text.write_text("".join(random.Random(1).choices(
        "abcdefghijklmnopqrstuvwxyz", k=(options.windows + 1) * LENGTH)))
    before = os.getloadavg()[0]
    rows: list[dict] = []
    for kind in options.types.split(","):
        rows.append(measure(options, kind, text))
        if len(rows) == 1:
            titles = header(rows, modes)
            print("  ".join(titles))
        row = cells(rows[-1], modes)
        print("  ".join(value.rjust(len(title)) for value, title in zip(row, titles)), flush=True)
    said = conditions(options, (before, os.getloadavg()[0]))
    print("\n" + said)
    print("Numbers after the reference's speed: times as fast. ! misses the goal: default 1, and")
    print("bf16 3 where the processor multiplies tiles (AMX).")
    if options.json:
        options.json.write_text(json.dumps({"conditions": said, "rows": rows}, indent=1) + "\n")
    if options.markdown:
        renew(options.markdown, page(rows, options, modes, said))


if __name__ == "__main__":
    main()
