"""What every measurement needs: the programs, the bodies, and databases filled from them."""
from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

from . import body
from .cloud import NAME, Cloud
from .processes import Run, run
from .report import Report


@dataclass
class Context:
    """The working folder, the programs under test, and the options."""

    folder: Path
    leasehold: str
    leasehold_dynamic: str | None
    bench: str
    leases: int
    rounds: int
    million: bool
    report: Report
    _imports: dict[int, Run] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """A minimal environment, so that the machine's own configuration is not read."""
        return {
            "PATH": os.environ.get("PATH", ""), "HOME": str(self.folder), "LANG": "C.UTF-8", "TZ": "UTC",
            "OS_CLIENT_CONFIG_FILE": str(self.folder / "clouds.yaml"),
        }

    def body(self, count: int) -> Path:
        """The recorded list of a number of leases."""
        path = self.folder / f"leases-{count}.json"
        body.write(path, count)
        return path

    def database(self, count: int) -> Path:
        """A database into which the list was imported."""
        path = self.folder / f"leases-{count}.sqlite"
        if count not in self._imports:
            self._imports[count] = self.sync(path, count, fresh=True)
        return path

    def first_import(self, count: int) -> Run:
        """The run that imported the list into that database."""
        self.database(count)
        return self._imports[count]

    def sync(self, path: Path, count: int, fresh: bool = False) -> Run:
        """Reads the list into a database with the command."""
        if fresh:
            remove(path)
        with Cloud(self.folder, self.body(count)):
            return run([self.leasehold, "sync", "--db", str(path), "--os-cloud", NAME], self.environment)

    def copy(self, count: int, name: str) -> Path:
        """A copy of a database, which must not be open."""
        source, target = self.database(count), self.folder / name
        remove(target)
        with contextlib.closing(sqlite3.connect(source)) as connection:
            # A short import leaves everything in the write-ahead log.
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copyfile(source, target)
        return target


def remove(database: Path) -> None:
    """Deletes a database and the files that SQLite keeps beside it."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        Path(f"{database}{suffix}").unlink(missing_ok=True)
