#!/usr/bin/env python3
# needs: nothing
"""The database is never lost, whatever is in its place; and what a file or a list does not contain stays unknown.

usage: LEASEHOLD=.build/debug/leasehold Tests/Integration/field_store.py [NAME...]

Needs no cloud: it has scripted ones, and the program Sandbox next to LEASEHOLD, or SANDBOX.
"""

import contextlib
import csv
import io
import json
import os
import signal
import socket
import sqlite3
import stat
import sys
import time

sys.dont_write_bytecode = True

from support import runner
from support.fake_cloud import send
from support.site_case import NODE, SiteCase
from support.site_cloud import hangs, now_text, stamp


class ItsOwnFile(SiteCase):
    """The database, under any name, is not harmed by operations on its own file."""

    def other(self, *names):
        """Another database of the same site, with leases that this one does not have."""
        keystone, site = self.start_site()
        site.seed(*names)
        file = self.folder / "other.sqlite"
        self.run_command("sync", "--no-resources", "--db", file, "--os-cloud", "envvars",
                         env={**keystone.environment(), "OS_CLOUD": ""})
        return file

    def names_of_it(self):
        """Other names of the database's file."""
        link, hard = self.folder / "link.sqlite", self.folder / "hard.sqlite"
        link.symlink_to(self.database)
        os.link(self.database, hard)
        (self.folder / "folder-link").symlink_to(self.database.parent)
        return [self.database, link, hard, "./data/../data/leasehold.sqlite",
                self.folder / "folder-link" / "leasehold.sqlite"]

    def test_it_is_taken_into_itself(self):
        self.site.seed("one", "two")
        self.sync()
        other = self.other("three")
        for name in self.names_of_it():
            with self.subTest(str(name)):
                self.run_command("history", "import", name)
                self.assertEqual(sorted(row["name"] for row in self.rows("list")), ["one", "two"])
        for name in self.folder.glob("*.sqlite"):
            if name != other:
                self.run_command("history", "import", name, other)
        self.assertIn(len(self.rows("list")), (2, 3))
        self.succeed("db", "check")

    def test_it_is_taken_into_itself_while_another_process_syncs(self):
        self.site.seed("one")
        self.sync()
        other = self.other("three")
        names = self.names_of_it()
        count = 1500
        self.site.seed(*[f"n{number}" for number in range(count)])
        for number, name in enumerate(names[:3] * 2):
            for lease in list(self.site.leases.values())[:count // 2]:
                lease["name"] = f"{lease['id'][:8]} {number}"
            sync = self.start("sync", "--no-resources")
            imports = [self.start("history", "import", name, other) for _ in range(2)]
            for process in (sync, *imports):
                process.communicate(timeout=60)
                self.assertGreaterEqual(process.returncode, 0)
            self.assertEqual(sync.returncode, 0)
            rows = self.query("SELECT name FROM v_lease WHERE deleted IS NULL OR deleted = ''")
            known = {row[0] for row in rows}
            self.assertLessEqual({item["name"] for item in self.site.leases.values()}, known,
                                 f"leases are lost: {name}")
        self.succeed("db", "check")

    def test_results_are_not_written_over_it(self):
        self.site.seed("one")
        self.sync()
        # The log's files exist while a process has the database open.
        with contextlib.closing(sqlite3.connect(self.database)) as reader:
            reader.execute("SELECT count(*) FROM lease").fetchall()
            names = [*self.names_of_it(), *self.database.parent.iterdir()]
            content = {path: (path.stat().st_ino, b"" if path.name.endswith("-shm") else path.read_bytes())
                       for path in self.database.parent.iterdir()}
            report, export = ["report", "hours", "--by", "project", "-f", "csv", "-o"], ["export", "ics", "-o"]
            for number, name in enumerate(names):
                for line in ([report], [export], [["db", "backup"]])[number % 2:2 + number % 2]:
                    with self.subTest(f"{line[0][0]} {name}"):
                        result = self.run_command(*line[0], name)
                        self.assertNotEqual(result.status, 0, str(result))
                        for path, (inode, data) in content.items():
                            self.assertEqual(path.stat().st_ino, inode)
                            self.assertTrue(path.name.endswith("-shm") or path.read_bytes() == data)
        self.succeed("db", "check")
        self.assertEqual(len(self.rows("list")), 1)
        self.assertTrue((self.folder / "link.sqlite").is_symlink())

    def test_results_replace_only_regular_files(self):
        self.site.seed("one")
        self.sync()
        if os.getuid() == 0:
            os.mknod(self.folder / "null", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
        os.mkfifo(self.folder / "pipe")
        (self.folder / "d").mkdir()
        (self.folder / "text.csv").write_text("mine")
        (self.folder / "to-text.csv").symlink_to(self.folder / "text.csv")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(self.folder / "socket"))
            for name in ("null", "pipe", "socket", "d", "to-text.csv"):
                path = self.folder / name
                if not path.exists():
                    continue
                with self.subTest(name):
                    kind = path.lstat().st_mode
                    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK) if name == "pipe" else None
                    self.run_command("report", "hours", "--by", "project", "-f", "csv", "-o", path, timeout=10)
                    self.assertEqual(path.lstat().st_mode, kind, "it was replaced")
                    if reader:
                        os.close(reader)

    def test_it_has_one_sender_by_whatever_name(self):
        (self.folder / "link.sqlite").symlink_to(self.database)
        self.sync()
        names = [f"n{number}" for number in range(8)]
        for name in names:
            self.succeed("create", name, *NODE, "--start", "+1d", "--offline")
        slow = lambda handler, execute: (time.sleep(0.2), handler.server, send_all(handler, execute))
        self.site.fault("POST", slow, times=99)
        link = {"LEASEHOLD_DB": str(self.folder / "link.sqlite")}
        running = [self.start("sync", "--no-resources", env=link if number % 2 else None) for number in range(4)]
        for process in running:
            process.communicate(timeout=60)
        self.assertEqual(self.calm(), [])
        self.assertEqual({name: len(self.site.named(name)) for name in names}, dict.fromkeys(names, 1))
        beside = {path.name for path in self.folder.iterdir() if path.name.startswith("link.")}
        self.assertEqual(beside, {"link.sqlite"}, "a second set of files")

    def test_what_is_no_database_file_is_refused_at_once(self):
        os.mkfifo(self.folder / "pipe")
        (self.folder / "d").mkdir()
        names = ["pipe", "d", "/dev/null", "/dev/zero"]
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(self.folder / "socket"))
            lines = [["list"], ["create", "x", *NODE, "--offline"], ["sync", "--no-resources"], ["db", "check"],
                     ["history", "import", self.folder / "clouds.yaml"]]
            for name in [*names, "socket"]:
                for line in lines if name == "pipe" else lines[:2]:
                    with self.subTest(f"{name} {line[0]}"):
                        result = self.run_command(*line, "--db", self.folder / name, timeout=10)
                        self.assertIn(result.status, (73, 64, 65), str(result))
        for name in ("pipe", "/dev/zero", "socket", "d"):
            with self.subTest(f"import {name}"):
                self.sync()
                self.assertNotEqual(self.run_command("history", "import", self.folder / name, timeout=10).status, 0)

    def test_a_folder_in_place_of_the_lock(self):
        self.sync()
        # A process with nothing to send takes no lock.
        self.succeed("create", "before", *NODE)
        self.succeed("create", "one", *NODE, "--offline")
        locks = [path for path in self.database.parent.iterdir() if "lock" in path.name or "send" in path.name]
        for path in locks:
            path.unlink()
            path.mkdir()
        self.assertTrue(locks, "there is no lock file beside the database")
        began = time.monotonic()
        result = self.sync()
        self.assertLess(time.monotonic() - began, 10)
        self.assertNotRegex(result.err, "Another process is sending")
        if not self.site.named("one"):
            self.assertIn(str(locks[0]), result.out + result.err)
        for path in locks:
            path.rmdir()
        self.assertEqual(self.calm(), [])
        self.assertEqual(len(self.site.named("one")), 1)


def send_all(handler, execute):
    status, value = execute()
    send(handler, status, json.dumps(value).encode(), "application/json")


class Unknown(SiteCase):
    """Missing information is unknown, never none."""

    def outline(self, *names):
        """The output of `openstack reservation lease list -f json`."""
        rows = [{"ID": self.site.leases[self.site.seed(name)]["id"], "Name": name, "Start Date": now_text(-86400),
                 "End Date": now_text(86400)} for name in names]
        for row in rows:
            row["id"], row["name"] = row.pop("ID"), row.pop("Name")
            row["start_date"], row["end_date"] = row.pop("Start Date"), row.pop("End Date")
        file = self.folder / "outline.json"
        file.write_text(json.dumps(rows))
        self.site.leases.clear()
        self.sync()
        self.succeed("history", "import", file)
        return rows

    def test_leases_of_which_only_names_and_dates_are_known(self):
        [first, second] = self.outline("one", "two")
        for row in self.rows("list", "-a") if "-a, --all" in self.succeed("list", "--help").out else \
                self.rows("list", "--deleted"):
            self.assertEqual((row["nodes"], row["floating_ips"]), (None, None), row["name"])
            self.assertFalse(row["resources"])
        [row] = self.rows("list", "--deleted", "--name", "one", "-c", "name", "-c", "nodes", "-c", "floating_ips")
        self.assertEqual((row["nodes"], row["floating_ips"]), (None, None))
        text = self.succeed("list", "--deleted", "-f", "csv", "-c", "name", "-c", "nodes", "-c", "floating_ips").out
        for row in csv.DictReader(io.StringIO(text)):
            self.assertEqual((row["nodes"], row["floating_ips"]), ("", ""))
        for line in (["reservation-id", "one"], ["reservation-id", "one", "--type", "fip"]):
            result = self.run_command(*line)
            self.assertNotEqual(result.status, 0)
            self.assertNotRegex(result.err, "has (0|no) ", str(result))
            self.assertRegex(result.err, "(?i)not known|unknown", str(result))
        result = self.run_command("show", second["id"], "-f", "json")
        self.assertNotIn('"reservations": []', result.out)

    def test_what_is_known_in_part_is_completed(self):
        self.outline("one")
        self.site.seed("one")
        self.sync()
        [row] = self.known("one")
        self.assertEqual((row["nodes"], row["floating_ips"]), (1, 0))

    def test_the_same_file_again_changes_nothing_and_does_not_win_over_a_sync(self):
        self.site.seed("one")
        self.sync()
        file = self.folder / "saved.json"
        for _ in range(3):
            lease = self.site.named("one")[0] if self.site.named("one") else self.site.named("newer")[0]
            file.write_text(json.dumps({"leases": [self.site.present(lease)]}))
            lease["name"], lease["updated_at"] = "newer", stamp()
            self.sync()
            # The file was last written in the second of the sync.
            self.run_command("history", "import", file)
            self.assertEqual([row["name"] for row in self.rows("list")], ["newer"])
            again = self.rows("history", "import", file)
            self.assertEqual([(row["new"], row["changed"]) for row in again], [(0, 0)])
            self.assertEqual([row["name"] for row in self.rows("list")], ["newer"])
            lease["name"] = "one"
            self.sync()

    def test_nodes_that_change_in_the_middle_are_counted(self):
        self.site.seed("grows", start=now_text(-36000), end=now_text(36000))
        lease = self.site.named("grows")[0]
        lease["created_at"], lease["updated_at"] = stamp(-36000), stamp(-35990)
        self.sync()
        lease["reservations"][0].update(min=3, max=3, updated_at=stamp())
        lease["updated_at"] = stamp()
        time.sleep(1.1)
        self.sync()
        rows = self.rows("report", "hours", "--by", "project", "--from", now_text(-36000)[:16] + "Z",
                         "--to", now_text(36000)[:16] + "Z")
        self.assertAlmostEqual(sum(row["node_hours"] for row in rows), 10 + 30, delta=0.5)
        self.assertAlmostEqual(sum(row["lease_hours"] for row in rows), 20, delta=0.1)

    def test_a_network_lease_is_repeated_from_what_the_draft_said(self):
        clouds, cloud = self.start_sandbox("--dialect", "chameleon", "--open-inventory")
        self.environment.update(OS_CLIENT_CONFIG_FILE=str(clouds), OS_CLOUD="user1")
        self.succeed("sync")
        self.succeed("create", "net", "--start", "+1d", "--duration", "4h", "--network", "network_name=mynet")
        for kind in ("yaml", "json"):
            with self.subTest(kind):
                self.succeed("sync", "--no-resources")
                file = self.folder / f"net.{kind}"
                file.write_text(self.succeed("show", "net", "-f", kind).out)
                self.succeed("create", f"again-{kind}", "--from", file, "--start", "+5d")
                body = self.write()["body"]
                self.assertEqual(body["reservations"][0]["network_name"], "mynet")


class Large(SiteCase):
    """A server's answer costs no more than its size."""

    def many(self, count, repeated):
        """The members of an object, one of them repeated."""
        members = [f'"k{number}":"{number}"' for number in range(count)]
        for place in range(0, count, count // 7):
            members.insert(place, f'"{repeated}": "first{place}"')
        return ",".join([*members, f'"{repeated}":"last"'])

    def timed(self, limit, *arguments):
        began = time.monotonic()
        self.succeed(*arguments)
        taken = time.monotonic() - began
        self.assertLess(taken, limit, arguments)

    def test_an_object_of_many_keys_with_one_repeated(self):
        self.site.seed("wide")
        lease = json.dumps(self.site.present(self.site.named("wide")[0]))
        bodies = [('{"leases": [' + lease[:-1] + "," + self.many(count, "odd") + "}]}").encode()
                  for count in (30_000, 30_001, 30_000)]
        for body in bodies:
            self.site.fault("LIST", lambda h, e, body=body: send(h, 200, body, "application/json"))
            self.timed(10, "sync", "--no-resources")
        self.assertEqual(self.rows("list")[0]["extra"]["odd"], "last")
        self.timed(10, "history", "wide")
        self.timed(10, "list", "-f", "json")

    def test_a_lease_of_many_members_that_changes(self):
        self.site.seed("wide")
        lease = self.site.named("wide")[0]
        lease.update({f"x{number}": number for number in range(80_000)})
        self.timed(15, "sync", "--no-resources")
        lease.update({f"x{number}": -number for number in range(0, 80_000, 2)})
        self.timed(15, "sync", "--no-resources")
        self.timed(15, "history", "wide", "-f", "json")

    def test_an_import_that_is_killed_leaves_nothing_in_the_temporary_folder(self):
        self.site.seed(*[f"n{number}" for number in range(3000)])
        self.sync()
        temporary = self.folder / "temporary"
        temporary.mkdir()
        environment = {"TMPDIR": str(temporary)}
        both = self.folder / "both.sqlite"
        for wait in (0.05, 0.15, 0.3, 0.5):
            process = self.start("history", "import", self.database, "--db", both, env=environment)
            time.sleep(wait)
            process.send_signal(signal.SIGKILL)
            process.communicate(timeout=20)
        self.succeed("history", "import", self.database, "--db", both, env=environment)
        self.assertEqual(list(temporary.rglob("*")), [])
        self.assertEqual(len(self.rows("list", "--db", both)), 3000)

    def test_others_can_write_while_much_is_taken_in(self):
        self.site.seed(*[f"n{number}" for number in range(4000)])
        there = self.folder / "there.sqlite"
        self.sync("--db", there)
        self.site.leases.clear()
        self.sync()
        process = self.start("history", "import", there)
        longest = 0
        while process.poll() is None:
            began = time.monotonic()
            self.succeed("create", "x", *NODE, "--offline")
            longest = max(longest, time.monotonic() - began)
        process.communicate()
        self.assertEqual(process.returncode, 0)
        self.assertLess(longest, 5)


if __name__ == "__main__":
    runner.main()
