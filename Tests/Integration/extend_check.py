#!/usr/bin/env python3
# needs: second cloud
"""What `extend --check` and `find-slot` foretell offline is what Blazar then says. On the cloud of tools/devcloud.

usage: eval "$(tools/devcloud env user1)"; LEASEHOLD=.build/debug/leasehold Tests/Integration/extend_check.py [NAME...]

SEED and ROUNDS (50) in the environment choose other random leases.
"""

import collections
import datetime
import os
import random
import sys
import time

sys.dont_write_bytecode = True

from support import runner
from support.blazar_client import BlazarClient
from support.real_cloud import UTC, RealCloudCase

TYPES = ("compute_skylake", "gpu_p100", "compute_haswell")


class Foretelling(RealCloudCase):
    """The administrator's leases are checked and changed; those of two members stand in their way."""

    def setUp(self):
        super().setUp()
        self.clouds = {name: BlazarClient(self.clouds_file, name) for name in ("admin", "user1", "user2")}
        self.own = []
        self.hour = datetime.datetime.now(UTC).replace(minute=0, second=0, microsecond=0)

    def at(self, hours):
        return (self.hour + datetime.timedelta(hours=hours)).strftime("%Y-%m-%d %H:%M")

    def reserve(self, cloud, start, end, count, node_type):
        """Asks for hosts; the lease, or nothing if Blazar refuses."""
        properties = f'["==", "$node_type", "{node_type}"]' if node_type else ""
        status, answer = self.clouds[cloud].send("POST", "/leases", {
            "name": f"{self.prefix}-{cloud}", "start_date": start, "end_date": end, "events": [],
            "reservations": [{"resource_type": "physical:host", "min": count, "max": count,
                              "hypervisor_properties": "", "resource_properties": properties}]})
        if status != 201:
            return None
        return answer["lease"]["id"]

    def until(self, lease, *statuses):
        for _ in range(60):
            status, answer = self.clouds["admin"].send("GET", f"/leases/{lease}")
            if status == 200 and answer["lease"]["status"] in statuses:
                return answer["lease"]
            time.sleep(1)
        raise AssertionError(f"{lease} does not become {statuses}: {answer}")

    def read(self):
        self.sync("--os-cloud", "admin")

    def start(self, node_type):
        """A running lease of the administrator's."""
        lease = self.reserve("admin", "now", self.at(3), 1, node_type)
        self.assertIsNotNone(lease, f"{node_type} is not free: does somebody else use this cloud?")
        self.own.append(lease)
        self.until(lease, "ACTIVE")

    def draft(self, chance):
        """Hosts in a random window: is there a slot, and does Blazar agree?"""
        count, node_type = chance.choice([(1, None), (2, None), (3, None)] + [(1, name) for name in TYPES])
        start = chance.randrange(1, 30)
        end = start + chance.randrange(1, 6)
        options = ["--node-type", node_type] if node_type else []
        result = self.run_command(
            "find-slot", "--os-cloud", "admin", "--count", str(count), "--duration", f"{end - start}h", *options,
            "--after", f"{self.at(start)}Z", "--before", f"{self.at(end)}Z", "-f", "json")
        self.assertIn(result.status, (0, 66), str(result))
        cloud = chance.choice(["admin", "user1", "user2"])
        lease = self.reserve(cloud, self.at(start), self.at(end), count, node_type)
        if lease and cloud == "admin":
            self.own.append(lease)
        said = "yes" if result.status == 0 else "no"
        return said, lease is not None, f"{count} of {node_type or 'any type'} from {start} to {end}: {result.err}"

    def extension(self, chance):
        """A later end of a lease: the check, and what Blazar says of the same change."""
        lease = chance.choice(self.own)
        known = self.until(lease, "ACTIVE", "PENDING")
        end = datetime.datetime.fromisoformat(known["end_date"]) + datetime.timedelta(
            minutes=chance.choice([1, 30, 60, 120, 240, 600]))
        text = end.strftime("%Y-%m-%d %H:%M")
        result = self.run_command(
            "extend", lease, "--os-cloud", "admin", "--to", f"{text}Z", "--check", "-f", "json")
        self.assertEqual(result.status, {"yes": 0, "unknown": 0, "no": 77}[result.json["verdict"]], str(result))
        status, answer = self.clouds["admin"].send("PUT", f"/leases/{lease}", {"end_date": text})
        furthest = result.json["furthest_end_date"]
        return (result.json["verdict"], status == 200,
                f"{known['status']} from {known['end_date']} to {text}, furthest {furthest}: {status} {answer}")

    def furthest(self, chance):
        """The furthest end of a lease: Blazar accepts it, and refuses a minute more."""
        lease = chance.choice(self.own)
        known = self.until(lease, "ACTIVE", "PENDING")
        result = self.run_command("extend", lease, "--os-cloud", "admin", "--longest", "--check", "-f", "json")
        far = result.json["furthest_end_date"]
        if far is None:
            return "unlimited", None, "nobody comes after it"
        end = datetime.datetime.fromisoformat(far.replace("Z", ""))
        later = (end + datetime.timedelta(minutes=1)).strftime("%Y-%m-%d %H:%M")
        more = self.clouds["admin"].send("PUT", f"/leases/{lease}", {"end_date": later})
        self.until(lease, "ACTIVE", "PENDING")
        exact = self.clouds["admin"].send("PUT", f"/leases/{lease}", {"end_date": end.strftime("%Y-%m-%d %H:%M")})
        return ("yes", exact[0] == 200 and more[0] != 200,
                f"{known['status']} from {known['end_date']}, furthest {far}: {exact}; a minute more: {more}")

    def test_what_is_foretold_is_what_blazar_says(self):
        seed, rounds = int(os.environ.get("SEED", "1")), int(os.environ.get("ROUNDS", "50"))
        chance = random.Random(seed)
        for node_type in TYPES[:2]:
            self.start(node_type)
        self.read()
        counts, disagreements = collections.Counter(), []
        for number in range(rounds):
            kind = chance.choice(["draft", "draft", "extension", "extension", "furthest"])
            said, went, about = getattr(self, kind)(chance)
            counts[kind, said, went] += 1
            if said in ("yes", "no") and (said == "yes") != went:
                disagreements.append(f"seed {seed}, round {number}, {kind}: foretold {said}, Blazar "
                                     f"{'did' if went else 'did not do'} it; {about}")
            self.read()
        for key, count in sorted(counts.items(), key=str):
            print("     ", *key, count)
        self.assertEqual(disagreements, [], "\n" + "\n".join(disagreements))
        kinds = {(kind, said) for kind, said, _ in counts}
        if rounds >= 50:
            self.assertLessEqual({("draft", "yes"), ("draft", "no"), ("extension", "yes"), ("extension", "no")}, kinds)

    def test_a_member_learns_what_cannot_be_known(self):
        lease = self.reserve("user1", self.at(200), self.at(201), 1, "compute_haswell")
        self.sync("--os-cloud", "user1")
        result = self.run_command("extend", lease, "--by", "1h", "--check", "-f", "json")
        self.assertEqual((result.status, result.json["verdict"]), (0, "unknown"), str(result))
        self.assertIn("does not show you its hosts", result.json["unknown"][0])


if __name__ == "__main__":
    runner.main()
