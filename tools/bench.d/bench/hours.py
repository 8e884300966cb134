"""How long weekly node-hours by project take over very many leases, compared with the same query in SQLite's shell."""
from __future__ import annotations

import contextlib
import hashlib
import json
import multiprocessing
import sqlite3
from datetime import datetime, timezone
from pathlib import Path

from . import body
from .context import Context
from .processes import Failed, alternate, median, median_cpu, peak

WEEK = 604_800
#: 1 January 1970 was a Thursday: weeks begin three days before.
SHIFT = 3 * 86_400
EPOCH = int(body.EPOCH.timestamp())

#: A handwritten query. It is recursive and cuts each lease at the starts of weeks.
#: Pending leases in these tables are past their end, so they never started.
BY_HAND = f"""
WITH RECURSIVE piece (project, week, start, end, nodes) AS (
    SELECT lease.project_id, (start_at + {SHIFT}) / {WEEK}, start_at, end_at, reservation.fields ->> 'max'
    FROM lease JOIN reservation USING (lease_key)
    WHERE lease.status NOT IN ('ERROR', 'PENDING') AND resource_type = 'physical:host'
    UNION ALL
    SELECT project, week + 1, (week + 1) * {WEEK} - {SHIFT}, end, nodes FROM piece
    WHERE (week + 1) * {WEEK} - {SHIFT} < end
)
SELECT project, week, sum((min(end, (week + 1) * {WEEK} - {SHIFT}) - start) * nodes) FROM piece GROUP BY 1, 2
"""


def weekly(context: Context) -> None:
    count = 1_000_000 if context.million else context.leases
    context.report.section(f"weekly node-hours by project, whole process, {count:,} leases")
    database = context.copy(1_000, "hours.sqlite")
    # In a process of its own: a child's peak memory starts with its parent's.
    filling = multiprocessing.get_context("fork").Process(target=fill, args=(database, count))
    filling.start()
    filling.join()
    if filling.exitcode != 0:
        raise Failed("the tables could not be filled")
    commands = {
        "sqlite3 shell, by hand": ["sqlite3", "-separator", " ", str(database), BY_HAND],
        "leasehold report hours": [
            context.leasehold, "report", "hours", "--by", "project_id", "--bucket", "week", "--utc", "--to",
            "2099-01-01", "-f", "ndjson", "--db", str(database)],
    }
    runs = alternate(commands, context.environment, context.rounds)
    own, shell = runs["leasehold report hours"], runs["sqlite3 shell, by hand"]
    if by_report(own[0].output) != by_shell(shell[0].output):
        raise Failed("the report and the shell do not agree")
    context.report.add("hours", "leasehold report hours", median(own), "s", 1 if context.million else None)
    context.report.add("hours", "leasehold report hours, processor time", median_cpu(own), "s")
    context.report.add("hours", "leasehold report hours, peak memory", peak(own), "B")
    context.report.add("hours", "sqlite3 shell, by hand", median(shell), "s")
    context.report.add("hours", "leasehold / sqlite3 shell", median(own) / median(shell), "×")


def by_report(text: str) -> dict[tuple[str, str], int]:
    rows = (json.loads(line) for line in text.splitlines())
    return {(row["project_id"], row["bucket"]): round(row["node_hours"] * 3_600) for row in rows}


def by_shell(text: str) -> dict[tuple[str, str], int]:
    rows = (line.split() for line in text.splitlines())
    return {(project, datetime.fromtimestamp(int(week) * WEEK - SHIFT, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")):
            int(sum_) for project, week, sum_ in rows}


def fill(database: Path, count: int) -> None:
    """Fills the tables up to a number of leases: three years, 200 projects, 2,000 users, one in 100 running."""
    projects = [hashlib.md5(b"p%d" % number).hexdigest() for number in range(200)]
    users = [hashlib.md5(b"u%d" % number).hexdigest() for number in range(2_000)]
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -400000")
        # Only an administrator sees the leases of all projects.
        connection.execute("UPDATE scope SET all_projects = 1")
        first = connection.execute("SELECT max(lease_key) FROM lease").fetchone()[0]
        site, audience, run = connection.execute("SELECT site_id, audience_id, first_run FROM lease LIMIT 1").fetchone()
        for start in range(first, count, 5_000):
            numbers = range(start, min(start + 5_000, count))
            connection.executemany(
                "INSERT INTO lease (lease_key, site_id, audience_id, id, name, user_id, project_id, start_at, end_at,"
                " status, degraded, trust_id, created_at, updated_at, run_id, first_run, first_seen_at, observed_at,"
                " last_seen_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?)",
                ((number + 1, site, audience, *lease_row(number, run, projects, users)) for number in numbers))
            connection.executemany(
                "INSERT INTO visibility (scope_id, lease_key, digest, seen_since)"
                " SELECT member.value, ?, 0, ? FROM audience, json_each(scopes) AS member WHERE audience_id = ?",
                ((number + 1, EPOCH, audience) for number in numbers))
            connection.executemany(
                "INSERT INTO reservation (lease_key, id, resource_id, resource_type, status, missing_resources,"
                " resources_changed, node_type, fields, min_count, max_count)"
                " VALUES (?, ?, ?, 'physical:host', 'deleted', 0, 0, ?, ?, 1, ?)", map(reservation_row, numbers))
            connection.executemany(
                "INSERT INTO event (lease_key, id, event_type, time_at, status) VALUES (?, ?, ?, ?, 'DONE')",
                (row for number in numbers for row in event_rows(number)))
            connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def times(number: int) -> tuple[int, int]:
    start = EPOCH - (number * 7 * 97 * 60) % (3 * 365 * 86_400)
    return start, start + 3_600 * (1 + number % 167)


def lease_row(number: int, run: int, projects: list[str], users: list[str]) -> tuple:
    start, end = times(number)
    status = "ACTIVE" if number % 100 == 0 else "TERMINATED"
    return (body.identifier(0, number), body.name(number), users[number * 31 % 2_000],
            projects[number * 17 % 200], start, end, status, body.identifier(1, number).replace("-", ""), start - 900,
            start, run, run, EPOCH, EPOCH, EPOCH)


def reservation_row(number: int) -> tuple:
    node_type = body.NODE_TYPES[number % len(body.NODE_TYPES)]
    fields = {"resource_properties": json.dumps(["==", "$node_type", node_type]), "hypervisor_properties": "",
              "before_end": "default", "min": 1, "max": 1 + number % 4, "on_start": "default"}
    return (number + 1, body.identifier(2, number), body.identifier(2, number, 1), node_type, json.dumps(fields),
            1 + number % 4)


def event_rows(number: int) -> list[tuple]:
    return [(number + 1, body.identifier(3, number, part), kind, moment)
            for part, (kind, moment) in enumerate(zip(("start_lease", "end_lease"), times(number)))]
