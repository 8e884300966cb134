#!/usr/bin/env python3
# needs: cloud
"""Writing offline: conflicts, late starts, too little capacity, other senders. Needs tools/devcloud.

usage: eval "$(tools/devcloud env user1)"; LEASEHOLD=.build/debug/leasehold Tests/Integration/queue_story.py [NAME...]
"""

import datetime
import os
import signal
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True

from support import runner
from support.blazar_client import BlazarClient
from support.real_cloud import UTC, RealCloudCase

# Later than the leases of other tests.
FAR = 500 * 86400
DUMMY = "resource_type=virtual:dummy,amount=1"
HOST = 'resource_type=physical:host,min=1,max=1,resource_properties=["==","$node_type","gpu_p100"]'


class QueueStory(RealCloudCase):
    def setUp(self):
        super().setUp()
        self.environment["LEASEHOLD_QUIET_PERIOD_SECONDS"] = "5"
        self.cloud = BlazarClient(self.clouds_file, "user1")
        self.now = datetime.datetime.now(UTC)

    def minute(self, seconds):
        """A minute in Blazar's own form, this number of seconds after the test began."""
        return f"{self.now + datetime.timedelta(seconds=seconds):%Y-%m-%d %H:%M}"

    def sync(self):
        return self.succeed("sync", "--no-resources")

    def create(self, name, *options, start=FAR, end=FAR + 7200, reservation=DUMMY):
        """Creates a lease with the command, and returns its row."""
        return self.rows("create", f"{self.prefix}-{name}", "--start", self.minute(start) + " UTC",
                         "--end", self.minute(end) + " UTC", "--reservation", reservation, *options)

    def there(self, name):
        """The cloud's leases with this name."""
        return [item for item in self.cloud.leases(self.prefix) if item["name"] == f"{self.prefix}-{name}"]

    def mutation(self, number):
        return self.rows("queue", "show", number)

    def end_of(self, lease):
        return self.cloud.send("GET", f"/leases/{lease}")[1]["lease"]["end_date"][:16].replace("T", " ")

    # -- the ordinary way

    def test_a_creation_made_offline_becomes_one_lease_and_its_local_id_stays_good(self):
        self.sync()
        row = self.create("plain", "--offline")
        local = row["id"]
        self.assertTrue(local.startswith("local-"), row)
        self.assertEqual((row["state"], row["queued"]), ("queued", True))
        listed = {item["id"]: item for item in self.rows("list", "--name", f"{self.prefix}*")}
        self.assertEqual(listed[local]["status"], "QUEUED")
        self.assertIs(listed[local]["queued"], True)
        self.assertEqual(self.succeed("id", f"{self.prefix}-plain").out.strip(), local)
        self.assertEqual(self.rows("show", local)["queue"][0]["id"], row["mutation"])
        self.rows("extend", local, "--by", "1h", "--offline")
        self.rows("extend", local, "--by", "1h", "--offline")
        self.assertEqual(self.there("plain"), [])
        self.sync()
        made, = self.there("plain")
        self.assertEqual(self.end_of(made["id"]), self.minute(FAR + 7200 + 7200))
        self.assertEqual(self.rows("show", local)["id"], made["id"])
        self.assertEqual(self.rows("list", "--name", f"{self.prefix}*")[0]["queued"], False)
        self.assertEqual(self.rows("queue", "list"), [])
        self.rows("extend", local, "--by", "1h")
        self.assertEqual(self.end_of(made["id"]), self.minute(FAR + 7200 + 10800))
        self.rows("delete", local)
        self.assertEqual(self.there("plain"), [])

    # -- conflicts

    def conflict(self, name):
        """Queues an extension while OpenStack's client moves the same end; returns both."""
        row = self.create(name)
        lease = row["id"]
        self.rows("extend", lease, "--by", "1h", "--offline")
        self.openstack("reservation", "lease", "set", lease, "--end-date", self.minute(FAR + 18000))
        self.sync()
        waiting = [item for item in self.rows("queue", "list") if item["lease_id"] == lease]
        self.assertEqual([(item["state"], item["reason"]) for item in waiting], [("blocked", "conflict")])
        number = waiting[0]["id"]
        self.assertEqual(self.mutation(number)["conflict"], [{
            "field": "end_date", "base": self.minute(FAR + 7200), "mine": self.minute(FAR + 10800),
            "theirs": self.minute(FAR + 18000)}])
        self.assertEqual(self.end_of(lease), self.minute(FAR + 18000))
        return lease, number

    def test_a_conflict_is_shown_and_mine_wins_if_a_person_says_so(self):
        lease, number = self.conflict("mine")
        self.rows("queue", "resolve", number, "mine")
        self.sync()
        self.assertEqual(self.end_of(lease), self.minute(FAR + 10800))

    def test_a_conflict_is_shown_and_theirs_stays_if_a_person_says_so(self):
        lease, number = self.conflict("theirs")
        self.rows("queue", "resolve", number, "theirs")
        self.sync()
        self.assertEqual(self.end_of(lease), self.minute(FAR + 18000))
        self.assertEqual(self.mutation(number)["state"], "cancelled")

    def test_a_conflict_is_shown_and_ends_with_another_value(self):
        lease, number = self.conflict("other")
        self.rows("queue", "resolve", number, "--end", self.minute(FAR + 21600) + " UTC")
        self.sync()
        self.assertEqual(self.end_of(lease), self.minute(FAR + 21600))

    # -- late starts

    def test_a_start_that_passed_while_offline_follows_its_policy(self):
        self.sync()
        # The end of this minute, after which the start has passed.
        if self.now.second > 40:
            time.sleep(62 - self.now.second)
            self.now = datetime.datetime.now(UTC)
        for policy in ("start-now", "shift", "expire"):
            self.create(policy, "--offline", "--late-start", policy, start=60, end=3600)
        wanted_end = self.minute(3600)
        passed = self.now.replace(second=0, microsecond=0) + datetime.timedelta(minutes=2, seconds=1)
        time.sleep((passed - datetime.datetime.now(UTC)).total_seconds())
        self.sync()
        kept, = self.there("start-now")
        shifted, = self.there("shift")
        self.assertEqual(self.there("expire"), [])
        self.assertEqual(self.end_of(kept["id"]), wanted_end)
        length = [datetime.datetime.fromisoformat(shifted[key][:19]) for key in ("start_date", "end_date")]
        self.assertAlmostEqual((length[1] - length[0]).total_seconds(), 3540, delta=60)
        expired, = [item for item in self.rows("queue", "list") if item["lease"].endswith("-expire")]
        self.assertEqual((expired["state"], expired["reason"]), ("expired", "late"))

    # -- capacity

    def test_a_creation_refused_for_capacity_stays_visible_and_can_be_retried(self):
        holder = self.create("holder", reservation=HOST)
        result = self.run_command(
            "create", f"{self.prefix}-refused", "--start", self.minute(FAR) + " UTC", "--end", self.minute(FAR + 7200) + " UTC",
            "--reservation", HOST)
        self.assertEqual(result.status, 77, str(result))
        self.assertIn("Not enough hosts available", result.err)
        self.assertRegex(result.err, "req-[0-9a-f-]{36}")
        refused, = [item for item in self.rows("queue", "list") if item["lease"].endswith("-refused")]
        self.assertEqual((refused["state"], refused["reason"]), ("rejected", "capacity"))
        self.sync()
        self.assertEqual(self.there("refused"), [])
        self.rows("delete", holder["id"])
        self.rows("queue", "retry", refused["id"])
        self.sync()
        self.assertEqual(len(self.there("refused")), 1)
        self.assertEqual(self.rows("queue", "list"), [])

    def test_a_creation_that_may_wait_for_capacity_is_made_when_there_is_some(self):
        holder = self.create("holder", reservation=HOST)
        waiting = self.create("waiting", "--retry-until", self.minute(3600) + " UTC", reservation=HOST)
        self.assertEqual((waiting["state"], waiting["reason"]), ("queued", "capacity"))
        self.rows("delete", holder["id"])
        for _ in range(10):
            self.sync()
            if self.there("waiting"):
                break
            time.sleep(1)
        self.assertEqual(len(self.there("waiting")), 1)

    # -- other senders

    def test_one_that_fails_does_not_delay_another_lease(self):
        self.sync()
        self.create("bad", "--offline", reservation="resource_type=no:such")
        gone = self.create("gone")
        self.rows("extend", gone["id"], "--by", "1h", "--offline")
        self.cloud.delete(gone["id"])
        self.create("good", "--offline")
        self.sync()
        self.assertEqual(len(self.there("good")), 1)
        states = {item["lease"].removeprefix(self.prefix + "-"): (item["state"], item["reason"])
                  for item in self.rows("queue", "list")}
        self.assertEqual(states, {"bad": ("rejected", "invalid"), "gone": ("rejected", "gone")})

    def test_two_syncs_at_once_and_a_watch_beside_them_send_each_write_once(self):
        self.sync()
        for number in range(12):
            self.create(f"many-{number}", "--offline", start=FAR + 7200 * number, end=FAR + 7200 * number + 3600)
        watch = subprocess.Popen(
            [os.path.abspath(os.environ["LEASEHOLD"]), "sync", "--watch", "--interval", "5s"], env=self.environment,
            cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        results = []
        try:
            threads = [threading.Thread(target=lambda: results.append(self.run_command("sync", "--no-resources")))
                       for _ in range(2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            for _ in range(60):
                if not self.rows("queue", "list"):
                    break
                time.sleep(1)
        finally:
            watch.send_signal(signal.SIGINT)
            out, err = watch.communicate(timeout=60)
        self.assertEqual([result.status for result in results], [0, 0], "\n".join(map(str, results)))
        self.assertEqual(watch.returncode, 0, err)
        names = sorted(item["name"] for item in self.cloud.leases(f"{self.prefix}-many-"))
        self.assertEqual(names, sorted(f"{self.prefix}-many-{number}" for number in range(12)))
        self.assertEqual(self.rows("queue", "list"), [])
        attempts = self.query("SELECT count(*) FROM attempt")
        self.assertEqual(attempts, [(12,)])


if __name__ == "__main__":
    runner.main()
