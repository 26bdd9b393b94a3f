# SPDX-License-Identifier: MIT
"""Ways to break files: keys and tensors of models, fields of headers, members of JSON, and bytes."""

import json

from gguf_bytes import (ARRAY, BOOL, F32, F64, I8, I16, I32, I64, STRING, U8, U16, U32, U64, Tensor, Value)

INTEGERS = [0, 1, 2, 3, 5, 7, 8, 31, 32, 33, 64, 127, 128, 255, 256, 1000, 65535, 65536, 2**20, 2**24,
            2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**40, 2**61 + 1, 2**62, 2**63 - 1, 2**63, 2**64 - 1, -1,
            -2, -128, -2**31, -2**63]
FLOATS = [float("nan"), float("inf"), float("-inf"), 0.0, -0.0, 1.0, -1.0, 0.5, 1e-45, 1e-30, 1e30, 3.4e38,
          1e9, 65536.0]
TEXTS = ["", "a", "llama", "qwen3moe", "gpt2", "default", "\0", "x" * 70, "x" * 70000, "\x1b[2J\x07", "a\nb",
         b"\xff\xfe", b"\xf0\x9f", "{{ ''.__class__ }}", "../../etc/passwd", "▁" * 300, "%s%n", "imatrix",
         "yarn", "longrope", "linear", "none"]
RANGES = {U8: (0, 2**8), I8: (-2**7, 2**7), U16: (0, 2**16), I16: (-2**15, 2**15), U32: (0, 2**32),
          I32: (-2**31, 2**31), U64: (0, 2**64), I64: (-2**63, 2**63)}
# Keys that commands may look for beside those that a model has.
OPTIONAL_KEYS = [
    "general.alignment", "general.file_type", "general.type", "split.no", "split.count",
    "split.tensors.count", "quantize.imatrix.file", "quantize.imatrix.entries_count",
    "tokenizer.chat_template", "tokenizer.ggml.pre", "tokenizer.ggml.add_bos_token",
    "tokenizer.ggml.add_eos_token", "tokenizer.ggml.add_space_prefix", "tokenizer.ggml.merges",
    "tokenizer.ggml.precompiled_charsmap", "tokenizer.ggml.unknown_token_id",
    "tokenizer.ggml.remove_extra_whitespaces", "imatrix.chunk_count", "imatrix.chunk_size",
    "imatrix.datasets"]
OPTIONAL_MODEL_KEYS = [
    "rope.scaling.type", "rope.scaling.factor", "rope.scaling.original_context_length",
    "rope.scaling.attn_factor", "rope.scaling.yarn_log_multiplier", "rope.dimension_sections",
    "attention.key_length", "attention.value_length", "attention.sliding_window",
    "attention.sliding_window_pattern", "attention.scale", "attention.causal", "logit_scale",
    "attn_logit_softcapping", "final_logit_softcapping", "vocab_size", "expert_count",
    "expert_used_count", "expert_group_count", "expert_group_used_count", "expert_shared_count",
    "expert_feed_forward_length", "expert_shared_feed_forward_length", "expert_weights_scale",
    "expert_weights_norm", "expert_gating_func", "leading_dense_block_count",
    "attention.q_lora_rank", "attention.kv_lora_rank", "attention.key_length_mla",
    "attention.value_length_mla", "interleave_moe_layer_step", "nextn_predict_layers",
    "residual_scale", "embedding_scale", "attention.layer_norm_epsilon", "ssm.state_size",
    "ssm.conv_kernel", "ssm.inner_size", "ssm.time_step_rank", "context_length"]
ARCHITECTURES = [
    "llama", "llama4", "qwen2", "qwen2moe", "qwen3", "qwen3moe", "gemma", "gemma2", "gemma3", "phi3",
    "phimoe", "olmoe", "granitemoe", "deepseek2", "glm4moe", "gpt-oss", "minimax-m2", "mamba", "bert", ""]
TYPES = list(range(45)) + [133, 2**31, 2**32 - 1]


def clamped(kind, number):
    low, high = RANGES[kind]
    return number if low <= number < high else number % (high - low) + low


def some_value(random, kind=None):
    """A value at some limit, of one type or of any."""
    kind = random.randrange(13) if kind is None else kind
    if kind in RANGES:
        return Value(kind, clamped(kind, random.choice(INTEGERS)))
    if kind in (F32, F64):
        return Value(kind, random.choice(FLOATS))
    if kind == BOOL:
        return Value(BOOL, random.choice([0, 1, 2, 255]))
    if kind == STRING:
        return Value(STRING, random.choice(TEXTS))
    element = random.choice([U8, I8, U32, I32, F32, BOOL, STRING, U64])
    count = random.choice([0, 1, 2, 3, 4, 8, 100])
    return Value(ARRAY, [some_value(random, element).content for _ in range(count)], element)


def change_key(random, model):
    """Another value of the same type, or of any."""
    key = random.choice(list(model.keys))
    old = model.keys[key]
    if old.kind == ARRAY and random.random() < 0.8:
        model.keys[key] = changed_array(random, old)
    else:
        model.keys[key] = some_value(random, old.kind if random.random() < 0.6 else None)


def changed_array(random, old):
    content, element = list(old.content), old.element
    choice = random.randrange(5)
    if choice == 0:
        content = content[:random.randrange(len(content) + 1)]
    elif choice == 1 and content:
        content[random.randrange(len(content))] = random.choice(content)
    elif choice == 2 and content:
        content[random.randrange(len(content))] = some_value(random, element).content
    elif choice == 3:
        content += content[:random.randrange(1, 5)]
    else:
        return some_value(random, ARRAY)
    return Value(ARRAY, content, element)


def add_key(random, model):
    """A key that some command looks for."""
    if random.random() < 0.6:
        known = model.keys.get("general.architecture")
        name = known.content if known and known.kind == STRING else "llama"
        name = name.decode(errors="replace") if isinstance(name, bytes) else name
        key = f"{name}.{random.choice(OPTIONAL_MODEL_KEYS)}"
    else:
        key = random.choice(OPTIONAL_KEYS)
    kind = random.choice([U32, U32, F32, STRING, BOOL, I32, U16, ARRAY, U64])
    model.keys[key] = some_value(random, kind)


def remove_key(random, model):
    model.keys.pop(random.choice(list(model.keys)))


def rename_architecture(random, model):
    """All keys and tensors stay, but under another architecture's name."""
    name = random.choice(ARCHITECTURES)
    prefix = model.keys.get("general.architecture", Value(STRING, "llama")).content
    prefix = prefix if isinstance(prefix, str) else "llama"
    model.keys = {name + key[len(prefix):] if key.startswith(prefix + ".") else key: value
                  for key, value in model.keys.items()}
    model.keys["general.architecture"] = Value(STRING, name)


def change_dims(random, model):
    """Another shape; the bytes often fit it."""
    tensor = random.choice(model.tensors)
    choice = random.randrange(6)
    if choice == 0:
        random.shuffle(tensor.dims)
    elif choice == 1 and tensor.dims:
        tensor.dims[random.randrange(len(tensor.dims))] = random.choice(INTEGERS) % 2**64
    elif choice == 2:
        tensor.dims.append(random.choice([0, 1, 2, 2**32]))
    elif choice == 3 and tensor.dims:
        tensor.dims.pop(random.randrange(len(tensor.dims)))
    elif tensor.dims:
        place = random.randrange(len(tensor.dims))
        scale = random.choice([(1, 2), (2, 1), (0, 1), (3, 2)])
        tensor.dims[place] = tensor.dims[place] * scale[0] // scale[1]
        tensor.data = tensor.data[:len(tensor.data) * scale[0] // scale[1]]
        tensor.data += bytes(max(0, len(tensor.data) * scale[0] // scale[1] - len(tensor.data)))


def change_type(random, model):
    random.choice(model.tensors).kind = random.choice(TYPES)


def change_name(random, model):
    tensor, other = random.choice(model.tensors), random.choice(model.tensors)
    choice = random.randrange(3)
    if choice == 0:
        tensor.name, other.name = other.name, tensor.name
    elif choice == 1:
        tensor.name = tensor.name.replace("blk.0", f"blk.{random.choice([1, 2, 999999, 2**63])}")
    else:
        tensor.name = random.choice(["", "a" * 64, "../x", "blk.0.ffn_up.7.weight", other.name, "a\0b",
                                     "blk.-1.attn_q.weight", "rope_freqs.weight", "blk.0.attn_q.bias",
                                     "blk.0.exp_probs_b.bias", "blk.0.ffn_gate_up_exps.weight",
                                     "blk.0.ffn_up_exps.bias", "blk.0.attn_sinks.weight"])


def remove_tensor(random, model):
    model.tensors.pop(random.randrange(len(model.tensors)))


def repeat_tensor(random, model):
    tensor = random.choice(model.tensors)
    name = random.choice([tensor.name, tensor.name + "x", tensor.name.replace("blk.0", "blk.2")])
    model.tensors.append(Tensor(name, tensor.dims, tensor.kind, tensor.data))


def change_weights(random, model):
    """NaN, infinities, zeros and noise among the weights."""
    tensor = random.choice(model.tensors)
    data = bytearray(tensor.data)
    for _ in range(random.choice([1, 1, 4, 64])):
        if len(data) < 4:
            break
        place = random.randrange(len(data) // 4) * 4
        data[place:place + 4] = random.choice([
            b"\x00\x00\xc0\x7f", b"\x00\x00\x80\x7f", b"\x00\x00\x80\xff", b"\xff\xff\x7f\x7f",
            b"\x00\x7e\x00\x7c", b"\xff\xff\xff\xff", random.randbytes(4), bytes(4)])
    if random.random() < 0.1:
        data = bytearray(len(data))
    tensor.data = bytes(data)


STRUCTURE = [change_key] * 6 + [add_key] * 5 + [
    remove_key, rename_architecture, change_dims, change_dims, change_type, change_name, remove_tensor,
    repeat_tensor, change_weights]


def mutated_model(random, model):
    """One to three changes that leave the file a file."""
    for _ in range(random.choice([1, 1, 1, 2, 3])):
        change = random.choice(STRUCTURE)
        if model.keys and (model.tensors or "key" in change.__name__):
            change(random, model)
    return model


def change_field(random, fields):
    """A number of the header at some limit."""
    places = [place for place, field in enumerate(fields) if len(field) in (1, 2, 4, 8)]
    place = random.choice(places)
    width = len(fields[place])
    if random.random() < 0.3:
        old = int.from_bytes(fields[place], "little")
        number = old + random.choice([-1, 1, 8, -8, 32])
    else:
        number = random.choice(INTEGERS)
    fields[place] = (number % 2**(8 * width)).to_bytes(width, "little")


def remove_field(random, fields):
    fields.pop(random.randrange(len(fields)))


def repeat_field(random, fields):
    place = random.randrange(len(fields))
    fields.insert(random.randrange(len(fields)), fields[place])


def swap_fields(random, fields):
    one, two = random.randrange(len(fields)), random.randrange(len(fields))
    fields[one], fields[two] = fields[two], fields[one]


FIELDS = [change_field] * 4 + [remove_field, repeat_field, swap_fields]


def mutated_bytes(random, fields):
    """The file with fields changed, single bytes flipped, or its end missing."""
    choice = random.randrange(10)
    if choice < 6:
        for _ in range(random.choice([1, 1, 2])):
            random.choice(FIELDS)(random, fields)
        return b"".join(fields)
    data = bytearray(b"".join(fields))
    if choice == 6:
        return bytes(data[:random.randrange(len(data))])
    header = min(len(data), sum(len(field) for field in fields if len(field) < 100))
    for _ in range(random.choice([1, 2, 8])):
        place = random.randrange(header if random.random() < 0.8 else len(data))
        data[place] = random.choice([0, 1, 0x7F, 0x80, 0xFF, random.randrange(256), data[place] ^ 1 << 3])
    return bytes(data)


def places(content, found=None):
    """All containers and keys of a JSON document."""
    found = [] if found is None else found
    items = content.items() if isinstance(content, dict) else enumerate(content)
    for key, value in items:
        found.append((content, key))
        if isinstance(value, (dict, list)):
            places(value, found)
    return found


def mutated_json(random, data):
    """The document with members changed, left out or repeated; sometimes its bytes."""
    document = json.loads(data)
    for _ in range(random.choice([1, 1, 2])):
        if not (found := places(document)):
            break
        parent, key = random.choice(found)
        choice = random.randrange(6)
        if choice == 0:
            parent.pop(key)
        elif choice == 1 and isinstance(parent, list):
            parent.append(parent[key])
        else:
            parent[key] = random.choice([
                random.choice(INTEGERS), random.choice(INTEGERS), 1e300, -1e300, 0.5, -1, None, True, [], {},
                "", "x" * 5000, "\x1b[2J", [[1]] * 3, 1e18, 9.3e18, 10**40])
    data = json.dumps(document).encode()
    return mutated_plain(random, data) if random.random() < 0.15 else data


def mutated_plain(random, data):
    """Bytes changed, cut or repeated, with numbers at limits among them."""
    data = bytearray(data)
    for _ in range(random.choice([1, 1, 2, 4])):
        choice, place = random.randrange(5), random.randrange(len(data) or 1)
        if choice == 0:
            data = data[:place]
        elif choice == 1:
            end = place + random.randrange(64)
            data[end:end] = data[place:end]
        elif choice == 2:
            width = random.choice([1, 2, 4, 8])
            place -= place % width if random.random() < 0.8 else 0
            number = random.choice(INTEGERS) % 2**(8 * width)
            data[place:place + width] = number.to_bytes(width, "little")
        elif choice == 3:
            data[place:place + random.randrange(1, 16)] = b""
        else:
            data[place:place + 1] = bytes([random.randrange(256)])
    return bytes(data)
