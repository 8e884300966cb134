"""How long a shell waits for what can be typed next."""
from __future__ import annotations

import sqlite3

from . import body
from .context import Context
from .processes import Failed, alternate, median, median_cpu


def values(context: Context) -> None:
    context.report.section(f"leasehold __complete, whole process, {context.leases:,} leases")
    database = context.database(context.leases)
    name = body.name(context.leases // 2)
    with sqlite3.connect(database) as connection:
        identifier, = connection.execute("SELECT id FROM lease WHERE name = ?", (name,)).fetchone()
    words = {
        "leases, nothing typed": ["leases", ""], "leases, by name": ["leases", name[:-2]],
        "leases, by id": ["leases", identifier[:6]], "users": ["users", ""], "projects": ["projects", ""],
        "node types": ["node-types", ""], "clouds": ["clouds", ""], "writes": ["writes", ""],
        "columns": ["columns", "", "list"],
    }
    commands = {what: [context.leasehold, "__complete", *rest] for what, rest in words.items()}
    runs = alternate(commands, context.environment | {"LEASEHOLD_DB": str(database)}, context.rounds * 3)
    for what, wanted in (("leases, by name", name), ("leases, by id", identifier)):
        if wanted not in runs[what][0].output:
            raise Failed(f"__complete does not find {wanted}: {runs[what][0].output}")
    for what in commands:
        context.report.add("completion", what, median(runs[what]), "s", 0.02)
        context.report.add("completion", f"{what}, processor time", median_cpu(runs[what]), "s")
