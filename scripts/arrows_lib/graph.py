# SPDX-License-Identifier: MIT
"""Cycles and order of a graph: a dictionary of nodes with those that each uses."""


def shortest_cycle(uses):
    """The nodes of a shortest cycle, each using the next; `None` where there is no cycle."""
    cycles = [cycle for node in sorted(uses) if (cycle := cycle_through(node, uses))]
    return min(cycles, key=len, default=None)


def cycle_through(node, uses):
    """The shortest way from a node back to it."""
    ways, seen = [[node]], set()
    for way in ways:
        for other in uses[way[-1]]:
            if other == node: return way
            if other not in seen:
                seen.add(other)
                ways.append(way + [other])
    return None


def bottom_up(uses):
    """All nodes, each after those that it uses, as far as cycles allow."""
    order, seen = [], set()

    def visit(node):
        if node in seen: return
        seen.add(node)
        for other in sorted(uses[node]): visit(other)
        order.append(node)

    for node in sorted(uses): visit(node)
    return order
