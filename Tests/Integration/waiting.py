#!/usr/bin/env python3
# needs: cloud
"""Three creations wait for one host, by two users. Each gets it in turn, and none gets two leases, though 30 % of the
answers are lost and processes are killed. On the cloud of tools/devcloud.

usage: eval "$(tools/devcloud env user1)"; LEASEHOLD=.build/debug/leasehold Tests/Integration/waiting.py [NAME...]
"""

import collections
import contextlib
import datetime
import json
import os
import random
import sqlite3
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True

from support import runner
from support.blazar_client import BlazarClient
from support.faulty_proxy import FaultyProxy
from support.real_cloud import UTC, RealCloudCase

HOST = '["==", "$node_type", "compute_haswell"]'


def reserve(cloud, name, start, end):
    """Asks for the host; the status and the answer."""
    return cloud.send("POST", "/leases", {
        "name": name, "start_date": start, "end_date": end, "events": [],
        "reservations": [{"resource_type": "physical:host", "min": 1, "max": 1, "hypervisor_properties": "",
                          "resource_properties": HOST}]})


def at(minutes):
    return (datetime.datetime.now(UTC) + datetime.timedelta(minutes=minutes)).strftime("%Y-%m-%d %H:%M")


class Person:
    """A user with a database of their own, whose syncs lose answers and are killed."""

    def __init__(self, case, user, seed):
        self.case, self.user, self.chance = case, user, random.Random(seed)
        client = case.clouds[user]
        proxy = FaultyProxy(client.auth_url, client.endpoint, seed=seed, lost=30, cut=10, late=0)
        case.addCleanup(proxy.close)
        entry = json.loads(json.dumps(client.entry))
        entry["auth"]["auth_url"] = client.auth_url.replace(client.auth_url.split("/identity")[0], proxy.origin)
        entry["reservation_endpoint_override"] = proxy.origin + "/v1"
        folder = case.folder / user
        folder.mkdir()
        (folder / "clouds.yaml").write_text(json.dumps({"clouds": {user: entry}}))
        self.database = folder / "leasehold.sqlite"
        self.environment = {
            **case.environment, "OS_CLIENT_CONFIG_FILE": str(folder / "clouds.yaml"), "OS_CLOUD": user,
            "LEASEHOLD_DB": str(self.database), "LEASEHOLD_QUIET_PERIOD_SECONDS": "2"}
        self.kills = 0

    def run(self, *arguments, kills=False):
        """Runs the command, and perhaps kills it; its status."""
        process = subprocess.Popen(
            [os.environ["LEASEHOLD"], *arguments], env=self.environment, cwd=self.case.folder,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        limit = self.chance.uniform(0.02, 0.6) if kills and self.chance.random() < 0.35 else 60
        try:
            return process.wait(timeout=limit)
        except subprocess.TimeoutExpired:
            self.kills += 1
            process.kill()
            return process.wait()

    def rows(self, sql):
        with contextlib.closing(sqlite3.connect(self.database, timeout=30)) as connection:
            return connection.execute(sql).fetchall()

    def begin(self, *names):
        while self.run("sync", "--no-resources") != 0:
            pass
        for name in names:
            self.run("create", name, "--when-free", "--duration", "30m", "--latest", "+2h", "--offline",
                     "--node", f"amount=1,resource_properties={HOST}")

    def writes(self):
        return self.rows("SELECT lease_name, state, reason, message FROM v_queue")

    def states(self):
        return dict(self.rows("SELECT lease_name, state FROM v_queue"))


class WaitingForRoom(RealCloudCase):
    def setUp(self):
        super().setUp()
        self.clouds = {name: BlazarClient(self.clouds_file, name) for name in ("admin", "user1", "user2")}

    def leases(self):
        """The leases of this test, for the one host, that the cloud has."""
        return self.clouds["admin"].leases(self.prefix)

    def remove(self, lease):
        """Deletes a lease, which Blazar refuses while it starts."""
        deadline = time.monotonic() + 30
        while (status := self.clouds["admin"].delete(lease)) not in (204, 404):
            self.assertLess(time.monotonic(), deadline, status)
            time.sleep(0.3)

    def test_each_gets_the_host_in_turn_and_none_twice(self):
        status, answer = reserve(self.clouds["admin"], f"{self.prefix}-way", "now", at(600))
        self.assertEqual(status, 201, f"{answer}: does somebody else use this cloud?")
        people = [Person(self, "user1", seed=3), Person(self, "user2", seed=4)]
        wanted = [f"{self.prefix}-{number}" for number in range(3)]
        people[0].begin(*wanted[:2])
        people[1].begin(wanted[2])
        self.assertEqual([set(person.states().values()) for person in people], [{"waiting"}] * 2)
        for person in people:
            person.run("sync", "--no-resources")
            self.assertLessEqual(set(person.states().values()), {"waiting", "unknown", "sending"}, "there is no room")
        done = threading.Event()

        def sync(person):
            while not done.is_set():
                person.run("sync", "--no-resources", kills=True)

        threads = [threading.Thread(target=sync, args=[person]) for person in people]
        seen, turns, deadline = collections.defaultdict(set), [], time.monotonic() + 150
        self.remove(answer["lease"]["id"])
        for thread in threads:
            thread.start()
        try:
            while len(turns) < 3:
                self.assertLess(time.monotonic(), deadline, [person.writes() for person in people])
                # While Blazar looks for a host, it shows a lease that may be refused yet. And it looks without a lock: two
                # people whose requests come in the same second may both get the one host, which no client can prevent.
                there = [lease for lease in self.leases() if lease["name"] in wanted and lease["status"] != "CREATING"]
                for lease in there:
                    seen[lease["name"]].add(lease["id"])
                    # Somebody who has the host, and knows it, gives it back early.
                    states = {name: state for person in people for name, state in person.states().items()}
                    if states[lease["name"]] == "settled" and lease["name"] not in turns:
                        turns.append(lease["name"])
                    if lease["name"] in turns:
                        self.remove(lease["id"])
                time.sleep(0.1)
        finally:
            done.set()
            for thread in threads:
                thread.join()
        self.assertEqual(sorted(turns), wanted, "each once")
        self.assertEqual({name: len(ids) for name, ids in seen.items()}, dict.fromkeys(wanted, 1), "none twice")
        for person in people:
            self.assertEqual(set(person.states().values()), {"settled"})
            self.assertEqual(person.rows("PRAGMA integrity_check"), [("ok",)])
        self.assertGreater(sum(person.kills for person in people), 0)
        self.assertEqual([lease["name"] for lease in self.leases() if lease["name"] in wanted], [])

    def test_the_mirror_shows_the_slot_and_another_node_type_will_do(self):
        self.environment["OS_CLOUD"] = "admin"
        end = at(300)
        status, answer = reserve(self.clouds["user2"], f"{self.prefix}-way", "now", end)
        self.assertEqual(status, 201, answer)
        node = ("--duration", "30m", "--node", "1,node_type=compute_haswell", "-f", "json")
        later = self.succeed("create", f"{self.prefix}-later", "--when-free", *node).json
        self.assertEqual((later["state"], later["start_date"][:16]), ("settled", end.replace(" ", "T")), later)
        soon = self.succeed("create", f"{self.prefix}-soon", "--when-free", "--latest", "+1h", *node).json
        self.assertEqual((soon["state"], soon["reservations"][0]["min"]), ("waiting", 1), soon)
        other = self.succeed("create", f"{self.prefix}-other", "--when-free", "--latest", "+1h",
                             "--or", "node_type=compute_skylake", *node).json
        self.assertEqual(other["state"], "settled", other)
        self.assertIn("compute_skylake", other["reservations"][0]["resource_properties"])
        self.remove(answer["lease"]["id"])
        self.sync("--os-cloud", "admin")
        state = self.succeed("queue", "show", str(soon["mutation"]), "-f", "json").json
        self.assertEqual(state["state"], "settled", state)

    def test_an_extension_that_the_next_holder_blocks_is_foretold_and_then_refused(self):
        self.environment["OS_CLOUD"] = "admin"
        first, last = at(1500), at(1560)
        status, answer = reserve(self.clouds["admin"], f"{self.prefix}-mine", first, last)
        self.assertEqual(status, 201, answer)
        lease = answer["lease"]["id"]
        status, answer = reserve(self.clouds["user2"], f"{self.prefix}-next", at(1590), at(1620))
        self.assertEqual(status, 201, answer)
        self.sync("--os-cloud", "admin")
        # Offline: nothing is sent.
        check = self.run_command("extend", lease, "--by", "1h", "--check", "-f", "json")
        self.assertEqual((check.status, check.json["verdict"]), (77, "no"), str(check))
        self.assertIn("-next", json.dumps(check.json))
        refused = self.run_command("extend", lease, "--by", "1h")
        self.assertEqual(refused.status, 77, str(refused))
        self.assertIn("Not enough", refused.err)
        self.succeed("extend", lease, "--to", check.json["furthest_end_date"])


if __name__ == "__main__":
    runner.main()
