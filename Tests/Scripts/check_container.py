"""Reads and writes GGUF files with PyPI's `gguf`, so that our reader and writer meet another's.

    check_container.py read FILE            prints keys, values and tensors as JSON
    check_container.py write FILE little    writes a small model (or big, for big-endian)
"""

import json
import sys

import numpy
from gguf import GGUFEndian, GGUFReader, GGUFValueType, GGUFWriter


def described(kind, parts):
    """Takes one value's parts from an iterator and returns it as text that names its type.

    Floats appear as their bits and strings as the hexadecimal form of their bytes.
    """
    name = kind.name.lower()
    if kind == GGUFValueType.STRING:
        next(parts)
        return f"string:{next(parts).tobytes().hex()}"
    if kind == GGUFValueType.ARRAY:
        element = GGUFValueType(int(next(parts)[0]))
        values = [described(element, parts) for _ in range(int(next(parts)[0]))]
        return f"array:{element.name.lower()}[{','.join(values)}]"
    value = next(parts)
    if kind in (GGUFValueType.FLOAT32, GGUFValueType.FLOAT64):
        bits = value.view(f"{value.dtype.byteorder}u{value.dtype.itemsize}")
        return f"{name}:{int(bits[0])}"
    return f"{name}:{int(value[0])}"


def read(path):
    reader = GGUFReader(path)
    keys = []
    for field in reader.fields.values():
        if field.name.startswith("GGUF."):
            continue
        parts = iter(field.parts[3:])
        keys.append([field.name, described(field.types[0], parts)])
    tensors = [
        {
            "name": tensor.name,
            "type": tensor.tensor_type.name,
            "shape": [int(weights) for weights in tensor.shape],
            "offset": int(tensor.data_offset),
            "data": tensor.data.tobytes().hex(),
        }
        for tensor in reader.tensors
    ]
    order = reader.endianess.name.lower()
    print(json.dumps({"order": order, "keys": keys, "tensors": tensors}))


def write(path, order):
    writer = GGUFWriter(path, "llama", endianess=GGUFEndian[order.upper()])
    writer.add_custom_alignment(64)
    numbers = {
        GGUFValueType.UINT8: 200, GGUFValueType.INT8: -100, GGUFValueType.UINT16: 50_000,
        GGUFValueType.INT16: -30_000, GGUFValueType.UINT32: 4_000_000_000,
        GGUFValueType.INT32: -2_000_000_000, GGUFValueType.UINT64: 2**63 + 5,
        GGUFValueType.INT64: -(2**62), GGUFValueType.FLOAT32: -1.5, GGUFValueType.FLOAT64: 0.1,
        GGUFValueType.BOOL: True,
    }
    for kind, value in numbers.items():
        writer.add_key_value(f"value.{kind.name.lower()}", value, kind)
    writer.add_string("value.string", "Grüße 🌍")
    writer.add_array("array.string", ["one", "", "世界"])
    writer.add_array("array.integers", [1, -2, 3])
    writer.add_array("array.floats", [0.5, -0.25])
    writer.add_tensor("floats", numpy.arange(70, dtype=numpy.float32).reshape(2, 35))
    writer.add_tensor("halves", numpy.arange(5, dtype=numpy.float16))
    writer.add_tensor("integers", numpy.arange(-3, 3, dtype=numpy.int32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    {"read": read, "write": write}[sys.argv[1]](*sys.argv[2:])
