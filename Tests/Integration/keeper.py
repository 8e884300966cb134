#!/usr/bin/env python3
# needs: nothing
"""A kept lease is extended at each opening of the window, exactly as long as was asked for, whatever is lost or killed.

usage: LEASEHOLD=.build/debug/leasehold Tests/Integration/keeper.py [NAME...]

The sandbox is the program of that name beside LEASEHOLD. With KEEPER_ON_CLOUD=1 it is the cloud of clouds.yaml instead:
eval "$(tools/devcloud env user1)"; KEEPER_ON_CLOUD=1 LEASEHOLD=... Tests/Integration/keeper.py
"""

import datetime
import json
import os
import random
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True

from support import runner
from support.blazar_client import BlazarClient
from support.faulty_proxy import FaultyProxy
from support.site_case import SiteCase

#: An extension by a minute is possible in the last two minutes. Blazar counts whole minutes.
POLICY = "{extension_window: 2m, max_duration: 1m}\n"


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "")[:19])


class Keeping(SiteCase):
    def setUp(self):
        super().setUp()
        self.is_real = os.environ.get("KEEPER_ON_CLOUD") == "1"
        self.clouds = Path(os.environ["OS_CLIENT_CONFIG_FILE"]) if self.is_real else self.start_sandbox()[0]
        self.name = f"kept-{secrets.token_hex(4)}"
        self.environment.update(OS_CLIENT_CONFIG_FILE=str(self.clouds), OS_CLOUD="user1")
        policy = self.folder / "policy.yaml"
        policy.write_text(POLICY)
        self.environment["LEASEHOLD_POLICY"] = str(policy)

    def lease(self):
        """A running lease that ends in two minutes at most."""
        # A first sync: a list that has never been read cannot show what is missing.
        self.succeed("sync", "--no-resources")
        reserved = "physical:host,min=1,max=1" if self.is_real else "virtual:dummy,amount=1"
        self.succeed("create", self.name, "--duration", "2m", "--reservation", f"resource_type={reserved}")
        lease = self.at_cloud()
        self.addCleanup(BlazarClient(self.clouds, "user1").delete, lease["id"])
        return lease

    def at_cloud(self):
        """The lease as the cloud has it."""
        found = BlazarClient(self.clouds, "user1").leases(self.name)
        self.assertEqual(len(found), 1, found)
        return found[0]

    def rule(self):
        return self.rows("keep", "list")[-1]

    def keep(self, lease, minutes):
        """Keeps the lease until some minutes after its end."""
        until = moment(lease["end_date"]) + datetime.timedelta(minutes=minutes)
        self.succeed("keep", lease["id"], "--until", f"{until:%Y-%m-%d %H:%M}Z", "--min-step", "1m")
        return until

    def watch(self, sync, until, patience=300):
        """Syncs until the rule has ended, and returns the ends that the lease had. No end is beyond the moment."""
        ends = [moment(self.at_cloud()["end_date"])]
        deadline = time.monotonic() + patience
        while self.rule()["state"] == "keeping":
            self.assertLess(time.monotonic(), deadline, f"{self.rule()} {ends}")
            sync()
            end = moment(self.at_cloud()["end_date"])
            self.assertLessEqual(end, until)
            if end != ends[-1]:
                ends.append(end)
            time.sleep(1.5)
        return ends

    def test_three_windows(self):
        lease = self.lease()
        until = self.keep(lease, 3)
        said = []
        ends = self.watch(lambda: said.append(self.succeed("sync", "--no-resources").out), until)
        minutes = [(end - ends[0]).total_seconds() / 60 for end in ends]
        self.assertEqual(minutes, [0, 1, 2, 3], "as far as the rules allow, each time")
        self.assertEqual(self.rule()["state"], "reached")
        text = "".join(said)
        self.assertGreaterEqual(text.count(f"keep      {self.name}: end"), 3, text)
        self.assertIn("window opens", text)
        self.assertEqual(self.query("SELECT count(*), count(DISTINCT body) FROM mutation WHERE verb = 'extend'"), [(3, 3)])

    def test_lost_answers_and_kills(self):
        lease = self.lease()
        until = self.keep(lease, 3)
        client = BlazarClient(self.clouds, "user1")
        proxy = FaultyProxy(client.auth_url, client.endpoint, seed=7, lost=30, cut=15, late=0)
        self.addCleanup(proxy.close)
        entry = json.loads(json.dumps(client.entry))
        entry["auth"]["auth_url"] = client.auth_url.replace(client.auth_url.split("/identity")[0], proxy.origin)
        entry["reservation_endpoint_override"] = proxy.origin + "/v1"
        path = self.folder / "proxied.yaml"
        path.write_text(json.dumps({"clouds": {"user1": entry}}))
        self.environment["OS_CLIENT_CONFIG_FILE"] = str(path)
        chance = random.Random(7)

        def sync():
            process = subprocess.Popen(
                [os.environ["LEASEHOLD"], "sync", "--no-resources"], env=self.environment, cwd=self.folder,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                process.wait(chance.uniform(0.02, 0.4) if chance.random() < 0.4 else 30)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()

        ends = self.watch(sync, until)
        self.assertEqual(self.rule()["state"], "reached", self.rule())
        self.assertEqual(ends[-1], until)
        self.assertEqual(ends, sorted(ends))
        asked = self.query("SELECT count(*) FROM mutation WHERE verb = 'extend' AND state = 'settled'")
        self.assertLessEqual(asked[0][0], 4, "one for each window, and perhaps a shorter one after a refusal")

    def test_a_sleep_over_the_end_is_told_once(self):
        lease = self.lease()
        self.keep(lease, 30)
        end = moment(lease["end_date"]).replace(tzinfo=datetime.timezone.utc)
        time.sleep(max(0, (end - datetime.datetime.now(datetime.timezone.utc)).total_seconds()) + 5)
        first = self.succeed("sync", "--no-resources").out
        self.assertIn("could not be kept until", first)
        self.assertIn("no sync ran after", first)
        self.assertNotIn("could not be kept", self.succeed("sync", "--no-resources").out)
        self.assertEqual(self.rule()["state"], "missed")
        self.assertIn("could not be kept until", self.succeed("status").err)


if __name__ == "__main__":
    runner.main()
