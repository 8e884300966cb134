"""How long it takes to list all leases, compared with SQLite's own shell, and to ask for what is new."""
from __future__ import annotations

import os
import statistics

from .context import Context
from .processes import Run, median, peak, run

#: What is compared with what. The shell reads the same database: the same columns, or the documented view.
SHELL = {
    "value": [[], "SELECT id, name FROM lease WHERE gone IS NULL"],
    "csv": [["-csv"], "SELECT * FROM v_lease WHERE deleted IS NULL"],
    "json": [["-json"], "SELECT * FROM v_lease WHERE deleted IS NULL"],
}


def all_leases(context: Context) -> None:
    context.report.section(f"leasehold list of {context.leases:,} leases, whole process")
    database, small = context.database(context.leases), context.database(1_000)
    output = context.folder / "output"
    commands = {
        "value": ["list", "-a", "-f", "value", "-c", "id", "-c", "name"],
        **{kind: ["list", "-a", "-f", kind] for kind in ("csv", "json", "ndjson", "table")},
        "sorted by name": ["list", "-a", "-f", "value", "-c", "id", "--sort", "name"],
        "export ical": ["export", "ical"],
    }
    runs: dict[str, list[Run]] = {}
    sizes: dict[str, int] = {}

    def measure(name: str, command: list[str]) -> None:
        runs.setdefault(name, []).append(run(command, context.environment, output=str(output)))
        sizes[name] = os.path.getsize(output)

    for _ in range(min(3, context.rounds)):
        for kind, command in commands.items():
            measure(kind, [context.leasehold, *command, "--db", str(database)])
            measure(f"{kind}, 1,000 leases", [context.leasehold, *command, "--db", str(small)])
            if kind in SHELL:
                options, statement = SHELL[kind]
                measure(f"sqlite3 {kind}", ["sqlite3", *options, str(database), statement])
    output.unlink()
    for kind in commands:
        context.report.add("list", kind, median(runs[kind]), "s")
        context.report.add("list", f"{kind}, processor time", statistics.median(item.cpu_seconds for item in runs[kind]), "s")
        context.report.add("list", f"{kind}, peak memory", peak(runs[kind]), "B")
        context.report.add("list", f"{kind}, peak memory with 1,000 leases", peak(runs[f"{kind}, 1,000 leases"]), "B")
        shell = f"sqlite3 {kind}"
        if kind == "value":
            context.report.add("list", "value / sqlite3 shell", median(runs[kind]) / median(runs[shell]), "×", 3)
        elif kind in SHELL:
            ratio = median(runs[kind]) / sizes[kind] / (median(runs[shell]) / sizes[shell])
            context.report.add("list", f"{kind} / sqlite3 shell, by byte written", ratio, "×", 2)


def news(context: Context) -> None:
    context.report.section(f"What is new among {context.leases:,} leases, whole process")
    database = context.database(context.leases)
    for name, arguments, limit in (
        ("changes --since 1h, nothing to tell", ["changes", "--since", "1h"], None),
        ("status", ["status"], 0.05),
        ("--version", ["--version"], None),
    ):
        command = [context.leasehold, *arguments] + (["--db", str(database)] if arguments[0] != "--version" else [])
        measured = [run(command, context.environment) for _ in range(context.rounds * 3)]
        context.report.add("news", name, median(measured), "s", limit)
