#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares the presets' damage with the reference's, on the tiny models of ../shared/models.

Each preset is written by our tool and measured by it: perplexity and mean KL divergence to the F16
model, 64 windows of WikiText-2, with activations rounded as llama.cpp rounds them, because the
reference's figures (reference.json) were made so. A preset misses if its divergence lies above the
reference's by more than both standard errors together, or its perplexity by more than the
reference's standard error. Prints a Markdown table, and JSON with --json.

Usage: preset-quality.py TOOL SHARED [--effort best] [--models tiny-moe] [--json FILE]
"""
import argparse, json, math, os, subprocess, sys, tempfile

parser = argparse.ArgumentParser()
parser.add_argument("tool")
parser.add_argument("shared")
parser.add_argument("--effort", default="default")
parser.add_argument("--models", default="tiny-moe,tiny-dense")
parser.add_argument("--presets", default="")
parser.add_argument("--json")
options = parser.parse_args()


def run(*arguments):
    done = subprocess.run([options.tool, *arguments], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout


def measure(model, preset, folder):
    name, _, imatrix = preset.partition("+")
    source = f"{options.shared}/models/{model}-f16.gguf"
    target = f"{folder}/{model}.gguf"
    extra = ["--imatrix", f"{options.shared}/models/{model}.imatrix.gguf"] if imatrix else []
    run("requantize", source, target, "--type", name, "--effort", options.effort,
        "--allow-missing-imatrix", *extra)
    result = run("perplexity", target, "--corpus", f"{options.shared}/corpora/wikitext2.test.raw",
                 "--chunks", "64", "--base", source, "--compute", "llama", "--json")
    os.remove(target)
    return json.loads(result)["corpora"][0]


def row(model, preset, ours, reference):
    ours_kl, ours_error = (
        ours["divergence"]["mean_divergence"]["value"],
        ours["divergence"]["mean_divergence"]["error"])
    kl, error = reference["kld"]
    ppl, ppl_error = reference["ppl"]["wikitext2"]
    ours_ppl = ours["perplexity"]["value"]
    misses = []
    if ours_kl > kl + ours_error + error:
        misses.append("KL")
    if ours_ppl > ppl + ppl_error:
        misses.append("perplexity")
    return dict(model=model, preset=preset, perplexity=ours_ppl, reference_perplexity=ppl,
                kl=ours_kl, kl_error=ours_error, reference_kl=kl, reference_kl_error=error,
                ratio=ours_kl / kl, misses=misses)


rows = []
print("| model | preset | perplexity | reference | KL divergence | reference | ratio |")
print("|---|---|---:|---:|---:|---:|---:|")
references = json.load(open(f"{options.shared}/models/reference.json"))["models"]
with tempfile.TemporaryDirectory() as folder:
    for model in options.models.split(","):
        for preset, reference in references[model]["variants"].items():
            if "kld" not in reference or options.presets and preset not in options.presets.split(","):
                continue
            found = row(model, preset, measure(model, preset, folder), reference)
            rows.append(found)
            mark = "".join(f" {miss}!" for miss in found["misses"])
            print(f"| {model} | {preset} | {found['perplexity']:.3f} | "
                  f"{found['reference_perplexity']:.3f} | {found['kl']:.5f} | "
                  f"{found['reference_kl']:.5f} | {found['ratio']:.3f}{mark} |", flush=True)
ratios = [r["ratio"] for r in rows]
mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
print(f"\n{len(rows)} presets, geometric mean of the ratios of KL divergence {mean:.3f}, "
      f"{sum(bool(r['misses']) for r in rows)} beyond the error bars.")
if options.json:
    json.dump(dict(effort=options.effort, mean_ratio=mean, presets=rows), open(options.json, "w"), indent=1)
