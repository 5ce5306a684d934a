#!/usr/bin/env python3
"""Checks names and sizes: exit status 1 if one of these does not hold.

- No file name occurs in two layers, so that a name says which file is meant.
- No function name is defined in two files of one layer, static functions included.
- No file of src or include is longer than MAX_LINES: a longer one has two jobs.
"""
import os
import re
import sys

import tree

MAX_LINES = 500
FUNCTION = re.compile(r"^(?!typedef|return|else)[a-z][\w \t*]*?\b(\w+)\([^;{}]*\)\s*\n\{", re.M)
# The program's entry, and a row's function that is named after its row in every file of that kind.
SHARED = {"main"}


def main():
    bad, places, functions = [], {}, {}
    for f in tree.sources():
        text = tree.read(f)
        lines = text.count("\n")
        if lines > MAX_LINES:
            bad.append(f"{f}: {lines} lines: split it by job, {MAX_LINES} are the limit")
        if f.endswith(".c"):
            places.setdefault(os.path.basename(f), []).append(f)
            for m in FUNCTION.finditer(text):
                if m.group(1) not in SHARED:
                    functions.setdefault((tree.layer(f), m.group(1)), set()).add(f)
    for name, files in sorted(places.items()):
        if len(files) > 1:
            bad.append(f"one file name in two places: {', '.join(files)}")
    for (_, name), files in sorted(functions.items()):
        if len(files) > 1:
            bad.append(f"{name}() is defined in {', '.join(sorted(files))}")
    print("\n".join(bad), end="\n" if bad else "")
    return 1 if bad else 0


sys.exit(main())
