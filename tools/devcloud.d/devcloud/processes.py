"""Starts, finds and stops the cloud's processes.

Every process that devcloud starts, and so each of its children, has a variable in its environment that names the
installation. A recorded pid counts only if its process has the variable. The variable also finds processes without a
pid file: those of an interrupted start, and helpers that a daemon left behind.
"""
from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from .report import DevcloudError, failure
from .settings import Layout

MARKER = "LEASEHOLD_DEVCLOUD_INSTANCE"
# Removed from the environment of all processes: they would redirect Python or the OpenStack libraries.
FOREIGN_PREFIXES = ("OS_", "PYTHON", "VIRTUAL_ENV", "RABBITMQ_", "ERL_", "MYSQL_", "MARIADB_")


@dataclass(frozen=True, eq=False)
class Daemon:
    name: str
    command: list[str]
    ports: tuple[int, ...] = ()
    url: str | None = None
    environment: dict[str, str] = field(default_factory=dict)
    # Seconds between SIGTERM and SIGKILL. Only daemons that store data, or change another's, need more.
    patience: float = 5


def environment(layout: Layout, extra: dict[str, str] | None = None) -> dict[str, str]:
    result = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN_PREFIXES)}
    result |= {
        MARKER: str(layout.root), "LC_ALL": "C.UTF-8", "PYTHONWARNINGS": "ignore",
        # stevedore's cache of entry points belongs in the installation, not in the home folder.
        "XDG_CACHE_HOME": str(layout.root / "cache"),
        # Without it setproctitle (gunicorn, neutron) overwrites the environment, and the marker with it.
        "SPT_NOENV": "1",
        "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1",
    }
    return result | (extra or {})


class Processes:
    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.marker = f"{MARKER}={layout.root}".encode()

    def log(self, daemon: Daemon) -> Path:
        return self.layout.logs / f"{daemon.name}.log"

    def is_ours(self, pid: int) -> bool:
        try:
            # A zombie's environment is empty, so a dead daemon does not count as running.
            return self.marker in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        except OSError:
            return False

    def all_pids(self) -> list[int]:
        pids = (int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit())
        return sorted(pid for pid in pids if self.is_ours(pid))

    def families(self) -> dict[int, int]:
        """For every process of the installation, the first of its family: the daemon that it is or serves.

        Sessions would not do: Erlang's helpers open their own.
        """
        parents = {pid: parent(pid) for pid in self.all_pids() if pid != os.getpid()}

        def first(pid: int) -> int:
            while parents[pid] in parents:
                pid = parents[pid]
            return pid

        return {pid: first(pid) for pid in parents}

    def pid(self, name: str) -> int | None:
        """The recorded pid of a running daemon."""
        try:
            pid = int((self.layout.run / f"{name}.pid").read_text())
        except (OSError, ValueError):
            return None
        return pid if self.is_ours(pid) else None

    def start(self, daemon: Daemon) -> None:
        """Starts a daemon unless it runs, in a session of its own, so that a terminal's Ctrl-C does not reach it."""
        if self.pid(daemon.name):
            return
        log = self.log(daemon)
        if log.exists():
            log.replace(log.with_suffix(".log.1"))
        with log.open("wb") as output:
            process = subprocess.Popen(
                daemon.command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                cwd=self.layout.run, env=environment(self.layout, daemon.environment), start_new_session=True,
            )
        (self.layout.run / f"{daemon.name}.pid").write_text(f"{process.pid}\n")
        # Popen may return during execve(), when the kernel still shows an empty environment.
        wait_until(lambda: self.is_ours(process.pid) or process.poll() is not None, 5)

    def wait_for(self, what: str, ready: Callable[[], bool], daemons: Iterable[Daemon], seconds: float = 120) -> None:
        """Waits until `ready`, while all of the daemons run."""
        daemons = list(daemons)
        deadline = time.monotonic() + seconds
        while not ready():
            for daemon in daemons:
                if not self.pid(daemon.name):
                    raise failure(f"{daemon.name} stopped while starting", self.log(daemon))
            if time.monotonic() > deadline:
                raise DevcloudError(f"{what}: not within {seconds:.0f} s; the logs are in {self.layout.logs}")
            time.sleep(0.2)

    def stop(self, daemons: list[Daemon]) -> None:
        """Stops the given daemons at the same time, with all processes of their families."""
        leaders = {daemon: pid for daemon in daemons if (pid := self.pid(daemon.name))}
        families = self.families()
        for pid in leaders.values():
            signal_process(pid, signal.SIGTERM)
        asked = time.monotonic()
        for daemon, leader in leaders.items():
            family = [pid for pid, first in families.items() if first == leader]
            end(family, asked + daemon.patience - time.monotonic())
        for daemon in daemons:
            (self.layout.run / f"{daemon.name}.pid").unlink(missing_ok=True)

    def stop_strays(self, daemons: list[Daemon]) -> None:
        """Stops every process of the installation that belongs to no recorded daemon."""
        recorded = {pid for daemon in daemons if (pid := self.pid(daemon.name))}

        def look() -> set[int]:
            return {pid for pid, first in self.families().items() if first not in recorded}

        strays = sorted(look())
        if strays:
            # During execve() a process has no marker, and its children look like strays.
            time.sleep(0.5)
            strays = sorted(look().intersection(strays))
        for pid in strays:
            signal_process(pid, signal.SIGTERM)
        end(strays, 10)


def end(pids: list[int], patience: float) -> None:
    """Waits until processes that were asked to stop have done so, and kills the others."""
    if not wait_until(lambda: all(map(has_ended, pids)), patience):
        for pid in pids:
            signal_process(pid, signal.SIGKILL)
        wait_until(lambda: all(map(has_ended, pids)), 5)


def has_ended(pid: int) -> bool:
    # A zombie no longer holds files or ports.
    return stat_fields(pid)[0] in "ZX"


def parent(pid: int) -> int:
    return int(stat_fields(pid)[1])


def stat_fields(pid: int) -> list[str]:
    """State, parent and so on; a process that is gone counts as a zombie."""
    try:
        # The name before the state may contain anything, but ends with the last parenthesis.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return ["Z", "0"]


def signal_process(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def memory_kib(pids: Iterable[int]) -> int:
    """The proportional set size, which counts shared memory once."""
    total = 0
    for pid in pids:
        try:
            text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
    return total


def run_jobs(layout: Layout, jobs: dict[str, list[list[str]]], extra: dict[str, str] | None = None) -> None:
    """Runs the jobs in parallel, and the commands of each job in sequence, with a log for each job."""
    waiting = {name: list(commands) for name, commands in jobs.items()}
    running: dict[str, subprocess.Popen[bytes]] = {}
    logs = {name: layout.logs / f"setup-{name}.log" for name in jobs}
    for log in logs.values():
        log.write_bytes(b"")
    try:
        while waiting or running:
            for name in list(waiting):
                if name not in running:
                    command = waiting[name].pop(0)
                    with logs[name].open("ab") as output:
                        output.write(f"$ {' '.join(command)}\n".encode())
                        output.flush()
                        running[name] = subprocess.Popen(
                            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                            env=environment(layout, extra),
                        )
                    if not waiting[name]:
                        del waiting[name]
            time.sleep(0.05)
            for name, process in list(running.items()):
                if process.poll() is not None:
                    del running[name]
                    if process.returncode:
                        raise failure(f"setting up {name} failed with exit code {process.returncode}", logs[name])
    finally:
        for process in running.values():
            process.terminate()
            process.wait()
