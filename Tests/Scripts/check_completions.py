# SPDX-License-Identifier: MIT
"""Types the beginnings of words into a shell with the tool's completions, and holds what the Tab key
makes of them to what is expected.

usage: check_completions.py TOOL SHELL...

A SHELL is bash, zsh or fish.
"""

import os
import pathlib
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time

# What is typed before Tab, and the words of the line after it.
CASES = [
    ("insp", ["inspect"]),
    ("size-e", ["size-estimate"]),
    ("requantize --dry", ["requantize", "--dry-run"]),
    ("split-experts --keep-t", ["split-experts", "--keep-top"]),
    ("requantize --effort be", ["requantize", "--effort", "best"]),
    ("requantize --layout per", ["requantize", "--layout", "per-expert"]),
    ("requantize --type IQ4_N", ["requantize", "--type", "IQ4_NL"]),
    ("size-estimate --cache-type-k q5_1", ["size-estimate", "--cache-type-k", "q5_1"]),
    ("inspect mo", ["inspect", "model.gguf"]),
    ("requantize model.gguf ou", ["requantize", "model.gguf", "output.gguf"]),
    ("requantize --recipe my", ["requantize", "--recipe", "my.recipe"]),
    ("requantize --imatrix im", ["requantize", "--imatrix", "imatrix.dat"]),
    ("perplexity model.gguf --corpus te", ["perplexity", "model.gguf", "--corpus", "text.txt"]),
]
# model.txt and imatrix.txt must not be offered where a model or an importance matrix is expected.
FILES = ["model.gguf", "model.txt", "output.gguf", "my.recipe", "imatrix.dat", "imatrix.txt", "text.txt"]
# The command prints its words, each on a line, instead of running the tool.
PRINTING = "gguf-tool() { printf 'word<%s>\\n' \"$@\"; echo end-of-words; }"
BASH = ["bash", "--norc", "--noprofile", "-i"]
ZSH = ["zsh", "-f", "-i"]


class Terminal:
    """A shell that believes a person is typing."""

    def __init__(self, words, folder):
        environment = {**os.environ, "TERM": "dumb", "PS1": "ready> ", "HOME": str(folder)}
        self.process, self.terminal = pty.fork()
        if self.process == 0:
            os.chdir(folder)
            os.execvpe(words[0], words, environment)
        self.text = ""

    def type(self, text):
        os.write(self.terminal, text.encode())

    def wait(self, pattern, seconds=60):
        """What is written up to a pattern."""
        end = time.monotonic() + seconds
        while not (found := re.search(pattern, self.text)):
            if time.monotonic() > end or not select.select([self.terminal], [], [], seconds)[0]:
                raise TimeoutError(f"expected {pattern!r}, found {self.text!r}")
            self.text += os.read(self.terminal, 65536).decode(errors="replace")
        before, self.text = self.text[:found.end()], self.text[found.end():]
        return before

    def close(self):
        os.close(self.terminal)
        os.waitpid(self.process, 0)


def typed(shell, words, setup, folder):
    """Each case's words after Tab."""
    terminal = Terminal(words, folder)
    for line in setup + [PRINTING, "echo set-'up'"]:
        terminal.type(line + "\n")
    terminal.wait("set-up")
    for case, _ in CASES:
        terminal.type(f"gguf-tool {case}\t")
        # The completion must have been made before the line ends.
        time.sleep(0.3)
        terminal.type("\n")
        yield re.findall(r"word<(.*?)>", terminal.wait("end-of-words\r"))
    terminal.close()


def completed_by_fish(script, folder):
    for case, _ in CASES:
        *before, _ = case.split()
        command = f"source {script}; complete -C 'gguf-tool {case}'"
        offered = subprocess.run(
            ["fish", "--no-config", "-c", command], cwd=folder, capture_output=True, text=True,
            check=True).stdout
        yield before + [line.split("\t")[0] for line in offered.splitlines()]


def completed(shell, tool, folder):
    names = {"bash": "gguf-tool", "zsh": "_gguf-tool", "fish": "gguf-tool.fish"}
    scripts = folder / "completions"
    scripts.mkdir(exist_ok=True)
    script = scripts / names[shell]
    script.write_bytes(subprocess.run(
        [tool, "--generate-completion-script", shell], capture_output=True, check=True).stdout)
    if shell == "fish":
        return completed_by_fish(script, folder)
    if shell == "bash":
        return typed(shell, BASH, [f"source {script}"], folder)
    load = [f"fpath=({scripts} $fpath)", "autoload -Uz compinit", "compinit -u -D"]
    return typed(shell, ZSH, load, folder)


def main():
    tool, *shells = sys.argv[1:] or sys.exit(__doc__)
    failures = 0
    for shell in shells:
        if not shutil.which(shell):
            sys.exit(f"check_completions.py: expected {shell} on this machine, found none")
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            for file in FILES:
                (folder / file).touch()
            for (case, expected), found in zip(CASES, completed(shell, os.path.abspath(tool), folder)):
                if found != expected:
                    failures += 1
                    print(f"{shell}: {case}<Tab>: expected {expected}, found {found}", file=sys.stderr)
        print(f"{shell}: {len(CASES)} completions tried")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
