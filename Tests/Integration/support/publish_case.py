"""A test with a PostgreSQL of its own, and what the documented views say on both sides."""

import contextlib
import json
import sqlite3
import time
import unittest

from . import postgres, random_history
from .command import CommandCase

#: The views that are published. The queue stays here.
VIEWS = ("v_audience", "v_lease", "v_reservation", "v_event", "v_history", "v_listing", "v_resource", "v_allocation",
         "v_person", "v_sync")
#: The columns of them with numbers of rows.
NUMBERS = {"audience_id", "lease_key", "scope_id", "scopes"}
#: What servers and people may write.
NASTY = ["tab\there", "line\nbreak\r\n", "back\\slash \\N \\.", "\\.", "'quotes' \"double\" $1 :name", "日本語 ёж 🦔", "", " ",
         "nul\0inside"]
AROUND = 1_774_700_000


def own_number(value):
    """A number of a row, or a list of such, without the number of the database that it comes from."""
    if isinstance(value, str):
        return [own_number(number) for number in json.loads(value)]
    return value if value is None else value & 0xFFFF_FFFF


class PublishCase(CommandCase):
    """Has a server with a database for all tests of a program, and nothing in it at the beginning."""

    server = None
    secrets = (postgres.PASSWORD,)
    name = "lab"

    @classmethod
    def start_server(cls):
        if postgres.programs() is None:
            raise unittest.SkipTest("PostgreSQL is not installed")
        PublishCase.server = postgres.Server()
        unittest.addModuleCleanup(PublishCase.server.close)
        PublishCase.server.sql(f"CREATE DATABASE {PublishCase.name}")

    def setUp(self):
        super().setUp()
        self.drop_schemas()
        self.environment.update(self.server.environment(self.folder, self.name))
        # Debian's psql in PATH is a script that takes as long as psql itself.
        self.environment["PATH"] = f"{postgres.programs()}:{self.environment['PATH']}"

    def drop_schemas(self):
        for schema in self.server.sql("SELECT quote_ident(nspname) FROM pg_namespace WHERE nspowner = 'owner'::regrole"
                                      " AND nspname !~ '^(pg_|information_schema)'", self.name):
            self.server.sql(f"DROP SCHEMA {schema} CASCADE", self.name)

    def publish(self, *more, **options):
        return self.rows("publish", "postgres", "leases", *more, **options)[0]

    # MARK: Both sides

    def described(self):
        """The views with their columns, and the places of those that contain JSON."""
        with contextlib.closing(sqlite3.connect(self.database)) as connection:
            for view in VIEWS:
                names = [row[1] for row in connection.execute(f"PRAGMA table_info({view})")]
                yield view, ", ".join(f'"{name}"' for name in names), [
                    index for index, name in enumerate(names) if name in ("extra", "fields", "scopes")]

    def views_here(self):
        """The contents of the views in SQLite."""
        found = {}
        for view, columns, documents in self.described():
            rows = ([value.replace("\0", "\ufffd") if isinstance(value, str) else value for value in row]
                    for row in self.query(f"SELECT {columns} FROM {view}"))
            found[view] = sorted(json.dumps(
                [json.loads(value) if value and index in documents else value for index, value in enumerate(row)],
                sort_keys=True) for row in rows)
        return found

    def views_there(self, server=None, schema="leasehold"):
        """The contents of the views in PostgreSQL, with the columns that they have in SQLite, and the numbers of rows that
        they have there: whatever number the database has been given here, and that is a second one if the first process was
        killed before it could remember the first."""
        described = {view: columns for view, columns, _ in self.described()}
        text = "".join(f"SELECT '{view}'; SELECT json_build_array({columns}) FROM {view};\n"
                       for view, columns in described.items())
        found = {}
        for line in (server or self.server).sql(text, self.name, schema):
            if line in VIEWS:
                rows = found[line] = []
                names = [name.strip('"') for name in described[line].split(", ")]
            else:
                values = [own_number(value) if name in NUMBERS else value for name, value in zip(names, json.loads(line))]
                rows.append(json.dumps(values, sort_keys=True))
        return {view: sorted(rows) for view, rows in found.items()}

    def assert_equal(self, server=None, schema="leasehold"):
        here, there = self.views_here(), self.views_there(server, schema)
        for view in VIEWS:
            self.assertEqual(here[view], there[view], view)

    def next_transaction(self):
        """The number of the next transaction that writes: it stays as it is while nothing is written."""
        return self.server.sql("SELECT pg_snapshot_xmax(pg_current_snapshot())", self.name)

    # MARK: Interruptions

    def wait_for_rollback(self):
        """psql ends when its input does."""
        deadline = time.monotonic() + 20
        while self.server.sql(
                f"SELECT 1 FROM pg_stat_activity WHERE datname = '{self.name}' AND application_name = 'leasehold'"):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)

    # MARK: Changes

    def history(self, seed, leases=60):
        random_history.write(self.database, seed, leases=leases)

    def change(self, chance):
        """One step of a history, of any kind."""
        with contextlib.closing(sqlite3.connect(self.database, timeout=30)) as connection:
            connection.execute("PRAGMA foreign_keys = ON")
            for _ in range(chance.randrange(1, 6)):
                self.write(connection, chance)
            connection.commit()

    def write(self, connection, chance):
        key, = connection.execute("SELECT lease_key FROM lease ORDER BY random() LIMIT 1").fetchone()
        now = AROUND + chance.randrange(1_000_000)
        kind = chance.randrange(12)
        if kind == 0:
            random_history.add(connection, chance, chance.randrange(4), chance.randrange(1_000, 10**6), AROUND)
        elif kind == 1:
            connection.execute(
                "UPDATE lease SET name = ?, end_at = end_at + 3600, extra = ? WHERE lease_key = ?",
                (chance.choice(NASTY), chance.choice([None, '{"a": "\\u0000 \\ud800", "n": 1.0e400}', '{"b":[1,2]}']), key))
        elif kind == 2:
            connection.execute("DELETE FROM reservation WHERE lease_key = ?", (key,))
            random_history.reserve(connection, chance, key, 1, f"r{chance.randrange(10**9)}", now, now + 600)
            connection.execute("UPDATE lease SET status = 'ACTIVE' WHERE lease_key = ?", (key,))
        elif kind == 3:
            connection.execute("DELETE FROM lease_history WHERE lease_key = ?", (key,))
        elif kind == 4:
            connection.execute(
                "UPDATE lease_history SET name = ? WHERE history_id = (SELECT max(history_id) FROM lease_history)",
                (chance.choice(NASTY),))
        elif kind == 5:
            connection.execute(
                "INSERT INTO person VALUES (1, 'user', ?, ?, ?) ON CONFLICT DO UPDATE SET name = excluded.name",
                (f"u{chance.randrange(5)}", chance.choice(NASTY), now))
        elif kind == 6:
            connection.execute(
                "INSERT INTO sync_run (cloud, scope_id, started_at, finished_at, outcome, message)"
                " VALUES ('alpha', ?, ?, ?, ?, ?)",
                (chance.choice([None, 1, 2, 3]), now, now, chance.choice(["complete", "failed", None]), chance.choice(NASTY)))
        elif kind == 7:
            connection.execute("DELETE FROM sync_run WHERE run_id = (SELECT max(run_id) FROM sync_run)")
        elif kind == 8:
            connection.execute("UPDATE scope SET listed_at = ? WHERE scope_id = ?", (now, chance.randrange(1, 4)))
            connection.execute("INSERT OR IGNORE INTO imported_listing VALUES (?, ?)", (chance.randrange(1, 4), now))
        elif kind == 9:
            connection.execute(
                "INSERT INTO resource (scope_id, kind, id, name, fields, first_seen_at) VALUES (?, 'host', ?, ?, ?, ?)"
                " ON CONFLICT DO UPDATE SET gone_before = ?, last_seen_at = ?",
                (chance.randrange(1, 4), f"host-{chance.randrange(4)}", chance.choice(NASTY),
                 json.dumps({"x": chance.choice(NASTY)}), now, chance.choice([None, now]), now))
        elif kind == 10:
            connection.execute(
                "UPDATE allocation SET gone_before = ?, last_seen_at = ? WHERE resource_id = ?",
                (now, now - 5, f"host-{chance.randrange(3)}"))
        else:
            connection.execute(
                "UPDATE lease SET gone = 'deleted', gone_after = ?, gone_before = ?, gone_unconfirmed = ?, audience_id = ?"
                " WHERE lease_key = ?",
                (now, now + 10, chance.randrange(2), chance.randrange(1, 4), key))
