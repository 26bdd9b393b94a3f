# SPDX-License-Identifier: MIT
"""Makes the man pages of a tool, and checks that every command has one with its options and examples, and
that they render without a warning where groff and man are installed.

usage: check_man_pages.py TOOL
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

MAKER = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "man-pages"
RENDERERS = [
    ["groff", "-man", "-Tutf8", "-ww", "-rLL=78n"],
    ["man", "--warnings", "-E", "UTF-8", "-l"],
]


def commands(command):
    yield command
    for below in command.get("subcommands", []):
        if below["commandName"] != "help":
            yield from commands(below)


def plain(source):
    """The page's text without troff's escapes."""
    source = re.sub(r"\\f[BIR]", "", source).replace("\\-", "-")
    return re.sub(r"\\\[u([0-9A-F]{4,})\]", lambda match: chr(int(match[1], 16)), source).replace("\\e", "\\")


def rendered(page):
    """What is wrong with a page, by each program that renders it."""
    for words in RENDERERS:
        if not shutil.which(words[0]):
            continue
        done = subprocess.run(
            [*words, page], capture_output=True, text=True, env={**os.environ, "MANWIDTH": "80"})
        if done.returncode or done.stderr:
            yield f"{words[0]}: {done.stderr.strip()}"
        if not done.stdout.strip():
            yield f"{words[0]}: the page is empty"


def wrong(command, folder):
    name = "-".join([*command.get("superCommands", []), command["commandName"]])
    page = folder / f"{name}.1"
    text = plain(page.read_text())
    words = [option["name"] for a in command.get("arguments", []) if a["shouldDisplay"]
             for option in a.get("names", [])]
    words += re.findall(r"^\s*Example: (.*)$", command.get("discussion", ""), re.MULTILINE)
    yield from (f"{name}.1: expected {word!r}" for word in words if word not in text)
    yield from (f"{name}.1: {fault}" for fault in rendered(page))


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    tool = os.path.abspath(sys.argv[1])
    dump = json.loads(subprocess.run(
        [tool, "--experimental-dump-help"], capture_output=True, check=True).stdout)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        subprocess.run([MAKER, tool, folder], check=True)
        faults = [fault for c in commands(dump["command"]) for fault in wrong(c, folder)]
        count = len(list(folder.iterdir()))
    if faults:
        sys.exit("\n".join(faults))
    programs = [words[0] for words in RENDERERS if shutil.which(words[0])]
    print(f"man pages: {count}, rendered by {' and '.join(programs) or 'nothing: no groff and no man'}")


if __name__ == "__main__":
    main()
