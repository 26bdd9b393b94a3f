#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Divergence of planned types against presets of the same size.

    plan-quality.py TOOL SHARED [--chunks N] [--presets A,B] [--json FILE]

For each preset: its file by our own quantizer, then the best plans that fit in as many bytes, one with
a type for every expert and one with a type for all experts of a layer and projection. All with the same
importance matrix; matrix and sensitivity are gathered on c4-calibration.jsonl, the divergence from the
F16 model is measured on WikiText-2, PTB and a sample of C4.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

CORPORA = ["wikitext2", "ptb", "c4"]


def run(tool, *arguments):
    """Runs the tool; its JSON if it was asked for."""
    done = subprocess.run([tool, *arguments], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(arguments)}: {done.stderr}")
    return json.loads(done.stdout) if "--json" in arguments else None


class Comparison:
    def __init__(self, options, folder):
        self.tool, self.folder, self.chunks = options.tool, folder, options.chunks
        self.model = f"{options.shared}/models/{options.model}-f16.gguf"
        self.corpora = f"{options.shared}/corpora"
        self.calibration = f"{self.corpora}/c4-calibration.jsonl"
        self.imatrix, self.sensitivity = f"{folder}/imatrix.gguf", f"{folder}/sensitivity.json"

    def prepare(self):
        run(self.tool, "imatrix", self.model, "--corpus", self.calibration, "-o", self.imatrix)
        run(self.tool, "sensitivity", self.model, "--corpus", self.calibration, "--imatrix",
            self.imatrix, "-o", self.sensitivity)
        for corpus in CORPORA:
            run(self.tool, "perplexity", self.model, *self.text(corpus), "--save-base",
                self.base(corpus))

    def text(self, corpus):
        return ["--corpus", corpus, "--corpus-dir", self.corpora, "--chunks", str(self.chunks)]

    def base(self, corpus):
        return f"{self.folder}/{corpus}.base"

    def divergences(self, path):
        found = [run(self.tool, "perplexity", path, *self.text(corpus), "--base-file",
                     self.base(corpus), "--json")["corpora"][0] for corpus in CORPORA]
        return [one["divergence"]["mean_divergence"]["value"] for one in found]

    def write(self, name, *choice):
        path = f"{self.folder}/{name}.gguf"
        run(self.tool, "requantize", self.model, path, *choice, "--imatrix", self.imatrix)
        return path

    def planned(self, size, layout):
        recipe = f"{self.folder}/{layout}.recipe"
        plan = run(self.tool, "plan", self.model, "--sensitivity", self.sensitivity, "--imatrix",
                   self.imatrix, "--target-size", str(size), "--layout", layout, "-o", recipe,
                   "--json")
        path = self.write(layout, "--recipe", recipe)
        assert os.path.getsize(path) == plan["size_bytes"] <= size
        return plan, self.divergences(path)

    def row(self, preset):
        path = self.write("preset", "--type", preset)
        size = os.path.getsize(path)
        row = {"preset": preset, "size_bytes": size, "preset_divergence": self.divergences(path)}
        for layout in ["per-expert", "merged"]:
            plan, found = self.planned(size, layout)
            row[layout] = {"size_bytes": plan["size_bytes"], "divergence": found,
                           "expected": plan["expected_divergence"],
                           "ratio": sum(found) / sum(row["preset_divergence"])}
        return row


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("tool")
    parser.add_argument("shared")
    parser.add_argument("--model", default="tiny-moe")
    parser.add_argument("--chunks", type=int, default=100)
    parser.add_argument("--presets", default="IQ2_S,Q2_K,IQ3_XXS,Q3_K_M,IQ4_XS,Q4_K_M")
    parser.add_argument("--json")
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        comparison = Comparison(options, folder)
        comparison.prepare()
        print(f"mean divergence of {', '.join(CORPORA)}, nats a token")
        print("preset        bytes    preset  per-expert  ratio    merged  ratio")
        for preset in options.presets.split(","):
            row = comparison.row(preset)
            rows.append(row)
            mean = [sum(one) / 3 for one in (row["preset_divergence"],
                    row["per-expert"]["divergence"], row["merged"]["divergence"])]
            print(f"{preset:8} {row['size_bytes']:10,}  {mean[0]:8.5f}    {mean[1]:8.5f}  "
                  f"{row['per-expert']['ratio']:5.3f}  {mean[2]:8.5f}  {row['merged']['ratio']:5.3f}",
                  flush=True)
    if options.json:
        with open(options.json, "w") as file:
            json.dump(rows, file, indent=1)


if __name__ == "__main__":
    main()
