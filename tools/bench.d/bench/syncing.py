"""How long it takes to read a list for the first time, and again without changes."""
from __future__ import annotations

import hashlib
import json
import statistics
from dataclasses import dataclass
from pathlib import Path

from .cloud import NAME, Cloud
from .context import Context, remove
from .processes import Failed, Run, peak, run


@dataclass(frozen=True)
class Scans:
    """The median times of a plain pass and of one with the cutter: wall and processor time."""

    plain: float
    cutter: float
    plain_processor: float
    cutter_processor: float

    @property
    def fastest(self) -> float:
        return min(self.plain, self.cutter)


#: What the rows of the mirror refer to.
BEFORE = ("site", "scope", "audience")
MIRROR = ("lease", "visibility", "reservation", "event", "lease_history")


def scans(context: Context) -> Scans:
    """Scans the body's bytes, plainly and with the program's own cutter."""
    path = context.body(context.leases)
    seconds: dict[str, list[float]] = {"scan": [], "cut": []}
    processor: dict[str, list[float]] = {"scan": [], "cut": []}
    sums = set()
    for _ in range(max(3, context.rounds)):
        for kind in seconds:
            pass_ = run([context.bench, kind, str(path)], context.environment)
            found = json.loads(pass_.output)
            if found["leases"] != context.leases:
                raise Failed(f"the {kind} found {found['leases']} leases")
            sums.add(found["sum"])
            seconds[kind].append(found["seconds"])
            processor[kind].append(pass_.cpu_seconds)
    if len(sums) != 1:
        raise Failed("the two passes do not agree")
    found = (seconds["scan"], seconds["cut"], processor["scan"], processor["cut"])
    return Scans(*map(statistics.median, found))


def fingerprint(database: Path, context: Context) -> str:
    """A digest of every row of the mirror and its history. The rows go through a file to keep this process small."""
    path = context.folder / "rows.txt"
    statements = "; ".join(f"SELECT * FROM {table} ORDER BY 1, 2" for table in MIRROR)
    run(["sqlite3", str(database), statements], context.environment, output=str(path))
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    path.unlink()
    return digest


def again(context: Context) -> None:
    size = context.body(context.leases).stat().st_size
    context.report.section(f"A second sync, nothing changed: {context.leases:,} leases, {size / 1e6:.0f} MB")
    database = context.database(context.leases)
    before = fingerprint(database, context)
    runs = []
    passes = scans(context)
    with Cloud(context.folder, context.body(context.leases)):
        # Hosts and their allocations are another list.
        command = [context.leasehold, "sync", "--no-resources", "--db", str(database), "--os-cloud", NAME]
        for _ in range(max(3, context.rounds)):
            runs.append(run(command, context.environment))
    wall = statistics.median(item.seconds for item in runs)
    cpu = statistics.median(item.cpu_seconds for item in runs)
    report = context.report
    report.add("again", "plain scan: cut and hash the bytes of a file", passes.plain, "s")
    report.add("again", "the program's cutter on the same file", passes.cutter, "s")
    report.add("again", "sync, wall", wall, "s")
    report.add("again", "sync, processor time of all threads", cpu, "s")
    report.add("again", "sync / plain scan", wall / passes.plain, "×", 1.5)
    report.add("again", "sync / plain scan, processor time", cpu / passes.plain_processor, "×")
    report.add("again", "sync / the program's cutter, processor time", cpu / passes.cutter_processor, "×")
    report.add("again", "peak memory", peak(runs), "B", 100e6)
    report.add("again", "tables of the mirror that differ afterwards", int(before != fingerprint(database, context)), "", 0)


def first(context: Context) -> None:
    context.report.section(f"First import of {context.leases:,} leases")
    passes = scans(context)
    runs = [context.first_import(context.leases)]
    reference = [restore(context)]
    for _ in range(1, min(3, context.rounds)):
        runs.append(context.sync(context.folder / "import.sqlite", context.leases, fresh=True))
        reference.append(restore(context))
    copies = [copy_rows(context) for _ in reference]
    remove(context.folder / "import.sqlite")
    wall = statistics.median(item.seconds for item in runs)
    cpu = statistics.median(item.cpu_seconds for item in runs)
    base = statistics.median(item.seconds for item in reference)
    report = context.report
    report.add("import", "sqlite3 shell: INSERTs of the same rows, one transaction", base, "s")
    report.add("import", "sqlite3 shell: INSERT ... SELECT of the same rows", statistics.median(item.seconds for item in copies), "s")
    report.add("import", "plain scan", passes.plain, "s")
    report.add("import", "sync into an empty database, wall", wall, "s")
    report.add("import", "sync into an empty database, processor time", cpu, "s")
    report.add("import", "sync / INSERT ... SELECT", wall / statistics.median(item.seconds for item in copies), "×")
    report.add("import", "sync / (INSERTs + scan)", wall / (base + passes.fastest), "×", 1)
    report.add("import", "peak memory", peak(runs), "B")


def schema(context: Context) -> str:
    text = run(["sqlite3", str(context.database(context.leases)), ".schema"], context.environment).output
    # SQLite creates this table itself.
    return "\n".join(line for line in text.splitlines() if "sqlite_sequence" not in line)


def restore(context: Context) -> Run:
    """SQLite's shell inserts the same rows, with the same indexes, in one transaction."""
    script = context.folder / "inserts.sql"
    if not script.exists():
        # The schema comes first, so that every row updates the indexes, as in a sync.
        rows = context.folder / "rows.sql"
        tables = (*BEFORE, *MIRROR)
        dump = [f".mode insert {table}\nSELECT * FROM {table};" for table in tables]
        question = context.folder / "dump.sql"
        question.write_text("\n".join(dump))
        run(["sqlite3", str(context.database(context.leases))], context.environment, question, str(rows))
        with script.open("w") as target, rows.open() as source:
            target.write(f"PRAGMA journal_mode = WAL;\nPRAGMA foreign_keys = ON;\n{schema(context)}\nBEGIN;\n")
            for line in source:
                target.write(line)
            target.write("COMMIT;\n")
        rows.unlink()
    remove(context.folder / "restored.sqlite")
    result = run(["sqlite3", str(context.folder / "restored.sqlite")], context.environment, script)
    check(context, context.folder / "restored.sqlite")
    remove(context.folder / "restored.sqlite")
    return result


def copy_rows(context: Context) -> Run:
    """Copies the same rows from another database: without statements to parse, this is the minimum that SQLite needs."""
    target = context.folder / "copied.sqlite"
    remove(target)
    copies = "".join(f"INSERT INTO main.{table} SELECT * FROM old.{table};\n" for table in (*BEFORE, *MIRROR))
    script = context.folder / "copy.sql"
    script.write_text(
        f"PRAGMA journal_mode = WAL;\nPRAGMA foreign_keys = ON;\n{schema(context)}\n"
        f"ATTACH '{context.database(context.leases)}' AS old;\nBEGIN;\n{copies}COMMIT;\n")
    result = run(["sqlite3", str(target)], context.environment, script)
    check(context, target)
    remove(target)
    return result


def check(context: Context, database: Path) -> None:
    count = run(["sqlite3", str(database), "SELECT count(*) FROM lease"], context.environment).output.strip()
    if count != str(context.leases):
        raise Failed(f"{database.name} has {count} leases")
