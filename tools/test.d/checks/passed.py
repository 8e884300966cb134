"""Which test modules have passed with the files as they are: a quick run leaves them out."""
from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

#: What tests read besides the modules that they depend on.
READ_BY_TESTS = ("Package.swift", "Package.resolved", "Tests/Fixtures", "docs")
#: The variables that Package.swift reads.
READ_BY_PACKAGE = ("LEASEHOLD_STRICT", "LEASEHOLD_BUILD")


class Passed:
    """The digest of what each test module depends on, as it was when the module last passed with this build."""

    def __init__(self, root: Path, record: Path):
        self.root, self.record = root, record
        described = subprocess.run(["swift", "package", "dump-package"], cwd=root, check=True, capture_output=True, text=True)
        self.targets = {target["name"]: target for target in json.loads(described.stdout)["targets"]}
        compiler = subprocess.run(["swift", "--version"], check=True, capture_output=True, text=True).stdout
        self.build = [compiler, *(f"{name}={os.environ.get(name)}" for name in READ_BY_PACKAGE)]
        self.known: dict[str, str] = {}
        try:
            self.known |= json.loads(record.read_text())
        except (OSError, ValueError, TypeError):
            # Without a record, or with a damaged one, all modules count as untested.
            pass
        self.present = self._of_modules()

    def has(self, module: str) -> bool:
        """Whether the module has passed, and nothing has changed since that it depends on."""
        return self.known.get(module) == self.present[module]

    def add(self, modules: Iterable[str]) -> None:
        """Records that modules have passed, except those of which something has changed while they were tested."""
        now = self._of_modules()
        self.known |= {module: now[module] for module in modules if now[module] == self.present[module]}
        self.record.write_text(json.dumps(self.known, indent=1) + "\n")

    def _of_modules(self) -> dict[str, str]:
        """The digest of each test module."""
        common = [*self.build, self._digest([self.root / name for name in READ_BY_TESTS])]
        digests: dict[str, str] = {}
        for name, target in self.targets.items():
            folder = "Tests" if target["type"] == "test" else "Sources"
            digests[name] = self._digest([self.root / (target.get("path") or f"{folder}/{name}")])
        tests = [name for name, target in self.targets.items() if target["type"] == "test"]
        parts = {name: [*common, *(digests[part] for part in sorted(self._below(name)))] for name in tests}
        return {name: hashlib.sha256("\0".join(parts[name]).encode()).hexdigest() for name in tests}

    def _below(self, module: str) -> set[str]:
        """The module and all modules of the package that it depends on."""
        found: set[str] = set()
        waiting = [module]
        while waiting:
            name = waiting.pop()
            if name in self.targets and name not in found:
                found.add(name)
                for dependency in self.targets[name]["dependencies"]:
                    waiting += [words[0] for kind, words in dependency.items() if kind in ("byName", "target")]
        return found

    def _digest(self, places: list[Path]) -> str:
        digest = hashlib.sha256()
        for place in places:
            for path in sorted([place] if place.is_file() else place.rglob("*")):
                if path.is_file():
                    digest.update(f"{path.relative_to(self.root)}\0".encode())
                    digest.update(hashlib.sha256(path.read_bytes()).digest())
        return digest.hexdigest()
