#!/usr/bin/env python3
# needs: nothing
"""Every reading command answers without a socket, in every format, and finds the right rows. Needs no cloud.

usage: LEASEHOLD=.build/debug/leasehold Tests/Integration/offline.py [NAME...]
"""

import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True

from support import no_sockets, runner, simple_yaml
from support.fake_case import FakeCloudCase
from support.fake_cloud import lease, send_json


class OfflineCase(FakeCloudCase):
    """A mirror of a few leases, whose cloud is gone, and a kernel that kills any process that opens a socket."""

    def setUp(self):
        super().setUp()
        self.lonely = self.own(5, name="lonely")
        self.cloud.leases = [
            self.own(0, name="twins"), self.own(1, name="twins", status="TERMINATED", end="2026-11-21T10:00:00.000000"),
            self.own(2, name="=1+1, \"quoted\" – ünïcode ☃", status="PENDING", start="2099-01-01T00:00:00.000000",
                     end="2099-01-03T00:00:00.000000"),
            self.own(3, name="nightly-a", status="ERROR"), self.own(4, name="gone"), self.lonely,
        ]
        self.cloud.leases[3]["reservations"] = []
        self.succeed("sync")
        self.gone = self.cloud.leases.pop(4)
        self.lonely["name"] = "lonely-2"
        self.lonely["user_id"] = "u2"
        self.succeed("sync")
        self.cloud.close()
        self._cleanups = [c for c in self._cleanups if c[0] != self.cloud.close]

    @staticmethod
    def own(number, **fields):
        return lease(number, **{"end": "2098-12-20T10:00:00.000000", **fields})

    def run_command(self, *arguments, **options):
        if arguments[0] != "sync" and no_sockets.supported():
            options.setdefault("preexec", no_sockets.forbid)
        return super().run_command(*arguments, **options)

    def assert_nearly_same(self, left, right):
        """The same output, except for a few seconds that passed between two commands."""
        if isinstance(left, list):
            self.assertEqual(len(left), len(right))
            for pair in zip(left, right):
                self.assert_nearly_same(*pair)
        elif isinstance(left, dict):
            self.assertEqual(list(left), list(right))
            for key in left:
                self.assert_nearly_same(left[key], right[key])
        elif isinstance(left, int) and isinstance(right, int) and right > 1000:
            self.assertAlmostEqual(left, right, delta=20)
        else:
            self.assertEqual(left, right)

    def names(self, *arguments):
        return {row["name"] for row in self.rows("list", *arguments)}


class NoSockets(OfflineCase):
    def setUp(self):
        if not no_sockets.supported():
            self.skipTest("the filter is written for Linux on x86_64 and aarch64 only")
        super().setUp()

    def test_the_filter_kills_a_command_that_opens_a_socket(self):
        for arguments in (["sync"], ["list", "--refresh"], ["doctor"]):
            with self.subTest(" ".join(arguments)):
                done = subprocess.run([os.environ["LEASEHOLD"], *arguments], env=self.environment, cwd=self.folder,
                                      capture_output=True, preexec_fn=no_sockets.forbid)
                self.assertEqual(done.returncode, -signal.SIGSYS, done.stderr.decode())

    def test_no_reading_command_opens_a_socket(self):
        commands = [
            ["list"], ["list", "--deleted", "--mine"], ["show", "lonely-2"], ["id", "lonely-2"], ["reservations"],
            ["reservations", "lonely-2"], ["history", "lonely-2"], ["history", "lonely-2", "--states"], ["changes"],
            ["hosts"], ["devices"], ["flavors"], ["sites"], ["status"], ["db", "path"], ["db", "check"],
            ["db", "sql", "SELECT count(*) FROM v_lease"], ["db", "backup", self.folder / "copy.sqlite"],
            ["--version"], ["--help"],
        ]
        for command in commands:
            with self.subTest(" ".join(map(str, command))):
                self.succeed(*command)


class Flushes(OfflineCase):
    @unittest.skipUnless(shutil.which("strace"), "strace counts the flushes")
    def test_a_write_that_is_queued_flushes_the_log_once(self):
        create = ["create", "mine", "--duration", "1h", "--offline", "--reservation", "resource_type=virtual:dummy"]
        # The first one after a sync begins a new log.
        self.succeed(*create, preexec=None)
        trace = self.folder / "trace"
        done = subprocess.run(
            ["strace", "-f", "-y", "-e", "trace=fsync,fdatasync", "-o", trace, os.environ["LEASEHOLD"], *create],
            env=self.environment, cwd=self.folder, capture_output=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        flushes = [line for line in trace.read_text().splitlines() if "sync(" in line]
        self.assertEqual(len([line for line in flushes if "sqlite-wal>" in line]), 1, flushes)
        # SQLite also flushes the folder, once per process.
        self.assertLessEqual(len(flushes), 2, flushes)
        self.assertEqual(len(self.rows("queue", "list")), 2)


class Formats(OfflineCase):
    LISTS = [["list", "--deleted"], ["reservations"], ["history", "lonely-2"], ["history", "lonely-2", "--states"],
             ["changes", "--since", "7d"], ["hosts"], ["devices"], ["flavors"], ["sites"], ["status"]]

    def test_every_list_says_the_same_in_JSON_YAML_CSV_and_value(self):
        for command in self.LISTS:
            with self.subTest(" ".join(command)):
                rows = self.rows(*command)
                self.assertIsInstance(rows, list)
                from_yaml = simple_yaml.parse(self.succeed(*command, "-f", "yaml").out)
                self.assert_nearly_same(from_yaml or [], rows)
                text = self.succeed(*command, "-f", "csv").out
                table = list(csv.DictReader(io.StringIO(text, newline="")))
                self.assertEqual(len(table), len(rows), text)
                if rows:
                    self.assertLessEqual(set(table[0]), set(rows[0]))
                self.assertEqual(len(self.succeed(*command, "-f", "value").out.splitlines()), len(rows))
                self.succeed(*command, "-f", "table")

    def test_show_says_the_same_in_JSON_and_YAML(self):
        shown = self.rows("show", "lonely-2")
        self.assertEqual(shown["id"], self.lonely["id"])
        again = simple_yaml.parse(self.succeed("show", "lonely-2", "-f", "yaml").out)
        self.assert_nearly_same(again, shown)
        self.assertEqual(self.succeed("show", "lonely-2", "-f", "value", "-c", "end_date").out.strip(),
                         "2098-12-20T10:00:00Z")

    def test_columns_are_shown_in_the_order_wanted(self):
        rows = self.rows("list", "-c", "status", "-c", "name")
        self.assertEqual(list(rows[0]), ["status", "name"])
        out = self.succeed("list", "-c", "status,name", "-f", "csv").out
        self.assertEqual(out.splitlines()[0].replace('"', ""), "status,name")
        out = self.succeed("list", "-c", "name", "-f", "value", "--name", "nightly-*").out
        self.assertEqual(out, "nightly-a\n")
        self.assertIn("status", self.fail_with(64, "list", "-c", "statsu", words=("statsu",)).err)

    def test_sorting(self):
        for key, reverse in (("name", False), ("-name", True), ("name:desc", True), ("end_date", False)):
            column = key.strip("-").split(":")[0]
            values = [row[column] for row in self.rows("list", "--sort", key)]
            self.assertEqual(values, sorted(values, reverse=reverse), key)

    def test_a_cell_that_a_spreadsheet_would_run_is_neutralised_on_request(self):
        wanted = "=1+1, \"quoted\" – ünïcode ☃"
        self.assertIn(wanted, self.names())
        cells = [row["name"] for row in csv.DictReader(
            io.StringIO(self.succeed("list", "-a", "-f", "csv", "--spreadsheet-safe").out, newline=""))]
        self.assertNotIn(wanted, cells)
        self.assertTrue(any(cell.endswith(wanted) and not cell.startswith("=") for cell in cells), cells)
        plain = self.succeed("list", "-a", "-f", "csv").out
        self.assertNotIn("\r", plain)
        self.assertIn(wanted, [row["name"] for row in csv.DictReader(io.StringIO(plain, newline=""))])

    def test_freshness_is_said_beside_a_table_and_within_the_rest(self):
        result = self.succeed("list")
        self.assertIn(": read ", result.err)
        self.assertNotIn(": read ", result.out)
        self.assertEqual(self.succeed("list", "-q").err, "")
        quiet = self.succeed("list", "-f", "json")
        self.assertEqual(quiet.err, "")
        for row in quiet.json:
            self.assertRegex(row["synced_at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertRegex(self.rows("show", "lonely-2")["synced_at"], "Z$")

    def test_a_failed_sync_is_said_beside_a_table(self):
        self.assertEqual(self.run_command("sync").status, 69)
        self.assertRegex(self.succeed("list").err, "last attempt.*failed")
        self.assertEqual(len(self.rows("list")), 5)


class Finding(OfflineCase):
    def test_filters(self):
        odd = "=1+1, \"quoted\" – ünïcode ☃"
        cases = [
            (["--status", "error"], {"nightly-a"}), (["--status", "PENDING,ERROR"], {odd, "nightly-a"}),
            (["--status", "pending", "--status", "error"], {odd, "nightly-a"}),
            (["--name", "night*"], {"nightly-a"}), (["--name", "nightly-[b-z]"], set()),
            (["--user", "u2"], {"lonely-2"}), (["--mine"], {"twins", odd, "nightly-a"}),
            (["--project", "project1"], {"twins", odd, "nightly-a", "lonely-2"}), (["--project", "nobody"], set()),
            (["--type", "node"], {"twins", odd, "lonely-2"}), (["--type", "fip"], set()),
            (["--node-type", "compute_skylake", "--status", "pending"], {odd}),
            (["--active-at", "2099-01-02"], {odd}), (["--from", "2099-01-02 00:00"], {odd}),
            (["--to", "2026-11-20 09:00"], set()),
            (["--from", "2026-11-20", "--to", "2026-11-22"], {"twins", "nightly-a", "lonely-2"}),
            (["--deleted", "--name", "gone"], {"gone"}), (["--name", "gone"], set()),
            (["--os-cloud", "lab", "--status", "error"], {"nightly-a"}),
        ]
        for options, wanted in cases:
            with self.subTest(" ".join(options)):
                self.assertEqual(self.names(*options), wanted)
        self.fail_with(66, "list", "--os-cloud", "elsewhere", words=("elsewhere",))

    def test_a_lease_is_found_by_id_by_the_beginning_of_its_id_and_by_name(self):
        for reference in (self.lonely["id"], self.lonely["id"][:13], "lonely-2"):
            self.assertEqual(self.succeed("id", reference).out, self.lonely["id"] + "\n")
            self.assertEqual(self.rows("show", reference)["name"], "lonely-2")

    def test_an_ambiguous_name_lists_the_candidates(self):
        for command in ("id", "show", "history", "reservations"):
            with self.subTest(command):
                result = self.run_command(command, "twins")
                self.assertEqual(result.status, 65, str(result))
                self.assertEqual(result.out, "")
                for item in self.cloud.leases[:2]:
                    self.assertIn(item["id"], result.err)
        result = self.run_command("show", "twins", "-f", "json")
        self.assertEqual(result.status, 65)
        error = json.loads(result.err)["error"]
        self.assertEqual(error["code"], "ambiguous")
        self.assertEqual({c["id"] for c in error["candidates"]}, {item["id"] for item in self.cloud.leases[:2]})

    def test_a_reference_to_nothing(self):
        for command in ("id", "show", "history", "reservations"):
            with self.subTest(command):
                self.fail_with(66, command, "nobody", words=("nobody",))

    def test_a_vanished_lease_can_be_shown_and_has_a_history(self):
        self.assertTrue(self.rows("show", "gone")["deleted"])
        self.assertEqual([row["change"] for row in self.rows("history", "gone")], ["new", "vanished"])
        self.assertEqual(self.rows("history", self.gone["id"], "--states")[-1]["deleted"], True)

    def test_a_name_that_a_terminal_would_obey_is_escaped(self):
        self.cloud = self.start_cloud()
        self.write_clouds(lab=self.cloud.entry())
        self.cloud.leases = [self.own(9, name="\x1b[31mred\u202e\x07\nline")]
        self.cloud.list_fault = lambda h: send_json(h, {"leases": self.cloud.leases})
        self.environment["LEASEHOLD_DB"] = str(self.folder / "second.sqlite")
        results = [self.succeed("sync"), self.succeed("list"), self.succeed("list", "-f", "value"),
                   self.succeed("show", self.cloud.leases[0]["id"]), self.succeed("changes")]
        for result in results:
            self.assertNotRegex(result.out + result.err, "[\x00-\x09\x0b-\x1f\x7f\u202e]", str(result))
        self.assertEqual(self.rows("list")[0]["name"], "\x1b[31mred\u202e\x07\nline")


if __name__ == "__main__":
    runner.main()
