# SPDX-License-Identifier: MIT
"""Decodes blocks with PyPI's gguf package and compares them, bit for bit, with values decoded by us.

usage: check_decode.py FOLDER

FOLDER holds TYPE.bytes (blocks) and TYPE.values (floats, little-endian) for each type.
Prints one line a type: its name and "same", "unknown" (the package cannot decode it), or how many
values differ. Exits with 1 if any differ.
"""

import pathlib
import sys

import gguf
import numpy


def compare(blocks: pathlib.Path) -> str:
    name = blocks.stem
    kind = getattr(gguf.GGMLQuantizationType, name, None)
    if kind is None:
        return "unknown"
    data = numpy.fromfile(blocks, dtype=numpy.uint8)
    plain = {"F32": numpy.float32, "F16": numpy.float16, "F64": numpy.float64}
    try:
        if name in plain:
            decoded = data.view(plain[name]).astype(numpy.float32)
        else:
            decoded = gguf.quants.dequantize(data.reshape(1, -1), kind)
    except NotImplementedError:
        return "unknown"
    theirs = decoded.reshape(-1).astype(numpy.float32)
    ours = numpy.fromfile(blocks.with_suffix(".values"), dtype="<f4")
    if theirs.size != ours.size:
        return f"{theirs.size} values instead of {ours.size}"
    both_nan = numpy.isnan(theirs) & numpy.isnan(ours)
    differ = (theirs.view(numpy.uint32) != ours.view(numpy.uint32)) & ~both_nan
    return "same" if not differ.any() else f"{int(differ.sum())} differ"


def main() -> int:
    results = {path.stem: compare(path) for path in sorted(pathlib.Path(sys.argv[1]).glob("*.bytes"))}
    for name, result in results.items():
        print(name, result)
    return 0 if set(results.values()) <= {"same", "unknown"} else 1


if __name__ == "__main__":
    numpy.seterr(all="ignore")
    sys.exit(main())
