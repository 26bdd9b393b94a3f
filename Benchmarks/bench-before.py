#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares two builds of `bench`: every encoder and decoder, by turns, by processor time.

Usage: bench-before.py BEFORE NOW [--rounds 5] [--goal 0.97] [--types Q4_K,…] [--levels avx2,baseline]
BEFORE and NOW are Benchmarks/.build/release/bench of two checkouts. Of each figure the best round
counts: what else the machine does only makes rounds slower. What misses the goal is measured again,
once, with four times the rounds. Exits with 1 if something misses it still.
"""
import argparse, json, os, statistics, subprocess, sys, tempfile

parser = argparse.ArgumentParser()
parser.add_argument("before")
parser.add_argument("now")
parser.add_argument("--rounds", type=int, default=5)
parser.add_argument("--goal", type=float, default=0.97)
parser.add_argument("--types", default="")
parser.add_argument("--levels", default="")
parser.add_argument("--seconds", default="0.1")
options = parser.parse_args()


def figures(program, types, levels):
    """The figures of one round: (level, type, kind) to million weights a second."""
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        command = [program, "--rounds", "1", "--clock", "cpu", "--seconds", options.seconds,
                   "--json", file.name]
        command += ["--types", types] if types else []
        command += ["--levels", levels] if levels else []
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        found = json.load(open(file.name))["figures"]
    return {(level, name, kind): value for level, types in found.items()
            for name, kinds in types.items() for kind, value in kinds.items()
            if isinstance(value, float | int)}


def best(rounds, types=options.types, levels=options.levels):
    """The best figures of both programs, which take turns, each first in every second round."""
    sides = {options.before: {}, options.now: {}}
    for number in range(rounds):
        for program in sorted(sides, reverse=number % 2 == 1):
            for key, value in figures(program, types, levels).items():
                sides[program][key] = max(value, sides[program].get(key, 0))
    before, now = sides[options.before], sides[options.now]
    return {key: now[key] / before[key] for key in before if key in now}


ratios = best(options.rounds)
slow = [key for key, ratio in ratios.items() if ratio < options.goal]
for level in sorted({key[0] for key in slow}):
    again = best(4 * options.rounds, ",".join(sorted({k[1] for k in slow if k[0] == level})), level)
    ratios.update({key: again[key] for key in slow if key in again})

for level, kind in sorted({(key[0], key[2]) for key in ratios}):
    row = {key[1]: ratio for key, ratio in ratios.items() if (key[0], key[2]) == (level, kind)}
    least, most = min(row, key=row.get), max(row, key=row.get)
    print(f"{level:9} {kind:9} {len(row):3} types: median {statistics.median(row.values()):.3f}, "
          f"least {row[least]:.3f} ({least}), most {row[most]:.3f} ({most})")
missed = sorted(key for key, ratio in ratios.items() if ratio < options.goal)
for key in missed:
    print(f"slower than {options.goal}: {' '.join(key)} {ratios[key]:.3f}")
print(f"{len(ratios)} figures, {len(missed)} slower than {options.goal} of before")
sys.exit(1 if missed else 0)
