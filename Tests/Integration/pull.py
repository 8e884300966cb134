#!/usr/bin/env python3
# needs: nothing
"""Snapshots of a collector, taken through a web server that truncates, repeats and serves old copies.

usage: LEASEHOLD=.build/debug/leasehold Tests/Integration/pull.py [NAME...]
"""

import contextlib
import gzip
import hashlib
import http.server
import json
import os
import shutil
import sqlite3
import sys
import threading

sys.dont_write_bytecode = True

from support import random_history, runner
from support.command import CommandCase

MANIFEST = "leasehold-snapshot.json"
TOKEN = "pullZ8token"


class Web(http.server.ThreadingHTTPServer):
    """Serves a folder with ETags, and does to an answer what the test says."""

    daemon_threads = True

    def __init__(self, folder):
        self.folder, self.requests, self.faults, self.token = folder, [], [], None
        web = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                name = self.path.rsplit("/", 1)[-1]
                file = web.folder / name
                status = 200 if file.is_file() else 404
                if web.token and self.headers["Authorization"] != f"Bearer {web.token}":
                    status = 401
                body = file.read_bytes() if status == 200 else b"no"
                etag = f'"{hash(body)}"'
                if status == 200 and self.headers["If-None-Match"] == etag:
                    status, body = 304, b""
                web.requests.append((name, status))
                fault = web.faults.pop(0) if web.faults and web.faults[0][0] in name else None
                if fault:
                    body = fault[1](body)
                self.send_response(fault[2] if fault and len(fault) > 2 else status)
                self.send_header("ETag", etag)
                # A body that is cut off is announced as whole.
                self.send_header("Content-Length", str(getattr(body, "announced", len(body))))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server_address[1]}/team/"

    def close(self):
        self.shutdown()
        self.server_close()


class Cut(bytes):
    """The beginning of a body that is announced as longer."""


def cut(body):
    part = Cut(body[:len(body) // 2])
    part.announced = len(body)
    return part


class Pulling(CommandCase):
    secrets = (TOKEN,)
    #: When the collector last read its sites.
    moment = 1_750_000_000

    def setUp(self):
        super().setUp()
        self.collector = self.folder / "collector" / "leasehold.sqlite"
        self.public = self.folder / "public"
        self.public.mkdir()
        random_history.write(self.collector, 1, leases=80)
        self.tidy(self.collector)
        self.web = Web(self.public)
        self.addCleanup(self.web.close)

    def tidy(self, path):
        """Makes what no server would send into what a sync could have seen: an import checks that."""
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute("DELETE FROM lease_history")
            connection.execute("UPDATE lease SET gone = NULL, gone_after = NULL, gone_before = NULL, gone_unconfirmed = 0")
            connection.execute(
                "UPDATE lease SET project_id = 'p0' WHERE lease_key IN (SELECT lease_key FROM visibility WHERE scope_id = 1)")
            connection.execute(
                "UPDATE lease SET project_id = 'q1' WHERE lease_key IN (SELECT lease_key FROM visibility WHERE scope_id = 3)")
            connection.execute("UPDATE lease SET created_at = 1600000000, first_seen_at = 1700000000,"
                               " observed_at = 1700000000, last_seen_at = 1700000000")
            connection.execute("UPDATE visibility SET seen_since = 1700000000")
            connection.execute("UPDATE scope SET listed_at = 1750000000")
            connection.execute("UPDATE sync_run SET started_at = 1750000000, finished_at = 1750000001")
            connection.execute("DELETE FROM resource_list")
            connection.execute("DELETE FROM allocation")
            for user in range(4):
                connection.execute("INSERT OR REPLACE INTO person VALUES (1, 'user', ?, ?, 1700000000)",
                                   (f"u{user}", f"person {user}"))
            connection.execute(
                "INSERT INTO mutation (site_id, project_id, scope_id, verb, lease_id, lease_name, state, body, base,"
                " late_start, created_at, updated_at, next_attempt_at) VALUES (1, 'p0', 1, 'delete', 'lease-0000',"
                " 'secret plan', 'queued', '{}', '{}', 'expire', 0, 0, 0)")
            connection.commit()

    def snapshot(self, *more, folder=None):
        return self.rows(
            "publish", "snapshot", folder or self.public, *more, env={"LEASEHOLD_DB": str(self.collector)})[0]

    def pull(self, *more, **options):
        return self.run_command("pull", self.web.url, *more, **options)

    def leases(self, path):
        with contextlib.closing(sqlite3.connect(path)) as connection:
            return connection.execute(
                "SELECT site, id, name, status, start_at, end_at, project_id, user_id, deleted FROM v_lease"
                " ORDER BY site, id").fetchall()

    def change(self, name):
        """A sync of the collector's sees another name."""
        self.moment += 1_000
        with contextlib.closing(sqlite3.connect(self.collector)) as connection:
            connection.execute("UPDATE lease SET name = ?, observed_at = ?, last_seen_at = ? WHERE lease_key = 3",
                               (name, self.moment, self.moment))
            connection.execute("UPDATE scope SET listed_at = ?", (self.moment,))
            for scope in (1, 2, 3):
                connection.execute(
                    "INSERT INTO sync_run (cloud, scope_id, started_at, finished_at, outcome) VALUES ('x', ?, ?, ?, 'complete')",
                    (scope, self.moment, self.moment))
            connection.commit()

    def test_a_member_gets_what_the_collector_knows(self):
        made = self.snapshot()
        self.assertEqual((made["version"], made["sites"]), (1, "alpha, beta"))
        taken = self.pull()
        self.assertEqual(taken.status, 0, str(taken))
        self.assertIn("alpha: read", taken.err)
        self.assertEqual(self.leases(self.database), self.leases(self.collector))
        self.assertEqual(self.query("SELECT name FROM person WHERE id = 'u1'"), [("person 1",)])
        self.assertEqual(self.query("SELECT count(*) FROM mutation"), [(0,)])
        # Nothing new: one small conditional request.
        self.web.requests.clear()
        again = self.pull()
        self.assertEqual((again.status, self.web.requests), (0, [(MANIFEST, 304)]), str(again))
        self.assertIn("Nothing new", again.err)
        self.change("renamed")
        self.assertEqual(self.snapshot()["version"], 2)
        self.assertEqual(self.pull().status, 0)
        self.assertEqual(self.leases(self.database), self.leases(self.collector))
        self.assertEqual(len([name for name in os.listdir(self.public) if name.endswith(".gz")]), 2)
        self.snapshot()
        self.assertEqual(len([name for name in os.listdir(self.public) if name.endswith(".gz")]), 2, "old ones go")

    def test_what_is_private_is_not_in_the_file(self):
        with contextlib.closing(sqlite3.connect(self.collector)) as connection:
            connection.execute("INSERT INTO cloud (name, fingerprint, scope_id, user_id) VALUES ('hidden-cloud', 'f', 1, 'u')")
            connection.commit()
        made = self.snapshot("--without", "users")
        content = gzip.decompress((self.public / made["file"]).read_bytes())
        for word in (b"secret plan", b"hidden-cloud", b"person 1"):
            self.assertNotIn(word, content)
        self.assertIn(b"lease-0000", content)
        # Whoever reads this folder never gets more without a word.
        result = self.run_command("publish", "snapshot", self.public, env={"LEASEHOLD_DB": str(self.collector)})
        self.assertEqual(result.status, 64, str(result))
        self.assertIn("would get more", result.err)

    def test_the_members_own_queue_and_clouds_stay(self):
        self.snapshot()
        self.pull()
        with contextlib.closing(sqlite3.connect(self.database)) as connection:
            connection.execute("INSERT INTO cloud (name, fingerprint, scope_id, user_id) VALUES ('mine', 'f', 1, 'u')")
            connection.execute(
                "INSERT INTO mutation (site_id, project_id, scope_id, verb, lease_id, lease_name, state, body, base,"
                " late_start, created_at, updated_at, next_attempt_at) VALUES (1, 'p0', 1, 'delete', 'x', 'my own',"
                " 'queued', '{}', '{}', 'expire', 0, 0, 0)")
            connection.commit()
        private = [self.query(f"SELECT * FROM {table}") for table in ("cloud", "mutation", "attempt", "keep_rule")]
        self.change("again")
        self.snapshot()
        self.assertEqual(self.pull().status, 0)
        self.assertEqual(
            private, [self.query(f"SELECT * FROM {table}") for table in ("cloud", "mutation", "attempt", "keep_rule")])

    # MARK: Servers that go wrong

    def test_broken_copies_are_never_taken(self):
        self.snapshot()
        self.assertEqual(self.pull().status, 0)
        before = self.leases(self.database)
        self.change("new name")
        made = self.snapshot()
        packed = (self.public / made["file"]).read_bytes()
        other = gzip.compress(b"SQLite format 3\0" + b"x" * made["database_bytes"])
        faults = {
            "the manifest is cut off": (MANIFEST, cut),
            "the manifest is another page": (MANIFEST, lambda _: b"<html>Log in</html>"),
            "the manifest is cut and said to be whole": (MANIFEST, lambda body: body[:40]),
            "the server is out of order": (MANIFEST, lambda _: b"", 503),
            "it leads elsewhere": (MANIFEST, lambda _: b"", 302),
            "the file is cut off": (".gz", cut),
            "the file is cut and said to be whole": (".gz", lambda body: body[:-1]),
            "the file is longer": (".gz", lambda body: body + b"x"),
            "a byte differs": (".gz", lambda body: body[:2000] + bytes([body[2000] ^ 1]) + body[2001:]),
            "another file": (".gz", lambda body: other[:len(body)].ljust(len(body), b"\0")),
            "the file is missing": (".gz", lambda _: b"", 404),
        }
        for name, fault in faults.items():
            with self.subTest(name):
                self.web.faults = [(MANIFEST, lambda body: body)] * (fault[0] == ".gz") + [fault]
                result = self.pull()
                self.assertIn(result.status, (65, 69), str(result))
                self.assertEqual(len(result.err.strip().splitlines()), 1, str(result))
                self.assertEqual(self.leases(self.database), before)
        # A bomb: the manifest says that it is small.
        self.web.faults = []
        manifest = json.loads((self.public / MANIFEST).read_text())
        for change in ({"database_bytes": 4096}, {"database_bytes": 10**15}, {"file": "../x.gz"}, {"file": "http://x/y"},
                       {"sha256": "0" * 64}, {"version": -1}, {"leasehold_snapshot": 2}, {"made_at": "2999-01-01"}):
            with self.subTest(change=change):
                (self.public / MANIFEST).write_text(json.dumps({**manifest, **change}))
                result = self.pull()
                self.assertIn(result.status, (65, 69), str(result))
                self.assertEqual(self.leases(self.database), before)
        (self.public / MANIFEST).write_text(json.dumps(manifest))
        self.assertEqual((self.public / made["file"]).read_bytes(), packed)
        self.assertEqual(self.pull().status, 0)
        self.assertEqual(self.leases(self.database), self.leases(self.collector))

    def test_a_database_that_is_not_one_of_leases(self):
        self.snapshot()
        manifest = json.loads((self.public / MANIFEST).read_text())
        evil = self.folder / "evil.sqlite"
        with contextlib.closing(sqlite3.connect(evil)) as connection:
            connection.execute("CREATE TABLE t (a)")
            connection.commit()
        packed = gzip.compress(evil.read_bytes())
        (self.public / "evil.gz").write_bytes(packed)
        (self.public / MANIFEST).write_text(json.dumps({
            **manifest, "file": "evil.gz", "bytes": len(packed), "sha256": hashlib.sha256(packed).hexdigest(),
            "database_bytes": evil.stat().st_size}))
        result = self.pull()
        self.assertEqual(result.status, 73, str(result))
        self.assertEqual(self.query("SELECT count(*) FROM lease"), [(0,)])

    def test_never_back_in_time_without_a_word(self):
        self.snapshot()
        old = self.folder / "old"
        shutil.copytree(self.public, old)
        self.change("newer")
        self.snapshot()
        self.assertEqual(self.pull().status, 0)
        before = self.leases(self.database)
        self.web.folder = old
        refused = self.pull()
        self.assertEqual(refused.status, 65, str(refused))
        self.assertIn("old copy", refused.err)
        self.assertEqual(self.leases(self.database), before)
        accepted = self.pull("--accept-older")
        self.assertEqual(accepted.status, 0, str(accepted))
        self.assertIn("An older snapshot was taken", accepted.err)
        # What was seen later still wins: an import never replaces it.
        self.assertEqual(self.leases(self.database), before)
        self.web.folder = self.public
        self.assertEqual(self.pull().status, 0)
        # A new series that is older is refused, too.
        other = self.folder / "other"
        manifest = json.loads((old / MANIFEST).read_text())
        shutil.copytree(old, other)
        (other / MANIFEST).write_text(json.dumps({**manifest, "series": "another", "made_at": "2020-01-01T00:00:00Z"}))
        self.web.folder = other
        self.assertEqual(self.pull().status, 65)

    def test_a_token_and_addresses(self):
        self.snapshot()
        self.web.token = TOKEN
        refused = self.pull()
        self.assertEqual(refused.status, 77, str(refused))
        self.assertEqual(self.pull(env={"LEASEHOLD_PULL_TOKEN": TOKEN}).status, 0)
        self.fail_with(64, "pull", "ftp://example.org/", words=["http"])
        self.fail_with(64, "pull", "http://me:other@127.0.0.1/", words=["LEASEHOLD_PULL_TOKEN"])
        self.fail_with(69, "pull", "http://127.0.0.1:1/", words=["cannot be read"])

    # MARK: Who sees what

    def test_two_members_and_a_collector(self):
        """Alpha's collector sees all projects. A member of p1 gets nothing of p0, p2 and p3, not even their names."""
        with contextlib.closing(sqlite3.connect(self.collector)) as connection:
            for number in range(4):
                connection.execute("INSERT OR REPLACE INTO person VALUES (1, 'project', ?, ?, 1700000000)",
                                   (f"p{number}", f"project no {number}"))
            connection.commit()
            projects = dict(connection.execute("SELECT project_id, count(*) FROM lease GROUP BY 1"))
        self.assertGreater(projects["p1"], 0)
        folders = {}
        for project in ("p0", "p1"):
            folders[project] = self.folder / f"public-{project}"
            self.snapshot("--project", project.replace("p1", "project no 1"), folder=folders[project])
        for project, folder in folders.items():
            self.web.folder = folder
            member = self.folder / f"member-{project}" / "leasehold.sqlite"
            env = {"LEASEHOLD_DB": str(member)}
            taken = self.pull(env=env)
            self.assertEqual(taken.status, 0, str(taken))
            self.assertEqual(
                self.leases(member), [row for row in self.leases(self.collector) if row[6] == project])
            name, = [name for name in os.listdir(folder) if name.endswith(".gz")]
            content = gzip.decompress((folder / name).read_bytes())
            with contextlib.closing(sqlite3.connect(self.collector)) as connection:
                for identifier, owner in connection.execute("SELECT id, project_id FROM lease"):
                    self.assertEqual(identifier.encode() in content, owner == project, identifier)
            for number in range(4):
                self.assertEqual(f"project no {number}".encode() in content, project == f"p{number}")
            scopes = self.rows("sites", env=env)
            self.assertEqual({row["site"] for row in scopes}, {"alpha"})
            self.succeed("db", "check", env=env)
        self.fail_with(64, "publish", "snapshot", self.folder / "new", "--project", "nobody", words=["No project"],
                       env={"LEASEHOLD_DB": str(self.collector)})


if __name__ == "__main__":
    runner.main()
