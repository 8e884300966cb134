#!/usr/bin/env python3
# needs: nothing
"""A quick run of tools/test leaves out a module only if nothing has changed that its tests depend on. Needs no cloud.

usage: LEASEHOLD=.build/debug/leasehold Tests/Integration/quick_run.py [NAME...]
"""

import os
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools/test.d"))

from checks.passed import Passed
from support import runner

PACKAGE = """\
// swift-tools-version: 6.2
import PackageDescription
let package = Package(name: "Small", targets: [
    .target(name: "Low"), .target(name: "High", dependencies: ["Low"]), .target(name: "Apart", path: "Tests/Support/Apart"),
    .testTarget(name: "LowTests", dependencies: ["Low", "Apart"]), .testTarget(name: "HighTests", dependencies: ["High"]),
])
"""
FILES = [
    "Sources/Low/Low.swift", "Sources/High/High.swift", "Tests/Support/Apart/Apart.swift", "Tests/LowTests/LowTests.swift",
    "Tests/HighTests/HighTests.swift", "Tests/Fixtures/reply.json", "docs/guide.md", "README.md",
]
BOTH = {"LowTests", "HighTests"}


class QuickRun(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.record = self.root / ".build/passed-tests.json"
        self.record.parent.mkdir()
        for name in FILES:
            self.write(name)
        self.write("Package.swift", PACKAGE)

    def write(self, name, text="// first\n"):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def due(self):
        """The modules that a quick run would test."""
        passed = Passed(self.root, self.record)
        return {name for name in passed.present if not passed.has(name)}

    def pass_all(self):
        Passed(self.root, self.record).add(BOTH)
        self.assertEqual(self.due(), set())

    def test_what_a_change_can_affect_is_tested(self):
        self.assertEqual(self.due(), BOTH)
        for name, affected in [
            ("Sources/Low/Low.swift", BOTH), ("Sources/High/High.swift", {"HighTests"}), ("Sources/Low/New.swift", BOTH),
            ("Tests/Support/Apart/Apart.swift", {"LowTests"}), ("Tests/LowTests/LowTests.swift", {"LowTests"}),
            ("Tests/Fixtures/reply.json", BOTH), ("docs/guide.md", BOTH), ("README.md", set()),
        ]:
            with self.subTest(name):
                self.pass_all()
                self.write(name, "// second\n")
                self.assertEqual(self.due(), affected)
        self.pass_all()
        (self.root / "Sources/Low/New.swift").unlink()
        self.assertEqual(self.due(), BOTH)

    def test_only_what_was_tested_counts(self):
        passed = Passed(self.root, self.record)
        self.write("Sources/High/High.swift", "// while it is tested\n")
        passed.add(BOTH)
        self.write("Sources/High/High.swift")
        self.assertEqual(self.due(), {"HighTests"})

    def test_another_build_counts_as_untested(self):
        self.pass_all()
        with mock.patch.dict(os.environ, {"LEASEHOLD_STRICT": "yes"}):
            self.assertEqual(self.due(), BOTH)

    def test_a_damaged_record_is_ignored(self):
        for text in ("", "{", "[1]", "\udcff"):
            self.record.write_bytes(text.encode(errors="surrogateescape"))
            self.assertEqual(self.due(), BOTH)


if __name__ == "__main__":
    runner.main()
