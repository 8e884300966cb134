"""What is packaged: its version, its commit and its date."""
from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

VERSION = re.compile(r'static let version = "([0-9.]+)"')


@dataclass(frozen=True)
class Release:
    #: The package's version: `0.1.0` for the tag, `0.1.0~20261128.1a2b3c4d` before it, `0.1.0+20261128.1a2b3c4d` after it.
    version: str
    #: The program's own version.
    program: str
    #: What `leasehold --version` tells beside its own: `v0.1.0-0-g1a2b3c4d`, or the commit alone.
    build: str
    #: When the commit was made, which is the date of all files.
    epoch: int

    @staticmethod
    def of(root: Path) -> Release:
        own = VERSION.search((root / "Sources/Leasehold/LeaseManager+Sync.swift").read_text())
        if own is None:
            raise OSError("Sources/Leasehold/LeaseManager+Sync.swift has no line 'static let version'")

        def git(*words: str) -> str:
            run = subprocess.run(["git", *words], cwd=root, check=True, capture_output=True, text=True)
            return run.stdout.strip()

        tag, is_changed = f"v{own[1]}", bool(git("status", "--porcelain", "--untracked-files=no"))
        commit, epoch = git("rev-parse", "--short=8", "HEAD"), int(git("log", "-1", "--format=%ct"))
        is_after = bool(git("tag", "--list", tag, "--merged", "HEAD"))
        is_tag = tag in git("tag", "--points-at", "HEAD").split()
        day = git("log", "-1", "--format=%cd", "--date=format-local:%Y%m%d")
        version = own[1] if is_tag and not is_changed else f"{own[1]}{'+' if is_after else '~'}{day}.{commit}"
        version += ".changed" if is_changed else ""
        build = git("describe", "--tags", "--long", "--always", "--abbrev=8", "--match", "v[0-9]*", "--dirty=-changed")
        return Release(version, own[1], build, epoch)
