"""How long a list of all leases takes, and how much memory."""
from __future__ import annotations

import statistics

from .context import Context
from .processes import peak, run


def all_leases(context: Context) -> None:
    context.report.section(f"leasehold list of {context.leases:,} leases")
    database = context.database(context.leases)
    small = context.database(1_000)
    for kind in ("json", "csv", "table"):
        runs, small_runs = [], []
        for _ in range(min(3, context.rounds)):
            runs.append(run(command(context, kind, database), context.environment, output="/dev/null"))
            small_runs.append(run(command(context, kind, small), context.environment, output="/dev/null"))
        context.report.add("list", f"-f {kind}", statistics.median(item.seconds for item in runs), "s")
        context.report.add("list", f"-f {kind}, peak memory", peak(runs), "B")
        context.report.add("list", f"-f {kind}, peak memory with 1,000 leases", peak(small_runs), "B")


def command(context: Context, kind: str, database: object) -> list[str]:
    return [context.leasehold, "list", "-a", "-f", kind, "--db", str(database)]
