"""Verifies that each check catches seeded defects, in a temporary folder."""
from __future__ import annotations

import copy
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from . import programs, sources, swift, walls
from .finding import Finding

#: A file that exists.
NAMED_FILE = "Sources/LeaseModel/BlazarLease.swift"

SEEDED_FILES: list[tuple[str, str, str, str]] = [
    ("a pure module that imports the database", "Sources/SyncPlanner/Seeded.swift", "import GRDB\n", "may not import GRDB"),
    ("a second importer of GRDB", "Sources/SyncEngine/Seeded.swift", "internal import GRDB\n", "may not import GRDB"),
    ("a second importer of the HTTP client", "Sources/BlazarClient/Seeded.swift", "@preconcurrency import AsyncHTTPClient\n", "may not import AsyncHTTPClient"),
    ("a pure module with Foundation", "Sources/LeaseModel/Seeded.swift", "package import struct Foundation.Date\n", "may not import Foundation"),
    ("a dependency that points down", "Sources/LeaseStore/Seeded.swift", "import SyncEngine\n", "may not import SyncEngine"),
    ("a test that looks into the database", "Tests/SyncEngineTests/Seeded.swift", "@testable import GRDB\n", "only LeaseStore"),
    ("a module without a row", "Sources/Helpers/Seeded.swift", "import LeaseModel\n", "no row"),
    ("try!", "Sources/LeaseModel/Seeded.swift", "let x = try! f()\n", "try!"),
    ("as!", "Sources/LeaseModel/Seeded.swift", "let x = y as! Int\n", "as!"),
    ("fatalError", "Sources/LeaseModel/Seeded.swift", "func f() { fatalError(\"x\") }\n", "fatalError"),
    ("@unchecked Sendable", "Sources/SyncEngine/Seeded.swift", "final class C: @unchecked Sendable {}\n", "LeaseStore alone"),
    ("nonisolated(unsafe)", "Sources/LeaseStore/Seeded.swift", "nonisolated(unsafe) var x = 1\n", "data race"),
    ("Task { }", "Sources/SyncEngine/Seeded.swift", "func f() { Task { await g() } }\n", "unstructured"),
    ("Task.detached", "Sources/SyncEngine/Seeded.swift", "let t = Task.detached(priority: .low) { 1 }\n", "unstructured"),
    ("a file handle", "Sources/LeaseStore/Seeded.swift", "let f = FileHandle(forReadingAtPath: path)\n", "LocalFiles alone"),
    ("an unnamed file", "Sources/LeaseStore/Seeded.swift", "let f = mkstemp(&template)\n", "LocalFiles alone"),
    ("a whole file", "Sources/Leasehold/Seeded.swift", "let d = try Data(contentsOf: URL(fileURLWithPath: p))\n", "LocalFiles alone"),
    ("open(2)", "Sources/SyncEngine/Seeded.swift", "let f = open(path, O_RDWR | O_CREAT, 0o600)\n", "LocalFiles alone"),
    ("a path of one machine", "Sources/LeaseModel/Seeded.swift", "// see /" + "root/notes\n", "one machine"),
    ("a path of one machine in a document", "docs/seeded.md", "Run `/" + "work/main/x`.\n", "one machine"),
    ("a document that names a file that is gone", "docs/seeded.md", "See `LeaseModel/Gone.swift`.\n", "does not exist"),
    ("a file too long", "Tests/LeaseModelTests/Seeded.swift", "//\n" * 501, "501 lines"),
    ("a script that is not Python", "tools/seeded.py", "def f(:\n", "invalid syntax"),
    ("a program that cannot be run", "tools/seeded.py", "#!/usr/bin/env python3\n", "chmod +x"),
]

ALLOWED_FILES: list[tuple[str, str, str]] = [
    ("words in comments and strings", "Sources/LeaseModel/Seeded.swift",
     '// import GRDB and try! it\n/* a /* nested */ fatalError(1) */\nlet a = "Task { \\(b("as!")) } try!"\nlet c = #"try! " "#\n'
     'let d = """\nimport GRDB\n"try!"\n"""\n'),
    ("structured concurrency", "Sources/SyncEngine/Seeded.swift",
     "func f(t: Task<Void, Never>) async throws { try await Task.sleep(for: .seconds(1)); if Task.isCancelled { return } }\n"),
    ("@unchecked Sendable in the store", "Sources/LeaseStore/Seeded.swift", "import GRDB\nfinal class C: @unchecked Sendable {}\n"),
    ("tests that may crash", "Tests/LeaseStoreTests/Seeded.swift", "import GRDB\nlet x = try! f()\n"),
    ("a document that names a file", "docs/seeded.md", f"See `{NAMED_FILE}`.\n"),
    ("a folder with a similar ending", "docs/seeded.md", "See lib/" + "work/x and ~/" + "work/y.\n"),
]

SEEDED_GRAPHS: list[tuple[str, Callable[[dict], None], str]] = [
    ("a pure target that depends on the database", lambda graph: target(graph, "SyncPlanner")["product_dependencies"].append("GRDB"), "SyncPlanner may not depend on GRDB"),
    ("a target that depends downwards", lambda graph: target(graph, "LeaseModel")["target_dependencies"].append("LeaseStore"), "LeaseModel may not depend on LeaseStore"),
    ("a grant that is not used", lambda graph: target(graph, "SyncPlanner")["target_dependencies"].clear(), "SyncPlanner does not depend on LeaseModel"),
    ("a target without a row", lambda graph: graph["targets"].append({"name": "Helpers", "type": "library"}), "Helpers has no row"),
    ("a test target on the HTTP client", lambda graph: graph["targets"].append({"name": "LeaseStoreTests", "type": "test", "product_dependencies": ["AsyncHTTPClient"]}), "LeaseStoreTests may not depend"),
    ("test support in a product", lambda graph: graph["products"].append({"name": "leasehold", "targets": ["BlazarModel"]}), "is in the product"),
]

SEEDED_ROWS: list[tuple[str, list[str], str]] = [
    ("a row without a target", ["LeaseModel", "SyncPlanner", "LeaseStore", "LeaseWeb"], "the row of LeaseWeb has no target"),
    ("a module with two rows", ["LeaseModel", "SyncPlanner", "LeaseStore", "LeaseModel"], "LeaseModel has two rows"),
]

GRAPH = {
    "targets": [
        {"name": "LeaseModel", "type": "library", "target_dependencies": ["LosslessJSON"], "product_dependencies": []},
        {"name": "SyncPlanner", "type": "library", "target_dependencies": ["LeaseModel"], "product_dependencies": []},
        {"name": "LeaseStore", "type": "library", "target_dependencies": ["LeaseModel", "LocalFiles", "Migrations", "SyncPlanner"],
         "product_dependencies": ["GRDB", "GRDBSQLite"]},
    ],
    "products": [{"name": "Leasehold", "targets": ["LeaseModel"]}],
}


def target(graph: dict, name: str) -> dict:
    return next(target for target in graph["targets"] if target["name"] == name)


def run(root: Path) -> int:
    failures = 0

    def expect(name: str, passed: bool) -> None:
        nonlocal failures
        failures += not passed
        print(f"{'ok  ' if passed else 'FAIL'} {name}")

    with tempfile.TemporaryDirectory(prefix="leasehold-lint-") as folder:
        clone = Path(folder)
        for name in (".swift-format", NAMED_FILE):
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / name, clone / name)
        for name, path, text, message in SEEDED_FILES:
            with seeded(clone, path, text):
                found = check(clone, path)
            expect(f"caught: {name}", any(message in finding.message and path in finding.place for finding in found))
        for name, path, text in ALLOWED_FILES:
            with seeded(clone, path, text):
                expect(f"let pass: {name}", check(clone, path) == [])
        with seeded(clone, "Sources/LeaseModel/Seeded.swift", "let x : Int? = 1\nlet  y = x!\n"):
            found = [finding for finding in programs.swift_format(clone) if "Seeded.swift" in finding.place]
            expect("caught: formatting, and a force unwrap", len(found) >= 2)

    expect("let pass: a sound package", walls.check_package(GRAPH) == [])
    for name, spoil, message in SEEDED_GRAPHS:
        graph = copy.deepcopy(GRAPH)
        spoil(graph)
        expect(f"caught: {name}", any(message in finding.message for finding in walls.check_package(graph)))
    rows = [target["name"] for target in GRAPH["targets"]]
    expect("let pass: a sound table", walls.check_rows(GRAPH, rows) == [])
    for name, rows, message in SEEDED_ROWS:
        expect(f"caught: {name}", any(message in finding.message for finding in walls.check_rows(GRAPH, rows)))
    expect("imports are found by line", swift.imports("\n@testable import A\nimport enum B.C\n") == [(2, "A"), (3, "B")])
    print(f"lint --self-test: {'every check catches its seeded defects' if failures == 0 else f'{failures} failures'}")
    return 1 if failures else 0


def check(root: Path, path: str) -> list[Finding]:
    files = [Path(path)]
    return walls.check_imports(root, files) + sources.check(root, files)


class seeded:
    """A file that exists for the duration of a block."""

    def __init__(self, root: Path, path: str, text: str) -> None:
        self.file, self.text = root / path, text

    def __enter__(self) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text(self.text)

    def __exit__(self, *_: object) -> None:
        self.file.unlink()
