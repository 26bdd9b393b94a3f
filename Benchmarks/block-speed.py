#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures what each kind of block costs the evaluator: `make bench-blocks`.

Writes models of random F16 weights, two and six layers of one kind each, takes windows through both
with one thread, and divides the difference of processor times by tokens and layers. Beside it stands
what a layer's matrix products alone would take, at the speed of llama's in windows of 64 tokens, which
hardly attend: what is more than that is the block's own work. Models lie in .build/block-speed.

Usage: Benchmarks/block-speed.py [--tool PATH] [--width N] [--ctx N] [BLOCK...]
"""
import argparse
import os
import pathlib
import random
import resource
import subprocess
import sys

import gguf
import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Tests/Scripts"))
from random_model import add_tokens  # noqa: E402

VOCABULARY, TAPS, STATE, HEAD = 512, 4, 128, 64
BLOCKS = {}


def block(name, architecture, **keys):
    """Registers what makes a layer's tensors: names with dimensions, innermost first."""

    def register(build):
        BLOCKS[name] = (architecture, keys, build)
        return build

    return register


def network(width):
    inner = 3 * width
    return {"ffn_norm": [width], "ffn_gate": [width, inner], "ffn_up": [width, inner],
            "ffn_down": [inner, width]}


@block("attention", "llama")
def attention(width):
    return {"attn_norm": [width], "attn_q": [width, width], "attn_k": [width, width // 4],
            "attn_v": [width, width // 4], "attn_output": [width, width], **network(width)}


@block("gated DeltaNet", "qwen35", full_attention_interval=1 << 15)
def delta_net(width):
    heads, rest = width // STATE, network(width)
    rest["post_attention_norm"] = rest.pop("ffn_norm")
    return {"attn_norm": [width], "attn_qkv": [width, 3 * width], "attn_gate": [width, width],
            "ssm_conv1d": [TAPS, 3 * width], "ssm_alpha": [width, heads], "ssm_beta": [width, heads],
            "ssm_dt.bias": [heads], "ssm_a": [heads], "ssm_norm": [STATE], "ssm_out": [width, width],
            **rest}


@block("Kimi's delta attention", "kimi-linear")
def kimi(width):
    heads = width // STATE
    mixer = {f"attn_{part}": [width, width] for part in ("q", "k", "v", "output")}
    convolutions = {f"ssm_conv1d_{part}": [TAPS, 1, width] for part in ("q", "k", "v")}
    narrow = {f"ssm_{part}_a": [width, STATE] for part in ("f", "g")}
    narrow |= {f"ssm_{part}_b": [STATE, width] for part in ("f", "g")}
    return {"attn_norm": [width], **mixer, **convolutions, **narrow, "ssm_beta": [width, heads],
            "ssm_dt.bias": [width], "ssm_a": [1, heads], "ssm_norm": [STATE], **network(width)}


@block("Mamba", "mamba")
def mamba(width):
    inner, rank, state = 2 * width, width // 16, 16
    return {"attn_norm": [width], "ssm_in": [width, 2 * inner], "ssm_conv1d": [TAPS, inner],
            "ssm_conv1d.bias": [inner], "ssm_x": [inner, rank + 2 * state],
            "ssm_dt": [rank, inner], "ssm_dt.bias": [inner], "ssm_a": [state, inner],
            "ssm_d": [inner], "ssm_out": [inner, width]}


@block("Mamba 2", "mamba2")
def mamba2(width):
    inner, heads = 2 * width, 2 * width // HEAD
    channels = inner + 2 * STATE
    return {"attn_norm": [width], "ssm_in": [width, inner + channels + heads],
            "ssm_conv1d": [TAPS, channels], "ssm_conv1d.bias": [channels], "ssm_dt.bias": [heads],
            "ssm_a": [1, heads], "ssm_d": [1, heads], "ssm_norm": [inner, 1],
            "ssm_out": [inner, width]}


@block("short convolution", "lfm2")
def short_convolution(width):
    return {"attn_norm": [width], "shortconv.conv": [3, width],
            "shortconv.in_proj": [width, 3 * width], "shortconv.out_proj": [width, width],
            **network(width)}


@block("RWKV 7", "rwkv7")
def rwkv7(width):
    found = {}
    for name in ("attn_norm", "attn_norm_2", "time_mix_ln"):
        found |= {name: [width], f"{name}.bias": [width]}
    for name in ("w0", "a0", "v0", "k_k", "k_a", "r_k"):
        found[f"time_mix_{name}"] = [width]
    for name in ("w", "a", "v", "g"):
        found |= {f"time_mix_{name}1": [width, HEAD], f"time_mix_{name}2": [HEAD, width]}
    for name in ("receptance", "key", "value", "output"):
        found[f"time_mix_{name}"] = [width, width]
    return found | {"time_mix_lerp_fused": [width, 1, 1, 6], "channel_mix_lerp_k": [width],
                    "channel_mix_key": [width, 3 * width], "channel_mix_value": [3 * width, width]}


def keys(architecture, width, layers):
    """Sizes for all; what an architecture does not read does no harm."""
    own = {"mamba": 0, "mamba2": 0, "rwkv7": 0, "kimi-linear": width // STATE}
    heads = own.get(architecture, width // HEAD)
    state = {"mamba": 16}.get(architecture, STATE)
    rank = {"mamba": width // 16, "mamba2": 2 * width // HEAD}.get(architecture, width // STATE)
    inner = width * (2 if architecture.startswith("mamba") else 1)
    group = 1 if architecture == "mamba2" else width // STATE
    shared = 0 if architecture in ("kimi-linear", "lfm2") or heads == 0 else max(1, heads // 4)
    return {
        "block_count": layers, "context_length": 1 << 20, "embedding_length": width,
        "feed_forward_length": 3 * width, "attention.head_count": heads,
        "attention.head_count_kv": shared, "attention.layer_norm_rms_epsilon": 1e-5,
        "attention.layer_norm_epsilon": 1e-5, "rope.dimension_count": HEAD,
        "rope.dimension_sections": [11, 11, 10, 0], "ssm.conv_kernel": TAPS,
        "ssm.state_size": state, "ssm.group_count": group, "ssm.time_step_rank": rank,
        "ssm.inner_size": inner, "kda.head_dim": STATE, "shortconv.l_cache": 3,
        "leading_dense_block_count": layers, "expert_gating_func": 2, "wkv.head_size": HEAD,
        "attention.kv_lora_rank": HEAD, "attention.key_length_mla": HEAD,
        "attention.value_length_mla": HEAD, "attention.decay_lora_rank": HEAD,
        "attention.iclr_lora_rank": HEAD, "attention.value_residual_mix_lora_rank": HEAD,
        "attention.gate_lora_rank": HEAD,
    }


def write(path, name, width, layers):
    architecture, more, build = BLOCKS[name]
    writer = gguf.GGUFWriter(path, architecture)
    add = {int: writer.add_uint32, float: writer.add_float32, list: writer.add_array}
    for key, value in {**keys(architecture, width, layers), **more}.items():
        add[type(value)](f"{architecture}.{key}", value)
    add_tokens(writer, VOCABULARY)
    ends = {"token_embd": [width, VOCABULARY], "output": [width, VOCABULARY], "output_norm": [width]}
    if architecture == "lfm2":
        ends["token_embd_norm"] = ends.pop("output_norm")
    if architecture == "rwkv7":
        ends |= {"token_embd_norm": [width], "token_embd_norm.bias": [width],
                 "output_norm.bias": [width]}
    tensors = dict(ends)
    for layer in range(layers):
        tensors |= {f"blk.{layer}.{part}": shape for part, shape in build(width).items()}
    numbers = numpy.random.default_rng(1)
    for part, shape in tensors.items():
        full = part if "bias" in part or part.endswith("ssm_a") or part.endswith("ssm_d") \
            else f"{part}.weight"
        writer.add_tensor(full, values(numbers, part, shape))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def values(numbers, name, shape):
    """Norms of 1, decays that last some hundred tokens, and small weights."""
    rows = shape[::-1]
    if name.endswith("ssm_a"):
        return -numbers.uniform(0.01, 1, rows).astype(numpy.float32)
    if "norm" in name and "bias" not in name:
        return numpy.ones(rows, numpy.float32)
    weights = numbers.standard_normal(rows).astype(numpy.float32) / shape[0] ** 0.5
    is_matrix = len(shape) == 2 and min(shape) > 16 and "conv" not in name
    return weights.astype(numpy.float16) if is_matrix else weights


def seconds(tool, model, text, ctx):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [tool, "perplexity", model, "--corpus", text, "--ctx", str(ctx), "--threads", "1"]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode:
        sys.exit(run.stderr)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tool", default=".build/release/gguf-tool")
    parser.add_argument("--width", type=int, default=1024)
    parser.add_argument("--ctx", type=int, default=2048)
    parser.add_argument("blocks", nargs="*", metavar="BLOCK")
    options = parser.parse_args()
    folder = pathlib.Path(".build/block-speed")
    folder.mkdir(parents=True, exist_ok=True)
    text = folder / "text.txt"
    tokens = 2 * options.ctx
    text.write_text("".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyz", k=tokens + 16)))
    print(f"{'block':24}{'M weights':>10}{'µs/token':>10}{'products':>10}{'own work':>10}")
    pure = measure("attention", options.tool, text, options.width, 64, tokens)
    rate = pure / weights("attention", options.width)
    for name in options.blocks or BLOCKS:
        each = measure(name, options.tool, text, options.width, options.ctx, tokens)
        count = weights(name, options.width)
        own = each / (count * rate) - 1
        print(f"{name:24}{count:10.2f}{each:10.2f}{count * rate:10.2f}{own:10.0%}", flush=True)


def weights(name, width):
    """Millions in matrices of a layer."""
    shapes = BLOCKS[name][2](width).values()
    return sum(shape[0] * shape[1] for shape in shapes if len(shape) == 2) / 1e6


def measure(name, tool, text, width, ctx, tokens):
    """Microseconds of a token in a layer."""
    spent = []
    for layers in (2, 6):
        path = text.parent / "model.gguf"
        write(path, name, width, layers)
        spent.append(min(seconds(tool, path, text, ctx) for _ in range(3)))
        os.remove(path)
    return (spent[1] - spent[0]) / 4 / tokens * 1e6


if __name__ == "__main__":
    main()
