# SPDX-License-Identifier: MIT
"""Evaluates a model of 30 GB in 8 GB of memory, and counts how often its file was read.

The model is a mixture of experts with holes for most weights, so that it takes little disk. Memory
is limited by a control group, which counts cached pages of the file, too; where none can be made,
only what the process itself holds is checked.

Fails unless the perplexity is what zeros give, the process kept within the limit, and it read at
most 1.1 times the file's size. GGUF_TOOL names another program than .build/release/gguf-tool.
"""

import argparse
import contextlib
import json
import os
import pathlib
import random
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
VOCABULARY = 8192
# Each of 15 G weights: ten layers of eight experts, or twenty of 240.
SHAPES = {
    "llama": "--layers 10 --embedding 4096 --feed-forward 14848 --experts 8",
    "qwen35moe": "--layers 20 --embedding 2048 --feed-forward 512 --experts 240",
}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--architecture", choices=SHAPES, default="llama")
    parser.add_argument("--limit", type=float, default=8, help="GB of memory")
    parser.add_argument("--ctx", type=int, default=32, help="tokens of a window")
    parser.add_argument("--chunks", type=int, default=2, help="windows")
    parser.add_argument("--model", type=pathlib.Path, help="another model")
    parser.add_argument("--options", default="", help="for the tool, such as '--memory 1G'")
    return parser.parse_args()


def make_model(path: pathlib.Path, architecture: str) -> None:
    if path.exists():
        return
    new = path.with_suffix(".new")
    script = ROOT / "Tests/Scripts/random_model.py"
    shape = [*SHAPES[architecture].split(), "--vocabulary", str(VOCABULARY), "--sparse"]
    command = [sys.executable, script, new, "--architecture", architecture, *shape]
    subprocess.run(command, check=True)
    new.rename(path)


def make_text(path: pathlib.Path, count: int) -> None:
    """Letters at random: a token each."""
    letters = random.Random(1).choices("abcdefghijklmnopqrstuvwxyz", k=count + 16)
    path.write_text("".join(letters))


class ControlGroup:
    """A group of processes that share a limit, by either version of the interface."""

    def __init__(self, bytes: int):
        self.folder: pathlib.Path | None = None
        version2 = pathlib.Path("/sys/fs/cgroup")
        version1 = version2 / "memory"
        names = ("memory.limit_in_bytes", "memory.max_usage_in_bytes")
        parent = version1
        if not version1.is_dir():
            parent, names = version2, ("memory.max", "memory.peak")
        folder = parent / f"gguf-tool-{os.getpid()}"
        with contextlib.suppress(OSError):
            folder.mkdir()
            self.folder = folder
            self.peak_name = names[1]
            (folder / names[0]).write_text(str(bytes))
            return
        self.remove()

    def enter(self) -> None:
        if self.folder:
            (self.folder / "cgroup.procs").write_text(str(os.getpid()))

    def peak(self) -> int | None:
        """The most that processes and cached pages took together."""
        if not self.folder:
            return None
        with contextlib.suppress(OSError):
            return int((self.folder / self.peak_name).read_text())
        return None

    def remove(self) -> None:
        if self.folder:
            with contextlib.suppress(OSError):
                self.folder.rmdir()
        self.folder = None


def run(command: list[str], group: ControlGroup) -> dict:
    """What a command said, and what it took."""
    start = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, preexec_fn=group.enter)
    said = child.stdout.read()
    # The counters are there until the process is waited for.
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    lines = pathlib.Path(f"/proc/{child.pid}/io").read_text().splitlines()
    counters = {name: int(value) for name, value in (line.split(": ") for line in lines)}
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"{command[0]} ended with {child.returncode}")
    return {
        "result": json.loads(said)["corpora"][0],
        "seconds": time.monotonic() - start,
        "asked": counters["rchar"],
        "disk": counters["read_bytes"],
        "resident": usage.ru_maxrss * 1024,
    }


def main() -> None:
    options = arguments()
    folder = ROOT / ".build/big-model"
    folder.mkdir(parents=True, exist_ok=True)
    model = options.model or folder / f"{options.architecture}.gguf"
    text = folder / "text.txt"
    if not options.model:
        make_model(model, options.architecture)
    make_text(text, options.ctx * options.chunks)
    tool = os.environ.get("GGUF_TOOL", str(ROOT / ".build/release/gguf-tool"))
    command = [tool, "perplexity", str(model), "--corpus", str(text), "--json"]
    command += ["--ctx", str(options.ctx), "--chunks", str(options.chunks)]
    group = ControlGroup(int(options.limit * 1e9))
    print("limit:", f"{options.limit} GB" if group.folder else "none, no control group can be made")
    found = run(command + options.options.split(), group)
    size = model.stat().st_size
    passes = found["asked"] / size
    result = found["result"]
    print(f"file: {size / 1e9:.2f} GB, on disk {model.stat().st_blocks * 512 / 1e9:.2f} GB")
    print(f"tokens: {result['tokens']} in {result['windows']} windows")
    print(f"seconds: {found['seconds']:.1f}, evaluation {result['seconds']:.1f}")
    print(f"most resident memory: {found['resident'] / 1e9:.2f} GB")
    if peak := group.peak():
        print(f"with cached pages of the file: {peak / 1e9:.2f} GB")
    print(f"read: {found['asked'] / 1e9:.2f} GB, {passes:.3f} times the file")
    print(f"of that from disk (holes are not): {found['disk'] / 1e9:.2f} GB")
    group.remove()
    perplexity = result["perplexity"]["value"]
    if not options.model and abs(perplexity - VOCABULARY) > 0.01:
        sys.exit(f"expected a perplexity of {VOCABULARY}, found {perplexity}")
    if found["resident"] > options.limit * 1e9:
        sys.exit("more memory than allowed")
    if passes > 1.1:
        sys.exit("expected one pass over the file")


if __name__ == "__main__":
    main()
