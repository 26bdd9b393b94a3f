# SPDX-License-Identifier: MIT
"""Runs every command on broken models: each must end in an answer or in one sentence.

    mutate.py [--count 20000] [--seed 1] [--jobs 2] [--tool PATH]
    mutate.py --seed 1 --only 4711

File number n of a seed is always the same. A run must end with 0, 1 or 64, within 5 seconds, within
4 GiB of addresses and 512 MiB of memory; print no control character; leave no output if it failed
(but the unfinished one that a later run goes on with); and what it wrote must open again.
Files that show a fault are kept in .build/mutate/SEED-NUMBER with a line on how to repeat it.
"""

import argparse
import collections
import copy
import json
import multiprocessing
import os
import pathlib
import random
import resource
import shutil
import signal
import sys
import tempfile
import time

import gguf_bytes
import mutations
import seeds

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SECONDS, MEGABYTES, ADDRESSES = 5, 512, 4 << 30
TEXT = "ab a b the the abc. Hello world 123\n" * 12
EXITS = {0, 1, 2, 64}
ENVIRONMENT = os.environ | {"SWIFT_BACKTRACE": "enable=no",
                            "ASAN_OPTIONS": "detect_leaks=0:exitcode=99", "TSAN_OPTIONS": "exitcode=99"}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=20000, help="files")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="the first file's number")
    parser.add_argument("--only", type=int, help="one file alone, and what the command says")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--sanitized", action="store_true",
                        help="the tool has a sanitizer in it, which takes terabytes of addresses")
    parser.add_argument("--tool", type=pathlib.Path, default=ROOT / ".build/release/gguf-tool")
    return parser.parse_args()


# MARK: Files


def sources():
    """Valid models by kind; those of ../shared are used, too, where they are."""
    models = {"moe": gguf_bytes.llama(experts=4), "dense": gguf_bytes.llama()}
    for kind in seeds.KINDS:
        keys = {"general.architecture": gguf_bytes.Value(gguf_bytes.STRING, "llama")}
        models["vocabulary-" + kind] = gguf_bytes.Model(keys | gguf_bytes.vocabulary(kind))
    shared = ROOT.parent / "shared/architectures"
    for path in sorted(shared.glob("*.gguf")):
        if "-f32" not in path.name and "expected" not in path.name:
            models["shared-" + path.stem] = gguf_bytes.parsed(path.read_bytes())
    return models


def split(model, source):
    """A model's shards, as they would be called."""
    count = source.choice([2, 3])
    parts = [gguf_bytes.Model() for _ in range(count)]
    parts[0].keys = dict(model.keys)
    for place, tensor in enumerate(model.tensors):
        parts[place * count // len(model.tensors)].tensors.append(tensor)
    for number, part in enumerate(parts):
        part.keys["split.no"] = gguf_bytes.Value(gguf_bytes.U16, number)
        part.keys["split.count"] = gguf_bytes.Value(gguf_bytes.U16, count)
        part.keys["split.tensors.count"] = gguf_bytes.Value(gguf_bytes.I32, len(model.tensors))
    return {f"m-{number + 1:05}-of-{count:05}.gguf": part for number, part in enumerate(parts)}


def importance(model, source):
    """A matrix that fits a model, in either form."""
    matrix = gguf_bytes.Model({"general.type": gguf_bytes.Value(gguf_bytes.STRING, "imatrix"),
                               "imatrix.chunk_count": gguf_bytes.Value(gguf_bytes.U32, 2),
                               "imatrix.datasets": gguf_bytes.strings(["text"])})
    old = []
    for tensor in model.tensors:
        if len(tensor.dims) < 2 or "token_embd" in tensor.name:
            continue
        experts = tensor.dims[2] if len(tensor.dims) > 2 else 1
        matrix.add(tensor.name + ".in_sum2", [tensor.dims[0], experts], spread=0.5, middle=1.0)
        matrix.add(tensor.name + ".counts", [1, experts], spread=0.0, middle=16.0)
        old.append((tensor.name, tensor.dims[0] * experts))
    if source.random() < 0.5:
        return matrix.pieces()
    pack = gguf_bytes.struct.pack
    fields = [pack("<i", len(old))]
    for name, count in old:
        fields += [pack("<i", len(name)), name.encode(), pack("<i", 2), pack("<i", count)]
        fields += [pack("<f", 1.0 + place % 7) for place in range(count)]
    return fields + [pack("<i", 2), pack("<i", 4), b"text"]


def broken(model, source):
    """A model's bytes with something wrong: half the time in its structure, else in its fields."""
    choice = source.random()
    if choice < 0.6:
        model = mutations.mutated_model(source, model)
    try:
        fields = model.pieces(">" if source.random() < 0.05 else "<")
    except (gguf_bytes.struct.error, OverflowError, TypeError):
        return None  # a value that its type cannot hold: another file is made instead
    return mutations.mutated_bytes(source, fields) if choice >= 0.6 else b"".join(fields)


def make(models, seed, number, folder):
    """Writes file `number` of a seed and returns the command to run on it."""
    source = random.Random(f"{seed} {number}")
    (folder / "text.txt").write_text(TEXT)
    while True:
        if source.random() < 0.15:
            return make_side(models["moe"], source, folder)
        kind = source.choice(list(models))
        model = copy.deepcopy(models[kind])
        shape = source.random()
        if not kind.startswith("vocabulary") and shape < 0.12:
            fields = importance(model, source)
            (folder / "m.gguf").write_bytes(model.encoded())
            (folder / "imatrix").write_bytes(mutations.mutated_bytes(source, fields))
            return source.choice(IMPORTANCE_COMMANDS)
        if kind == "moe" and shape < 0.3:
            parts = split(model, source)
            for name in parts:
                (folder / name).write_bytes(parts[name].encoded())
            name = source.choice(list(parts))
            data = broken(parts[name], source)
            if data is not None:
                (folder / name).write_bytes(data)
                return [word.replace("m.gguf", source.choice(list(parts)))
                        for word in source.choice(COMMANDS)]
            continue
        data = broken(model, source)
        if data is not None:
            (folder / "m.gguf").write_bytes(data)
            return source.choice(VOCABULARY_COMMANDS if kind.startswith("vocabulary") else COMMANDS)


def make_side(model, source, folder):
    """A whole model, and something broken beside it that a command reads."""
    name = source.choice(list(SIDE_FILES))
    change = mutations.mutated_json if SIDE_FILES[name][:1] == b"{" else mutations.mutated_plain
    (folder / "m.gguf").write_bytes(model.encoded())
    (folder / "side").write_bytes(change(source, SIDE_FILES[name]))
    return source.choice(SIDE_COMMANDS[name])


def prepare_side_files(tool):
    """Has the tool write what commands read beside models: measurements, states, recipes."""
    with tempfile.TemporaryDirectory() as place:
        folder = pathlib.Path(place) / "work"
        folder.mkdir()
        (folder / "text.txt").write_text(TEXT)
        (folder / "m.gguf").write_bytes(MODELS["moe"].encoded())
        for command, name, output in [
            (f"sensitivity m.gguf {RUN} --types Q4_0,Q8_0 -o o", "sensitivity", "o"),
            (f"perplexity m.gguf {RUN} --router-stats --json", "routers", "../work.log"),
            (f"perplexity m.gguf {RUN} --save-base b", "base", "b"),
            (f"logits m.gguf --ids 1,5,7 -t 1 -o l", "logits", "l"),
            ("plan m.gguf --target-bpw 8 -o r", "recipe", "r"),
        ]:
            outcome = run(tool, command.split(), folder)
            if outcome.code != 0:
                sys.exit(f"{command}: {outcome.text.decode(errors='replace')}")
            SIDE_FILES[name] = (folder / output).read_bytes()
    SIDE_FILES["config"] = json.dumps({
        "architectures": ["MixtralForCausalLM"], "model_type": "mixtral", "hidden_size": 512,
        "num_hidden_layers": 4, "num_attention_heads": 8, "num_key_value_heads": 2,
        "intermediate_size": 1024, "num_local_experts": 8, "num_experts_per_tok": 2,
        "vocab_size": 1000, "max_position_embeddings": 4096, "tie_word_embeddings": False,
        "rope_theta": 10000.0, "sliding_window": None}).encode()


SIDE_FILES = {}

# MARK: Commands

RUN = "-t 1 --corpus text.txt --ctx 16 --chunks 2"
FRONTIER = ("frontier m.gguf -o o.html -t 1 --corpus text.txt --window 16 --chunks 2 --budgets 8 "
            "--uniform Q8_0 --experts 0,1")
COMMANDS = [line.split() for line in f"""
    inspect m.gguf --full
    inspect m.gguf --json
    inspect m.gguf --tensor blk.0.attn_q.weight
    inspect m.gguf --tensor blk.0.ffn_up_exps.weight --json
    requantize m.gguf o.gguf --type Q4_K_M --allow-requantize -t 1
    requantize m.gguf o.gguf --type Q8_0 --allow-requantize --layout per-expert -t 1 --json
    requantize m.gguf o.gguf --type IQ2_XS --allow-requantize --allow-missing-imatrix -t 1
    requantize m.gguf o.gguf --type MXFP4_MOE --allow-requantize -t 1
    requantize m.gguf o.gguf --type COPY --prune-layers 0 -t 1
    requantize m.gguf o.gguf --type F16 --layout merged -t 1
    requantize m.gguf o.gguf --type Q4_0 --allow-requantize --dry-run
    split-experts m.gguf o.gguf -t 1
    split-experts m.gguf o.gguf --merge -t 1
    split-experts m.gguf o.gguf --keep *:0-1 -t 1
    split-experts m.gguf o.gguf --drop *:0 --json -t 1
    split-experts m.gguf o.gguf --dense 1 -t 1
    split-experts m.gguf o.gguf --shard-experts -t 1
    size-estimate m.gguf
    size-estimate m.gguf --type Q4_K_M --vram 16GiB --ram 64GiB --json
    size-estimate m.gguf --all-presets
    size-estimate m.gguf --machine rtx4090+ryzen-ddr5 --ram 1MiB --margin 0
    size-estimate m.gguf --vram 1GiB --draft m.gguf --ctx-checkpoints 3 --json
    perplexity m.gguf {RUN}
    perplexity m.gguf {RUN} --router-stats --json
    perplexity m.gguf {RUN} --base m.gguf
    imatrix m.gguf {RUN} -o o.gguf
    tokenize m.gguf --text ab_the_Hello
    logits m.gguf --ids 1,5,7 -o o.gguf -t 1
    sensitivity m.gguf {RUN} --types Q4_K -o o.json
    plan m.gguf --target-bpw 6 -o o.recipe
    {FRONTIER}
""".split("\n") if line.split()]
VOCABULARY_COMMANDS = [line.split() for line in """
    tokenize m.gguf text.txt
    tokenize m.gguf text.txt --ids --parse-special
    tokenize m.gguf --text <s>ab_the</s>Hello,_world --json
    tokenize m.gguf --text ab --pre llama-bpe
    inspect m.gguf --full
    requantize m.gguf o.gguf --type COPY
""".split("\n") if line.split()]
IMPORTANCE_COMMANDS = [line.split() for line in f"""
    inspect imatrix
    inspect imatrix --json
    requantize m.gguf o.gguf --type Q4_0 --allow-requantize --imatrix imatrix -t 1
    requantize m.gguf o.gguf --type IQ2_XS --allow-requantize --imatrix imatrix -t 1
    size-estimate m.gguf --type IQ2_M --imatrix imatrix
    imatrix m.gguf {RUN} --merge imatrix -o o.gguf
    sensitivity m.gguf {RUN} --types Q4_K --imatrix imatrix -o o.json
""".split("\n") if line.split()]

SIDE_COMMANDS = {name: [line.strip().split() for line in lines.split(";")] for name, lines in {
    "sensitivity": f"""plan m.gguf --target-bpw 8 --sensitivity side -o o.recipe;
        split-experts m.gguf o.gguf --keep-top 2 --by side; {FRONTIER} --sensitivity side""",
    "routers": "split-experts m.gguf o.gguf --keep-top 2 --by side",
    "base": f"perplexity m.gguf {RUN} --base-file side",
    "logits": "inspect side; inspect side --json",
    "recipe": """requantize m.gguf o.gguf --recipe side --allow-requantize -t 1;
        size-estimate m.gguf --plan side; requantize m.gguf o.gguf --type Q4_0 --tensor-type-file side""",
    "config": "size-estimate --config side; size-estimate --config side --type Q4_K_M --vram 8GiB --json",
}.items()}


class Outcome:
    """How a run ended, and what it took."""

    def __init__(self, status, usage, seconds, text):
        self.signal = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        self.code = -self.signal if self.signal else os.WEXITSTATUS(status)
        self.megabytes = usage.ru_maxrss / 1024
        self.processor = usage.ru_utime + usage.ru_stime
        self.seconds, self.text = seconds, text


def run(tool, words, folder, seconds=SECONDS):
    """Runs the tool in a folder; after `seconds` it is killed."""
    log = folder.parent / (folder.name + ".log")
    start = time.monotonic()
    pid = os.fork()
    if pid == 0:
        os.chdir(folder)
        if LIMITED:
            resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        os.execve(tool, [str(tool), *words], ENVIRONMENT)
    signal.signal(signal.SIGALRM, lambda *_: os.kill(pid, signal.SIGKILL))
    signal.setitimer(signal.ITIMER_REAL, seconds)
    _, status, usage = os.wait4(pid, 0)
    signal.setitimer(signal.ITIMER_REAL, 0)
    return Outcome(status, usage, time.monotonic() - start, log.read_bytes())


def complaint(tool, words, folder, outcome):
    """What is wrong with an outcome; None if nothing is."""
    if outcome.signal == signal.SIGKILL and outcome.seconds >= SECONDS:
        again = run(tool, words, folder, seconds=6 * SECONDS)  # the machine may have been busy
        if again.signal or again.processor > SECONDS:
            return f"a hang: {again.processor:.1f} s of processor time"
        outcome = again
    if outcome.code not in EXITS:
        return f"exit code {outcome.code}"
    if outcome.megabytes > MEGABYTES:
        return f"{outcome.megabytes:.0f} MB of memory"
    if b"Sanitizer: " in outcome.text:
        return "a finding of the sanitizer"
    if any(byte < 0x20 and byte not in b"\n\t" or byte == 0x7F for byte in outcome.text.replace(b"\r", b"")):
        return "control characters in the output"
    if outcome.code == 1 and b"Error: " not in outcome.text:
        return "a failure without a sentence"
    outputs = [path for path in folder.glob("o.*") if path.suffix not in (".partial", ".journal", ".state")]
    outputs += folder.glob("o-*.gguf")
    if outcome.code != 0 and outputs:
        return f"an output left by a failure: {outputs[0].name}"
    for path in outputs:
        if path.suffix == ".gguf" and "--dry-run" not in words:
            again = run(tool, ["inspect", path.name], folder)
            if again.code != 0:
                return f"what was written cannot be read: {again.text.decode(errors='replace')}"
    return None


# MARK: The work


def check(task):
    """One file; returns its command, its exit code, and what is wrong."""
    options, number = task
    place = pathlib.Path(tempfile.mkdtemp(prefix="gguf-mutate-", dir="/dev/shm"))
    folder = place / "work"
    folder.mkdir()
    try:
        words = make(MODELS, options.seed, number, folder)
        outcome = run(options.tool, words, folder)
        wrong = complaint(options.tool, words, folder, outcome)
        if options.only is not None:
            print(outcome.text.decode(errors="replace"))
        if wrong:
            keep(options, number, words, wrong, outcome, folder)
        return words[0], outcome.code, wrong and f"file {number}: {' '.join(words)}: {wrong}", outcome
    finally:
        shutil.rmtree(place)


def keep(options, number, words, wrong, outcome, folder):
    """Keeps the files of a fault, with how to repeat it."""
    kept = ROOT / ".build/mutate" / f"{options.seed}-{number}"
    shutil.rmtree(kept, ignore_errors=True)
    shutil.copytree(folder, kept)
    (kept / "fault.txt").write_text(
        f"{wrong}\ngguf-tool {' '.join(words)}\n"
        f"Tests/Fuzz/mutate.py --seed {options.seed} --only {number}\n\n"
        + outcome.text[-4000:].decode(errors="replace"))


MODELS = sources()
LIMITED = True


def main():
    global LIMITED
    options = arguments()
    LIMITED = not options.sanitized
    options.tool = options.tool.resolve()
    first, count = (options.only, 1) if options.only is not None else (options.first, options.count)
    tasks = [(options, number) for number in range(first, first + count)]
    codes, faults, slowest, largest = collections.defaultdict(collections.Counter), [], 0.0, 0.0
    start = time.monotonic()
    prepare_side_files(options.tool)
    with multiprocessing.Pool(options.jobs) as pool:
        for command, code, wrong, outcome in pool.imap_unordered(check, tasks, chunksize=8):
            codes[command][code] += 1
            slowest, largest = max(slowest, outcome.processor), max(largest, outcome.megabytes)
            if wrong:
                faults.append(wrong)
                print(wrong, flush=True)
    print(f"{'command':15}{'files':>8}{'answers':>9}{'refused':>9}{'faults':>8}")
    for command, found in sorted(codes.items()):
        bad = sum(f": {command} " in fault for fault in faults)
        print(f"{command:15}{found.total():8}{found[0]:9}{found[1] + found[64]:9}{bad:8}")
    print(f"{count} files of seed {options.seed} in {time.monotonic() - start:.0f} s; at most "
          f"{slowest:.1f} s and {largest:.0f} MB a run; {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
