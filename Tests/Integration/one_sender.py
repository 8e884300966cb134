#!/usr/bin/env python3
# needs: nothing
"""Many processes with one queue send each write once, even if they are killed. Needs no cloud: it has a sandbox.

usage: LEASEHOLD=.build/debug/leasehold Tests/Integration/one_sender.py [NAME...]

The sandbox is the program of that name next to LEASEHOLD, or SANDBOX.
"""

import random
import signal
import sys
import time

sys.dont_write_bytecode = True

from support import runner
from support.sandbox_case import SandboxCase

MANY = 25
RESERVATION = ["--reservation", "resource_type=virtual:dummy,amount=1"]


class OneSender(SandboxCase):
    def queue(self, count=MANY):
        """Queues this number of creates, and returns their names."""
        self.succeed("sync", "--no-resources")
        names = [f"many-{number:02}" for number in range(count)]
        for name in names:
            self.succeed("create", name, "--start", "+400d", "--duration", "1h", "--offline", *RESERVATION)
        self.assertEqual(self.cloud.leases("many-"), [])
        return names

    def check(self, names):
        """Each create has made one lease, and has its id."""
        leases = {item["id"]: item for item in self.cloud.leases("many-")}
        self.assertEqual(sorted(item["name"] for item in leases.values()), names)
        for name, state, lease, token in self.query("SELECT lease_name, state, lease_id, token FROM mutation"):
            self.assertEqual((state, leases[lease]["name"]), ("settled", name))
            self.assertIn(f"leasehold:{token}", [event["event_type"] for event in leases[lease]["events"]])

    def finish(self, process):
        """Waits for a process, which must succeed."""
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, out + err)

    # -- one sender

    def test_two_syncs_and_a_watch_at_the_same_moment_send_each_creation_once(self):
        names = self.queue()
        watch = self.start("sync", "--watch", "--interval", "5s")
        syncs = [self.start("sync", "--no-resources") for _ in range(2)]
        for process in syncs:
            self.finish(process)
        deadline = time.monotonic() + 60
        while self.rows("queue", "list") and time.monotonic() < deadline:
            time.sleep(0.2)
        watch.send_signal(signal.SIGINT)
        self.finish(watch)
        self.check(names)
        self.assertEqual(self.query("SELECT count(*), sum(outcome = 'accepted') FROM attempt"), [(MANY, MANY)])

    def test_senders_that_are_killed_leave_neither_a_lock_nor_a_second_lease(self):
        names = self.queue()
        chance = random.Random(7)
        kills = 0
        # A killed process's write is in doubt until the quiet period is over; the others continue meanwhile.
        for _ in range(20):
            running = [self.start("sync", "--no-resources") for _ in range(2)]
            time.sleep(chance.uniform(0.02, 0.15))
            for process in running:
                process.kill()
                _, err = process.communicate(timeout=60)
                kills += process.returncode == -signal.SIGKILL
                self.assertNotIn("Fatal error", err)
        deadline = time.monotonic() + 60
        while self.rows("queue", "list") and time.monotonic() < deadline:
            self.succeed("sync", "--no-resources")
            time.sleep(0.5)
        self.check(names)
        self.assertGreater(kills, 12)
        attempts = self.query("SELECT count(*), sum(outcome IS NULL) FROM attempt")
        print(f"     {kills} processes killed, attempts and those without an end: {attempts[0]}")

    # -- only one of a name

    def create_once(self, name, *options):
        result = self.succeed(
            "create", name, "--duration", "1h", "--idempotent", "-f", "json", *RESERVATION, *options)
        return result.json, result.err

    def make(self, name, start, end):
        status, answer = self.cloud.send("POST", "/leases", {
            "name": name, "start_date": start, "end_date": end, "events": [],
            "reservations": [{"resource_type": "virtual:dummy", "amount": 1}]})
        self.assertEqual(status, 201, answer)
        return answer["lease"]["id"]

    def test_a_lease_that_was_made_elsewhere_since_the_last_sync_counts(self):
        self.succeed("sync", "--no-resources")
        later = self.make("nightly", "2031-01-01 00:00", "2031-01-02 00:00")
        row, _ = self.create_once("nightly")
        self.assertEqual((row["id"], row["state"]), (later, "settled"))
        last = self.make("nightly", "2032-01-01 00:00", "2032-01-02 00:00")
        row, err = self.create_once("nightly")
        self.assertEqual(row["id"], last)
        self.assertIn('There are 2 live leases named "nightly"', err)
        self.assertEqual(len(self.cloud.leases("nightly")), 2)
        # Another project's lease does not count.
        self.environment["OS_CLOUD"] = "user2"
        self.assertNotIn(self.create_once("nightly")[0]["id"], (later, last))

    def test_a_cloud_that_cannot_be_reached_leaves_the_mirror_and_the_queue_and_it_is_said(self):
        known = self.make("known", "2031-01-01 00:00", "2031-01-02 00:00")
        self.succeed("sync", "--no-resources")
        self.stop_sandbox()
        row, err = self.create_once("known")
        self.assertEqual(row["id"], known)
        self.assertRegex(err, "check for an existing lease used the leases as of .* and the queue")
        row, err = self.create_once("new")
        self.assertEqual(row["state"], "queued")
        again, err = self.create_once("new")
        self.assertEqual(again["id"], row["id"])
        self.assertIn(f"queued already, as write {row['mutation']}", err)

    def test_many_who_want_one_at_the_same_moment_get_the_same(self):
        self.succeed("sync", "--no-resources")
        processes = [self.start("create", "same", "--duration", "1h", "--idempotent", "-c", "mutation", *RESERVATION)
                     for _ in range(6)]
        for process in processes:
            self.finish(process)
        self.succeed("sync", "--no-resources")
        self.assertEqual(len(self.cloud.leases("same")), 1)
        self.assertEqual(self.query("SELECT count(*) FROM mutation"), [(1,)])


if __name__ == "__main__":
    runner.main()
