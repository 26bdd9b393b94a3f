# SPDX-License-Identifier: MIT
"""Small GGUF files made byte by byte, right or wrong, with nothing but Python's own library."""

import random
import struct

U8, I8, U16, I16, U32, I32, F32, BOOL, STRING, ARRAY, U64, I64, F64 = range(13)
CODES = {U8: "B", I8: "b", U16: "H", I16: "h", U32: "I", I32: "i", F32: "f", BOOL: "B",
         U64: "Q", I64: "q", F64: "d"}
TYPE_F32, TYPE_F16, TYPE_Q8_0 = 0, 1, 8
# Weights and bytes of a block.
BLOCKS = {TYPE_F32: (1, 4), TYPE_F16: (1, 2), TYPE_Q8_0: (32, 34)}


class Value:
    """A value of the metadata: its type, and for an array the type of its elements."""

    def __init__(self, kind, content, element=None):
        self.kind, self.content, self.element = kind, content, element


def strings(texts):
    return Value(ARRAY, list(texts), STRING)


class Tensor:
    """A line of the tensor table, and the bytes it speaks of."""

    def __init__(self, name, dims, kind, data):
        self.name, self.dims, self.kind, self.data = name, list(dims), kind, data


class Model:
    """Keys and tensors, and how they become bytes."""

    def __init__(self, keys=None, tensors=None):
        self.keys, self.tensors = dict(keys or {}), list(tensors or [])

    def add(self, name, dims, kind=TYPE_F32, seed=0, spread=0.4, middle=0.0):
        """Adds a tensor of random weights, always the same for a name and seed."""
        source = random.Random(f"{name} {seed}")
        count = 1
        for size in dims:
            count *= size
        if kind == TYPE_Q8_0:
            data = b"".join(
                struct.pack("<e", spread / 127) + bytes(source.randrange(256) for _ in range(32))
                for _ in range(count // 32))
        else:
            data = struct.pack(
                f"<{count}{'f' if kind == TYPE_F32 else 'e'}",
                *(middle + source.uniform(-spread, spread) for _ in range(count)))
        self.tensors.append(Tensor(name, dims, kind, data))

    def encoded(self, order="<", alignment=32):
        """The file; with `order` ">" all numbers of the header and of F32 and F16 are big-endian."""
        return b"".join(self.pieces(order, alignment))

    def pieces(self, order="<", alignment=32):
        """The file as the fields it consists of, one after the other."""
        def number(code, value):
            return struct.pack(order + code, value)

        def text(content):
            content = content if isinstance(content, bytes) else content.encode()
            return [number("Q", len(content)), content]

        fields = [b"GGUF", number("I", 3), number("Q", len(self.tensors)),
                  number("Q", len(self.keys))]
        for key, value in self.keys.items():
            fields += text(key) + [number("I", value.kind)]
            contents, kind = [value.content], value.kind
            if value.kind == ARRAY:
                contents, kind = value.content, value.element
                fields += [number("I", kind), number("Q", len(contents))]
            for content in contents:
                fields += text(content) if kind == STRING else [number(CODES[kind], content)]
        offset = 0
        for tensor in self.tensors:
            fields += text(tensor.name) + [number("I", len(tensor.dims))]
            fields += [number("Q", size) for size in tensor.dims]
            fields += [number("I", tensor.kind), number("Q", offset)]
            offset += -(-len(tensor.data) // alignment) * alignment
        header = sum(map(len, fields))
        fields.append(bytes(-header % alignment))
        for tensor in self.tensors:
            fields += [swapped(tensor) if order == ">" else tensor.data, bytes(-len(tensor.data) % alignment)]
        return fields


def swapped(tensor):
    """A tensor's bytes in the other order, where it is of plain numbers."""
    width = {TYPE_F32: 4, TYPE_F16: 2}.get(tensor.kind, 1)
    return b"".join(tensor.data[place:place + width][::-1]
                    for place in range(0, len(tensor.data), width))


def byte_tokens():
    return [f"<0x{byte:02X}>" for byte in range(256)]


def vocabulary(kind="llama", words=("▁", "a", "b", "▁a", "ab", "▁the", "th", "e")):
    """The keys of a small tokenizer of any kind, with all that it needs."""
    key = "tokenizer.ggml."
    tokens = ["<unk>", "<s>", "</s>"]
    types = [2, 3, 3]
    if kind in ("llama", "t5", "gemma4"):
        tokens += byte_tokens()
        types += [6] * 256
    if kind in ("gpt2",):
        tokens += [chr(code) for code in range(0x21, 0x7F)] + ["Ġ", "Ċ"]
        types += [1] * 96
        words = [word.replace("▁", "Ġ") for word in words if word not in ("▁", "a", "b", "e")]
    if kind == "bert":
        words = ["[UNK]", "[CLS]", "[SEP]", "▁hello", "▁world", "lo", "▁a", "b", "▁,"]
    tokens += words
    types += [1] * len(words)
    keys = {
        key + "model": Value(STRING, kind),
        key + "tokens": strings(tokens),
        key + "token_type": Value(ARRAY, types, I32),
        key + "bos_token_id": Value(U32, 1),
        key + "eos_token_id": Value(U32, 2),
        key + "unknown_token_id": Value(U32, 0),
        key + "seperator_token_id": Value(U32, 2),
    }
    if kind in ("llama", "t5", "bert"):
        keys[key + "scores"] = Value(ARRAY, [-float(place) for place in range(len(tokens))], F32)
    if kind == "gpt2":
        keys[key + "pre"] = Value(STRING, "llama-bpe")
        keys[key + "merges"] = strings(["t h", "Ġ a", "a b", "th e"])
    if kind == "gemma4":
        keys[key + "merges"] = strings(["▁ a", "a b", "t h"])
    if kind == "t5":
        # A tree of 4 bytes that knows no string, and one empty replacement.
        keys[key + "precompiled_charsmap"] = Value(
            ARRAY, list(struct.pack("<II", 4, 0) + b"\0"), U8)
        keys[key + "remove_extra_whitespaces"] = Value(BOOL, 1)
    return keys


def llama(experts=0, layers=2):
    """A llama model of a few thousand weights, with or without experts, and its tokenizer."""
    width, heads, shared, size, hidden = 32, 4, 2, 8, 32
    keys = {"general.architecture": Value(STRING, "llama"), "general.name": Value(STRING, "tiny")}
    numbers = {"block_count": layers, "context_length": 64, "embedding_length": width,
               "feed_forward_length": hidden, "attention.head_count": heads,
               "attention.head_count_kv": shared, "rope.dimension_count": size}
    if experts:
        numbers |= {"expert_count": experts, "expert_used_count": 2}
    keys |= {"llama." + name: Value(U32, number) for name, number in numbers.items()}
    keys["llama.attention.layer_norm_rms_epsilon"] = Value(F32, 1e-5)
    keys["llama.rope.freq_base"] = Value(F32, 100.0)
    keys |= vocabulary("llama")
    tokens = len(keys["tokenizer.ggml.tokens"].content)
    model = Model(keys)
    model.add("token_embd.weight", [width, tokens], TYPE_F16)
    for layer in range(layers):
        name = f"blk.{layer}."
        model.add(name + "attn_norm.weight", [width], middle=1.0)
        for part, rows in (("q", heads * size), ("k", shared * size), ("v", shared * size)):
            model.add(f"{name}attn_{part}.weight", [width, rows])
        model.add(name + "attn_output.weight", [heads * size, width], TYPE_F16)
        model.add(name + "ffn_norm.weight", [width], middle=1.0)
        if experts:
            model.add(name + "ffn_gate_inp.weight", [width, experts])
        suffix, more = ("_exps", [experts]) if experts else ("", [])
        model.add(f"{name}ffn_gate{suffix}.weight", [width, hidden] + more)
        model.add(f"{name}ffn_up{suffix}.weight", [width, hidden] + more, TYPE_Q8_0)
        model.add(f"{name}ffn_down{suffix}.weight", [hidden, width] + more)
    model.add("output_norm.weight", [width], middle=1.0)
    model.add("output.weight", [width, tokens])
    return model


class Reader:
    """A cursor over a valid little-endian file."""

    def __init__(self, data, place=0):
        self.data, self.place = data, place

    def number(self, code):
        found, = struct.unpack_from("<" + code, self.data, self.place)
        self.place += struct.calcsize(code)
        return found

    def text(self):
        length = self.number("Q")
        self.place += length
        return self.data[self.place - length:self.place]

    def content(self, kind):
        return self.text() if kind == STRING else self.number(CODES[kind])

    def value(self):
        kind = self.number("I")
        if kind != ARRAY:
            return Value(kind, self.content(kind))
        element = self.number("I")
        return Value(ARRAY, [self.content(element) for _ in range(self.number("Q"))], element)


def parsed(data):
    """The model in a valid little-endian file whose tensors follow each other."""
    reader = Reader(data, 8)
    tensor_count, key_count = reader.number("Q"), reader.number("Q")
    keys = {}
    for _ in range(key_count):
        name = reader.text().decode()
        keys[name] = reader.value()
    lines = []
    for _ in range(tensor_count):
        name = reader.text().decode()
        dims = [reader.number("Q") for _ in range(reader.number("I"))]
        lines.append((name, dims, reader.number("I"), reader.number("Q")))
    start = -(-reader.place // 32) * 32
    ends = [line[3] for line in lines[1:]] + [len(data) - start]
    return Model(keys, [Tensor(name, dims, kind, data[start + offset:start + end])
                        for (name, dims, kind, offset), end in zip(lines, ends)])
