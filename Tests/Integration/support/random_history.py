"""Databases of leases with all kinds of histories. The same seed gives the same database."""

import contextlib
import json
import random
import sqlite3
from datetime import datetime, timezone
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
STATUSES = ("PENDING", "ACTIVE", "TERMINATED", "ERROR", "ERROR", "UPDATING", "CREATING", "")
NODE_TYPES = ("compute_skylake", "gpu_rtx_6000", None)
AUDIENCES = ([1], [2], [1, 2], [3])


def write(path, seed, leases=120, around=1_774_700_000):
    """Writes a database of the present schema: two scopes that share a site, and another site.

    Times are within a few weeks of a given one: by default of 28 March 2026, when Europe's clocks change.
    """
    chance = random.Random(seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        for file in sorted((ROOT / "Migrations").glob("v0*.sql")):
            database.executescript(file.read_text())
            version = int(file.name[1:5])
        database.executescript((ROOT / "Migrations" / "views.sql").read_text())
        database.execute(f"PRAGMA application_id = {0x6C534864}")
        database.execute(f"PRAGMA user_version = {version}")
        for number, site in enumerate(("alpha", "beta"), 1):
            database.execute(
                "INSERT INTO site (site_id, name, endpoint, region, auth_url) VALUES (?, ?, ?, 'R', ?)",
                (number, site, f"http://{site}/v1", f"http://{site}/v3"))
        for scope, (site, number, project, sees_all) in enumerate(
                [("alpha", 1, "p0", 0), ("alpha", 1, "p0", 1), ("beta", 2, "q1", 0)], 1):
            database.execute(
                "INSERT INTO scope (scope_id, site_id, project_id, all_projects, last_complete_run, listed_run, listed_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (scope, number, project, sees_all, scope, scope, around + 86_400))
            database.execute(
                "INSERT OR IGNORE INTO person VALUES (?, 'project', ?, ?, 0)", (number, project, f"project {project}"))
            database.execute(
                "INSERT INTO sync_run (kind, cloud, scope_id, started_at, finished_at, outcome)"
                " VALUES ('list', ?, ?, ?, ?, 'complete')", (site, scope, around - 2_000_000 + scope, around - 1_999_999))
            database.execute(
                "INSERT INTO resource_list (scope_id, kind, outcome, listed_at)"
                " VALUES (?, 'host/allocations', 'listed', ?)",
                (scope, around + chance.choice([0, 86_400])))
        database.execute("INSERT INTO cloud VALUES (1, 'alpha', '', 1, 'u0')")
        database.execute("INSERT INTO person VALUES (1, 'user', 'u0', 'ada', 0)")
        for audience, scopes in enumerate(AUDIENCES, 1):
            database.execute("INSERT INTO audience VALUES (?, ?)", (audience, json.dumps(scopes)))
        for number in range(leases):
            add(database, chance, chance.randrange(len(AUDIENCES)), number, around)
        database.commit()


def add(database, chance, audience, number, around):
    start = around + chance.randrange(-2_500_000, 2_500_000)
    start -= chance.choice([0, start % 60, start % 3_600])
    end = start + chance.choice([0, 600, 3_600, 86_400, 90_000, 700_000, chance.randrange(1, 3_000_000)])
    status = chance.choice(STATUSES)
    seen = chance.choice([start - 7_200, start, start + 30, (start + end) // 2, end, end + 100])
    gone = chance.choice([None, None, "deleted", "deleted", "out_of_scope"])
    after, before = (seen, seen + chance.choice([0, 40, 5_000, 400_000])) if gone else (None, None)
    # Ids are Keystone's, so no two sites share one.
    project, user = (f"{kind}{chance.randrange(4)}" for kind in ("qv" if audience == 3 else "pu"))
    observed = before or seen
    key = database.execute(
        "INSERT INTO lease (site_id, audience_id, id, name, user_id, project_id, start_at, end_at, status, created_at,"
        " run_id, first_run, first_seen_at, observed_at, gone, gone_after, gone_before, gone_unconfirmed, last_seen_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, 1, ?, ?, ?, ?, ?, ?, ?)",
        (2 if audience == 3 else 1, audience + 1, f"lease-{number:04}", chance.choice(["=1+1", "nightly", f"exp {number}"]), user, project, start, end,
         status, start - chance.randrange(500_000), seen - 100, observed, gone, after, before,
         gone == "deleted" and chance.random() < 0.2, observed + chance.choice([0, 0, 50]))).lastrowid
    for scope in AUDIENCES[audience]:
        database.execute("INSERT INTO visibility VALUES (?, ?, 0, ?, NULL, NULL)", (scope, key, seen - 100))
    if chance.random() < 0.7:
        database.execute(
            "INSERT INTO event (lease_key, id, event_type, time_at, status) VALUES (?, 'e', 'start_lease', ?, ?)",
            (key, start, chance.choice(["DONE", "DONE", "UNDONE", "ERROR"])))
    observed = seen - 1_000_000
    for _ in range(chance.choice([0, 0, 1, 3])):
        old_start = start if chance.random() < 0.8 else start + chance.randrange(-200_000, 200_000)
        old_end = old_start + chance.randrange(0, 1_500_000)
        until = observed + chance.randrange(1, 90_000)
        was_gone = chance.random() < 0.1
        database.execute(
            "INSERT INTO lease_history (lease_key, observed_at, last_seen_at, observed_until, name, status, start_at,"
            " end_at, gone, gone_after, gone_before, document) VALUES (?, ?, ?, ?, 'n', 'ACTIVE', ?, ?, ?, ?, ?, ?)",
            (key, observed, (observed + until) // 2, until, old_start, old_end, "deleted" if was_gone else None,
             observed if was_gone else None, until if was_gone else None,
             json.dumps({"id": f"lease-{number:04}", "name": "n", "status": "ACTIVE", "user_id": user,
                         "project_id": project, "start_date": date(old_start), "end_date": date(old_end)})))
        observed = until
    for part in range(chance.choice([0, 1, 1, 1, 2, 3])):
        reserve(database, chance, key, AUDIENCES[audience][-1], f"reservation-{number:04}-{part}", start, end)


def date(moment):
    """A time as Blazar writes it."""
    return datetime.fromtimestamp(moment, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000000")


def reserve(database, chance, key, scope, identifier, start, end):
    kind = chance.choice(["physical:host"] * 4 + ["virtual:floatingip", "device", "network", "virtual:instance"])
    least = chance.choice([None, 1, 1, 2])
    # Values that no server means, but that a report must survive.
    if chance.random() < 0.02:
        least = chance.choice([-3, 2**62])
    most = chance.choice([None, least, 3]) if least else chance.choice([None, 2])
    amount = chance.choice([None, 2]) if kind.startswith("virtual") else None
    if kind not in ("physical:host", "device"):
        least = most = None
    fields = {name: value for name, value in (("min", least), ("max", most), ("amount", amount)) if value is not None}
    node_type = chance.choice(NODE_TYPES) if kind == "physical:host" else None
    database.execute(
        "INSERT INTO reservation (lease_key, id, resource_type, status, missing_resources, node_type, fields,"
        " min_count, max_count, amount) VALUES (?, ?, ?, 'active', ?, ?, ?, ?, ?, ?)",
        (key, identifier, kind, chance.random() < 0.1, node_type, json.dumps(fields), least, most, amount))
    if kind == "physical:host" and chance.random() < 0.5:
        for host in range(chance.choice([1, 2, 3])):
            gone = chance.choice([None, end, end + 60])
            seen = chance.choice([None, start + 50_000]) if gone is None else gone - 1
            database.execute(
                "INSERT OR IGNORE INTO allocation (scope_id, kind, resource_id, reservation_id, lease_id, start_at,"
                " end_at, first_seen_at, gone_before, last_seen_at) VALUES (?, 'host', ?, ?, 'x', ?, ?, 0, ?, ?)",
                (scope, f"host-{host}", identifier, start, end, gone, seen))
