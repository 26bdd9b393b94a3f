#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes a model with the reference's quantizer, as llama-quantize does.

    reference-quantize.py IN OUT PRESET [--pure] [--imatrix FILE] [--token-embedding-type TYPE]

Needs scripts/install-python and scripts/install-reference. A program of its own, because the library
ends the process where it misses an importance matrix.
"""
import argparse
import ctypes
import glob
import os
import site
import sys

REFERENCE = os.environ.get("GGUF_TOOL_REFERENCE") or ".build/reference"
for environment in (".build/python", REFERENCE):
    for packages in glob.glob(f"{environment}/lib/python3*/site-packages"):
        site.addsitedir(packages)
import gguf
import llama_cpp
import numpy as np


def importance(path):
    """The mean squares of a matrix's columns, an expert after the other; ones for experts never reached."""
    tensors = {tensor.name: tensor.data for tensor in gguf.GGUFReader(path).tensors}
    found = {}
    for name, sums in tensors.items():
        if not name.endswith(".in_sum2"):
            continue
        tensor = name.removesuffix(".in_sum2")
        counts = tensors[f"{tensor}.counts"].reshape(-1, 1)
        sums = sums.reshape(len(counts), -1)
        means = np.where(counts > 0, sums / np.maximum(counts, 1), 1)
        found[tensor] = np.ascontiguousarray(means, np.float32)
    return found


def entries(matrix):
    """The matrix in the library's form, whose end is an entry without a name."""
    Entry = llama_cpp.llama_model_imatrix_data
    found = (Entry * (len(matrix) + 1))()
    for entry, (name, values) in zip(found, matrix.items()):
        entry.name, entry.size = name.encode(), values.size
        entry.data = values.ctypes.data_as(type(entry.data))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model")
    parser.add_argument("output")
    parser.add_argument("preset")
    parser.add_argument("--pure", action="store_true")
    parser.add_argument("--imatrix")
    parser.add_argument("--token-embedding-type")
    options = parser.parse_args()
    params = llama_cpp.llama_model_quantize_default_params()
    params.nthread, params.pure = os.cpu_count(), options.pure
    params.ftype = getattr(llama_cpp, f"LLAMA_FTYPE_MOSTLY_{options.preset}")
    if options.token_embedding_type:
        params.token_embedding_type = gguf.GGMLQuantizationType[options.token_embedding_type]
    matrix = importance(options.imatrix) if options.imatrix else {}
    list_of_entries = entries(matrix)
    if matrix:
        params.imatrix = ctypes.cast(list_of_entries, type(params.imatrix))
    return llama_cpp.llama_model_quantize(
        options.model.encode(), options.output.encode(), ctypes.byref(params))


if __name__ == "__main__":
    sys.exit(main())
