"""Runs commands in parallel, and shows how long each took."""
from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from typing import Callable


@dataclass
class Step:
    """One command.

    A lane is a resource that one step uses at a time; a step without one waits for a worker. `environment` is called
    when the step begins, because it may describe something that an earlier step started.
    """

    name: str
    command: list[str]
    after: tuple[str, ...] = ()
    lane: str | None = None
    environment: Callable[[], dict[str, str]] = dict
    nice: int = 0
    # Whether a failure stops the other steps.
    is_vital: bool = False
    began: float = field(default=0, init=False)
    ended: float = field(default=0, init=False)
    cpu: float = field(default=0, init=False)
    status: int | None = field(default=None, init=False)


class Run:
    """Runs each step as soon as its requirements are done, as many at a time as there are workers and lanes. Of those that
    could begin, the first of the list does."""

    def __init__(self, steps: list[Step], workers: int, directory: str):
        self.steps, self.directory = steps, directory
        self.changed = threading.Condition()
        # What is taken while a step runs: its lane, or one of the workers.
        self.places: dict[str | None, int] = {None: workers, **{step.lane: 1 for step in steps if step.lane}}
        self.waiting = list(steps)
        self.running: list[Step] = []
        self.printing = threading.Lock()
        self.processes: set[int] = set()
        self.is_stopping = False
        self.start = time.monotonic()
        self.busy_at_start = _busy_seconds()

    def run(self) -> bool:
        """Runs all steps; returns whether every one passed."""
        with self.changed:
            while self.waiting or self.running:
                for step in [step for step in self.waiting if self._can_begin(step)]:
                    if self.places[step.lane]:
                        self.waiting.remove(step)
                        self.running.append(step)
                        self.places[step.lane] -= 1
                        threading.Thread(target=self._take, args=(step,), daemon=True).start()
                self.changed.wait()
        return all(step.status == 0 for step in self.steps)

    def stop(self) -> None:
        """Stops the running steps."""
        self.is_stopping = True
        for process in list(self.processes):
            try:
                os.killpg(process, signal.SIGTERM)
            except ProcessLookupError:
                pass

    def _can_begin(self, step: Step) -> bool:
        return not any(other.name in step.after for other in [*self.waiting, *self.running])

    def _take(self, step: Step) -> None:
        try:
            lost = [other for other in self.steps if other.is_vital and other.name in step.after and other.status]
            if lost or self.is_stopping:
                self._say(f"=== {step.name}: not run")
                step.status = 1
            else:
                self._execute(step)
        finally:
            with self.changed:
                self.running.remove(step)
                self.places[step.lane] += 1
                self.changed.notify()

    def _execute(self, step: Step) -> None:
        step.began = time.monotonic()
        self._say(f"--> {step.name}: {shlex.join(step.command)}")
        with tempfile.TemporaryFile() as output:
            try:
                process = subprocess.Popen(
                    step.command, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd=self.directory,
                    env={**os.environ, **step.environment()}, start_new_session=True,
                    preexec_fn=(lambda: os.nice(step.nice)) if step.nice else None)
            except OSError as error:
                step.status = 127
                self._say(f"=== {step.name}: cannot be started: {error}")
                return
            self.processes.add(process.pid)
            _, status, usage = os.wait4(process.pid, 0)
            self.processes.discard(process.pid)
            process.returncode = step.status = os.waitstatus_to_exitcode(status)
            step.ended, step.cpu = time.monotonic(), usage.ru_utime + usage.ru_stime
            output.seek(0)
            text = output.read().decode(errors="replace").rstrip()
        verdict = "passed" if step.status == 0 else f"FAILED (status {step.status})"
        self._say(f"\n=== {step.name}: {verdict} after {step.ended - step.began:.0f} s\n{text}")

    def _say(self, text: str) -> None:
        with self.printing:
            print(text, flush=True)

    def table(self) -> str:
        """When each step began, how long it took, and how much processor time it used."""
        lines = [f"\n{'begin':>6} {'wall':>6} {'cpu':>6}  step (seconds)"]
        for step in sorted(self.steps, key=lambda step: step.began or sys.maxsize):
            if not step.ended:
                lines.append(f"{'-':>6} {'-':>6} {'-':>6}  {step.name}: not run")
                continue
            mark = "" if step.status == 0 else "  FAILED"
            lines.append(
                f"{step.began - self.start:6.0f} {step.ended - step.began:6.0f} {step.cpu:6.0f}  {step.name}{mark}")
        wall = time.monotonic() - self.start
        busy = _busy_seconds() - self.busy_at_start
        share = f", with what runs in the background: processors busy {busy / wall / (os.cpu_count() or 1):.0%}" if busy else ""
        lines.append(f"{'':6} {wall:6.0f} {busy:6.0f}  in all{share}")
        return "\n".join(lines)


def _busy_seconds() -> float:
    """What the processors of this machine have worked; 0 where the system does not say."""
    try:
        with open("/proc/stat") as file:
            user, nice, system, _, _, interrupts, soft, *_ = (int(word) for word in file.readline().split()[1:])
    except OSError:
        return 0
    return (user + nice + system + interrupts + soft) / os.sysconf("SC_CLK_TCK")
