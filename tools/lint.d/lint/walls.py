"""The walls between modules: what each may import and depend on.

The table is a part of the design. Extending a row is a decision about the architecture: make it here, with a reason.
"""
from __future__ import annotations

import ast
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import tree
from .finding import Finding
from .swift import imports

#: Pure modules only compute: they use no files, no network and no clock.
PURE = frozenset({"FoundationEssentials"})
#: System modules, for modules that do I/O.
SYSTEM = PURE | {"Foundation", "Glibc", "Musl", "Darwin", "Dispatch", "Synchronization"}


@dataclass(frozen=True)
class Row:
    modules: frozenset[str]
    products: frozenset[str] = frozenset()
    system: frozenset[str] = PURE


def row(modules: str = "", products: str = "", system: frozenset[str] = SYSTEM) -> Row:
    return Row(frozenset(modules.split()), frozenset(products.split()), system)


WALLS: dict[str, Row] = {
    # JSON that keeps the order of members and the text of numbers.
    "LosslessJSON": row(system=PURE),
    "LeaseModel": row("LosslessJSON", system=PURE),
    "LeaseReports": row("LeaseModel", system=PURE),
    "SyncPlanner": row("LeaseModel", system=PURE),
    "Migrations": row(system=frozenset()),
    # The only module that opens files outside of SQLite.
    "LocalFiles": row(),
    # The only importer of GRDB, and of SQLite's own functions, which read millions of rows.
    "LeaseStore": row("LeaseModel LocalFiles SyncPlanner Migrations", "GRDB GRDBSQLite"),
    # YAML from other people.
    "YAMLReading": row(products="Yams", system=frozenset()),
    # The only importer of AsyncHTTPClient and NIO.
    "OpenStackClient": row(
        "LeaseModel LocalFiles YAMLReading",
        "AsyncHTTPClient NIOCore NIOHTTP1 NIOPosix NIOSSL Yams Logging",
    ),
    "BlazarClient": row("LeaseModel OpenStackClient"),
    "SyncEngine": row("LeaseModel LocalFiles SyncPlanner LeaseStore OpenStackClient BlazarClient", "Logging"),
    # Other programs and web services, for what people are reminded of.
    "Reminders": row("LeaseModel LocalFiles LeaseStore OpenStackClient"),
    "Leasehold": row("LeaseModel LocalFiles LeaseStore SyncEngine Reminders", "Logging"),
    # PostgreSQL through psql, and snapshots for other machines.
    "LeasePublish": row("LeaseModel LocalFiles LeaseStore OpenStackClient"),
    # How results look. Yams writes YAML; pages use the frame of report pages.
    "Output": row("LeaseModel LeaseReports", "Yams"),
    # How leases, writes, changes and sites are described, and how times are typed.
    "LeaseText": row("LeaseModel LeaseReports Leasehold LocalFiles Output"),
    # The page in a browser: what each view shows, and how a browser is kept safe.
    "LeaseWeb": row(
        "LeaseText Leasehold LeaseModel LeaseReports LocalFiles Output",
        "Hummingbird HummingbirdCore Mustache HTTPTypes NIOCore NIOHTTPTypes Logging ServiceLifecycle",
    ),
    # The commit that a package was built from.
    "BuildVersion": row(system=frozenset()),
    # Yams reads lease files; ServiceLifecycle runs 'sync --watch'.
    "LeaseCommands": row(
        "BuildVersion LeaseModel LeasePublish LeaseReports LeaseText LeaseWeb LocalFiles Leasehold Output Reminders "
        "YAMLReading",
        "ArgumentParser Yams Logging ServiceLifecycle UnixSignals",
    ),
    "LeaseholdCLI": row("LeaseCommands", "ArgumentParser"),
    # Test support, in no product.
    "BlazarModel": row("LeaseModel", system=PURE),
    "Sandbox": row(
        "LeaseModel BlazarModel",
        "Hummingbird HTTPTypes ArgumentParser Logging NIOCore",
    ),
    "Bench": row("LeaseModel BlazarClient"),
    # Recorded requests and replies, and filled databases, for tests; under Tests.
    "CaptureFixtures": row(),
    "MirrorFixtures": row("LeaseModel SyncPlanner LeaseStore"),
    "CloudFixtures": row("LeaseModel OpenStackClient BlazarModel"),
    # The whole engine against a Blazar in memory, and the program that runs it by seed; under Tests.
    # It reads the databases of its clients as they are, and empties them.
    "Simulation": row("LeaseModel SyncPlanner LeaseStore OpenStackClient SyncEngine Leasehold BlazarModel", "GRDB"),
    "Simulate": row("Simulation BlazarModel", "ArgumentParser"),
    # Programs that use the public library.
    "ChiLease": row("Leasehold"),
    "LeaseStory": row("Leasehold LeaseModel"),
}

#: Modules for tests, which no product may contain.
TEST_SUPPORT = {
    "BlazarModel", "Sandbox", "CaptureFixtures", "MirrorFixtures", "CloudFixtures", "Bench", "Simulation", "Simulate",
    "ChiLease", "LeaseStory",
}

#: Products that only one module, and its tests, may import.
EXCLUSIVE = {"GRDB": "LeaseStore", "GRDBSQLite": "LeaseStore", "AsyncHTTPClient": "OpenStackClient"}


def module_of(file: Path) -> str | None:
    """The module that a Swift file belongs to, if it is shipped or supports tests."""
    parts = file.parts
    if parts[0] == "Sources" and len(parts) > 2:
        return parts[1]
    if parts[:2] == ("Tests", "Support") and len(parts) > 3:
        return parts[2]
    if parts[0] == "Tests" and parts[1] in TEST_SUPPORT:
        return parts[1]
    return "Migrations" if file.parts[0] == "Migrations" else None


def check_imports(root: Path, files: list[Path]) -> list[Finding]:
    findings = []
    for file in files:
        if file.suffix != ".swift" or file.parts[0] not in ("Sources", "Migrations", "Tests"):
            continue
        for line, imported in imports(tree.text(root, file) or ""):
            if problem := import_problem(file, imported):
                findings.append(Finding(f"{file}:{line}", problem))
    return findings


def import_problem(file: Path, imported: str) -> str | None:
    module = module_of(file)
    if module is None:
        owner = EXCLUSIVE.get(imported)
        if owner and file.parts[:2] != ("Tests", f"{owner}Tests"):
            return f"only {owner} and its tests may import {imported}"
        return None
    allowed = WALLS.get(module)
    if allowed is None:
        return f"module {module} has no row in the table of walls"
    if imported in allowed.modules | allowed.products | allowed.system | {"Swift"}:
        return None
    known = ", ".join(sorted(allowed.modules | allowed.products | allowed.system)) or "nothing"
    return f"{module} may not import {imported} (it may import {known})"


def describe(root: Path) -> dict:
    """The package description from the package manager."""
    output = subprocess.run(
        ["swift", "package", "--package-path", str(root), "describe", "--type", "json"], capture_output=True, text=True
    )
    if output.returncode != 0:
        raise SystemExit(f"lint: Package.swift cannot be read:\n{output.stderr}")
    return json.loads(output.stdout)


def check_package(description: dict) -> list[Finding]:
    findings = []
    for target in description["targets"]:
        name = target["name"]
        dependencies = set(target.get("target_dependencies") or []) | set(target.get("product_dependencies") or [])
        if target["type"] == "test":
            for dependency in sorted(dependencies & EXCLUSIVE.keys()):
                if name != f"{EXCLUSIVE[dependency]}Tests":
                    findings.append(package_finding(name, dependency))
            continue
        if name not in WALLS:
            findings.append(Finding("Package.swift", f"target {name} has no row in the table of walls"))
            continue
        allowed = WALLS[name].modules | WALLS[name].products
        for dependency in sorted(dependencies - allowed):
            findings.append(package_finding(name, dependency))
        for grant in sorted(allowed - dependencies):
            findings.append(Finding("Package.swift", f"{name} does not depend on {grant}, which the table allows"))
    for product in description["products"]:
        for target in product["targets"]:
            # Every executable target has a product of the same name, which is not shipped.
            if target in TEST_SUPPORT and product["name"] != target:
                findings.append(Finding("Package.swift", f"test support {target} is in the product {product['name']}"))
    return findings


def check_rows(description: dict, rows: list[str] | None = None) -> list[Finding]:
    """Finds rows without a target, and modules with two rows, of which Python would keep the last."""
    rows = row_names() if rows is None else rows
    targets = {target["name"] for target in description["targets"]}
    findings = [Finding("walls.py", f"the row of {name} has no target") for name in rows if name not in targets]
    return findings + [Finding("walls.py", f"{name} has two rows") for name in sorted(set(rows)) if rows.count(name) > 1]


def row_names() -> list[str]:
    """The keys of the table in the source, including duplicates."""
    tree = ast.parse(Path(__file__).read_text())
    table = next(node.value for node in tree.body if isinstance(node, ast.AnnAssign) and node.target.id == "WALLS")
    return [key.value for key in table.keys]


def package_finding(target: str, dependency: str) -> Finding:
    return Finding("Package.swift", f"{target} may not depend on {dependency}")
