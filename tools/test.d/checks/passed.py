"""Which test modules have passed with the files as they are: a quick run leaves them out."""
from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterable
from pathlib import Path

#: What tests read besides the modules that they depend on.
READ_BY_TESTS = ("Package.swift", "Package.resolved", "Tests/Fixtures", "docs")


class Passed:
    """The digest of what each test module depends on, as it was when the module last passed with this build."""

    def __init__(self, root: Path, record: Path):
        self.root, self.record = root, record
        described = subprocess.run(["swift", "package", "dump-package"], cwd=root, check=True, capture_output=True, text=True)
        self.targets = {target["name"]: target for target in json.loads(described.stdout)["targets"]}
        self.common = self._digest([root / name for name in READ_BY_TESTS])
        try:
            self.known: dict[str, str] = json.loads(record.read_text())
        except (OSError, ValueError):
            self.known = {}
        #: The digests of the files as they are now: what changes while the tests run counts as changed.
        self.present = {name: self._of_module(name) for name, target in self.targets.items() if target["type"] == "test"}

    def has(self, module: str) -> bool:
        """Whether the module has passed, and nothing has changed since that it depends on."""
        return self.known.get(module) == self.present[module]

    def add(self, modules: Iterable[str]) -> None:
        """Records that modules have passed."""
        self.known |= {module: self.present[module] for module in modules}
        self.record.write_text(json.dumps(self.known, indent=1) + "\n")

    def _of_module(self, module: str) -> str:
        parts = [self.common]
        for name in sorted(self._below(module)):
            folder = "Tests" if self.targets[name]["type"] == "test" else "Sources"
            parts.append(self._digest([self.root / (self.targets[name].get("path") or f"{folder}/{name}")]))
        return hashlib.sha256("".join(parts).encode()).hexdigest()

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
