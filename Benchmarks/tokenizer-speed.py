#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures what vocabularies and texts cost `gguf-tool tokenize`, by processor time.

First crafted ones against plain ones of the same size: the merges, strings, tree and words whose
keys all collide in tables whose hashes have no secret (a multiplication by a constant, FNV-1a). A
crafted one may cost 1.5 times a plain one. Then, with --before, WikiText-2 in the vocabularies of
../shared by two builds. Whatever is compared runs by turns, and medians are compared.

Usage: tokenizer-speed.py TOOL [--before TOOL] [--shared FOLDER] [--count 87000] [--runs 5]
"""
import argparse, os, random, statistics, subprocess, sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "Tests", "Fuzz"))
from gguf_bytes import ARRAY, I32, STRING, U32, Model, Value, strings

parser = argparse.ArgumentParser()
parser.add_argument("tool")
parser.add_argument("--before", help="an earlier build of the tool")
parser.add_argument("--shared", default="../shared", help="the folder of public vocabularies")
parser.add_argument("--count", type=int, default=87_000, help="entries of the crafted files")
parser.add_argument("--runs", type=int, default=5)
options = parser.parse_args()

FOLDER = ".build/tokenizer-speed"
GOAL = 1.5
MULTIPLIER, FNV_START, FNV_PRIME = 0x9E3779B97F4A7C15, 0xCBF29CE484222325, 0x100000001B3
WORD = 2 ** 64 - 1
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@#"
# Digits and signs would cut a word into several.
WORD_LETTERS = LETTERS[:52]
PAIRS = [a + b for a in LETTERS for b in LETTERS]
SPECIAL = ["<s>", "</s>"]


def slots(least):
    """The size of a table: a power of two."""
    size = 16
    while size < least:
        size *= 2
    return size


def multiplied(key, size):
    """Where a number was looked for."""
    return ((key * MULTIPLIER & WORD) >> 32) & (size - 1)


def fnv(text, state=FNV_START):
    for byte in text.encode():
        state = (state ^ byte) * FNV_PRIME & WORD
    return state


def merges(count, crafted):
    """Merges of tokens of two letters."""
    size, found = slots(count * 3 // 2), []
    if not crafted:
        numbers = random.Random(1).sample(range(len(PAIRS) ** 2), count)
        return [f"{PAIRS[n // len(PAIRS)]} {PAIRS[n % len(PAIRS)]}" for n in numbers]
    for left, a in enumerate(PAIRS):
        for right, b in enumerate(PAIRS):
            if multiplied((left + len(SPECIAL)) << 32 | right + len(SPECIAL), size) < size // 32:
                found.append(f"{a} {b}")
                if len(found) == count:
                    return found
    sys.exit("there are not enough merges that collide: use a smaller --count")


def words(count, crafted, size, before=""):
    """Strings of eight letters; all of them follow the same string."""
    found, source, seen = [], random.Random(2), set()
    while len(found) < count:
        begin = "".join(source.choices(WORD_LETTERS, k=6))
        if begin in seen:
            continue
        seen.add(begin)
        state = fnv(before + begin)
        for letter in WORD_LETTERS:
            middle = (state ^ ord(letter)) * FNV_PRIME & WORD
            for last in WORD_LETTERS:
                end = (middle ^ ord(last)) * FNV_PRIME & WORD
                if not crafted or (end ^ end >> 32) & (size - 1) < size // 32:
                    found.append(begin + letter + last)
                    if not crafted:
                        break
    return found[:count]


def path_of_tree(count, crafted):
    """One string, whose nodes each have the next as a child."""
    size, source = slots(2 * count), random.Random(3)
    text = "~"
    for node in range(1, count):
        bytes_ = list(range(0x21, 0x7F))
        source.shuffle(bytes_)
        if crafted:
            bytes_.sort(key=lambda byte: multiplied(node << 8 | byte, size))
        text += chr(bytes_[0])
    return text


def vocabulary(kind, tokens, merged=()):
    key = "tokenizer.ggml."
    tokens = SPECIAL + tokens
    keys = {
        "general.architecture": Value(STRING, "llama"),
        key + "model": Value(STRING, kind),
        key + "tokens": strings(tokens),
        key + "token_type": Value(ARRAY, [3] * len(SPECIAL) + [1] * (len(tokens) - len(SPECIAL)), I32),
    }
    for place, name in enumerate(("bos", "eos")):
        keys[f"{key}{name}_token_id"] = Value(U32, place)
    for name in ("seperator", "unknown"):
        keys[f"{key}{name}_token_id"] = Value(U32, 1)
    if kind == "gpt2":
        keys[key + "pre"] = Value(STRING, "gpt-2")
        keys[key + "merges"] = strings(merged)
    return Model(keys)


def write(name, content):
    path = f"{FOLDER}/{name}"
    with open(path, "wb") as file:
        file.write(content if isinstance(content, bytes) else content.encoded())
    return path


def case(title, name):
    """The commands' arguments for a plain and a crafted input."""
    return title, [make(name, crafted) for crafted in (False, True)]


def make(name, crafted):
    count, file = options.count, f"{name}-{'crafted' if crafted else 'plain'}"
    if name == "merges":
        model = vocabulary("gpt2", PAIRS, merges(count, crafted))
    elif name == "tokens":
        size = slots(2 * (count + len(SPECIAL)))
        model = vocabulary("gpt2", words(count, crafted, size))
    elif name == "tree":
        model = vocabulary("bert", [path_of_tree(count, crafted)])
    else:
        text = "".join(" " + word for word in words(60_000, crafted, 1 << 17, " "))
        return [write("words.gguf", vocabulary("gpt2", list(LETTERS))),
                write(file + ".txt", text.encode())]
    return [write(file + ".gguf", model), "--text", "x"]


def seconds(tool, arguments):
    """The processor time of a run."""
    child = subprocess.Popen([tool, "tokenize", *arguments, "--count"], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        sys.exit(f"{tool} tokenize {' '.join(arguments)} failed")
    return usage.ru_utime + usage.ru_stime


def medians(commands):
    """The median of each command, run by turns."""
    times = [[] for _ in commands]
    for _ in range(options.runs):
        for place, command in enumerate(commands):
            times[place].append(seconds(*command))
    return [statistics.median(list) for list in times]


def show_crafted(tool):
    """Prints the times of a tool; returns whether every crafted input met the goal."""
    is_met = True
    print(f"{tool}: {options.count:,} entries, processor time\n")
    print("input                plain    crafted    ratio")
    for title, (plain, crafted) in CASES:
        first, second = medians([(tool, plain), (tool, crafted)])
        missed = second > GOAL * first
        is_met = is_met and not missed
        sign = " !" if missed else ""
        print(f"{title:16} {first:7.3f} s  {second:7.3f} s  {second / first:7.2f}{sign}", flush=True)
    print(f"goal: at most {GOAL} (! marks a miss)\n")
    return is_met


def show_public():
    corpus = f"{options.shared}/corpora/wikitext2.test.raw"
    print("WikiText-2           before        now    now as fast")
    ratios = []
    for file in sorted(os.listdir(f"{options.shared}/tokenizers")):
        if not file.endswith(".gguf.zst"):
            continue
        model = f"{FOLDER}/{file[:-4]}"
        subprocess.run(
            ["zstd", "-dqf", f"{options.shared}/tokenizers/{file}", "-o", model], check=True)
        old, new = medians([(tool, [model, corpus]) for tool in (options.before, options.tool)])
        ratios.append(old / new)
        name = file.removeprefix("ggml-vocab-").removesuffix(".gguf.zst")
        print(f"{name:16} {old:7.3f} s  {new:7.3f} s  {old / new:9.2f}", flush=True)
    print(f"geometric mean {statistics.geometric_mean(ratios):.3f}")


os.makedirs(FOLDER, exist_ok=True)
CASES = [case("merges", "merges"), case("texts of tokens", "tokens"),
         case("tree of tokens", "tree"), case("words of a text", "words")]
if options.before:
    show_crafted(options.before)
is_met = show_crafted(options.tool)
if options.before:
    show_public()
sys.exit(0 if is_met else 1)
