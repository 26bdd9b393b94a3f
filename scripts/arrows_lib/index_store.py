# SPDX-License-Identifier: MIT
"""Reads the index that the compiler writes of its sources, by the C API of libIndexStore."""
import ctypes, json, pathlib
from ctypes import CFUNCTYPE, POINTER, Structure, byref, c_bool, c_char_p, c_int, c_size_t, c_uint
from ctypes import c_uint64, c_void_p
from typing import NamedTuple

from arrows_lib.package import Failure, target_info

# Roles of an occurrence, relations, and the kind of dependency that is a file's record.
DEFINITION, REFERENCE, IMPLICIT, CHILD, RECORD = 1 << 1, 1 << 2, 1 << 8, 1 << 9, 2


class String(Structure):
    _fields_ = [("data", c_void_p), ("length", c_size_t)]

    def __str__(self):
        return ctypes.string_at(self.data, self.length).decode() if self.length else ""


Visit = CFUNCTYPE(c_bool, c_void_p, c_void_p)
VisitName = CFUNCTYPE(c_bool, c_void_p, String)
Error = POINTER(c_void_p)

FUNCTIONS = {
    "error_get_description": (c_char_p, c_void_p),
    "store_create": (c_void_p, c_char_p, Error),
    "store_dispose": (None, c_void_p),
    "store_units_apply_f": (c_bool, c_void_p, c_uint, c_void_p, VisitName),
    "unit_reader_create": (c_void_p, c_void_p, c_char_p, Error),
    "unit_reader_dispose": (None, c_void_p),
    "unit_reader_get_main_file": (String, c_void_p),
    "unit_reader_dependencies_apply_f": (c_bool, c_void_p, c_void_p, Visit),
    "unit_dependency_get_kind": (c_int, c_void_p),
    "unit_dependency_get_filepath": (String, c_void_p),
    "unit_dependency_get_name": (String, c_void_p),
    "record_reader_create": (c_void_p, c_void_p, c_char_p, Error),
    "record_reader_dispose": (None, c_void_p),
    "record_reader_occurrences_apply_f": (c_bool, c_void_p, c_void_p, Visit),
    "occurrence_get_symbol": (c_void_p, c_void_p),
    "occurrence_get_roles": (c_uint64, c_void_p),
    "occurrence_get_line_col": (None, c_void_p, POINTER(c_uint), POINTER(c_uint)),
    "occurrence_relations_apply_f": (c_bool, c_void_p, c_void_p, Visit),
    "symbol_relation_get_roles": (c_uint64, c_void_p),
    "symbol_relation_get_symbol": (c_void_p, c_void_p),
    "symbol_get_usr": (String, c_void_p),
    "symbol_get_name": (String, c_void_p),
}


class Symbol(NamedTuple):
    """A symbol by its USR, which tells it from all others of its name."""
    usr: str
    name: str


class Occurrence(NamedTuple):
    """A place where a symbol is defined or named."""
    symbol: Symbol
    roles: int
    line: int
    parent: Symbol | None


class IndexStore:
    """An index store on disk."""

    def __init__(self, path):
        self.library = load()
        self.store = self.checked("store_create", str(path).encode())

    def close(self):
        self.library["store_dispose"](self.store)

    def checked(self, function, *arguments):
        error = c_void_p()
        made = self.library[function](*arguments, byref(error))
        if not made:
            text = self.library["error_get_description"](error)
            raise Failure(f"index store: {text.decode() if text else function}")
        return made

    def records(self):
        """The main files of the store's units, each with its record; empty files have none."""
        names, records = [], {}
        self.visit_names(names.append)
        for name in names:
            unit = self.checked("unit_reader_create", self.store, name.encode())
            main = str(self.library["unit_reader_get_main_file"](unit))
            records[main] = dict(self.dependencies(unit)).get(main)
            self.library["unit_reader_dispose"](unit)
        return records

    def visit_names(self, receive):
        visit = VisitName(lambda _, name: receive(str(name)) is None)
        self.library["store_units_apply_f"](self.store, 0, None, visit)

    def dependencies(self, unit):
        """The files that a unit has records of, with the records' names."""
        found, library = [], self.library

        def visit(_, dependency):
            if library["unit_dependency_get_kind"](dependency) == RECORD:
                found.append((str(library["unit_dependency_get_filepath"](dependency)),
                              str(library["unit_dependency_get_name"](dependency))))
            return True

        library["unit_reader_dependencies_apply_f"](unit, None, Visit(visit))
        return found

    def occurrences(self, record):
        """All occurrences of a record."""
        reader = self.checked("record_reader_create", self.store, record.encode())
        found, symbols = [], {}

        def visit(_, pointer):
            found.append(self.occurrence(pointer, symbols))
            return True

        self.library["record_reader_occurrences_apply_f"](reader, None, Visit(visit))
        self.library["record_reader_dispose"](reader)
        return found

    def occurrence(self, pointer, symbols):
        line, column = c_uint(), c_uint()
        self.library["occurrence_get_line_col"](pointer, byref(line), byref(column))
        roles = self.library["occurrence_get_roles"](pointer)
        symbol = self.symbol(self.library["occurrence_get_symbol"](pointer), symbols)
        parent = self.parent(pointer, symbols) if roles & DEFINITION else None
        return Occurrence(symbol, roles, line.value, parent)

    def parent(self, occurrence, symbols):
        """The type or extension that a definition is a member of."""
        parents, library = [], self.library

        def visit(_, relation):
            if library["symbol_relation_get_roles"](relation) & CHILD:
                parents.append(library["symbol_relation_get_symbol"](relation))
            return True

        library["occurrence_relations_apply_f"](occurrence, None, Visit(visit))
        return self.symbol(parents[0], symbols) if parents else None

    def symbol(self, pointer, symbols):
        """The symbol at a pointer; those of a record are read once."""
        if pointer not in symbols:
            symbols[pointer] = Symbol(
                str(self.library["symbol_get_usr"](pointer)),
                str(self.library["symbol_get_name"](pointer)))
        return symbols[pointer]


def load():
    """The functions of the library that comes with the compiler in use."""
    paths = json.loads(target_info())["paths"]
    path = pathlib.Path(paths["runtimeResourcePath"]).parent / "libIndexStore.so"
    try:
        library = ctypes.CDLL(str(path))
    except OSError as error:
        raise Failure(f"the compiler's index library cannot be loaded: {error}") from None
    functions = {}
    for name, (result, *arguments) in FUNCTIONS.items():
        function = functions[name] = getattr(library, f"indexstore_{name}")
        function.restype, function.argtypes = result, arguments
    return functions
