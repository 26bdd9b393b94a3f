# SPDX-License-Identifier: MIT
"""Has the compiler write an index of modules: it only checks types, so that this takes seconds.

SwiftPM prepares the modules for an index, as it does for editors (their interfaces are compiled and
no function), in a folder of its own, so that builds are left alone. Then each module whose folders
are asked for is type-checked with the very flags that SwiftPM has for it.
"""
import hashlib, json, os, shutil, sys
from concurrent.futures import ThreadPoolExecutor

from arrows_lib.package import run, target_info

# Flags that skip the bodies of functions, where most names are, or hide errors.
SKIPPING = {"-experimental-lazy-typecheck", "-experimental-skip-all-function-bodies",
            "-experimental-allow-module-with-compiler-errors"}
# Flags of a compilation to files, some with a value, which a check of types has no use for.
COMPILING = {"-incremental", "-enable-batch-mode", "-serialize-diagnostics", "-parseable-output",
             "-emit-objc-header"}
COMPILING_TO = {"-index-store-path", "-emit-objc-header-path"}


class Indexing:
    """The indexes of a package's modules, in its scratch folder."""

    def __init__(self, package):
        self.package = package

    def stores(self, modules):
        """The index store of each module, made anew where sources have changed."""
        outdated = [module for module in modules if not self.is_current(module)]
        if outdated:
            print(f"indexing {', '.join(module.name for module in outdated)}", file=sys.stderr)
            self.prepare()
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                list(pool.map(self.index, outdated))
        return {module.name: self.store(module) for module in modules}

    def store(self, module):
        return self.package.scratch / "stores" / module.name

    def is_current(self, module):
        key = self.store(module) / "key"
        return key.exists() and key.read_text() == self.key(module)

    def key(self, module):
        """Tells whether an index is of the sources as they are, of this module and those below."""
        key = hashlib.sha256(target_info().encode())
        files = [self.package.root / "Package.swift"]
        files += [source for below in self.package.below(module) for source in below.sources]
        for file in files:
            status = file.stat()
            key.update(f"{file} {status.st_mtime_ns} {status.st_size}\n".encode())
        return key.hexdigest()

    def prepare(self):
        """Compiles the modules' interfaces; the flags of all modules are known after it."""
        scratch = self.package.scratch
        run("swift", "build", "--package-path", self.package.root, "--scratch-path", scratch,
            "--experimental-prepare-for-indexing", "--disable-index-store")
        description = json.loads((scratch / "debug" / "description.json").read_text())
        self.commands = {
            command["moduleName"]: command
            for name, command in description["swiftCommands"].items() if "-tool." not in name}

    def index(self, module):
        """Checks a module's types, and writes the index into an empty store."""
        store, key = self.store(module), self.key(module)
        shutil.rmtree(store, ignore_errors=True)
        store.mkdir(parents=True)
        command = self.commands[module.import_name]
        units = store / "units"
        units.write_text("".join(f"{source}.o\n" for source in command["sources"]))
        run(command["executable"], "-typecheck", "-whole-module-optimization",
            "-module-name", module.import_name, f"@{command['fileList']}", *checking(command["otherArguments"]),
            "-I", command["importPath"], "-index-store-path", store, "-index-ignore-system-modules",
            "-Xfrontend", "-index-unit-output-path-filelist", "-Xfrontend", units)
        (store / "key").write_text(key)


def checking(arguments):
    """The flags of a compilation that a check of types has a use for."""
    kept, waiting = [], iter(arguments)
    for argument in waiting:
        if argument in COMPILING_TO: next(waiting)
        elif argument == "-Xfrontend":
            flag = next(waiting)
            if flag not in SKIPPING: kept += [argument, flag]
        elif argument not in COMPILING: kept.append(argument)
    return kept
