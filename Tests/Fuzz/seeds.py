# SPDX-License-Identifier: MIT
"""Writes the files that fuzzing starts from: small valid ones of each kind, and a dictionary.

    seeds.py FOLDER         FOLDER/TARGET/NAME for each target, and FOLDER/words.dict
"""

import gzip
import pathlib
import struct
import subprocess
import sys

from gguf_bytes import (ARRAY, BOOL, F64, I8, I64, STRING, TYPE_F16, TYPE_F32, TYPE_Q8_0, U16, U32,
                        Model, Value, strings, vocabulary)

KINDS = ["llama", "gpt2", "gemma4", "bert", "t5"]
PRE_TOKENIZERS = ["default", "qwen2", "deepseek-v3", "gpt-4o", "gpt-2", "kimi-k2", "tekken"]
# The first byte chooses the name; the order is that of Sources/fuzz/Corpus.swift.
CORPUS_NAMES = ["txt", "raw", "json", "jsonl", "zst", "gz", "json.zst", "jsonl.gz"]


def container():
    model = Model({
        "general.architecture": Value(STRING, "llama"),
        "general.alignment": Value(U32, 32),
        "a.flag": Value(BOOL, 1),
        "a.number": Value(F64, 0.5),
        "some.words": strings(["one", "", "three"]),
        "some.numbers": Value(ARRAY, [-1, 2, 3], I8),
        "more.numbers": Value(ARRAY, [1, 2], U16),
        "most.numbers": Value(ARRAY, [1 << 40], I64),
    })
    model.add("token_embd.weight", [8, 3])
    model.add("blk.0.attn_q.weight", [32, 2], TYPE_Q8_0)
    model.add("blk.0.norm", [5], TYPE_F16)
    model.add("empty", [4, 0])
    yield "little", model.encoded()
    yield "big", model.encoded(">")
    model.keys["general.alignment"] = Value(U32, 8)
    yield "alignment", model.encoded(alignment=8)
    for count in (1, 2):
        model.keys["split.count"] = Value(U16, count)
        model.keys["split.no"] = Value(U16, 0)
        model.keys["split.tensors.count"] = Value(U32, 4)
        yield f"split{count}", model.encoded(alignment=8)
    yield "nothing", Model().encoded()


def importance_entries():
    return {"blk.0.attn_q.weight": (4, 1), "blk.0.ffn_gate_inp.weight": (4, 1),
            "blk.0.ffn_up_exps.weight": (4, 3), "blk.1.ffn_up.0.weight": (4, 1)}


def importance():
    model = Model({
        "general.type": Value(STRING, "imatrix"),
        "imatrix.datasets": strings(["text"]),
        "imatrix.chunk_count": Value(U32, 2),
        "imatrix.chunk_size": Value(U32, 8),
    })
    for name, (columns, experts) in importance_entries().items():
        model.add(name + ".in_sum2", [columns, experts], TYPE_F32, spread=0.5, middle=1)
        model.add(name + ".counts", [1, experts], TYPE_F32, spread=0, middle=16)
    yield "gguf", model.encoded()
    yield "big", model.encoded(">")
    old = struct.pack("<i", len(importance_entries()))
    for name, (columns, experts) in importance_entries().items():
        values = [1.0 + place for place in range(columns * experts)]
        old += struct.pack("<i", len(name)) + name.encode()
        old += struct.pack(f"<ii{len(values)}f", 2, len(values), *values)
    yield "oldest", old
    yield "old", old + struct.pack("<ii", 2, 4) + b"text"


def recipe():
    yield "preset", b"preset = Q4_K_M\nlayout = per-expert\neffort = best\n"
    yield "rules", (b"# what and why\npreset = COPY\nblk\\.[0-9]+\\.attn_(q|k)\\.weight = Q8_0 # both\n"
                    b"ffn_down.* = Q6_K\n\noutput = keep\n")
    yield "experts", b"blk.0-3,7.experts[0,3-5].ffn_down = Q2_K\nblk.*.experts[*].* = IQ4_XS\n"
    yield "list", b"attn_v=q8_0 ffn_(up|down)=q4_k\n^token_embd=f16\n"
    yield "numbers", b"0,3-5,9"


def tokenizer():
    for kind in KINDS:
        keys = {"general.architecture": Value(STRING, "llama"),
                "general.description": Value(STRING, "the abc, ab <s> Grüße 12345  x")}
        keys |= vocabulary(kind)
        yield kind, Model(keys).encoded()
        if kind == "gpt2":
            yield "big", Model(keys).encoded(">")
            for name in PRE_TOKENIZERS:
                keys["tokenizer.ggml.pre"] = Value(STRING, name)
                yield name, Model(keys).encoded()


def corpus():
    text = "One sentence.\n\nAnother — with \"marks\", ½ and 世界.\n".encode() * 3
    documents = b'{"text": "One \\u00e9\\ud83d\\ude00\\n", "n": [1, {"a": -0.5e3}, null]}\n' * 2
    array = b'[{"text": "a"}, {"id": true, "text": "b"}]'
    for choice, name in enumerate(CORPUS_NAMES):
        plain = documents if name.startswith("jsonl") else array if name.startswith("json") else text
        yield name, bytes([choice]) + compressed(plain, name)
        yield name + "2", bytes([choice]) + 2 * compressed(plain, name)


def compressed(content, name):
    if name.endswith("gz"):
        return gzip.compress(content, mtime=0)
    if name.endswith("zst"):
        return subprocess.run(["zstd", "-qc", "--check"], input=content, capture_output=True,
                              check=True).stdout
    return content


def words():
    """Words that mutations insert: names of keys, kinds and types, and numbers at limits."""
    names = ["GGUF", "general.alignment", "general.type", "imatrix", ".in_sum2", ".counts", "split.no",
             "split.count", "split.tensors.count", "tokenizer.ggml.pre", "tokenizer.ggml.model",
             "tokenizer.ggml.merges", "tokenizer.ggml.scores", "tokenizer.ggml.token_type",
             "tokenizer.ggml.add_bos_token", "tokenizer.ggml.add_eos_token", "▁", "preset = ", "keep",
             "layout = per-expert", ".experts[", "].ffn_up", "\\p{L}", "(?<n>", "\"text\":", "\\ud800",
             "\\u0000"]
    names += KINDS + PRE_TOKENIZERS
    numbers = [struct.pack("<Q", number) for number in
               (0, 1, 2**31, 2**32 - 1, 2**61 + 1, 2**63 - 1, 2**63, 2**64 - 1, 2**64 - 32)]
    for word in [name.encode() for name in names] + numbers:
        yield '"' + "".join(escaped(byte) for byte in word) + '"'


def escaped(byte):
    """A byte as libFuzzer's dictionaries write it."""
    return chr(byte) if chr(byte).isalnum() and byte < 0x80 else f"\\x{byte:02X}"


def main(folder):
    for target in (container, importance, recipe, tokenizer, corpus):
        place = folder / target.__name__
        place.mkdir(parents=True, exist_ok=True)
        for name, content in target():
            (place / f"seed-{name}").write_bytes(content)
    (folder / "words.dict").write_text("".join(word + "\n" for word in words()))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
