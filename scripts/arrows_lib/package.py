# SPDX-License-Identifier: MIT
"""The modules of a package: what they declare to use, and what their files import."""
import functools, json, pathlib, re, subprocess
from collections import defaultdict

from arrows_lib.graph import shortest_cycle

# Comments and strings, which may hold lines that look like imports.
TEXT = re.compile(r'//[^\n]*|/\*.*?\*/|""".*?"""|"(?:\\.|[^"\\\n])*"', re.DOTALL)
IMPORT = re.compile(
    r"^[ \t]*(?:@\w+(?:\([^)\n]*\))?[ \t]+)*"
    r"(?:(?:public|package|internal|fileprivate|private)[ \t]+)?"
    r"import[ \t]+(?:(?:struct|class|enum|protocol|func|var|let|typealias)[ \t]+)?(\w+)",
    re.MULTILINE)


class Failure(Exception):
    """Something that keeps the script from telling anything."""


def run(*command):
    """What a command prints; its complaint is the failure's text."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise Failure(f"{' '.join(map(str, command))}:\n{done.stderr}{done.stdout}".rstrip())
    return done.stdout


@functools.cache
def target_info():
    """What the compiler in use tells of itself."""
    return run("swiftc", "-print-target-info")


class Module:
    """A target below Sources: a module of Swift or C, or a system library."""

    def __init__(self, root, target):
        self.name = target["name"]
        self.import_name = target["c99name"]
        self.root = root / target["path"]
        self.system = target["type"] == "system-target"
        self.swift = target["module_type"] == "SwiftTarget"
        self.sources = [self.root / source for source in target["sources"]]
        self.declared = target.get("target_dependencies", [])
        self.products = target.get("product_dependencies", [])
        self.imports = self.read_imports() if self.swift else {}

    def read_imports(self):
        """Each imported module with the first file and line that imports it."""
        imports = {}
        for source in self.sources:
            text = TEXT.sub(blank, source.read_text())
            for match in IMPORT.finditer(text):
                line = text.count("\n", 0, match.start(1)) + 1
                imports.setdefault(match[1], (source, line))
        return imports

    def folder(self, source):
        """The folder of this module that a file is in; `.` for the module's own."""
        parts = pathlib.Path(source).relative_to(self.root).parts
        return parts[0] if len(parts) > 1 else "."

    @property
    def folders(self):
        """The folders with their files."""
        folders = defaultdict(list)
        for source in self.sources: folders[self.folder(source)].append(source)
        return dict(sorted(folders.items()))


def blank(match):
    """As many lines as the match has, so that lines keep their numbers."""
    return "\n" * match[0].count("\n")


class Package:
    """The modules of a package, by name; its scratch folder is apart from that of builds."""

    def __init__(self, root):
        self.root = pathlib.Path(root).resolve()
        self.scratch = self.root / ".build" / "arrows"
        described = json.loads(run(
            "swift", "package", "--package-path", self.root, "--scratch-path", self.scratch,
            "describe", "--type", "json"))
        modules = [Module(self.root, target) for target in described["targets"]
                   if target["path"].startswith("Sources/")]
        self.modules = {module.name: module for module in sorted(modules, key=lambda m: m.name)}
        self.by_import = {module.import_name: module for module in modules}
        self.products = {name for module in modules for name in module.products}

    def uses(self, module):
        """The modules of the package that a module declares or imports."""
        imported = {self.by_import[name].name for name in module.imports if name in self.by_import}
        return sorted((imported | set(module.declared) & set(self.modules)) - {module.name})

    def below(self, module):
        """All modules that a module stands on, and itself."""
        found, waiting = {}, [module.name]
        while waiting:
            name = waiting.pop()
            if name in found: continue
            found[name] = self.modules[name]
            waiting += self.uses(self.modules[name])
        return [found[name] for name in sorted(found)]

    def outside(self, module):
        """What a module imports of packages, and of the toolchain, by name."""
        names = set(module.imports) - set(self.by_import)
        return sorted(names & self.products), sorted(names - self.products)

    def cycles(self):
        """Cycles of modules; `swift package` itself refuses those that are declared."""
        uses, cycles = {name: self.uses(module) for name, module in self.modules.items()}, []
        while cycle := shortest_cycle(uses):
            cycles.append(cycle)
            uses[cycle[-1]].remove(cycle[0])
        return cycles

    def mistakes(self):
        """A line for each import that is not declared and each declaration that nothing imports."""
        return [line for module in self.modules.values() if module.swift
                for line in self.mistakes_of(module)]

    def mistakes_of(self, module):
        """Those of one module; a product of another package is known by its module's name."""
        declared = {self.modules[name].import_name for name in module.declared
                    if name in self.modules} | set(module.products)
        known = set(self.by_import) | self.products
        for name in sorted(module.imports):
            if name in known - declared - {module.import_name}:
                source, line = module.imports[name]
                where = f"{source.relative_to(self.root)}:{line}"
                yield f"{where}: {module.name} imports {name} but does not declare it"
        for name in sorted(declared - set(module.imports)):
            yield f"Package.swift: {module.name} declares {name} but no file imports it"
