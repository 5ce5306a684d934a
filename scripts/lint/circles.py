#!/usr/bin/env python3
"""Checks that the files of a layer call each other in one direction only.

usage: circles.py BUILD-DIR

Reads the object files of a finished build. File A uses file B if it calls a function or uses a
variable of B. Prints each circle with the symbols that close it; exit status 1 if there is one.
"""
import os
import sys

import tree

# Headers-first download and presync hand the same batch of headers to each other.
ALLOWED = [
    ["src/protocol/sync/headers_first.c", "src/protocol/sync/headers_presync.c"],
]


def main():
    build = sys.argv[1]
    defined_in, uses = {}, {}
    for folder, _, names in os.walk(os.path.join(build, "src")):
        for name in names:
            if not name.endswith(".o"):
                continue
            # automake puts "libtallytui_a-" before the name if the target has flags of its own.
            source = os.path.relpath(os.path.join(folder, name[:-2].rpartition("-")[2] + ".c"), build)
            if not os.path.exists(os.path.join(tree.ROOT, source)):
                continue
            defined, uses[source] = tree.nm(os.path.join(folder, name))
            for symbol in defined:
                defined_in[symbol] = source
    if not uses:
        print(f"circles.py: {build} has no object files: build first")
        return 1

    edges = {}
    for source, symbols in uses.items():
        edges[source] = {defined_in[s] for s in symbols if s in defined_in and defined_in[s] != source
                         and tree.layer(defined_in[s]) == tree.layer(source)}
    bad = [part for part in tree.circles(edges) if part not in ALLOWED]
    for part in bad:
        print(f"{tree.layer(part[0])}: {len(part)} files call each other in a circle:")
        for a in part:
            for b in sorted(edges[a] & set(part)):
                symbols = sorted(s for s in uses[a] if defined_in.get(s) == b)
                print(f"  {a} uses {', '.join(symbols)} of {b}")
    return 1 if bad else 0


sys.exit(main())
