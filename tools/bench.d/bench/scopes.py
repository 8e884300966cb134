"""The cost of an administrator who sees the same leases as a member."""
from __future__ import annotations

from .cloud import ADMINISTRATOR, NAME, Cloud
from .context import Context
from .processes import alternate, median, run

COMMANDS = {
    "list": ["list", "-a", "-f", "json"],
    "id": ["id"],
    "report hours": ["report", "hours", "--by", "project", "--bucket", "month", "-f", "json"],
    "report early": ["report", "early", "--by", "project", "-f", "json"],
    "find-slot": ["find-slot", "--node-type", "compute_skylake", "--count", "3", "--duration", "1d", "-f", "json"],
}


def both(context: Context) -> None:
    context.report.section(f"{context.leases:,} leases that a member and an administrator see, against a member alone")
    one = context.database(context.leases)
    two = context.copy(context.leases, "two.sqlite")
    with Cloud(context.folder, context.body(context.leases)):
        first = run([context.leasehold, "sync", "--db", str(two), "--os-cloud", ADMINISTRATOR], context.environment)
        # Both scopes have been read equally often.
        for database, cloud in ((one, NAME), (two, NAME), (two, ADMINISTRATOR)):
            again = run([context.leasehold, "sync", "--db", str(database), "--os-cloud", cloud], context.environment)
    context.report.add("scopes", "the administrator's first sync", first.seconds, "s")
    context.report.add("scopes", "the administrator's next sync, nothing changed", again.seconds, "s")
    lease = run(["sqlite3", str(one), "SELECT name FROM lease LIMIT 1 OFFSET 500"], context.environment).output.strip()
    for name, words in COMMANDS.items():
        words = [*words, lease] if name == "id" else words
        runs = alternate(
            {kind: [context.leasehold, *words, "--db", str(database)] for kind, database in
             (("one", one), ("two", two))}, context.environment, context.rounds)
        context.report.add("scopes", f"{name}, one scope", median(runs["one"]), "s")
        context.report.add("scopes", f"{name}, two scopes / one", median(runs["two"]) / median(runs["one"]), "×", 1.1)
