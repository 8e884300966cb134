#!/usr/bin/env python3
# needs: cloud
"""Leases are created, extended, shortened, deleted and left to end; the reports agree exactly. Needs a cloud.

usage: eval "$(tools/devcloud env user1)"; LEASEHOLD=.build/debug/leasehold Tests/Integration/report_story.py [NAME...]
"""

import datetime
import sys
import time

sys.dont_write_bytecode = True

from support import runner
from support.blazar_client import BlazarClient
from support.real_cloud import UTC, RealCloudCase

HOST = "resource_type=physical:host,min=1,max=1"


def seconds(text):
    return datetime.datetime.fromisoformat(text).timestamp()


class ReportStory(RealCloudCase):
    def setUp(self):
        super().setUp()
        self.environment["LEASEHOLD_QUIET_PERIOD_SECONDS"] = "5"
        self.cloud = BlazarClient(self.clouds_file, "user1")

    def create(self, name, *options):
        return self.rows("create", f"{self.prefix}-{name}", *options)["id"]

    def read(self):
        """Syncs a whole second later, so that no two states have the same time."""
        self.sync("--no-resources")
        time.sleep(1.1)

    def report(self, name, *options):
        return self.rows("report", name, "--name", f"{self.prefix}*", *options)

    def until(self, lease, status, limit):
        """Syncs until the lease has the status, and returns its row."""
        for _ in range(limit):
            self.read()
            row = self.rows("show", lease)
            if row["status"] == status:
                return row
            time.sleep(3)
        raise AssertionError(f"{lease} is {row['status']}, not {status}")

    def test_the_reports_tell_what_happened(self):
        self.read()
        end = (datetime.datetime.now(UTC) + datetime.timedelta(seconds=150)).strftime("%Y-%m-%d %H:%M UTC")
        ended = self.create("ended", "--start", "now", "--end", end, "--reservation", HOST)
        deleted = self.create("deleted", "--start", "now", "--duration", "3h", "--reservation", HOST)
        cancelled = self.create("cancelled", "--start", "+200d", "--duration", "2h", "--reservation", HOST)
        first = self.until(deleted, "ACTIVE", 20)
        self.rows("extend", deleted, "--by", "2h")
        second = self.until(deleted, "ACTIVE", 20)
        # An hour after its original end.
        new_end = datetime.datetime.fromtimestamp(seconds(first["end_date"]) - 3600, UTC)
        self.rows("update", deleted, "--end", f"{new_end:%Y-%m-%d %H:%M} UTC")
        third = self.until(deleted, "ACTIVE", 20)
        self.rows("delete", deleted)
        self.rows("delete", cancelled)
        self.read()
        last = self.until(ended, "TERMINATED", 60)
        self.read()
        gone = self.rows("show", deleted)
        self.assertEqual(seconds(second["end_date"]) - seconds(first["end_date"]), 7200)
        self.assertEqual(seconds(third["end_date"]) - seconds(first["end_date"]), -3600)

        hours = {row["lease"]: row for row in self.report("hours", "--by", "lease", "--to", "+300d")}
        self.assertEqual(set(hours), {ended, deleted})
        self.assertEqual(round(hours[ended]["lease_hours"] * 3600), seconds(last["end_date"]) - seconds(last["start_date"]))
        self.assertEqual(hours[ended]["node_hours"], hours[ended]["lease_hours"])
        self.assertIs(hours[ended]["estimated"], False)
        self.assertIs(hours[ended]["complete"], False)
        held = seconds(gone["deleted_before"]) - seconds(gone["start_date"])
        self.assertEqual(round(hours[deleted]["lease_hours"] * 3600), held)
        self.assertIs(hours[deleted]["estimated"], True)

        early = {(row["reason"], row["lease"]): row for row in self.report("early", "--by", "reason,lease")}
        self.assertEqual(set(early), {("deleted", deleted), ("cancelled", cancelled)})
        self.assertEqual(
            round(early["deleted", deleted]["lease_hours"] * 3600),
            seconds(second["end_date"]) - seconds(gone["deleted_before"]))
        self.assertEqual(early["cancelled", cancelled]["lease_hours"], 2)

        changes = [(row["lease"], row["hours"]) for row in self.report("extensions", "--to", "+1d")]
        self.assertEqual(changes, [(deleted, 2), (deleted, -3)])

        latency = {row["event"]: row for row in self.report("latency", "--to", "+1d")}
        self.assertEqual((latency["start"]["count"], latency["start"]["unknown"]), (2, 0))
        self.assertEqual((latency["end"]["count"], latency["end"]["unknown"]), (1, 0))
        for row in latency.values():
            self.assertLess(row["greatest"], 120)

        states = {row["status"]: row for row in self.report("states", "--to", "+1d")}
        self.assertLessEqual({"ACTIVE", "TERMINATED"}, set(states))
        lead = self.report("lead-time", "--by", "lease_name")
        self.assertEqual([row["count"] for row in lead], [1, 1, 1])

        calendar = self.succeed("export", "ical", "--name", f"{self.prefix}*").out
        self.assertEqual(calendar.count("STATUS:CANCELLED"), 2)
        self.assertEqual(calendar.count("STATUS:CONFIRMED"), 1)
        self.assertEqual(calendar.count("BEGIN:VALARM"), 0)
        coverage, = self.rows("report", "coverage")
        self.assertGreater(coverage["syncs"], 5)


if __name__ == "__main__":
    runner.main()
