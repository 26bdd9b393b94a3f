# SPDX-License-Identifier: MIT
"""What the folders of a module name of each other, by the compiler's index."""
from collections import defaultdict
from typing import NamedTuple

from arrows_lib.graph import shortest_cycle
from arrows_lib.index_store import DEFINITION, IMPLICIT, REFERENCE, IndexStore
from arrows_lib.package import Failure


class Definition(NamedTuple):
    """Where a symbol is defined."""
    file: str
    line: int
    symbol: object
    parent: object


class Named:
    """A symbol of another folder, with the files and lines that name it."""

    def __init__(self, name, definition):
        self.name = name
        self.definition = definition
        self.places = defaultdict(set)

    @property
    def count(self):
        return sum(map(len, self.places.values()))


class Folders:
    """The folders of a module, and what each names of each other."""

    def __init__(self, module, store):
        self.module = module
        self.definitions, self.references = {}, []
        self.read(store)
        self.names = defaultdict(dict)
        for file, line, symbol in self.references: self.add(file, line, symbol)

    def read(self, path):
        """Gathers the definitions and references of all files of the module."""
        store = IndexStore(path)
        records = store.records()
        for source in map(str, self.module.sources):
            if source not in records:
                raise Failure(f"{source}: the compiler has written no index of it")
            if record := records[source]:
                for occurrence in store.occurrences(record): self.gather(source, occurrence)
        store.close()

    def gather(self, source, occurrence):
        """Keeps what the source spells out, not what the compiler adds, as calls of accessors."""
        symbol, roles, line, parent = occurrence
        if roles & DEFINITION:
            self.definitions[symbol.usr] = Definition(source, line, symbol, parent)
        elif roles & REFERENCE and not roles & IMPLICIT:
            self.references.append((source, line, symbol))

    def add(self, file, line, symbol):
        definition = self.definitions.get(symbol.usr)
        if definition is None: return
        folder, other = self.module.folder(file), self.module.folder(definition.file)
        if folder == other: return
        named = self.names[folder, other]
        if symbol.usr not in named:
            named[symbol.usr] = Named(self.full_name(definition), definition)
        named[symbol.usr].places[file].add(line)

    def full_name(self, definition):
        """A symbol's name with those of the types that it is a member of."""
        names = [definition.symbol.name]
        while definition is not None and definition.parent is not None:
            names.insert(0, definition.parent.name)
            definition = self.definitions.get(definition.parent.usr)
        return ".".join(names)

    def of(self, folder, other):
        """What a folder names of another, in the order of definition."""
        named = self.names.get((folder, other), {}).values()
        return sorted(named, key=lambda each: each.definition[:2])

    @property
    def uses(self):
        """The folders that each folder names something of."""
        uses = {folder: [] for folder in self.module.folders}
        for folder, other in sorted(self.names): uses[folder].append(other)
        return uses

    def cycles(self):
        """Cycles, each with the arrow of the fewest symbols: without these arrows none is left."""
        uses, cycles = self.uses, []
        while cycle := shortest_cycle(uses):
            arrows = list(zip(cycle, cycle[1:] + cycle[:1]))
            lightest = min(arrows, key=lambda arrow: (len(self.names[arrow]), arrow))
            cycles.append((cycle, arrows, lightest))
            uses[lightest[0]].remove(lightest[1])
        return cycles
