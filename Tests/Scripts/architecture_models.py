# SPDX-License-Identifier: MIT
"""Makes the models of TestVectors/architectures: tiny ones with random weights, and the logits that a
forward pass in double precision, written here from the architectures' definitions, computes for them.

They hold what no model of `shared` does. Weights are halves, so that files are small and exact. Sizes
and keys are odd on purpose: a key that is ignored must show. `scripts/check-architectures` compares
the same architectures with the reference itself.

Usage: architecture_models.py FOLDER [NAME...]; needs PyPI's gguf.
"""

import pathlib
import sys
import zlib

import gguf
import numpy as np

VOCABULARY, TOKENS, CONTEXT = 48, 40, 64
VARIANTS = {}


def variant(name, architecture, **style):
    """Registers a model: what its layers are like, and with `keys` what its file says."""
    VARIANTS[name] = (architecture, style)


# How layers differ from Llama's: `rope` "norm", "neox" or None; `norm` "rms", "layer" or "plain" (no
# weights); `act` of the network, `gated` or not; `bias` of products, of norms with `norm_bias`;
# `parallel` None, "one" norm or "two"; `heads` norms of heads: "head", "each", "whole".
variant("exaone", "exaone", rope="neox", factors=True, tied=True)
variant("olmo", "olmo", norm="plain", keys={"attention.clamp_kqv": 0.9})
variant("refact", "refact", rope=None, alibi=8, tied=True)
variant("starcoder", "starcoder", rope=None, norm="layer", norm_bias=True, bias=True, act="gelu",
        gated=False, fused=True, positions=True, tied=True)
variant("mpt", "mpt", rope=None, norm="layer", act="gelu", gated=False, fused=True, alibi=5, shared=3,
        heads="whole", norm_bias=True, tied=True,
        keys={"attention.clamp_kqv": 1.1, "attention.max_alibi_bias": 5.0})
variant("mpt_positions", "mpt", rope=None, norm="layer", act="gelu", gated=False, fused=True,
        bias=True, norm_bias=True, shared=3, positions=True)
variant("codeshell", "codeshell", rope="neox", norm="layer", norm_bias=True, bias=True, act="gelu",
        gated=False, fused=True)
variant("jais2", "jais2", rope="neox", norm="layer", norm_bias=True, bias=True, act="relu2",
        gated=False, tied=True)
variant("minicpm", "minicpm", embedding=7, residual=0.6, logits=1 / 1.7, tied=True,
        keys={"embedding_scale": 7.0, "residual_scale": 0.6, "logit_scale": 1.7})
variant("minicpm_first", "minicpm", embedding=12, residual=1.4 / np.sqrt(2), logits=24 / 256)
variant("qwen", "qwen", rope="neox", fused=True, bias="qkv", shared=3, double=True)
variant("pangu", "pangu-embedded", rope="neox", bias=True, output_bias=True)
variant("plamo", "plamo", rope="neox", parallel="one")
variant("plamo3", "plamo3", rope="neox", fused=True, heads="head", sandwich=True, fused_gate=True,
        layers=4, windows=[7, 7, 0, 7], local=777.0, tied=True,
        keys={"attention.sliding_window": 7, "attention.sliding_window_pattern": 3,
              "rope.freq_base_swa": 777.0})
variant("bitnet", "bitnet", rope="neox", inner=True, tied=True)
variant("bitnet_relu2", "bitnet", rope="neox", inner=True, act="relu2", tied=True,
        keys={"hidden_activation": "relu2"})
variant("deci", "deci", layers=5, factors=True, tied=True,
        without={1: "attention", 2: "network", 3: "heads"},
        keys={"attention.head_count": [3, 0, 3, 3, 3], "attention.head_count_kv": [1, 0, 1, 0, 1],
              "feed_forward_length": [40, 40, 0, 40, 40]})
variant("stablelm_parallel", "stablelm", rope="neox", turned=4, norm="layer", norm_bias=True,
        parallel="one", heads="each")
variant("falcon_two_norms", "falcon", rope="neox", norm="layer", norm_bias=True, act="gelu",
        gated=False, fused=True, parallel="two", names=("attn_norm_2", "attn_norm"), tied=True)
variant("gptneox_parallel", "gptneox", rope="neox", turned=4, norm="layer", norm_bias=True,
        bias=True, act="gelu", gated=False, fused=True, shared=3, parallel="two",
        keys={"use_parallel_residual": True})
variant("baichuan_slopes", "baichuan", layers=40, rope=None, alibi=8, shared=3, size=4, inner_width=12)
variant("baichuan_neither", "baichuan", rope=None, shared=3)


class Model:
    """The tensors and keys of a variant."""

    def __init__(self, name):
        self.name = name
        self.architecture, given = VARIANTS[name]
        self.style = dict(
            rope="norm", norm="rms", act="silu", gated=True, layers=2, size=8, shared=1,
            inner_width=40) | given
        self.random = np.random.default_rng(zlib.crc32(name.encode()))
        self.width = 3 * self["size"]
        self.tensors = {}
        self.make()

    def __getitem__(self, key):
        return self.style.get(key)

    def matrix(self, name, *shape, gain=1.3):
        values = self.random.standard_normal(shape[::-1]) * gain / np.sqrt(shape[0])
        self.tensors[name] = values.astype(np.float16)

    def linear(self, name, inputs, outputs, bias):
        self.matrix(f"{name}.weight", inputs, outputs)
        if bias: self.vector(f"{name}.bias", outputs)

    def vector(self, name, *shape, mean=0.0, spread=0.25):
        self.tensors[name] = self.random.normal(mean, spread, shape[::-1]).astype(np.float32)

    def norm(self, name, *shape, suffix=".weight"):
        if self["norm"] == "plain": return
        self.vector(f"{name}{suffix}", *shape, mean=1.0)
        if self["norm_bias"] and len(shape) == 1: self.vector(f"{name}.bias", *shape)

    def make(self):
        self.matrix("token_embd.weight", self.width, VOCABULARY, gain=np.sqrt(self.width))
        if self["positions"]: self.matrix("position_embd.weight", self.width, CONTEXT, gain=3.0)
        if self["factors"]:
            self.tensors["rope_freqs.weight"] = self.random.uniform(1, 6, self["size"] // 2).astype(
                np.float32)
        for layer in range(self["layers"]): self.make_layer(layer)
        self.norm("output_norm", self.width)
        if not self["tied"]: self.matrix("output.weight", self.width, VOCABULARY, gain=3.0)
        if self["output_bias"]: self.vector("output.bias", VOCABULARY)

    def make_layer(self, layer):
        p, without = f"blk.{layer}.", (self["without"] or {}).get(layer)
        first, second = self["names"] or ("attn_norm", "ffn_norm")
        if without != "attention":
            if without == "heads": self.matrix(f"{p}attn_output.weight", self.width, self.width)
            else: self.make_attention(p)
            self.norm(f"{p}{first}", self.width)
        if without == "network": return
        if self["parallel"] != "one": self.norm(f"{p}{second}", self.width)
        self.make_network(p)
        if self["sandwich"]:
            for name in ("post_attention_norm", "post_ffw_norm"):
                self.norm(f"{p}{name}", self.width, suffix="")

    def make_attention(self, p):
        size, shared, bias = self["size"], self["shared"], self["bias"]
        parts = {"q": self.width, "k": shared * size, "v": shared * size}
        if self["fused"]: parts = {"qkv": sum(parts.values())}
        for part, outputs in parts.items():
            self.linear(f"{p}attn_{part}", self.width, outputs, bias)
        self.linear(f"{p}attn_output", self.width, self.width, bias is True)
        for part, heads in (("q", 3), ("k", shared)):
            if self["heads"] == "each": self.norm(f"{p}attn_{part}_norm", size, heads)
            elif self["heads"]:
                self.norm(f"{p}attn_{part}_norm", size * (heads if self["heads"] == "whole" else 1))
        if self["inner"]: self.norm(f"{p}attn_sub_norm", self.width)

    def make_network(self, p):
        width, bias = self["inner_width"], self["bias"] is True
        if self["gated"] and not self["fused_gate"]:
            self.linear(f"{p}ffn_gate", self.width, width, bias)
        self.linear(f"{p}ffn_up", self.width, width * (2 if self["fused_gate"] else 1), bias)
        self.linear(f"{p}ffn_down", width, self.width, bias)
        if self["inner"]: self.norm(f"{p}ffn_sub_norm", width)

    # Forward pass

    def get(self, name):
        return self.tensors[name].astype(np.float64)

    def product(self, name, x):
        y = x @ self.get(f"{name}.weight").T
        return y + self.get(f"{name}.bias") if f"{name}.bias" in self.tensors else y

    def normed(self, name, x):
        if self["norm"] != "rms": x = x - x.mean(-1, keepdims=True)
        x = x / np.sqrt((x * x).mean(-1, keepdims=True) + 3e-3)
        weight = name if name in self.tensors else f"{name}.weight"
        if weight in self.tensors: x = x * self.get(weight)
        return x + self.get(f"{name}.bias") if f"{name}.bias" in self.tensors else x

    def rotated(self, x, base):
        """Heads of rows, [tokens, heads, size]."""
        count = self["turned"] or x.shape[-1]
        half = count // 2
        angles = np.arange(len(x))[:, None] * base ** (-2 * np.arange(half) / count)
        if self["factors"]: angles = angles / self.get("rope_freqs.weight")
        cos, sin = np.cos(angles)[:, None], np.sin(angles)[:, None]
        is_neox = self["rope"] == "neox"
        a, b = (slice(0, half), slice(half, count)) if is_neox else (
            slice(0, count, 2), slice(1, count, 2))
        y = x.copy()
        y[..., a], y[..., b] = x[..., a] * cos - x[..., b] * sin, x[..., a] * sin + x[..., b] * cos
        return y

    def attention(self, p, x, layer):
        if (self["without"] or {}).get(layer) == "heads": return self.product(f"{p}attn_output", x)
        size, shared, tokens = self["size"], self["shared"], len(x)
        if self["fused"]:
            q, k, v = np.split(
                self.product(f"{p}attn_qkv", x), [self.width, self.width + shared * size], axis=-1)
        else:
            q, k, v = (self.product(f"{p}attn_{part}", x) for part in "qkv")
        limit = (self["keys"] or {}).get("attention.clamp_kqv")
        if limit: q, k, v = (part.clip(-limit, limit) for part in (q, k, v))
        if self["heads"] == "whole":
            q, k = self.normed(f"{p}attn_q_norm", q), self.normed(f"{p}attn_k_norm", k)
        q, k, v = (part.reshape(tokens, -1, size) for part in (q, k, v))
        if self["heads"] in ("head", "each"):
            q, k = self.normed(f"{p}attn_q_norm", q), self.normed(f"{p}attn_k_norm", k)
        window = (self["windows"] or [0] * 99)[layer]
        if self["rope"]:
            base = self["local"] if window else 5432.0
            q, k = self.rotated(q, base), self.rotated(k, base)
        k, v = (part.repeat(3 // shared, axis=1) for part in (k, v))
        scores = np.einsum("qhd,khd->hqk", q, k) / np.sqrt(size)
        distance = np.arange(tokens)[:, None] - np.arange(tokens)
        if self["alibi"]:
            # Three heads: two of the row for two, one of that for four between them.
            slopes = 2.0 ** (-self["alibi"] / 2 * np.array([1, 2, 0.5]))
            scores = scores - slopes[:, None, None] * distance
        hidden = (distance < 0) | ((distance >= window) if window else False)
        scores = np.where(hidden, -np.inf, scores)
        weights = np.exp(scores - scores.max(-1, keepdims=True))
        values = np.einsum("hqk,khd->qhd", weights / weights.sum(-1, keepdims=True), v)
        values = values.reshape(tokens, -1)
        if self["inner"]: values = self.normed(f"{p}attn_sub_norm", values)
        return self.product(f"{p}attn_output", values)

    def network(self, p, x):
        up = self.product(f"{p}ffn_up", x)
        gate = up
        if self["fused_gate"]: gate, up = np.split(up, 2, axis=-1)
        elif self["gated"]: gate = self.product(f"{p}ffn_gate", x)
        h = ACTIVATIONS[self["act"]](gate) * (up if self["gated"] else 1)
        if self["inner"]: h = self.normed(f"{p}ffn_sub_norm", h)
        return self.product(f"{p}ffn_down", h)

    def layer(self, layer, x):
        p, without = f"blk.{layer}.", (self["without"] or {}).get(layer)
        if without == "network": return x
        first, second = self["names"] or ("attn_norm", "ffn_norm")
        factor = self["residual"] or 1

        def added(name, y):
            return factor * (self.normed(f"{p}{name}", y) if self["sandwich"] else y)
        if self["parallel"]:
            n = self.normed(f"{p}{first}", x)
            m = n if self["parallel"] == "one" else self.normed(f"{p}{second}", x)
            return x + self.attention(p, n, layer) + self.network(p, m)
        if without != "attention":
            y = self.attention(p, self.normed(f"{p}{first}", x), layer)
            x = x + added("post_attention_norm", y)
        return x + added("post_ffw_norm", self.network(p, self.normed(f"{p}{second}", x)))

    def logits(self, tokens):
        x = self.get("token_embd.weight")[tokens] * (self["embedding"] or 1)
        if self["positions"]: x = x + self.get("position_embd.weight")[:len(tokens)]
        for layer in range(self["layers"]): x = self.layer(layer, x)
        x = self.normed("output_norm", x) * (self["logits"] or 1)
        y = x @ self.get("token_embd.weight" if self["tied"] else "output.weight").T
        return y + self.get("output.bias") if self["output_bias"] else y

    # Files

    def save(self, folder):
        epsilon = "rms_" if self["norm"] == "rms" else ""
        keys = {
            "block_count": self["layers"], "context_length": CONTEXT, "embedding_length": self.width,
            "feed_forward_length": self["inner_width"] * (2 if self["double"] else 1),
            "attention.head_count": 3, "attention.head_count_kv": self["shared"],
            f"attention.layer_norm_{epsilon}epsilon": 3e-3, "rope.freq_base": 5432.0,
            "vocab_size": VOCABULARY,
        }
        if self["turned"]: keys["rope.dimension_count"] = self["turned"]
        write(folder / f"{self.name}.gguf", self.architecture, keys | (self["keys"] or {}),
              self.tensors)
        tokens = self.random.integers(3, VOCABULARY, TOKENS)
        logits = self.logits(tokens)
        write(folder / f"{self.name}.expected.gguf", "expected", {"n_ctx": CONTEXT}, {
            "tokens": tokens.astype(np.int32), "logits_exact": logits.astype(np.float32)})
        print(f"{self.name}: logits deviate by {logits.std():.2f}")


ACTIVATIONS = {
    "silu": lambda x: x / (1 + np.exp(-x)),
    "gelu": lambda x: x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))),
    "relu2": lambda x: np.maximum(x, 0) ** 2,
}


def write(path, architecture, keys, tensors):
    writer = gguf.GGUFWriter(str(path), architecture)
    add = {bool: writer.add_bool, int: writer.add_uint32, float: writer.add_float32,
           str: writer.add_string, list: writer.add_array}
    for key, value in keys.items(): add[type(value)](f"{architecture}.{key}", value)
    writer.add_tokenizer_model("none")
    for name, values in tensors.items(): writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
for name in sys.argv[2:] or VARIANTS: Model(name).save(folder)
