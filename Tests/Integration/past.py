#!/usr/bin/env python3
# needs: nothing or small cloud
"""What was held and what was known, before and after leases are extended, shortened, deleted, and end.

Runs on the cloud that OS_CLIENT_CONFIG_FILE names, or, without one, on its own sandbox, built next to the command.

usage: LEASEHOLD=.build/debug/leasehold Tests/Integration/past.py [NAME...]
"""

import datetime
import json
import os
import secrets
import subprocess
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True

from support import runner
from support.blazar_client import BlazarClient
from support.command import CommandCase

UTC = datetime.timezone.utc
# Later than the leases of other tests.
FAR = 600 * 86400
HOUR = 3600


class PastTests(CommandCase):
    def setUp(self):
        super().setUp()
        given = os.environ.get("OS_CLIENT_CONFIG_FILE")
        self.clouds_file = Path(given) if given else self.start_sandbox()
        self.environment.update(OS_CLIENT_CONFIG_FILE=str(self.clouds_file), OS_CLOUD="user1")
        self.prefix = f"past-{secrets.token_hex(4)}"
        self.cloud = BlazarClient(self.clouds_file, "user1")
        self.began = datetime.datetime.now(UTC).replace(second=0, microsecond=0)
        # A list that is suddenly empty is not believed.
        self.create("kept", FAR + 90 * HOUR, FAR + 91 * HOUR)

    def start_sandbox(self):
        program = Path(os.environ["LEASEHOLD"]).parent / "Sandbox"
        if not program.exists():
            self.skipTest("no cloud, and no Sandbox beside the command")
        clouds = self.folder / "sandbox-clouds.yaml"
        # Its minutes pass in seconds, so that a lease ends during the test.
        sandbox = subprocess.Popen(
            [program, "--port", "0", "--write-clouds-yaml", clouds, "--speed", "20", "--action-seconds", "1"],
            stdout=subprocess.PIPE, text=True)
        self.addCleanup(sandbox.stdout.close)
        self.addCleanup(sandbox.wait)
        self.addCleanup(sandbox.kill)
        # It prints its address when it is ready.
        sandbox.stdout.readline()
        return clouds

    # MARK: the cloud

    def moment(self, seconds):
        return self.began + datetime.timedelta(seconds=seconds)

    def iso(self, seconds):
        return f"{self.moment(seconds):%Y-%m-%dT%H:%M:%SZ}"

    def create(self, name, start, end):
        start = start if start == "now" else f"{self.moment(start):%Y-%m-%d %H:%M}"
        status, answer = self.cloud.send("POST", "/leases", {
            "name": f"{self.prefix}-{name}", "start_date": start, "end_date": f"{self.moment(end):%Y-%m-%d %H:%M}",
            "reservations": [{"resource_type": "virtual:dummy", "amount": 1}], "events": []})
        self.assertEqual(status, 201, answer)
        lease = answer["lease"]["id"]
        self.addCleanup(self.cloud.delete, lease)
        self.settle(lease)
        return lease

    def settle(self, lease, wanted=("PENDING", "ACTIVE", "TERMINATED"), seconds=60):
        limit = time.monotonic() + seconds
        while time.monotonic() < limit:
            found = self.cloud.send("GET", f"/leases/{lease}")[1]["lease"]
            if found["status"] in wanted:
                return found
            time.sleep(0.2)
        self.fail(f"{lease} stays {found['status']}")

    def set_end(self, lease, end):
        status, answer = self.cloud.send("PUT", f"/leases/{lease}", {"end_date": f"{self.moment(end):%Y-%m-%d %H:%M}"})
        self.assertEqual(status, 200, answer)
        self.settle(lease)

    # MARK: the command

    def sync(self, database=None):
        """Syncs in a second of its own, and returns when the list was requested."""
        time.sleep(1.05)
        options = ["--db", database] if database else []
        self.succeed("sync", "--no-resources", *options)
        time.sleep(1.05)
        return max(row["synced_at"] for row in self.rows("sites", *options) if row["synced_at"])

    def known(self, *options, database=None):
        """The leases of this test, by the part of their name after the prefix."""
        options = [*options, *(["--db", database] if database else [])]
        return {row["name"].removeprefix(f"{self.prefix}-"): row
                for row in self.rows("list", "--name", f"{self.prefix}-*", *options)}

    # MARK: the tests

    def test_an_edited_lease_is_known_at_each_moment_as_it_was_then(self):
        lease = self.create("story", FAR, FAR + 2 * HOUR)
        made = self.sync()
        self.set_end(lease, FAR + 6 * HOUR)
        extended = self.sync()
        self.set_end(lease, FAR + 1 * HOUR)
        shortened = self.sync()
        self.assertIn(self.cloud.delete(lease), (200, 204))
        deleted = self.sync()
        # Its removal is dated when the lease was requested by itself, which is after the list.
        known_gone = f"{datetime.datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"

        ends = {made: 2, extended: 6, shortened: 1}
        for moment, hours in ends.items():
            row = self.known("--as-known-at", moment)["story"]
            self.assertEqual((row["end_date"], row["deleted"]), (self.iso(FAR + hours * HOUR), False), moment)
            self.assertEqual(row["synced_at"], moment)
            self.assertEqual(self.rows("show", lease, "--at", moment)["end_date"], row["end_date"])
        self.assertNotIn("story", self.known("--as-known-at", known_gone))
        gone = self.known("--as-known-at", "now", "--deleted")["story"]
        self.assertEqual((gone["ending"], gone["removal"]), ("early", "deleted"))
        self.assertEqual(gone["deleted_after"], shortened)
        self.assertGreaterEqual(gone["deleted_before"], deleted)

        def held(hours, *options):
            row = self.known("--on", self.iso(FAR + hours * HOUR), *options).get("story")
            return row and row["held"]

        self.assertEqual([held(3, "--as-known-at", moment) for moment in (made, extended, shortened, known_gone)],
                         [None, "planned", None, None])
        self.assertEqual([held(0.5, "--as-known-at", moment) for moment in (made, extended, shortened, known_gone)],
                         ["planned", "planned", "planned", None])
        self.assertIsNone(held(0.5))

        changes = [row for row in self.rows("history", lease)]
        told = [(row["from"], row["to"]) for row in changes if row["field"] == "end_date"]
        self.assertEqual(told, [(self.iso(FAR + a * HOUR), self.iso(FAR + b * HOUR)) for a, b in ((2, 6), (6, 1))])
        between = [(row["after"], row["observed_at"]) for row in changes if row["field"] == "end_date"]
        self.assertEqual(between, [(made, extended), (extended, shortened)])
        self.assertEqual((changes[0]["change"], changes[-1]["change"]), ("new", "vanished"))
        self.assertIsNotNone(changes[0]["effective_at"], "Blazar tells when it was made")
        self.assertEqual(changes[-1]["ending"], "early")
        since = [row for row in self.rows("changes", "--since", extended) if row["lease_id"] == lease]
        self.assertEqual({row["change"] for row in since}, {"changed", "vanished"})

    def test_a_lease_that_ends_by_itself_ended_as_planned(self):
        lease = self.create("short", "now", 180)
        self.settle(lease, ("ACTIVE",))
        running = self.sync()
        row = self.known("--as-known-at", running)["short"]
        self.assertEqual(row["status"], "ACTIVE")
        self.settle(lease, ("TERMINATED",), seconds=300)
        self.sync()
        ended = next(row for row in self.rows("history", lease) if row["to"] == "TERMINATED")
        self.assertEqual((ended["change"], ended["field"], ended["from"]), ("ended", "status", "ACTIVE"))
        self.assertIsNotNone(ended["effective_at"], "Blazar stamps the end")
        self.assertIn("short", self.known("--on", row["start_date"]))
        self.assertNotIn("short", self.known("--on", row["end_date"]))
        self.cloud.delete(lease)
        self.sync()
        gone = self.known("--deleted")["short"]
        self.assertEqual(gone["ending"], "as planned")

    def test_two_members_put_their_databases_together_in_either_order(self):
        here, there = self.folder / "here.sqlite", self.folder / "there.sqlite"
        first = self.create("first", FAR, FAR + 2 * HOUR)
        moments = [self.sync(here)]
        self.create("second", FAR, FAR + 2 * HOUR)
        self.set_end(first, FAR + 3 * HOUR)
        moments.append(self.sync(there))
        self.cloud.delete(first)
        moments.append(self.sync(here))
        self.create("third", FAR, FAR + 4 * HOUR)
        moments.append(self.sync(there))
        answers = []
        for order in ((here, there), (there, here)):
            both = self.folder / f"both-{order[0].stem}.sqlite"
            for file in order:
                self.succeed("history", "import", file, "--db", both)
            before = self.known("--deleted", database=both)
            again = self.rows("history", "import", *order, "--db", both)
            self.assertEqual([(row["new"], row["changed"]) for row in again], [(0, 0), (0, 0)])
            self.assertEqual(self.known("--deleted", database=both), before)
            answers.append([
                {name: (row["end_date"], row["status"], row["synced_at"], row["deleted"], row["removal"],
                        row["deleted_after"], row["deleted_before"], row["ending"])
                 for name, row in self.known("--deleted", "--as-known-at", moment, database=both).items()}
                for moment in [*moments, "now"]])
            self.succeed("db", "check", "--db", both)
        self.assertEqual(answers[0], answers[1])
        self.assertEqual([sorted(answer) for answer in answers[0][:-1]],
                         [["first", "kept"], ["first", "kept", "second"], ["first", "kept", "second"],
                          ["first", "kept", "second", "third"]])
        self.assertEqual(answers[0][1]["first"][0], self.iso(FAR + 3 * HOUR), "seen by one of them only")
        self.assertEqual(answers[0][-1]["first"][4:6], ("deleted", moments[1]))

    def test_a_saved_answer_goes_where_it_belongs(self):
        lease = self.create("saved", FAR, FAR + 2 * HOUR)
        saved = self.folder / "leases.json"
        saved.write_text(json.dumps(self.cloud.send("GET", "/leases")[1]))
        seen = f"{datetime.datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        self.set_end(lease, FAR + 5 * HOUR)
        self.sync()
        self.assertNotIn("saved", self.known("--as-known-at", seen))
        self.succeed("history", "import", saved, "--observed-at", seen)
        self.assertEqual(self.known("--as-known-at", seen)["saved"]["end_date"], self.iso(FAR + 2 * HOUR))
        self.assertEqual(self.known()["saved"]["end_date"], self.iso(FAR + 5 * HOUR))
        self.fail_with(65, "history", "import", self.clouds_file, words=("cannot be imported", "nothing was changed"))


if __name__ == "__main__":
    runner.main()
