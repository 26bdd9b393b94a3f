# SPDX-License-Identifier: MIT
"""Fuzzes: runs each target for so many seconds from what earlier runs found, and keeps count.

    run.py [--seconds 60] [--jobs 1] [TARGET ...]
    run.py --totals

Works in .build/fuzz: corpus/TARGET holds inputs that reach new code, crashes/ what ended a run, and
seconds.tsv a line a run. Exits with 1 if there was a crash, a hang of 5 seconds or too much memory.
"""

import argparse
import concurrent.futures
import datetime
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
PLACE = HERE.parent.parent / ".build" / "fuzz"
PROGRAM = PLACE / "build" / "release" / "fuzz"
LOG = PLACE / "seconds.tsv"
TARGETS = ["container", "importance", "recipe", "tokenizer", "corpus"]
COLUMNS = ["date", "commit", "target", "seconds", "executions", "peak_mb", "result"]

# One allocation may have 512 MiB. The process may have as much: of it AddressSanitizer's own memory
# is about 100 MiB, with freed blocks held back up to 16 MiB instead of its usual 256.
LIMITS = ["-timeout=5", "-rss_limit_mb=512", "-malloc_limit_mb=512", "-max_len=8192"]
SANITIZER = "quarantine_size_mb=16:allocator_may_return_null=1:detect_leaks=0"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--jobs", type=int, default=1, help="targets at a time")
    parser.add_argument("--totals", action="store_true", help="only print what was run so far")
    options = parser.parse_args()
    if unknown := set(options.targets) - set(TARGETS):
        parser.error(f"there is no target {', '.join(sorted(unknown))}")
    return options


def command(target, seconds):
    corpus = PLACE / "corpus" / target
    corpus.mkdir(parents=True, exist_ok=True)
    (PLACE / "crashes").mkdir(exist_ok=True)
    return [PROGRAM, target, f"-max_total_time={seconds}", *LIMITS, "-print_final_stats=1",
            f"-dict={PLACE}/seeds/words.dict", f"-artifact_prefix={PLACE}/crashes/{target}-",
            corpus, PLACE / "seeds" / target]


def run(target, seconds):
    """One run; returns its line of the log and what ended it, if something did."""
    folder = tempfile.mkdtemp(prefix="gguf-fuzz-", dir="/dev/shm")
    # The sanitizer prints where a crash came from; Swift's own report of it may never end.
    environment = os.environ | {"ASAN_OPTIONS": SANITIZER, "FUZZ_FOLDER": folder,
                                "SWIFT_BACKTRACE": "enable=no"}
    date = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    start = time.monotonic()
    try:
        done = subprocess.run(command(target, seconds), env=environment, capture_output=True,
                              timeout=seconds + 120)
    finally:
        shutil.rmtree(folder)
    output = done.stderr.decode(errors="replace")
    (PLACE / f"{target}.log").write_text(output)

    def figure(name):
        found = re.search(rf"{name}:? *([0-9]+)", output)
        return found.group(1) if found else "0"

    artifact = re.search(r"Test unit written to (\S+)", output)
    # Left folders tell of crashes; a run that failed without one did not begin.
    result = "ok" if done.returncode == 0 else artifact.group(1) if artifact else "failed"
    line = [date, commit(), target, f"{time.monotonic() - start:.0f}",
            figure("number_of_executed_units"), figure("peak_rss_mb"), result]
    return line, "" if result == "ok" else output[-4000:]


def commit():
    done = subprocess.run(["git", "-C", HERE, "describe", "--always", "--dirty"], text=True,
                          capture_output=True)
    return done.stdout.strip() or "unknown"


def record(line):
    if not LOG.exists():
        LOG.write_text("\t".join(COLUMNS) + "\n")
    with LOG.open("a") as log:
        log.write("\t".join(line) + "\n")


def totals():
    """Prints seconds and executions of all runs so far, a line a target."""
    rows = [line.split("\t") for line in LOG.read_text().splitlines()[1:]] if LOG.exists() else []
    print(f"{'target':12}{'runs':>6}{'seconds':>9}{'executions':>13}{'peak MB':>9}{'stopped':>9}")
    for target in TARGETS:
        mine = [row for row in rows if row[2] == target]
        peak = max((int(row[5]) for row in mine), default=0)
        print(f"{target:12}{len(mine):6}{sum(int(row[3]) for row in mine):9}"
              f"{sum(int(row[4]) for row in mine):13,}{peak:9}"
              f"{sum(row[6] != 'ok' for row in mine):9}")


def main():
    options = arguments()
    failures = 0
    if not options.totals:
        subprocess.run([sys.executable, HERE / "seeds.py", PLACE / "seeds"], check=True)
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            targets = options.targets or TARGETS
            for line, end in pool.map(lambda target: run(target, options.seconds), targets):
                record(line)
                print(f"{line[2]}: {line[3]} s, {line[4]} executions, {line[6]}", flush=True)
                failures += bool(end)
                print(end, end="", file=sys.stderr)
    totals()
    return 1 if failures else 0


sys.exit(main())
