# SPDX-License-Identifier: MIT
"""Prints type and shape of every tensor of a GGUF file, as PyPI's gguf package reads it, as JSON.

usage: expert_types.py FILE
"""

import json
import sys

from gguf import GGUFReader

reader = GGUFReader(sys.argv[1])
print(
    json.dumps(
        {
            tensor.name: f"{tensor.tensor_type.name} {'x'.join(str(int(n)) for n in tensor.shape)}"
            for tensor in reader.tensors
        }
    )
)
