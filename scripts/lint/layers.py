#!/usr/bin/env python3
"""Checks the order of the layers. Prints each breach; exit status 1 if there is one.

Includes are followed through all headers, so that a header can't bring in a layer that its user may
not know. Sub-folders have an order, too. Private headers (*_priv.h) stay within their layer. Time,
randomness and libevent reach the layers below node only from outside; curses stays in tui/term.
"""
import re
import sys

import tree

# What a layer may include, directly or through other headers, besides itself. A layer that is not
# listed may include all layers below it.
ALLOWED = {
    "net": "base crypto",
    "config": "base crypto net",
    "wallet": "base crypto primitives consensus store chain",
    "mempool": "base crypto primitives consensus store chain",
    "protocol": "base crypto primitives consensus store chain mempool net",
    "tui": "base crypto primitives node rpc",
}

# What a sub-folder may include of its own layer, besides itself.
FOLDERS = {
    "tui/term": "",
    "tui/source": "",
    "tui/model": "tui/term tui/source",
    "tui/views": "tui/term tui/source tui/model",
    "protocol/wire": "protocol",
}

# Functions and headers that the layers below node get from outside.
PURE = "consensus chain mempool wallet protocol mining".split()
IMPURE = re.compile(r"\b(time|gettimeofday|clock_gettime|rand|random|srand)\(|#include <event")
CURSES = re.compile(r"#include <(n?curses|ncursesw/)")


def allowed(layer):
    if layer in ALLOWED:
        return set(ALLOWED[layer].split()) | {layer}
    return set(tree.LAYERS[:tree.LAYERS.index(layer) + 1])


def code(text):
    """The text without comments, its line numbers kept."""
    return re.sub(r"/\*.*?\*/|//[^\n]*", lambda m: "\n" * m.group(0).count("\n"), text, flags=re.S)


def main():
    bad = []
    files = tree.sources()
    direct = {f: tree.includes(f) for f in files}

    for f in files:
        layer = tree.layer(f)
        if layer is None:
            continue
        if layer not in tree.LAYERS:
            bad.append(f"{f}: '{layer}' is not a layer: add it to scripts/lint/tree.py")
            continue
        ok = allowed(layer)
        # path -> the chain of headers through which it is reached
        seen, todo = {}, [(f, ())]
        while todo:
            at, way = todo.pop()
            for h, line in direct.get(at, ()):
                if h in seen:
                    continue
                seen[h] = way + (h,)
                todo.append((h, seen[h]))
        for h, way in sorted(seen.items()):
            other = tree.layer(h)
            # Only the first header that leaves the allowed layers is reported.
            if other not in ok and all(tree.layer(w) in ok for w in way[:-1]):
                through = " through " + ", ".join(way[:-1]) if len(way) > 1 else ""
                bad.append(f"{f}: {layer} may not include {other}: {h}{through}")
        for h, line in direct[f]:
            if h.endswith("_priv.h") and tree.layer(h) != layer:
                bad.append(f"{f}:{line}: {h} is private to {tree.layer(h)}")
            mine, theirs = tree.folder(f), tree.folder(h)
            if mine in FOLDERS and tree.layer(h) == layer and theirs != mine \
                    and h.startswith("src/") and theirs not in FOLDERS[mine].split():
                bad.append(f"{f}:{line}: {mine} may not include {theirs}: {h}")

    for part in tree.circles({f: [h for h, _ in direct[f]] for f in files}):
        bad.append("headers include each other: " + ", ".join(part))

    for f in files:
        text = code(tree.read(f))
        if tree.layer(f) in PURE:
            for n, line in enumerate(text.split("\n"), 1):
                if IMPURE.search(line):
                    bad.append(f"{f}:{n}: time, randomness and libevent come from outside: {line.strip()}")
        if CURSES.search(text) and tree.folder(f) != "tui/term":
            bad.append(f"{f}: curses belongs in src/tui/term")

    print("\n".join(bad), end="\n" if bad else "")
    return 1 if bad else 0


sys.exit(main())
