# SPDX-License-Identifier: MIT
"""The report for people, within 80 columns, and the same as JSON."""
import textwrap

from arrows_lib.graph import bottom_up

WIDTH = 80


class Report:
    """What was found out of a package."""

    def __init__(self, package, rooms):
        self.package, self.rooms = package, rooms
        self.order = bottom_up({name: package.uses(m) for name, m in package.modules.items()})
        self.mistakes = package.mistakes()
        self.module_circles = package.circles()
        self.room_circles = [
            (rooms[name], circle) for name in self.order if name in rooms
            for circle in rooms[name].circles()]

    @property
    def is_clean(self):
        return not (self.mistakes or self.module_circles or self.room_circles)

    def path(self, file):
        return str(file).removeprefix(f"{self.package.root}/")

    # The text

    def print(self):
        self.print_modules()
        for name in self.order:
            if name in self.rooms: self.print_rooms(self.rooms[name])
        for circle in self.module_circles:
            print(f"\nCircle of modules: {arrow(circle + circle[:1])}")
            for pair in zip(circle, circle[1:] + circle[:1]): self.print_import(*pair)
        for rooms, circle in self.room_circles: self.print_circle(rooms, *circle)
        print(f"\n{self.summary()}")

    def summary(self):
        count = len(self.module_circles) + len(self.room_circles)
        return f"{count or 'No'} circle{'s' if count > 1 else ''}."

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

    def print_rooms(self, rooms):
        print(f"\nRooms of {rooms.module.name} and the symbols that each names of others")
        for room in bottom_up(rooms.uses):
            print(f"  {room}")
            for other in rooms.uses[room]:
                named = rooms.of(room, other)
                text = f"{other} {len(named)}: {', '.join(most_named(named))}"
                print("    " + textwrap.shorten(text, WIDTH - 4, placeholder=" ..."))

    def print_import(self, name, other):
        module = self.package.modules[name]
        place = module.imports.get(self.package.modules[other].import_name)
        where = f"{self.path(place[0])}:{place[1]}" if place else "Package.swift"
        print(f"  {name} uses {other} ({where})")

    def print_circle(self, rooms, circle, arrows, lightest):
        print(f"\nCircle of rooms in {rooms.module.name}: {arrow(circle + circle[:1])}")
        for pair in arrows:
            print(f"  {pair[0]} names {symbols(len(rooms.of(*pair)))} of {pair[1]}"
                  f"{', the fewest:' if pair == lightest else ''}")
            if pair == lightest: self.print_names(rooms, *pair)

    def print_names(self, rooms, room, other):
        """Each symbol with its definition, and below it the places that name it."""
        for named in rooms.of(room, other):
            place = f"[{self.path(named.definition.file)}:{named.definition.line}]"
            gap = "\n      " if len(f"    {named.name} {place}") > WIDTH else " "
            print(f"    {named.name}{gap}{place}")
            for file, lines in sorted(named.places.items()):
                print(wrapped(f"      {self.path(file)}: ", ", ".join(map(str, sorted(lines)))))

    def print_room(self, rooms, room):
        """All that a room names of the others of its module."""
        for other in rooms.uses[room]:
            print(f"{room} names {symbols(len(rooms.of(room, other)))} of {other}:")
            self.print_names(rooms, room, other)

    # The same as JSON

    def json(self):
        return {
            "modules": [self.module_json(self.package.modules[name]) for name in self.order
                        if not self.package.modules[name].system],
            "dependency_errors": self.mistakes,
            "module_circles": self.module_circles,
            "room_circles": [
                {"module": rooms.module.name, "rooms": circle,
                 "lightest": {"room": lightest[0], "uses": lightest[1],
                              "symbols": self.names_json(rooms, *lightest)}}
                for rooms, (circle, _, lightest) in self.room_circles]}

    def module_json(self, module):
        rooms = self.rooms.get(module.name)
        uses = rooms.uses if rooms else {room: [] for room in module.rooms}
        return {"name": module.name, "path": self.path(module.folder), **self.used(module),
                "rooms": [{"name": room, "files": len(module.rooms[room]),
                           "uses": [{"room": other, "symbols": len(rooms.of(room, other))}
                                    for other in uses[room]]} for room in bottom_up(uses)]}

    def names_json(self, rooms, room, other):
        return [{"name": named.name, "file": self.path(named.definition.file),
                 "line": named.definition.line,
                 "places": [{"file": self.path(file), "lines": sorted(lines)}
                            for file, lines in sorted(named.places.items())]}
                for named in rooms.of(room, other)]


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
