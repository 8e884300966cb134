#!/usr/bin/env python3
# needs: nothing
"""Reports of hours, service units and early endings agree with a second computation, to the second. Needs no cloud.

usage: LEASEHOLD=.build/debug/leasehold Tests/Integration/report_check.py [NAME...]
"""

import contextlib
import json
import random
import sqlite3
import sys

sys.dont_write_bytecode = True

from support import random_history, runner
from support import report_reference as reference
from support.command import CommandCase

ZONES = ("Europe/Berlin", "America/New_York", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kolkata", "UTC",
         "Africa/Casablanca", "Pacific/Apia")
DIMENSIONS = ("site", "project", "project_id", "user", "user_id", "lease", "lease_name", "node_type", "resource_type")
BUCKETS = (None, "day", "week", "month")
# Times around which clocks change, or did so in an unusual way.
CHANGES = {"Europe's spring": 1_774_700_000, "Europe's autumn": 1_792_800_000, "Apia's missing day": 1_325_200_000,
           "midnight in Newfoundland": 1_162_000_000, "beyond the listed changes": 2_900_000_000}


class Agreement(CommandCase):
    """The command and the reference, on the same databases."""

    def ask(self, report, dimensions, bucket, zone, start, end, *more):
        arguments = ["report", report, "--tz", zone, "--to", reference.moment(end), *more]
        if start is not None:
            arguments += ["--from", reference.moment(start)]
        if dimensions:
            arguments += ["--by", ",".join(dimensions)]
        if bucket:
            arguments += ["--bucket", bucket]
        return self.rows(*arguments)

    def draw(self, chance, around, dimensions=DIMENSIONS):
        """The options: grouping, bucket, zone, period."""
        start = chance.choice([None, around + chance.randrange(-2_000_000, 1_000_000)])
        end = (start or around) + chance.randrange(1, 3_000_000)
        return chance.sample(dimensions, chance.randrange(4)), chance.choice(BUCKETS), chance.choice(ZONES), start, end

    def key(self, row, dimensions, start):
        bucket = row["bucket"]
        return (reference.PAST if bucket is None else reference.seconds(bucket), *(row[d] for d in dimensions))

    def compare(self, given, expected, dimensions, bucket, start, values):
        """Rows by key. Without buckets, the key is the beginning of the period."""
        found = {self.key(row, dimensions, start): values(row) for row in given}
        self.assertEqual(len(found), len(given), "a row occurs twice")
        if not bucket:
            expected = {(start if start is not None else reference.PAST, *key[1:]): value
                        for key, value in expected.items()}
        self.assertEqual(sorted(map(repr, found)), sorted(map(repr, expected)))
        for key, value in expected.items():
            self.assertEqual(found[key], value, key)

    def each(self, rounds=3, change=lambda database: None):
        for name, around in CHANGES.items():
            for seed in range(2):
                self.database = self.folder / f"{around}-{seed}.sqlite"
                self.environment["LEASEHOLD_DB"] = str(self.database)
                random_history.write(self.database, seed, around=around)
                change(self.database)
                leases = reference.leases(self.database)
                chance = random.Random(seed)
                for _ in range(rounds):
                    yield {"change": name, "seed": seed}, chance, around, leases

    def test_hours_agree_to_the_second(self):
        rows = 0
        for about, chance, around, leases in self.each(6):
            dimensions, bucket, zone, start, end = self.draw(chance, around)
            with self.subTest(**about, by=dimensions, bucket=bucket, zone=zone, start=start, end=end):
                given = self.ask("hours", dimensions, bucket, zone, start, end)
                expected = reference.hours(
                    leases, dimensions, bucket, zone, reference.PAST if start is None else start, end)
                rows += len(given)
                self.compare(given, expected, dimensions, bucket, start, lambda row: [
                    round(row["lease_hours"] * 3_600), row["node_hours"] and round(row["node_hours"] * 3_600),
                    row["estimated"], row["leases"]])
        self.assertGreater(rows, 1_000)

    def test_early_endings_agree_to_the_second(self):
        reasons = set()
        for about, chance, around, leases in self.each():
            dimensions, bucket, zone, start, end = self.draw(chance, around, ("reason", "project", "node_type"))
            dimensions = dimensions or ["reason"]
            with self.subTest(**about, by=dimensions, bucket=bucket, zone=zone, start=start, end=end):
                given = self.ask("early", dimensions, bucket, zone, start, end)
                expected = reference.hours(
                    leases, dimensions, bucket, zone, reference.PAST if start is None else start, end, unused=True)
                reasons |= {row.get("reason") for row in given}
                self.compare(given, expected, dimensions, bucket, start, lambda row: [
                    round(row["lease_hours"] * 3_600), row["node_hours"] and round(row["node_hours"] * 3_600),
                    row["estimated"], row["leases"]])
        self.assertLessEqual({"error", "cancelled", "never_started", "deleted", "shortened"}, reasons)

    @staticmethod
    def add_kinds(database):
        """Turns instances into flavors, and lets devices be requested by machine name."""
        requirement = {
            "flavor:instance": [json.dumps({"id": "5462abda", "name": name}) for name in ("m1.small", "m1.large")],
            "device": [json.dumps(["==", "$machine_name", "raspberrypi4-64"]), json.dumps([">", "$cores", "2"])],
        }
        with contextlib.closing(sqlite3.connect(database)) as connection:
            connection.execute(
                "UPDATE reservation SET resource_type = 'flavor:instance' WHERE resource_type = 'virtual:instance'")
            for resource_type, texts in requirement.items():
                for parity, text in enumerate(texts):
                    connection.execute(
                        "UPDATE reservation SET fields = json_set(fields, '$.resource_properties', ?)"
                        " WHERE resource_type = ? AND lease_key % 2 = ?", (text, resource_type, parity))
            connection.commit()

    def test_service_units_agree(self):
        for about, chance, around, leases in self.each(change=self.add_kinds):
            change, end_of_rates = around + 40_000, around + 900_000
            rates = [("physical:host", None, 1.0, reference.PAST, change),
                     ("physical:host", None, 1.5, change, end_of_rates),
                     ("physical:host", "gpu_rtx_6000", 2.25, reference.PAST, reference.FUTURE),
                     ("virtual:floatingip", None, 0.125, reference.PAST, reference.FUTURE),
                     ("flavor:instance", "m1.small", 0.5, reference.PAST, reference.FUTURE),
                     ("device", None, 3.0, reference.PAST, reference.FUTURE),
                     ("device", "raspberrypi4-64", 0.25, change, reference.FUTURE)]
            table = self.folder / "rates.csv"
            table.write_text("resource_type,node_type,rate,from,to\n" + "".join(
                f"{kind},{node or ''},{rate},{self.border(a)},{self.border(b)}\n" for kind, node, rate, a, b in rates))
            dimensions, bucket, zone, start, end = self.draw(chance, around)
            with self.subTest(**about, by=dimensions, bucket=bucket, zone=zone, start=start, end=end):
                given = self.ask("su", dimensions, bucket, zone, start, end, "--rates", table)
                expected = reference.service_units(
                    leases, rates, dimensions, bucket, zone, reference.PAST if start is None else start, end)
                self.compare(
                    given, {key: [None if su is None else round(su, 6), unrated]
                            for key, (su, unrated) in expected.items()},
                    dimensions, bucket, start,
                    lambda row: [None if row["su"] is None else round(row["su"], 6), round(row["unrated_hours"] * 3_600)])

    @staticmethod
    def border(moment):
        return "" if moment in (reference.PAST, reference.FUTURE) else reference.moment(moment)

    def test_filters_find_what_list_finds(self):
        random_history.write(self.database, 5)
        for option, wanted in (("--project", "p1"), ("--user", "ada"), ("--name", "night*"), ("--os-cloud", "alpha")):
            listed = {row["id"] for row in self.rows("list", "--deleted", option, wanted)}
            held = {lease.id for lease in reference.leases(self.database) if lease.held()}
            reported = {row["lease"] for row in self.rows(
                "report", "hours", "--by", "lease", "--to", "2099-01-01", option, wanted)}
            if option == "--os-cloud":
                # One scope of two. It may know other facts about a lease than the other scope.
                self.assertLessEqual(reported, listed)
            else:
                self.assertEqual(reported, listed & held, option)
        mine = {row["user_id"] for row in self.rows("report", "hours", "--by", "user_id", "--to", "2099-01-01", "--mine")}
        self.assertEqual(mine, {"u0"})
        types = self.rows("report", "hours", "--by", "node_type", "--to", "2099-01-01", "--node-type", "gpu_rtx_6000")
        self.assertEqual([row["node_type"] for row in types], ["gpu_rtx_6000"])

    def test_bad_input_gets_a_sentence(self):
        random_history.write(self.database, 5, leases=3)
        rates = self.folder / "rates.csv"

        table = ("report", "su", "--rates", str(rates))
        for status, arguments, words in (
            (64, ("report", "hours", "--tz", "Europe/Berln"), ("Europe/Berlin",)),
            (64, ("report", "hours", "--tz", "../../../etc/passwd"), ("no time zone",)),
            (64, ("report", "hours", "--tz", "zone.tab"), ("time zone",)),
            (64, ("report", "hours", "--from", "2026-02-01", "--to", "2026-01-01"), ("ends", "before it starts")),
            (64, ("report", "hours", "--from", "2026-02-01", "--to", "2026-02-01"), ("ends", "before it starts")),
            (64, ("report", "hours", "--by", "node_typ"), ("node_type",)),
            (64, ("report", "hours", "--by", "reason"), ("reason",)),
            (64, ("report", "stacking", "--gap", "5"), ("unit",)),
            (66, ("report", "su", "--rates", "missing.csv"), ("missing.csv",)),
            (65, "node,,1,2026-01-01,2026-02-01\nnode,,1,2026-02-02,\n", ("no rate", "2026-02-01", "2026-02-02")),
            (65, "node,,1,2026-01-01,2026-02-01\nnode,,1,2026-01-31,\n", ("two rates", "2026-01-31")),
            (65, "node,,1,2026-02-01,2026-01-01\n", ("before it begins",)),
            (65, "node,,one,,\n", ("line 2",)),
            (65, "physcial:host,,1,,\n", ("physcial:host", "physical:host")),
            (65, "node,,1,,,\n", ("6 fields", "line 2")),
            (65, "", ("no line",)),
            (65, "node,,1,soon,\n", ("line 2", "soon")),
        ):
            with self.subTest(arguments=arguments):
                if isinstance(arguments, str):
                    rates.write_text("resource_type,node_type,rate,from,to\n" + arguments)
                    arguments = table
                self.fail_with(status, *arguments, words=words)

    def test_a_file_is_whole_or_as_before(self):
        random_history.write(self.database, 5, leases=30)
        target = self.folder / "out.csv"
        target.write_text("as before")
        self.fail_with(64, "report", "hours", "-f", "csv", "-c", "nonsense", "-o", "out.csv")
        self.assertEqual(target.read_text(), "as before")
        self.fail_with(74, "report", "hours", "-o", "no/such/folder.csv", words=("no/such/folder.csv",))
        report = ("report", "hours", "--by", "lease_name", "--to", "2099-01-01", "-f", "csv", "-o", "out.csv")
        for options, expected in (((), "\n=1+1,"), (("--spreadsheet-safe",), "\n'=1+1,")):
            self.succeed(*report, *options)
            self.assertIn(expected, target.read_text())
        self.assertEqual([path.name for path in self.folder.glob("*.part")], [])


if __name__ == "__main__":
    runner.main()
