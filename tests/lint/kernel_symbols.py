#!/usr/bin/env python3
"""Checks that object files of different instruction sets share no symbol that a linker would merge.

Usage: kernel_symbols.py LEVEL=OBJECT[,OBJECT...]...

A weak function that two levels define is kept once: then either the baseline runs instructions that the
machine may lack, or the fast level silently runs baseline code. Prints each finding and exits 1 when
there is one.
"""

import subprocess
import sys

# Pointers that the compiler emits into every object that can throw; there is no code behind them.
HARMLESS = {"DW.ref.__gxx_personality_v0"}


def merged_symbols(path):
    """The weak and unique symbols that an object file defines."""
    lines = subprocess.run(["nm", "--defined-only", path], check=True, capture_output=True,
                           text=True).stdout.splitlines()
    symbols = set()
    for line in lines:
        fields = line.split()
        if len(fields) == 3 and fields[1] in "WVu" and fields[2] not in HARMLESS:
            symbols.add(fields[2])
    return symbols


def main():
    owner = {}  # symbol -> level
    failed = False
    num_objects = 0
    for argument in sys.argv[1:]:
        level, _, paths = argument.partition("=")
        for path in filter(None, paths.split(",")):
            num_objects += 1
            for symbol in sorted(merged_symbols(path)):
                other = owner.setdefault(symbol, level)
                if other != level:
                    print(f"{path}: {level} shares with {other}: {symbol}")
                    failed = True
    if num_objects < 2:
        print("name at least two object files")
        return 2
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
