# SPDX-License-Identifier: MIT
"""Writes a model in the shape of Llama or Mixtral, or of Qwen 3.5 with experts, with random weights,
for measurements.

Weights are Student's t with 5 degrees of freedom in rows of different scale, in F16. With --sparse
only embeddings, norms and routers are random, and everything else is a hole in the file: zeros that
take no disk. Tokens then go to all experts alike, and what a run reads is that of a real model.

Needs PyPI's gguf, and memory for the largest tensor. Text comes to one token a byte.
"""

import argparse
import pathlib

import gguf
import numpy

HEAD = 64
# Of Qwen 3.5: heads of full attention; key and value heads of delta rules, which are as wide as each
# other; taps of convolutions; and of so many layers the last attends.
ATTENTION = {"heads": 16, "keys": 2, "size": 256}
DELTA = {"keys": 16, "values": 32, "size": 128, "taps": 4}
INTERVAL = 4


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--architecture", choices=["llama", "qwen35moe"], default="llama")
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--embedding", type=int, default=2048)
    parser.add_argument("--feed-forward", type=int, default=5632)
    parser.add_argument("--vocabulary", type=int, default=8192)
    parser.add_argument("--experts", type=int, default=0, help="of which a token uses two, or eight")
    parser.add_argument("--sparse", action="store_true", help="holes instead of most weights")
    return parser.parse_args()


def shapes(options: argparse.Namespace) -> dict[str, list[int]]:
    """The model's tensors, rows last."""
    width, vocabulary = options.embedding, options.vocabulary
    found = {"token_embd.weight": [vocabulary, width], "output_norm.weight": [width]}
    found["output.weight"] = [vocabulary, width]
    block = qwen_block if options.architecture == "qwen35moe" else llama_block
    for layer in range(options.layers):
        for name, shape in block(options, layer).items():
            suffix = "" if "." in name or name == "ssm_a" else ".weight"
            found[f"blk.{layer}.{name}{suffix}"] = shape
    return found


def llama_block(options: argparse.Namespace, _: int) -> dict[str, list[int]]:
    width, inner = options.embedding, options.feed_forward
    keys = max(1, width // HEAD // 4) * HEAD
    experts = [options.experts] if options.experts else []
    suffix = "_exps" if experts else ""
    block = {
        "attn_norm": [width],
        "ffn_norm": [width],
        "attn_q": [width, width],
        "attn_k": [keys, width],
        "attn_v": [keys, width],
        "attn_output": [width, width],
        "ffn_gate" + suffix: experts + [inner, width],
        "ffn_up" + suffix: experts + [inner, width],
        "ffn_down" + suffix: experts + [width, inner],
    }
    if experts:
        block["ffn_gate_inp"] = experts + [width]
    return block


def qwen_block(options: argparse.Namespace, layer: int) -> dict[str, list[int]]:
    width, inner, experts = options.embedding, options.feed_forward, options.experts
    attends = (layer + 1) % INTERVAL == 0
    return {
        "attn_norm": [width],
        "post_attention_norm": [width],
        **(qwen_attention(width) if attends else delta_rule(width)),
        "ffn_gate_inp": [experts, width],
        "ffn_gate_exps": [experts, inner, width],
        "ffn_up_exps": [experts, inner, width],
        "ffn_down_exps": [experts, width, inner],
        "ffn_gate_inp_shexp": [width],
        "ffn_gate_shexp": [inner, width],
        "ffn_up_shexp": [inner, width],
        "ffn_down_shexp": [width, inner],
    }


def qwen_attention(width: int) -> dict[str, list[int]]:
    size = ATTENTION["size"]
    queries, keys = ATTENTION["heads"] * size, ATTENTION["keys"] * size
    return {
        "attn_q": [2 * queries, width],
        "attn_k": [keys, width],
        "attn_v": [keys, width],
        "attn_output": [width, queries],
        "attn_q_norm": [size],
        "attn_k_norm": [size],
    }


def delta_rule(width: int) -> dict[str, list[int]]:
    heads, size = DELTA["values"], DELTA["size"]
    channels = (2 * DELTA["keys"] + heads) * size
    return {
        "attn_qkv": [channels, width],
        "attn_gate": [heads * size, width],
        "ssm_conv1d": [channels, DELTA["taps"]],
        "ssm_alpha": [heads, width],
        "ssm_beta": [heads, width],
        "ssm_dt.bias": [heads],
        "ssm_a": [heads],
        "ssm_norm": [size],
        "ssm_out": [width, heads * size],
    }


def is_small(name: str) -> bool:
    small = ["norm", "gate_inp", "ssm_conv1d", "ssm_dt", "ssm_a", "ssm_beta"]
    return any(part in name for part in small) and "ssm_alpha" not in name


def describe(writer: gguf.GGUFWriter, options: argparse.Namespace) -> None:
    heads = options.embedding // HEAD
    writer.add_block_count(options.layers)
    writer.add_context_length(4096)
    writer.add_embedding_length(options.embedding)
    writer.add_feed_forward_length(options.feed_forward)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(options.vocabulary)
    if options.experts:
        writer.add_expert_count(options.experts)
        writer.add_expert_used_count(2 if options.architecture == "llama" else 8)
    if options.architecture == "llama":
        writer.add_head_count(heads)
        writer.add_head_count_kv(max(1, heads // 4))
        writer.add_rope_dimension_count(HEAD)
    else:
        describe_qwen(writer, options)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    add_tokens(writer, options.vocabulary)


def describe_qwen(writer: gguf.GGUFWriter, options: argparse.Namespace) -> None:
    writer.add_head_count(ATTENTION["heads"])
    writer.add_head_count_kv(ATTENTION["keys"])
    writer.add_key_length(ATTENTION["size"])
    writer.add_value_length(ATTENTION["size"])
    writer.add_rope_dimension_count(HEAD)
    writer.add_rope_dimension_sections([11, 11, 10, 0])
    writer.add_rope_freq_base(1e7)
    for key, value in {
        "ssm.conv_kernel": DELTA["taps"],
        "ssm.state_size": DELTA["size"],
        "ssm.group_count": DELTA["keys"],
        "ssm.time_step_rank": DELTA["values"],
        "ssm.inner_size": DELTA["values"] * DELTA["size"],
        "full_attention_interval": INTERVAL,
        "expert_feed_forward_length": options.feed_forward,
        "expert_shared_feed_forward_length": options.feed_forward,
    }.items():
        writer.add_uint32(f"{options.architecture}.{key}", value)


def add_tokens(writer: gguf.GGUFWriter, count: int) -> None:
    """Three special tokens, all bytes, and words that no text has."""
    kind = gguf.TokenType
    tokens = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    kinds = [kind.UNKNOWN] + 2 * [kind.CONTROL] + 256 * [kind.BYTE]
    words = [f"\u2581w{index}" for index in range(count - len(tokens))]
    scores = [0.0] * len(tokens) + [-float(index) for index in range(len(words))]
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens + words)
    writer.add_token_scores(scores)
    writer.add_token_types(kinds + len(words) * [kind.NORMAL])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)


def numbers(random: numpy.random.Generator, name: str, shape: list[int]) -> numpy.ndarray:
    if "norm" in name:
        return numpy.ones(shape, numpy.float32)
    if "ssm_a." in name or name.endswith("ssm_a"):
        return -numpy.exp(random.normal(0, 1, shape)).astype(numpy.float32)
    weights = random.standard_t(5, shape).astype(numpy.float32) * (0.8 / shape[-1] ** 0.5)
    weights *= numpy.exp(random.normal(0, 0.3, shape[:-1] + [1])).astype(numpy.float32)
    return weights if is_small(name) else weights.astype(numpy.float16)


def main() -> None:
    options = arguments()
    random = numpy.random.default_rng(1)
    writer = gguf.GGUFWriter(options.out, options.architecture)
    describe(writer, options)
    tensors = shapes(options)
    for name, shape in tensors.items():
        kind = numpy.float32 if is_small(name) else numpy.float16
        size = int(numpy.prod(shape)) * numpy.dtype(kind).itemsize
        writer.add_tensor_info(name, shape, numpy.dtype(kind), size)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    file = writer.fout[0]
    writer.write_padding(file, file.tell())
    for name, shape in tensors.items():
        if options.sparse and not is_small(name) and name != "token_embd.weight":
            # Every tensor's size is a multiple of the alignment: its rows are.
            file.seek(2 * int(numpy.prod(shape)), 1)
        else:
            data = numbers(random, name, shape).tobytes()
            file.write(data)
            writer.write_padding(file, len(data))
    file.truncate()
    writer.close()


if __name__ == "__main__":
    main()
