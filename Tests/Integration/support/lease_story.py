"""The library at work: LeaseStory creates, extends and deletes a lease; the cloud and other clients check it."""

import json
import os
import shutil
import subprocess
from pathlib import Path

# What python-chi reports about a lease, for comparison.
PYTHON_CHI = """
import json, sys
import chi.lease
lease = chi.lease.get_lease(sys.argv[1])
ids = lambda reservations: [reservation["id"] for reservation in reservations]
print(json.dumps({
    "id": lease.id, "name": lease.name, "status": lease.status, "end": lease.end_date.strftime("%Y-%m-%dT%H:%M:%SZ"),
    "physical:host": ids(lease.node_reservations), "virtual:floatingip": ids(lease.fip_reservations),
    "flavor:instance": ids(lease.flavor_reservations), "network": ids(lease.network_reservations),
    "device": ids(lease.device_reservations), "floating_ips": lease.get_reserved_floating_ips(),
    "flavors": [flavor.id for flavor in lease.get_reserved_flavors()],
}))
"""


class LeaseStory:
    """For a test case that has `cloud`, a BlazarClient, and `environment`."""

    def story(self, *words):
        """Runs LeaseStory, which must succeed, and returns its output, as JSON."""
        program = Path(os.environ["LEASEHOLD"]).with_name("LeaseStory")
        done = subprocess.run(
            [program, *words], env=self.environment, cwd=self.folder, capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, f"LeaseStory {' '.join(words)}: {done.stdout}{done.stderr}")
        return json.loads(done.stdout)

    def python_chi(self, name):
        """What python-chi reports about the lease, or None if it is not installed."""
        program = os.environ.get("CHI_PYTHON") or shutil.which("chi-python")
        if not program:
            return None
        auth = self.cloud.entry["auth"]
        environment = {
            "PATH": os.environ["PATH"], "HOME": str(self.folder), "OS_AUTH_TYPE": "v3password",
            "OS_REGION_NAME": self.cloud.entry["region_name"],
            **{"OS_" + key.upper(): value for key, value in auth.items()},
        }
        done = subprocess.run(
            [program, "-c", PYTHON_CHI, name], env=environment, capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout.splitlines()[-1])

    def tell(self, kind, resource_type, holds):
        """The life of a lease with one reservation of a type. Returns the lease before its deletion.

        `holds` is what it gets: the numbers of floating IPs and of flavors.
        """
        name = f"{self.prefix}-{kind}"
        made = self.story("create", kind, name)
        self.assertEqual(made["status"], "ACTIVE")
        self.assertEqual([(part["resource_type"], part["status"]) for part in made["reservations"]],
                         [(resource_type, "active")])
        self.assertTrue(any(event["event_type"] == "start_lease" for event in made["events"]))

        held = self.story("held", name)
        self.assertEqual((len(held["floating_ips"]), len(held["flavors"])), holds)

        extended = self.story("extend", name, "3600")
        status, answer = self.cloud.send("GET", f"/leases/{made['id']}")
        self.assertEqual(status, 200)
        self.assertEqual(extended["end_date"][:16], answer["lease"]["end_date"][:16])
        self.assertGreater(extended["end_date"], made["end_date"])

        chi = self.python_chi(name)
        if chi is not None:
            self.assertEqual((chi["id"], chi["status"], chi["end"]), (made["id"], "ACTIVE", extended["end_date"]))
            self.assertEqual(sorted(chi["floating_ips"]), held["floating_ips"])
            if resource_type in chi:
                self.assertEqual(chi[resource_type], [made["reservations"][0]["id"]])
            # python-chi knows nothing about instance reservations.
            if resource_type != "virtual:instance":
                self.assertEqual(chi["flavors"], held["flavors"])
        self.check(extended, held)

        self.assertEqual(self.story("delete", name)["status"], "DELETED")
        self.assertEqual([item for item in self.cloud.leases(name)], [])

    def check(self, lease, held):
        """Examines the lease in another way while it exists."""


class UpstreamTypes(LeaseStory):
    """The types of reservation that every Blazar has."""

    def test_nodes(self):
        self.tell("node", "physical:host", (0, 0))

    def test_floating_ips(self):
        self.tell("fip", "virtual:floatingip", (2, 0))

    def test_flavors(self):
        self.tell("flavor", "flavor:instance", (0, 1))

    def test_instances(self):
        self.tell("instance", "virtual:instance", (0, 1))
