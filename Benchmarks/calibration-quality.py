#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What error feedback makes of the divergence from the F16 model, against the reference at the same bytes.

    calibration-quality.py TOOL SHARED [--models A,B] [--types A,B] [--presets A,B] [--ways A,B]
                           [--chunks N] [--windows N] [--fresh] [--json FILE]

For each model and type (every tensor alike) or preset: the file of the reference with an importance matrix
of its own from the calibration text, ours, ours calibrated on that text, and plans as large as the
preset, calibrated. All are measured by our evaluator on WikiText-2, PTB and a sample of C4, and on
sources of Python's library, such as the calibration text does not hold. Files of the reference and all
figures are kept in .build/calibration-quality, figures by what they were measured on, so that another
run measures only what changed; --fresh begins anew. Ends with PASS or FAIL for each limit that we set.
"""
import argparse
import collections
import hashlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import time

import gguf

from calibration_limits import HELD_OUT, PRESETS, TYPES, verdicts

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDER = ".build/calibration-quality"
CALIBRATION = "c4-calibration.jsonl"
TEXTS = [*HELD_OUT, "python"]
WAYS = ["reference", "ours", "calibrated", "planned", "planned-experts"]

# The preset whose main type it is, where that has not the type's name.
PURE = {"Q3_K": "Q3_K_M", "Q4_K": "Q4_K_M", "Q5_K": "Q5_K_M", "IQ2_S": "IQ2_M"}

# Token embeddings have no importance, and the reference ends the process rather than write these types
# without one: both sides then take the type that its presets of this name have.
EMBEDDING = {"IQ2_XXS": "Q2_K", "IQ2_XS": "Q2_K"}

# Sources of Python's library, some 300 kB.
SOURCES = ("argparse", "ast", "calendar", "codecs", "configparser", "csv", "dataclasses", "datetime",
           "difflib", "enum", "fractions", "heapq", "inspect", "json/decoder", "shutil", "tarfile")

Case = collections.namedtuple("Case", "name preset pure embedding")


def calibration(options):
    """The options that ask for error feedback. This place alone knows them."""
    windows = ["--chunks", str(options.windows)] if options.windows else []
    return ["--calibrate", f"{options.shared}/corpora/{CALIBRATION}", *windows]


def run(*words):
    """Runs a program; its JSON if it was asked for."""
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(words)}: {done.stderr[-2000:].strip() or done.returncode}")
    return json.loads(done.stdout) if "--json" in words else None


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def in_place(path, make):
    """Makes a file if it is not there: under another name first, so that it is whole or missing."""
    if not os.path.exists(path):
        make(f"{path}.part")
        os.rename(f"{path}.part", path)
    return path


def python_text(path):
    """Sources of Python's library, one after the other."""
    library = sysconfig.get_paths()["stdlib"]
    with open(path, "w", encoding="utf-8") as target:
        for name in SOURCES:
            with open(f"{library}/{name}.py", encoding="utf-8") as source:
                target.write(source.read())


class Figures:
    """What was measured, by what it was measured on."""

    def __init__(self):
        self.path = f"{FOLDER}/figures.json"
        self.known = {}
        if os.path.exists(self.path):
            with open(self.path) as file:
                self.known = json.load(file)

    def get(self, key, measure):
        if key not in self.known:
            self.known[key] = measure()
            with open(f"{self.path}.part", "w") as file:
                json.dump(self.known, file, indent=1)
            os.rename(f"{self.path}.part", self.path)
        return self.known[key]


class Model:
    """A model, its importance matrices, and what it is measured on."""

    def __init__(self, name, options, figures):
        self.name, self.options, self.figures = name, options, figures
        self.tool = options.tool
        self.path = f"{options.shared}/models/{name}-f16.gguf"
        self.folder = f"{FOLDER}/{name}"
        os.makedirs(self.folder, exist_ok=True)
        self.digest, self.build = digest(self.path), digest(self.tool)
        self.has_experts = "moe" in name

    # What is measured.

    def text(self, name):
        folder = f"{self.options.shared}/corpora"
        path = in_place(f"{FOLDER}/python.txt", python_text) if name == "python" else name
        return ["--corpus", path, "--corpus-dir", folder, "--chunks", str(self.options.chunks)]

    def base(self, text):
        def make(path):
            run(self.tool, "perplexity", self.path, *self.text(text), "--save-base", path)
        return in_place(f"{self.folder}/{text}-{self.options.chunks}.base", make)

    def divergence(self, path, text):
        found = run(self.tool, "perplexity", path, *self.text(text), "--base-file", self.base(text),
                    "--json")["corpora"][0]
        pair = lambda figure: [figure["value"], figure["error"]]
        return {"kl": pair(found["divergence"]["mean_divergence"]), "ppl": pair(found["perplexity"])}

    def measured(self, path):
        """Bytes, divergences and perplexities of a file."""
        own = digest(path)
        found = {text: self.figures.get(f"{own} {self.digest} {text} {self.options.chunks}",
                                        lambda: self.divergence(path, text)) for text in TEXTS}
        tensors = sum(int(tensor.n_bytes) for tensor in gguf.GGUFReader(path).tensors)
        return {"bytes": os.path.getsize(path), "tensor_bytes": tensors,
                **{key: {text: found[text][key] for text in TEXTS} for key in ("kl", "ppl")}}

    # What is written.

    def reference_matrix(self):
        """What llama-imatrix gathers over the calibration text, the output's matrix included."""
        def make(path):
            from reference_imatrix import gather
            gather(self.path, f"{self.options.shared}/corpora/{CALIBRATION}", path)
        return in_place(f"{self.folder}/reference-imatrix.gguf", make)

    def matrix(self):
        def make(path):
            run(self.tool, "imatrix", self.path, "--corpus",
                f"{self.options.shared}/corpora/{CALIBRATION}", "--process-output", "-o", path,
                "--output-format", "gguf")
        return in_place(f"{self.folder}/imatrix-{self.build}.gguf", make)

    def embedding(self, case):
        """The type of token embeddings, where it is not the others'. Rows of 288 fall back by themselves."""
        return ["--token-embedding-type", case.embedding] if case.embedding and self.has_experts else []

    def reference(self, case):
        pure = ["--pure"] if case.pure else []

        def make(path):
            run(sys.executable, f"{HERE}/reference-quantize.py", self.path, path, case.preset,
                "--imatrix", self.reference_matrix(), *pure, *self.embedding(case))
        return in_place(f"{self.folder}/reference-{case.name}.gguf", make)

    def ours(self, case, *further):
        pure = ["--pure"] if case.pure else []
        return self.write("--type", case.preset, *pure, *self.embedding(case), *further)

    def write(self, *words):
        path = f"{self.folder}/ours.gguf"
        run(self.tool, "requantize", self.path, path, "--imatrix", self.matrix(),
            "--allow-missing-imatrix", "--restart", *words)
        return path

    def sensitivity(self):
        def make(path):
            run(self.tool, "sensitivity", self.path, "--corpus",
                f"{self.options.shared}/corpora/{CALIBRATION}", "--imatrix", self.matrix(), "-o", path)
        return in_place(f"{self.folder}/sensitivity-{self.build}.json", make)

    def planned(self, case, layout):
        recipe = f"{self.folder}/plan.recipe"
        run(self.tool, "plan", self.path, "--sensitivity", self.sensitivity(), "--imatrix",
            self.matrix(), "--target-size", str(os.path.getsize(self.reference(case))), "--layout",
            layout, "--calibrated", "-o", recipe, "--json")
        return self.write("--recipe", recipe, *calibration(self.options))

    def written(self, case, way):
        """The file of a case, or nothing if there is none."""
        if way == "reference":
            return self.reference(case)
        if way in ("ours", "calibrated"):
            return self.ours(case, *(calibration(self.options) if way == "calibrated" else []))
        if case.pure or way == "planned-experts" and not self.has_experts:
            return None
        return self.planned(case, "merged" if way == "planned" else "per-expert")

    def row(self, case):
        """The figures of each way of writing a case."""
        found = {}
        for way in self.options.ways:
            start = time.monotonic()
            if path := self.written(case, way):
                seconds = time.monotonic() - start
                found[way] = {**self.measured(path), "seconds": round(seconds, 1)}
        return found


def mean(figures):
    return sum(figures["kl"][text][0] for text in HELD_OUT) / len(HELD_OUT)


def show_divergences(rows, ways):
    """Mean divergence of the held-out texts, what part of the reference's it is, and the last text's."""
    others = [way for way in ways if way != "reference"]
    print("type               bytes  reference" + "".join(f"{way:>17}  ratio" for way in others)
          + "   python: " + ", ".join(ways))
    for name, row in rows.items():
        line = f"{name:14} {row['reference']['bytes']:9,}  {mean(row['reference']):9.5f}"
        for way in others:
            line += (f"{mean(row[way]):17.5f}  {mean(row[way]) / mean(row['reference']):5.3f}"
                     if way in row else f"{'-':>17}      -")
        print(line + "   " + ", ".join(f"{row[way]['kl']['python'][0]:.5f}" for way in ways if way in row))


def show_perplexities(rows):
    print(f"\n{'perplexity':30}" + "".join(f"{text:>20}" for text in TEXTS))
    for name, row in rows.items():
        for way, figures in row.items():
            pairs = (f"{value:.3f} ± {error:.3f}" for value, error in figures["ppl"].values())
            print(f"{name:14} {way:15}" + "".join(f"{pair:>20}" for pair in pairs))


def cases(options):
    types = [Case(name, PURE.get(name, name), True, EMBEDDING.get(name)) for name in options.types]
    return types + [Case(f"preset {name}", name, False, None) for name in options.presets]


def save(path, results):
    with open(f"{path}.part", "w") as file:
        json.dump(results, file, indent=1)
    os.rename(f"{path}.part", path)


def measure(options):
    """The rows of every model; written after each."""
    figures, results = Figures(), {}
    for name in options.models:
        model, results[name] = Model(name, options, figures), {}
        for case in cases(options):
            results[name][case.name] = model.row(case)
            print(f"{name} {case.name}: " + ", ".join(
                f"{way} {mean(found):.5f}" for way, found in results[name][case.name].items()), flush=True)
            if options.json:
                save(options.json, results)
    return results


def main():
    names = lambda text: [name for name in text.split(",") if name]
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("tool")
    parser.add_argument("shared")
    parser.add_argument("--models", type=names, default=["tiny-moe", "tiny-dense"])
    parser.add_argument("--types", type=names, default=TYPES)
    parser.add_argument("--presets", type=names, default=PRESETS)
    parser.add_argument("--ways", type=names, default=WAYS)
    parser.add_argument("--chunks", type=int, default=100, help="windows to measure on")
    parser.add_argument("--windows", type=int, help="windows to calibrate on")
    parser.add_argument("--fresh", action="store_true")
    parser.add_argument("--json")
    options = parser.parse_args()
    options.ways = ["reference", *(way for way in options.ways if way != "reference")]
    if options.fresh:
        shutil.rmtree(FOLDER, ignore_errors=True)
    os.makedirs(FOLDER, exist_ok=True)
    results = measure(options)
    for name, rows in results.items():
        print(f"\n{name}: mean divergence of {', '.join(HELD_OUT)}, nats a token, {options.chunks} windows each")
        show_divergences(rows, options.ways)
        show_perplexities(rows)
    found = [verdict for name, rows in results.items() for verdict in verdicts(name, rows)]
    print()
    for verdict in found:
        print(verdict)
    return 1 if any(verdict.startswith("FAIL") for verdict in found) else 0


if __name__ == "__main__":
    sys.exit(main())
