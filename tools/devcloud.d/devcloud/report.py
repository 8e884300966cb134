"""Output for a person: progress on standard error, and errors that name a log file."""
from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class DevcloudError(Exception):
    """An error that the person at the terminal can act on; its text is the whole message."""


def say(text: str) -> None:
    print(f"devcloud: {text}", file=sys.stderr, flush=True)


@contextmanager
def step(title: str) -> Iterator[None]:
    """Prints the title at once, and the seconds after the block has finished."""
    print(f"devcloud: {title:.<42} ", end="", file=sys.stderr, flush=True)
    started = time.monotonic()
    try:
        yield
    except BaseException:
        print("stopped", file=sys.stderr, flush=True)
        raise
    print(f"{time.monotonic() - started:5.1f} s", file=sys.stderr, flush=True)


def failure(what: str, log: Path, lines: int = 15) -> DevcloudError:
    """An error with the end of the log that explains it."""
    try:
        tail = log.read_text(errors="replace").splitlines()[-lines:]
    except OSError:
        tail = []
    quoted = "".join(f"\n    {line[:300]}" for line in tail)
    return DevcloudError(f"{what}; the log is {log}{', and ends with:' if tail else ''}{quoted}")
