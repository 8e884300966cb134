"""How long it takes to count what is free, and to find a slot."""
from __future__ import annotations

import json
import sqlite3
from pathlib import Path

from .context import Context
from .processes import Failed, alternate, median, median_cpu

HOSTS = 1_000


def fill(database: Path, leases: int) -> int:
    """Puts 1,000 hosts into a database, and an allocation for each lease, one after the other on each host.

    Returns how many hosts are free at the beginning of 2030: none.
    """
    with sqlite3.connect(database) as connection:
        scope, = connection.execute("SELECT min(scope_id) FROM scope").fetchone()
        connection.execute("DELETE FROM resource WHERE kind = 'host'")
        connection.execute("DELETE FROM allocation WHERE kind = 'host'")
        connection.executemany(
            "INSERT INTO resource (scope_id, kind, id, name, fields, first_seen_at) VALUES (?, 'host', ?, ?, ?, 0)",
            ((scope, f"{number:036}", f"node-{number}", json.dumps(
                {"node_type": f"type-{number % 12}", "reservable": True, "vcpus": 48, "memory_mb": 196_608,
                 "uid": f"{number:036}", "architecture.platform_type": "x86_64", "rack": number % 20}))
             for number in range(HOSTS)))
        # Each host is busy for 20 hours of a day, from 2030 on, beginning at another minute than the others.
        connection.executemany(
            "INSERT INTO allocation (scope_id, kind, resource_id, reservation_id, lease_id, start_at, end_at, first_seen_at)"
            " VALUES (?, 'host', ?, ?, ?, ?, ?, 0)",
            ((scope, f"{number % HOSTS:036}", f"r{number:035}", f"l{number:035}",
              1_893_456_000 + number // HOSTS * 86_400 + number % HOSTS * 60,
              1_893_456_000 + number // HOSTS * 86_400 + number % HOSTS * 60 + 72_000) for number in range(leases)))
        for name in ("host", "host/allocations"):
            connection.execute(
                "INSERT OR REPLACE INTO resource_list (scope_id, kind, outcome, listed_at) VALUES (?, ?, 'listed', 0)",
                (scope, name))
    return HOSTS


def counts(context: Context) -> None:
    context.report.section(f"what is free on {HOSTS:,} hosts with {context.leases:,} allocations to come")
    database = context.copy(context.leases, "free.sqlite")
    fill(database, context.leases)
    commands = {
        "free": ["free", "-f", "json"],
        "free, all of a month": ["free", "--from", "2030-01-01", "--to", "2030-02-01", "-f", "json"],
        "find-slot": ["find-slot", "--node-type", "type-3", "--count", "3", "--duration", "1d", "-f", "json"],
        "find-slot among all": ["find-slot", "--count", "300", "--duration", "1d", "-f", "json"],
        "find-slot --longest": ["find-slot", "--count", "300", "--longest", "-f", "json"],
    }
    runs = alternate(
        {name: [context.leasehold, *words, "--db", str(database)] for name, words in commands.items()},
        context.environment, context.rounds)
    totals = sum(row["total"] for row in json.loads(runs["free"][0].output))
    if totals != HOSTS:
        raise Failed(f"free counts {totals} hosts")
    for name in commands:
        context.report.add("free", name, median(runs[name]), "s", 0.05)
        context.report.add("free", f"{name}, processor time", median_cpu(runs[name]), "s")
