#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Cut the vocabulary out of GGUF headers: strip_headers.py IN.gguf... OUTDIR

Writes NAME.gguf: the header with its tensor table and all metadata but the tokenizer's arrays,
without tensor data. What memory depends on is all there.
"""
import os, struct, sys

SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}


class Cursor:
    def __init__(self, data):
        self.data, self.at = data, 0

    def number(self, form):
        value = struct.unpack_from("<" + form, self.data, self.at)[0]
        self.at += struct.calcsize(form)
        return value

    def skip_string(self):
        length = self.number("Q")
        self.at += length

    def skip_value(self, kind):
        if kind == 8:
            self.skip_string()
        elif kind == 9:
            inner, count = self.number("I"), self.number("Q")
            for _ in range(count):
                self.skip_value(inner)
        else:
            self.at += SIZES[kind]


def strip(data):
    cursor = Cursor(data)
    cursor.at = 8
    tensors, keys = cursor.number("Q"), cursor.number("Q")
    kept = []
    for _ in range(keys):
        start = cursor.at
        length = cursor.number("Q")
        name = data[cursor.at:cursor.at + length].decode()
        cursor.at += length
        kind = cursor.number("I")
        cursor.skip_value(kind)
        if not (name.startswith("tokenizer.") and kind == 9):
            kept.append(data[start:cursor.at])
    table = cursor.at
    for _ in range(tensors):
        cursor.skip_string()
        dimensions = cursor.number("I")
        cursor.at += 8 * dimensions + 12
    return (data[:8] + struct.pack("<QQ", tensors, len(kept)) + b"".join(kept)
            + data[table:cursor.at])


for path in sys.argv[1:-1]:
    with open(path, "rb") as file:
        header = strip(file.read(64 << 20))
    header += b"\0" * (-len(header) % 32)
    with open(os.path.join(sys.argv[-1], os.path.basename(path)), "wb") as file:
        file.write(header)
