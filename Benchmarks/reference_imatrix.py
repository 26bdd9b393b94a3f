# SPDX-License-Identifier: MIT
"""An importance matrix of llama-imatrix, which scripts/check-imatrix compiles."""
import importlib.machinery
import importlib.util
import json
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
WINDOW = 512


def compiled():
    """The path of llama-imatrix."""
    loader = importlib.machinery.SourceFileLoader("check", os.path.join(ROOT, "scripts", "check-imatrix"))
    check = importlib.util.module_from_spec(importlib.util.spec_from_loader("check", loader))
    loader.exec_module(check)
    return check.reference(os.path.join(ROOT, ".build", "imatrix"))


def gather(model, corpus, path):
    """Gathers over all documents of a file of JSON lines, the output's matrix included."""
    text = f"{path}.txt"
    with open(corpus, encoding="utf-8") as lines, open(text, "w", encoding="utf-8") as file:
        file.write("\n".join(json.loads(line)["text"] for line in lines))
    done = subprocess.run([compiled(), model, text, str(WINDOW), path, "0"], capture_output=True, text=True)
    os.remove(text)
    if done.returncode:
        sys.exit(f"llama-imatrix: {done.stderr[-2000:]}")
