"""Runs several commands of one program, one after the other.

Importing the program takes longer than most of its commands, so it is imported once.

usage: in_turn.py MODULE PROGRAM ARGUMENTS... [+ ARGUMENTS...]...
"""
from __future__ import annotations

import importlib
import os
import sys

name, program, *words = sys.argv[1:]
module = importlib.import_module(name)
while words:
    end = words.index("+") if "+" in words else len(words)
    arguments, words = words[:end], words[end + 1:]
    child = os.fork()
    if child == 0:
        sys.argv = [program, *arguments]
        sys.exit(module.main())
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status:
        sys.exit(f"{program} {' '.join(arguments)}: exit code {status}")
