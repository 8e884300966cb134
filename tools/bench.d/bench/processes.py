"""Runs programs and measures their time and memory."""
from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Run:
    """One run of a program, from before its start to its end."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    output: str


class Failed(Exception):
    """A measured program did not do its work."""


def run(command: list[str], env: dict[str, str], input_file: Path | None = None, output: str | None = None) -> Run:
    """Runs a program once, and keeps its output unless it goes to a file.
    """
    with tempfile.TemporaryFile() as kept, tempfile.TemporaryFile() as errors:
        source = open(input_file or os.devnull, "rb")
        target = open(output, "wb") if output else kept
        start = time.perf_counter()
        process = subprocess.Popen(command, env=env, stdin=source, stdout=target, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        source.close()
        if output:
            target.close()
        if process.returncode != 0:
            errors.seek(0)
            raise Failed(f"{' '.join(command)[:200]}: status {process.returncode}: {errors.read().decode()[:500]}")
        kept.seek(0)
        unit = 1 if sys.platform == "darwin" else 1024
        return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit, kept.read().decode())


def alternate(commands: dict[str, list[str]], env: dict[str, str], rounds: int) -> dict[str, list[Run]]:
    """Runs programs in turn, so that other work on the machine affects all of them alike.

    The first round is not counted: it brings the files into the cache.
    """
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, command in commands.items():
            result = run(command, env)
            if number:
                runs[name].append(result)
    return runs


def median(runs: list[Run]) -> float:
    """The median of the seconds."""
    return statistics.median(run.seconds for run in runs)


def median_cpu(runs: list[Run]) -> float:
    """The median of the processor time, which other work on the machine changes least."""
    return statistics.median(run.cpu_seconds for run in runs)


def peak(runs: list[Run]) -> int:
    """The largest peak memory in bytes."""
    return max(run.peak_bytes for run in runs)
