#!/usr/bin/env python3
# needs: nothing
"""Snapshots of a collector, taken through a web server that truncates, repeats and serves old copies.

usage: LEASEHOLD=.build/debug/leasehold Tests/Integration/pull.py [NAME...]
"""

import contextlib
import gzip
import hashlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.dont_write_bytecode = True

from support import runner
from support.snapshot_case import MANIFEST, TOKEN, SnapshotCase, cut


def setUpModule():
    SnapshotCase.make_original()


class Pulling(SnapshotCase):
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
                       {"sha256": "0" * 64}, {"version": -1}, {"leasehold_snapshot": 2}, {"made_at": "2999-01-01"},
                       {"bytes": 9 * 10**18}, {"bytes": 2**63 - 1, "database_bytes": 2**63 - 1, "version": 2**63 - 1}):
            with self.subTest(change=change):
                (self.public / MANIFEST).write_text(json.dumps({**manifest, **change}))
                result = self.pull()
                self.assertIn(result.status, (65, 69), str(result))
                self.assertEqual(self.leases(self.database), before)
        # The publisher reads it, too.
        refused = self.run_command("publish", "snapshot", self.public, env={"LEASEHOLD_DB": str(self.collector)})
        self.assertEqual(refused.status, 65, str(refused))
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
        # Nobody can listen on this machine, but on the way to others.
        for host in ("leases.example.org", "127.evil.example", "10.0.0.1"):
            self.fail_with(78, "pull", f"http://{host}/", words=["LEASEHOLD_PULL_TOKEN", "https"],
                           env={"LEASEHOLD_PULL_TOKEN": TOKEN})

    # MARK: The folder of the publisher

    def start_slowly(self, *more, folder=None):
        """Publishes until the snapshot is compressed, which takes until the returned file is removed."""
        hold, program = self.folder / "hold", self.folder / "bin" / "gzip"
        if not program.exists():
            program.parent.mkdir()
            program.write_text(f"#!/bin/sh\ntouch {hold}-reached\nwhile test -e {hold}; do sleep 0.02; done\n"
                               f'exec {shutil.which("gzip")} "$@"\n')
            program.chmod(0o755)
        hold.touch()
        process = subprocess.Popen(
            [os.environ["LEASEHOLD"], "publish", "snapshot", folder or self.public, *more], cwd=self.folder,
            env={**self.environment, "LEASEHOLD_DB": str(self.collector),
                 "PATH": f"{program.parent}:{self.environment['PATH']}"},
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.kill)
        reached, deadline = Path(f"{hold}-reached"), time.monotonic() + 20
        while not reached.exists():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        reached.unlink()
        return process, hold

    def copies(self):
        """The folders with copies beside the database."""
        return [path for path in self.collector.parent.iterdir() if path.is_dir()]

    def test_only_what_is_published_comes_into_the_folder(self):
        """The copies lie beside the database, even if the program is killed, and the next run removes them."""
        process, hold = self.start_slowly("--project", "p0")
        self.assertEqual(sorted(path.name for path in self.public.iterdir()),
                         [".leasehold-snapshot.lock", ".leasehold-snapshot.part"])
        copy, = self.copies()
        self.assertEqual(copy.stat().st_mode & 0o777, 0o700)
        # Another one works at the same time, and leaves the first one's copy alone.
        self.snapshot(folder=self.folder / "other")
        self.assertEqual(self.copies(), [copy])
        process.kill()
        process.wait()
        hold.unlink()
        self.assertEqual(self.copies(), [copy])
        for name in (".leasehold-123", "leasehold-2025-backup.sqlite.gz", ".leasehold-mine", "leasehold-1-abc.sqlite.gz"):
            (self.public / name).mkdir()
        self.snapshot("--project", "p0")
        self.assertEqual(self.copies(), [])
        self.assertEqual(
            sorted(path.name for path in self.public.iterdir() if path.is_dir()),
            [".leasehold-mine", "leasehold-1-abc.sqlite.gz", "leasehold-2025-backup.sqlite.gz"])

    def test_a_signal_leaves_nothing_behind(self):
        process, hold = self.start_slowly()
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(20), 128 + signal.SIGTERM)
        hold.unlink()
        self.assertEqual(process.stderr.read().strip(), "leasehold: Stopped: no snapshot was written.")
        self.assertEqual((self.copies(), [path.name for path in self.public.iterdir()]), ([], [".leasehold-snapshot.lock"]))

    def test_a_signal_while_pulling_leaves_nothing_behind(self):
        self.snapshot()
        asked, answer = threading.Event(), threading.Event()
        self.addCleanup(answer.set)

        def wait(body):
            asked.set()
            answer.wait(20)
            return body
        self.web.faults = [(MANIFEST, lambda body: body), (".gz", wait)]
        temporary = self.folder / "temporary"
        temporary.mkdir()
        process = subprocess.Popen(
            [os.environ["LEASEHOLD"], "pull", self.web.url], cwd=self.folder,
            env={**self.environment, "TMPDIR": str(temporary)}, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.kill)
        self.assertTrue(asked.wait(20))
        self.assertEqual(len(list(temporary.iterdir())), 1)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(20), 128 + signal.SIGTERM)
        self.assertIn("Stopped", process.stderr.read())
        self.assertEqual(list(temporary.iterdir()), [])

    def test_a_badly_timed_kill_and_strangers_files(self):
        """The snapshot is there, and its manifest is not: the next run makes both."""
        made = self.snapshot()
        stranger = self.public / "leasehold-2025-backup.sqlite.gz"
        stranger.write_text("mine")
        (self.public / MANIFEST).unlink()
        again = self.snapshot()
        self.assertEqual(again["file"], made["file"])
        for _ in range(3):
            self.change("again")
            self.snapshot()
        self.assertEqual(stranger.read_text(), "mine")
        self.assertEqual(len([name for name in os.listdir(self.public) if name.endswith(".gz")]), 3)
        self.assertEqual(self.pull().status, 0)
        self.assertEqual(self.leases(self.database), self.leases(self.collector))

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
        env = {"LEASEHOLD_DB": str(self.collector)}
        new = self.folder / "new"
        self.fail_with(64, "publish", "snapshot", new, "--project", "nobody", words=["No project"], env=env)
        # A name is unique only in its domain: several projects are never taken for one.
        with contextlib.closing(sqlite3.connect(self.collector)) as connection:
            connection.execute("UPDATE person SET name = 'ml' WHERE id IN ('p1', 'p2', 'q1') AND kind = 'project'")
            connection.commit()
        self.fail_with(65, "publish", "snapshot", new, "--project", "ml", env=env,
                       words=["3 projects", r"p1 \(alpha\)", r"p2 \(alpha\)", r"q1 \(beta\)", "id"])
        self.assertNotIn(MANIFEST, os.listdir(new))
        self.snapshot("--project", "p1", folder=new)
        self.assertEqual(json.loads((new / MANIFEST).read_text())["projects"], ["p1"])

    def test_the_hosts_of_a_projects_own_leases(self):
        """A login that sees all projects lists the hosts and who has them; a member of p1 gets p1's part."""
        with contextlib.closing(sqlite3.connect(self.collector)) as connection:
            (own, mine), (others, theirs) = (connection.execute(
                "SELECT id, lease_key FROM lease WHERE site_id = 1 AND project_id = ? ORDER BY id DESC LIMIT 1",
                (project,)).fetchone() for project in ("p1", "p2"))
            connection.execute("DELETE FROM visibility WHERE scope_id = 1 AND lease_key IN (?, ?)", (mine, theirs))
            connection.execute("UPDATE lease SET start_at = 1740000000, end_at = 1990000000, status = 'ACTIVE'"
                               " WHERE lease_key IN (?, ?)", (mine, theirs))
            connection.execute("DELETE FROM reservation WHERE lease_key IN (?, ?)", (mine, theirs))
            connection.execute(
                "INSERT INTO reservation (lease_key, id, resource_type, status, fields, min_count, max_count)"
                " VALUES (?, 'r-own', 'physical:host', 'active', '{}', 1, 3)", (mine,))
            for number, reservation, lease in ((1, "r-own", own), (2, "r-own", own), (3, "r-others", others)):
                connection.execute(
                    "INSERT INTO resource (scope_id, kind, id, name, fields, first_seen_at)"
                    " VALUES (2, 'host', ?, ?, '{\"node_type\": \"fast\"}', 1740000000)", (f"h{number}", f"nc0{number}"))
                connection.execute(
                    "INSERT INTO allocation (scope_id, kind, resource_id, reservation_id, lease_id, start_at, end_at,"
                    " first_seen_at) VALUES (2, 'host', ?, ?, ?, 1740000000, 1990000000, 1740000000)",
                    (f"h{number}", reservation, lease))
            connection.execute("INSERT INTO resource (scope_id, kind, id, name, fields, first_seen_at)"
                               " VALUES (2, 'network', 'n1', 'of another project', '{}', 1740000000)")
            for kind in ("host", "host/allocations", "network"):
                connection.execute("INSERT INTO resource_list VALUES (2, ?, 'listed', NULL, 1750000000)", (kind,))
                connection.execute("INSERT INTO resource_listing VALUES (2, ?, 1750000000)", (kind,))
            connection.commit()
        self.snapshot("--project", "p1")
        name, = [name for name in os.listdir(self.public) if name.endswith(".gz")]
        content = gzip.decompress((self.public / name).read_bytes())
        for word in (others.encode(), b"r-others", b"of another project"):
            self.assertNotIn(word, content)
        self.assertEqual(self.pull().status, 0)

        def holders():
            return {host["name"]: sorted(item["lease_id"] for item in host["reservations"]) for host in self.rows("hosts")}
        self.assertEqual(holders(), {"nc01": [own], "nc02": [own], "nc03": []})
        self.assertEqual(self.rows("show", own)["nodes"], 2)
        # A member's own list of who has the hosts stays complete: the snapshot says nothing about others.
        with contextlib.closing(sqlite3.connect(self.database)) as connection:
            scope, = connection.execute("SELECT scope_id FROM scope WHERE project_id = 'p1'").fetchone()
            connection.execute(
                "INSERT INTO allocation (scope_id, kind, resource_id, reservation_id, lease_id, start_at, end_at,"
                " first_seen_at) VALUES (?, 'host', 'h3', 'r-others', ?, 1740000000, 1990000000, 1740000000)",
                (scope, others))
            for kind in ("host", "host/allocations"):
                connection.execute("INSERT INTO resource_list VALUES (?, ?, 'listed', NULL, 1749000000)", (scope, kind))
                connection.execute("INSERT INTO resource_listing VALUES (?, ?, 1749000000)", (scope, kind))
            connection.commit()
        # One of the hosts has failed and was replaced; then the lease is gone.
        for moment, hosts, expected in ((1_750_100_000, ("h2", "h3"), {"nc01": [], "nc02": [own], "nc03": [own, others]}),
                                        (1_750_200_000, (), {"nc01": [], "nc02": [], "nc03": [others]})):
            with contextlib.closing(sqlite3.connect(self.collector)) as connection:
                connection.execute(
                    "UPDATE allocation SET gone_before = ?, last_seen_at = (SELECT listed_at FROM resource_list"
                    " WHERE kind = 'host/allocations') WHERE reservation_id = 'r-own' AND gone_before IS NULL", (moment,))
                for host in hosts:
                    connection.execute(
                        "INSERT INTO allocation (scope_id, kind, resource_id, reservation_id, lease_id, start_at, end_at,"
                        " first_seen_at) VALUES (2, 'host', ?, 'r-own', ?, 1740000000, 1990000000, ?)"
                        " ON CONFLICT DO UPDATE SET gone_before = NULL, last_seen_at = NULL", (host, own, moment))
                for kind in ("host", "host/allocations"):
                    connection.execute("UPDATE resource_list SET listed_at = ? WHERE kind = ?", (moment, kind))
                    connection.execute("INSERT INTO resource_listing VALUES (2, ?, ?)", (kind, moment))
                connection.commit()
            self.change("again")
            self.snapshot("--project", "p1")
            self.assertEqual(self.pull().status, 0)
            self.assertEqual(holders(), {host: sorted(leases) for host, leases in expected.items()}, moment)


if __name__ == "__main__":
    runner.main()
