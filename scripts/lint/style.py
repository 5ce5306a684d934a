#!/usr/bin/env python3
"""Checks the wording that docs/style.md rules out. Exit status 1 if there is a hit.

Reads comments and strings of C, comments and strings of Python and shell, and all text of man pages,
README and docs. A pattern here is one that is nearly always wrong; the rest of docs/style.md needs a
reader. A line that must keep such wording (a quotation) ends with "style: ok".
"""
import os
import re
import subprocess
import sys

import tree

# What is searched for, and what to write instead.
PATTERNS = [
    (r"\bwho(ever|m|mever)?\b(?! (can|may|will|must) )(?=[^?]*$)", "name the peer, node, client or user"),
    (r"(?<!there )\bis no (?!longer)[a-z]+", "'is not a ...' or 'there is no ...'"),
    (r"\btold\b|\btells?\b(?! (them |it |what |which |blocks |nodes )?(apart|from|if|whether|which))(?<!can't tell)",
     "announce, notify, report, say"),
    (r"\balone\b", "'only'"),
    (r"\beverybody\b", "name the peers, nodes, clients or users"),
    (r"\bstands? (in|at|here)\b", "is in, is at"),
    (r"\bwhere (it|there|he|nobody|somebody|none|nothing)\b", "'if' or 'when'"),
    (r"\b(lately|for ever|in vain|unasked|thereby|thereof|whereupon)\b", "give a number, a unit or a plain word"),
    (r"\bso (long|many) (as|a|its)\b", "give the number"),
    (r"\bwaits? for its\b", "name the state: queued, unconfirmed, deferred"),
    (r"\b(hangs?|hung|hanging) up on\b", "disconnect"),
    (r"\b(come|comes|came) to us\b", "inbound"),
    (r"\b(holds?|held) up all\b", "stalls"),
    (r"\b(kept|keeps?|keeping) back\b", "withhold, not deliver"),
    (r"\bby turns\b|\bin vain\b|\bof late\b", "say how often, how many, how long"),
    (r"\bbut (a|one|the) (few|little)\b", "'only'"),
    (r"\bnot (here|there)\b", "unknown, not connected, missing"),
    (r"\bis (here|there)\b(?! (a|an|no|any)\b)", "known, connected, present"),
    (r"\blater (a|an|the|it|this)\b.*\bwill\b", "no plans in comments"),
    (r"\b(TODO|FIXME|XXX|HACK)\b", "finish it or open an issue"),
]
PATTERNS = [(re.compile(p, re.I if "TODO" not in p else 0), advice) for p, advice in PATTERNS]

# Quotes the rules, with the wording that they rule out.
EXEMPT = {"docs/style.md", "scripts/lint/style.py"}

C_TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
SCRIPT_TOKEN = re.compile(r'"""(?:.*?)"""|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|(?:^|(?<=\s))#[^\n]*', re.S | re.M)


def prose(path, text):
    """(line number, text) of what a person reads in this file."""
    if path.endswith((".c", ".h")):
        pattern = C_TOKEN
    elif path.endswith((".py", ".sh", ".mk", ".am", ".ac")):
        pattern = SCRIPT_TOKEN
    else:
        yield from enumerate(text.split("\n"), 1)
        return
    for m in pattern.finditer(text):
        if m.group(0).startswith("#include"):
            continue
        first = text.count("\n", 0, m.start()) + 1
        for n, line in enumerate(m.group(0).split("\n")):
            yield first + n, line


def main():
    listed = subprocess.run(["git", "ls-files"], cwd=tree.ROOT, capture_output=True, text=True)
    files = listed.stdout.split() if listed.returncode == 0 else tree.sources("src", "include", "tests", "bench")
    files = [f for f in files if f.endswith((".c", ".h", ".py", ".sh", ".md", ".mk", ".am", ".ac"))
             or re.match(r"man/.*\.\d$", f)]
    hits = 0
    for f in files:
        if f in EXEMPT or not os.path.isfile(os.path.join(tree.ROOT, f)):
            continue
        text = tree.read(f)
        lines = text.split("\n")
        for n, line in prose(f, text):
            if "style: ok" in lines[n - 1]:
                continue
            for pattern, advice in PATTERNS:
                m = pattern.search(line)
                if m:
                    print(f"{f}:{n}: '{m.group(0)}': {advice}: {line.strip()[:90]}")
                    hits += 1
                    break
    if hits:
        print(f"{hits} lines to reword: see docs/style.md")
    return 1 if hits else 0


sys.exit(main())
