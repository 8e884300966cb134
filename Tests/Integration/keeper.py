#!/usr/bin/env python3
# needs: nothing or second cloud
"""A kept lease is extended at each opening of the window, exactly as long as was asked for, whatever is lost or killed.

usage: LEASEHOLD=.build/debug/leasehold Tests/Integration/keeper.py

The sandbox is the program of that name beside LEASEHOLD. RealCloud is the same on a cloud of tools/devcloud:
eval "$(tools/devcloud env user1)"; LEASEHOLD=... Tests/Integration/keeper.py RealCloud

Blazar counts whole minutes, so this takes two of them. Several people with a database each wait at the same time.
"""

import concurrent.futures
import contextlib
import datetime
import json
import os
import random
import secrets
import signal
import sqlite3
import subprocess
import sys
import time

sys.dont_write_bytecode = True

from support import runner
from support.blazar_client import BlazarClient
from support.faulty_proxy import FaultyProxy
from support.real_cloud import RealCloudCase
from support.site_case import SiteCase

UTC = datetime.timezone.utc
#: An extension by a minute is possible in the last four minutes, which a busy machine needs for a sync that is not killed.
POLICY = "{extension_window: 4m, max_duration: 1m}\n"


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "")[:19]).replace(tzinfo=UTC)


class Person:
    """Somebody with a database of their own, who keeps a lease that ends in four minutes at most."""

    def __init__(self, case, name, minutes, duration="4m"):
        self.case, self.name = case, f"{name}-{case.mark}"
        self.env = {"LEASEHOLD_DB": str(case.folder / f"{name}.sqlite")}
        self.succeed("sync", "--no-resources")
        self.succeed("create", self.name, "--duration", duration, "--reservation", "resource_type=virtual:dummy,amount=1")
        lease = self.at_cloud()
        self.end = moment(lease["end_date"])
        self.until = self.end + datetime.timedelta(minutes=minutes)
        self.succeed("keep", lease["id"], "--until", f"{self.until:%Y-%m-%d %H:%M}Z", "--min-step", "1m")

    def succeed(self, *arguments):
        return self.case.succeed(*arguments, env=self.env)

    def at_cloud(self):
        """The lease as the cloud has it."""
        found = BlazarClient(self.case.clouds, "user1").leases(self.name)
        self.case.assertEqual(len(found), 1, found)
        return found[0]

    def rule(self):
        return json.loads(self.succeed("keep", "list", "-f", "json").out)[-1]

    def extensions(self):
        """The states of the extensions in the queue."""
        with contextlib.closing(sqlite3.connect(self.env["LEASEHOLD_DB"])) as connection:
            rows = connection.execute("SELECT state FROM mutation WHERE verb = 'extend' ORDER BY 1").fetchall()
        return [state for state, in rows]

    def start(self, *arguments):
        return subprocess.Popen(
            [os.environ["LEASEHOLD"], *arguments], env={**self.case.environment, **self.env}, cwd=self.case.folder,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def follow(self, sync):
        """Syncs until the rule has ended: the minutes by which the end was later at each look, never beyond the moment.

        A busy machine looks so seldom that it can miss one.
        """
        ends, is_kept, deadline = [self.end], True, time.monotonic() + 600
        while is_kept:
            self.case.assertLess(time.monotonic(), deadline, f"{self.rule()} {ends}")
            sync()
            is_kept = self.rule()["state"] == "keeping"
            end = moment(self.at_cloud()["end_date"])
            self.case.assertLessEqual(end, self.until)
            ends += [end] if end != ends[-1] else []
            time.sleep(1.5 if is_kept else 0)
        return [(end - self.end).total_seconds() / 60 for end in ends]


class Keeping:
    """For a test case with a cloud."""

    def prepare(self, clouds):
        self.clouds, self.mark = clouds, secrets.token_hex(4)
        policy = self.folder / "policy.yaml"
        policy.write_text(POLICY)
        self.environment.update(
            OS_CLIENT_CONFIG_FILE=str(self.clouds), OS_CLOUD="user1", LEASEHOLD_POLICY=str(policy),
            LEASEHOLD_QUIET_PERIOD_SECONDS="2")

    def test_everybody_at_once(self):
        stories = [self.three_windows, self.a_watch_and_syncs, self.lost_answers_and_kills, self.a_sleep_over_the_end]
        with concurrent.futures.ThreadPoolExecutor(len(stories)) as pool:
            running = {pool.submit(story): story.__name__ for story in stories}
        for future, name in running.items():
            with self.subTest(name):
                future.result()

    def three_windows(self):
        person = Person(self, "windows", 3)
        said = []
        minutes = person.follow(lambda: said.append(person.succeed("sync", "--no-resources").out))
        self.assertEqual(minutes, [0, 1, 2, 3], "as far as the rules allow, each time")
        self.assertEqual(person.rule()["state"], "reached")
        text = "".join(said)
        self.assertEqual(text.count(f"keep      {person.name}: end"), 3, text)
        self.assertIn(f"{person.name}: window opens", text)
        self.assertEqual(person.extensions(), ["settled"] * 3)

    def a_watch_and_syncs(self):
        person = Person(self, "watch", 2)
        watch = person.start("sync", "--watch", "--interval", "5s")
        try:
            minutes = person.follow(lambda: person.succeed("sync", "--no-resources"))
        finally:
            watch.send_signal(signal.SIGINT)
            said = watch.communicate(timeout=60)[0]
        self.assertIn(minutes, ([0, 1, 2], [0, 2]), said)
        self.assertEqual(person.extensions(), ["settled"] * 2)

    def lost_answers_and_kills(self):
        person = Person(self, "lost", 3)
        client = BlazarClient(self.clouds, "user1")
        proxy = FaultyProxy(client.auth_url, client.endpoint, seed=7, lost=30, cut=15, late=0)
        self.addCleanup(proxy.close)
        entry = json.loads(json.dumps(client.entry))
        entry["auth"]["auth_url"] = client.auth_url.replace(client.auth_url.split("/identity")[0], proxy.origin)
        entry["reservation_endpoint_override"] = proxy.origin + "/v1"
        path = self.folder / "proxied.yaml"
        path.write_text(json.dumps({"clouds": {"user1": entry}}))
        person.env["OS_CLIENT_CONFIG_FILE"] = str(path)
        chance = random.Random(7)

        def sync():
            process = person.start("sync", "--no-resources")
            try:
                process.communicate(timeout=chance.uniform(0.02, 0.4) if chance.random() < 0.4 else 60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()

        minutes = person.follow(sync)
        self.assertEqual(person.rule()["state"], "reached", person.rule())
        self.assertEqual((sorted(set(minutes)), minutes[-1]), (minutes, 3))

    def a_sleep_over_the_end(self):
        person = Person(self, "sleep", 30, duration="2m")
        time.sleep(max(0, (person.end - datetime.datetime.now(UTC)).total_seconds()) + 5)
        first = person.succeed("sync", "--no-resources").out
        self.assertIn(f"{person.name} could not be kept until", first)
        self.assertIn("no sync ran after", first)
        self.assertNotIn("could not be kept", person.succeed("sync", "--no-resources").out, "once")
        self.assertEqual(person.rule()["state"], "missed")
        self.assertEqual(person.extensions(), [])
        self.assertIn("could not be kept until", person.succeed("status").err)


class Sandbox(Keeping, SiteCase):
    def setUp(self):
        super().setUp()
        self.prepare(self.start_sandbox()[0])


class RealCloud(Keeping, RealCloudCase):
    def setUp(self):
        super().setUp()
        self.prepare(self.clouds_file)


if __name__ == "__main__":
    runner.main()
