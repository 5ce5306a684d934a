"""The source tree as the lint scripts see it: files, layers, includes."""
import os
import re
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# From the lowest layer to the highest. A layer includes only layers to its left.
LAYERS = ("base crypto primitives consensus store chain mempool wallet net config protocol mining "
          "node rpc control tui cli").split()

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)


def sources(*dirs):
    """The .c and .h files below these folders of the repository, as paths from its top, in order."""
    found = []
    for top in dirs or ("src", "include"):
        for folder, _, names in os.walk(os.path.join(ROOT, top)):
            found += [os.path.relpath(os.path.join(folder, n), ROOT) for n in names if n.endswith((".c", ".h"))]
    return sorted(found)


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        return f.read()


def layer(path):
    """"chain" for src/chain/tree.c and include/tally/chain/chain.h; None outside of the layers."""
    m = re.match(r"(?:src|include/tally)/(\w+)/", path)
    return m.group(1) if m else None


def folder(path):
    """"tui/term" for src/tui/term/canvas.c, "tui" for src/tui/app.c: the folder below src or include/tally."""
    return os.path.dirname(re.sub(r"^(src|include/tally)/", "", path))


def includes(path):
    """The project's own headers that this file includes, as (path, line number)."""
    found = []
    text = read(path)
    for m in INCLUDE.finditer(text):
        name = m.group(2)
        for place in ("include/" + name, "src/" + name, os.path.join(os.path.dirname(path), name)):
            if os.path.exists(os.path.join(ROOT, place)):
                found.append((place, text.count("\n", 0, m.start()) + 1))
                break
    return found


def circles(edges):
    """The strongly connected components of more than one node. edges: {node: iterable of nodes}."""
    index, low, stack, on_stack, found = {}, {}, [], set(), []

    def visit(v):
        # Tarjan's algorithm; the graphs here are shallow enough for recursion.
        index[v] = low[v] = len(index)
        stack.append(v)
        on_stack.add(v)
        for w in edges.get(v, ()):
            if w not in index:
                visit(w)
                low[v] = min(low[v], low[w])
            elif w in on_stack:
                low[v] = min(low[v], index[w])
        if low[v] == index[v]:
            part = []
            while True:
                w = stack.pop()
                on_stack.discard(w)
                part.append(w)
                if w == v:
                    break
            if len(part) > 1:
                found.append(sorted(part))

    for v in sorted(edges):
        if v not in index:
            visit(v)
    return found


def nm(path):
    """The symbols of an object file: (defined, used), each a set of names."""
    defined, used = set(), set()
    for line in subprocess.check_output(["nm", path], text=True).splitlines():
        words = line.split()
        (used if words[-2] == "U" else defined if words[-2] in "TDBRCVW" else set()).add(words[-1])
    return defined, used
