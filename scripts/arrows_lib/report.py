# SPDX-License-Identifier: MIT
"""The report for people, within 80 columns, and the same as JSON."""
import textwrap

from arrows_lib.graph import bottom_up

WIDTH = 80


class Report:
    """What was found out of a package."""

    def __init__(self, package, folders):
        self.package, self.folders = package, folders
        self.order = bottom_up({name: package.uses(m) for name, m in package.modules.items()})
        self.mistakes = package.mistakes()
        self.module_cycles = package.cycles()
        self.folder_cycles = [
            (folders[name], cycle) for name in self.order if name in folders
            for cycle in folders[name].cycles()]

    @property
    def is_clean(self):
        return not (self.mistakes or self.module_cycles or self.folder_cycles)

    def path(self, file):
        return str(file).removeprefix(f"{self.package.root}/")

    # The text

    def print(self):
        self.print_modules()
        for name in self.order:
            if name in self.folders: self.print_folders(self.folders[name])
        for cycle in self.module_cycles:
            print(f"\nCycle of modules: {arrow(cycle + cycle[:1])}")
            for pair in zip(cycle, cycle[1:] + cycle[:1]): self.print_import(*pair)
        for folders, cycle in self.folder_cycles: self.print_cycle(folders, *cycle)
        print(f"\n{self.summary()}")

    def summary(self):
        count = len(self.module_cycles) + len(self.folder_cycles)
        return f"{count or 'No'} cycle{'s' if count > 1 else ''}."

    def print_modules(self):
        print("Modules, from the bottom up, and what each uses")
        for name in self.order:
            module = self.package.modules[name]
            if module.system: continue
            print(f"  {name}")
            for label, names in self.used(module).items():
                if names: print(wrapped(f"    {label + ':':<11}", ", ".join(names)))

    def used(self, module):
        """What a module uses: modules, system libraries, packages, and what Swift comes with."""
        uses = self.package.uses(module)
        system = {name for name in uses if self.package.modules[name].system}
        packages, toolchain = self.package.outside(module)
        return {"modules": [name for name in uses if name not in system],
                "libraries": sorted(system), "packages": packages, "toolchain": toolchain}

    def print_folders(self, folders):
        print(f"\nFolders of {folders.module.name} and the symbols that each names of others")
        for folder in bottom_up(folders.uses):
            print(f"  {folder}")
            for other in folders.uses[folder]:
                named = folders.of(folder, other)
                text = f"{other} {len(named)}: {', '.join(most_named(named))}"
                print("    " + textwrap.shorten(text, WIDTH - 4, placeholder=" ..."))

    def print_import(self, name, other):
        module = self.package.modules[name]
        place = module.imports.get(self.package.modules[other].import_name)
        where = f"{self.path(place[0])}:{place[1]}" if place else "Package.swift"
        print(f"  {name} uses {other} ({where})")

    def print_cycle(self, folders, cycle, arrows, lightest):
        print(f"\nCycle of folders in {folders.module.name}: {arrow(cycle + cycle[:1])}")
        for pair in arrows:
            print(f"  {pair[0]} names {symbols(len(folders.of(*pair)))} of {pair[1]}"
                  f"{', the fewest:' if pair == lightest else ''}")
            if pair == lightest: self.print_names(folders, *pair)

    def print_names(self, folders, folder, other):
        """Each symbol with its definition, and below it the places that name it."""
        for named in folders.of(folder, other):
            place = f"[{self.path(named.definition.file)}:{named.definition.line}]"
            gap = "\n      " if len(f"    {named.name} {place}") > WIDTH else " "
            print(f"    {named.name}{gap}{place}")
            for file, lines in sorted(named.places.items()):
                print(wrapped(f"      {self.path(file)}: ", ", ".join(map(str, sorted(lines)))))

    def print_folder(self, folders, folder):
        """All that a folder names of the others of its module."""
        for other in folders.uses[folder]:
            print(f"{folder} names {symbols(len(folders.of(folder, other)))} of {other}:")
            self.print_names(folders, folder, other)

    # The same as JSON

    def json(self):
        return {
            "modules": [self.module_json(self.package.modules[name]) for name in self.order
                        if not self.package.modules[name].system],
            "dependency_errors": self.mistakes,
            "module_cycles": self.module_cycles,
            "folder_cycles": [
                {"module": folders.module.name, "folders": cycle,
                 "lightest": {"folder": lightest[0], "uses": lightest[1],
                              "symbols": self.names_json(folders, *lightest)}}
                for folders, (cycle, _, lightest) in self.folder_cycles]}

    def module_json(self, module):
        folders = self.folders.get(module.name)
        uses = folders.uses if folders else {folder: [] for folder in module.folders}
        return {"name": module.name, "path": self.path(module.root), **self.used(module),
                "folders": [{"name": folder, "files": len(module.folders[folder]),
                           "uses": [{"folder": other, "symbols": len(folders.of(folder, other))}
                                    for other in uses[folder]]} for folder in bottom_up(uses)]}

    def names_json(self, folders, folder, other):
        return [{"name": named.name, "file": self.path(named.definition.file),
                 "line": named.definition.line,
                 "places": [{"file": self.path(file), "lines": sorted(lines)}
                            for file, lines in sorted(named.places.items())]}
                for named in folders.of(folder, other)]


def arrow(names):
    return " -> ".join(names)


def symbols(count):
    return f"{count} symbol{'s' if count != 1 else ''}"


def most_named(named):
    """Names of symbols, first those that most places name; overloads once."""
    return dict.fromkeys(each.name for each in sorted(named, key=lambda n: (-n.count, n.name)))


def wrapped(start, text):
    """Text after a start, in lines that are indented as far."""
    return textwrap.fill(text, WIDTH, initial_indent=start, subsequent_indent=" " * len(start))
