#!/usr/bin/env python3
# needs: nothing or cloud
"""What chi.lease does, done with commands as a person would type them: on the sandbox in both dialects, or on the cloud
of tools/devcloud if OS_CLOUD names one.

usage: LEASEHOLD=.build/debug/leasehold Tests/Integration/chi_commands.py [NAME...]

Sandbox is next to the command. On a real cloud, OpenStack's client and python-chi read each lease too.
"""

import json
import sys

sys.dont_write_bytecode = True

from support import runner, simple_yaml
from support.blazar_client import BlazarClient
from support.lease_story import LeaseStory
from support.real_cloud import RealCloudCase
from support.sandbox import SandboxCase


class Story(LeaseStory):
    """For a test case that has `cloud` and runs the command."""

    def server(self, lease):
        """The lease, as reported by the cloud itself."""
        status, answer = self.cloud.send("GET", f"/leases/{lease}")
        self.assertEqual(status, 200, answer)
        return answer["lease"]

    def lines(self, *arguments):
        return self.succeed(*arguments).out.splitlines()

    def life(self, kind, *options, holds=(0, 0)):
        """Creates a lease, waits for it, shows, extends, repeats and deletes it.

        `holds` is what it gets: the numbers of floating IPs and of flavors.
        """
        name = f"{self.prefix}-{kind}"
        self.succeed("sync")
        wanted = self.rows("create", name, "--duration", "2h", *options, "--dry-run")["reservations"]
        made = self.rows("create", name, "--duration", "2h", *options, "--wait", "--timeout", "120s")
        self.assertEqual(made["status"], "ACTIVE", made)
        warned = [finding["message"] for finding in made["warnings"]]
        self.assertTrue(all("nothing can run in it" in text for text in warned), warned)
        self.assertEqual(len(warned), 1 if kind in ("fip", "network") else 0)
        self.assertEqual(self.lines("id", name), [made["id"]])
        there = self.server(made["id"])
        self.assertEqual([part["resource_type"] for part in there["reservations"]],
                         [part["resource_type"] for part in wanted])

        row, = self.rows("list", "--name", name)
        # A lease that starts now starts with a minute of the server's: the next one, if the request took long.
        self.assertAlmostEqual(row["hours"], 2, delta=0.05)
        self.assertEqual(row["floating_ips"], holds[0])
        reservation = there["reservations"][0]["id"]
        self.assertEqual(self.lines("reservation-id", name, "--type", kind), [reservation])

        self.succeed("sync")
        addresses = self.lines("floating-ips", name, "-c", "floating_ip_address", "-f", "value")
        flavors = self.lines("flavors", name, "-c", "id", "-f", "value")
        self.assertEqual((len(addresses), len(flavors)), holds)

        extended = self.rows("extend", name, "--by", "1h", "--wait", "--timeout", "120s")
        self.assertEqual(extended["status"], "ACTIVE")
        self.assertEqual(extended["end_date"][:16], self.server(made["id"])["end_date"][:16])
        self.assertGreater(extended["end_date"], made["end_date"])

        shown = self.succeed("show", name, "-f", "yaml").out
        self.assertEqual(simple_yaml.parse(shown)["id"], made["id"])
        self.look(self.rows("show", name), sorted(addresses), flavors)
        if kind != "network":
            again = self.rows("create", "--from", "-", "--dry-run", input=shown.encode())
            self.assertEqual((again["name"], again["start_date"]), (name, "now"))
            self.assert_asks_the_same(again["reservations"], wanted)

        self.succeed("delete", name)
        self.assertEqual([item["id"] for item in self.cloud.leases(name)], [])

    def assert_asks_the_same(self, mine, theirs):
        """The repeated lease has the original requests; what the server adds does no harm."""
        for here, there in zip(mine, theirs, strict=True):
            for key, value in there.items():
                if value not in (None, "", "[]", "None"):
                    self.assertEqual(here.get(key), value, key)

    def look(self, lease, addresses, flavors):
        """Examines the lease in another way while it exists."""


class SandboxStory(SandboxCase, Story):
    sandbox_options = ("--action-seconds", "1")


class UpstreamSandbox(SandboxStory):
    def test_each_type_of_reservation(self):
        self.life("node", "--node", "amount=1,resource_properties=[\"==\", \"$node_type\", \"gpu_p100\"]")
        self.life("fip", "--fip", "2", holds=(2, 0))
        self.life("flavor", "--flavor", "name=m1.small,amount=1", holds=(0, 1))
        self.life("instance", "--reservation",
                  "resource_type=virtual:instance,vcpus=1,memory_mb=512,disk_gb=1,amount=1", holds=(0, 1))

    def test_find_slot_says_that_members_are_not_told(self):
        self.succeed("sync")
        self.fail_with(77, "find-slot", "--duration", "1h", words=("does not show you its hosts",))

    def test_a_site_without_devices_is_known(self):
        self.succeed("sync")
        row = self.rows("create", self.prefix, "--duration", "1h", "--device", "amount=1", "--offline")
        self.assertIn("offers no devices", row["warnings"][0]["message"])

    def test_a_refusal_is_tried_again_so_often(self):
        self.succeed("sync")
        result = self.run_command("create", self.prefix, "--duration", "1h", "--node", "amount=9", "--retry", "1")
        self.assertEqual(result.status, 77, str(result))
        self.assertIn("Attempt 1 of 2 failed", result.err)
        self.assertNotIn("Attempt 2", result.err)
        self.assertEqual(len(self.rows("queue", "list")), 2)
        self.assertEqual(self.cloud.leases(self.prefix), [])


class ChameleonSandbox(SandboxStory):
    dialect = "chameleon"
    sandbox_options = ("--action-seconds", "1", "--open-inventory")

    def test_each_type_of_reservation(self):
        self.life("node", "--node", "amount=2,node_type=compute_skylake")
        self.life("device", "--device", "amount=1,machine_type=raspberrypi4-64")
        self.life("network", "--network", "network_name=mynet")
        self.life("fip", "--fip", "1", holds=(1, 0))

    def test_python_chi_order_and_several_reservations(self):
        self.succeed("sync")
        row = self.rows("create", self.prefix, "--duration", "1h", "--fip", "1", "--node", "node_name=nc01",
                        "--device", "device_name=iot-jetson-01", "--wait")
        self.assertEqual(row["status"], "ACTIVE")
        there = self.server(row["id"])["reservations"]
        ids = {part["resource_type"]: part["id"] for part in there}
        self.assertEqual(self.lines("reservation-id", self.prefix, "--device-name", "iot-jetson-01"), [ids["device"]])
        result = self.run_command("reservation-id", self.prefix, "--count", "1")
        self.assertEqual(result.status, 65, str(result))
        for identifier in ids.values():
            self.assertIn(identifier, result.err)
        self.succeed("sync")
        self.assertEqual(self.rows("list", "--name", self.prefix)[0]["nodes"], 1)
        shown = self.succeed("show", self.prefix).out
        for words in ("Reservations\n", "Events\n", "History\n", "start_lease", ids["device"]):
            self.assertIn(words, shown)

    def test_find_slot_and_the_command_that_it_prints(self):
        self.succeed("sync")
        wanted = ["find-slot", "--node-type", "compute_skylake", "--count", "2", "--duration", "1h"]
        first = self.rows(*wanted)[0]
        self.assertEqual(sorted(first["hosts"]), ["nc01", "nc02"])
        words = first["command"].replace("NAME", f"{self.prefix}-slot").split()
        self.assertEqual(self.rows(*words[1:], "--wait")["status"], "ACTIVE")
        self.succeed("sync")
        later = self.rows(*wanted)[0]
        self.assertEqual(later["start_date"], self.rows("show", f"{self.prefix}-slot")["end_date"])
        self.rows("extend", f"{self.prefix}-slot", "--by", "1h", "--offline")
        self.assertGreater(self.rows(*wanted)[0]["start_date"], later["start_date"])
        taken = later["command"].replace("NAME", f"{self.prefix}-next").split()
        self.assertIn("Z", taken[taken.index("--start") + 1])
        self.fail_with(66, "find-slot", "--count", "4", "--duration", "1h", words=("You asked for 4 hosts; 3 match",))

    def test_what_looks_wrong_is_said_before_it_is_sent(self):
        self.succeed("sync")
        policy = self.folder / "config" / "leasehold" / "policy.yaml"
        policy.parent.mkdir(parents=True)
        policy.write_text("max_duration: 7d\nextension_window: 48h\n")
        row = self.rows("create", self.prefix, "--duration", "8d", "--node", "amount=3,node_type=compute_skylak",
                        "--fip", "9", "--offline")
        said = " ".join(finding["message"] for finding in row["warnings"])
        for words in ("policy allows 7d", "separate lease", "Did you mean 'compute_skylake'?", "has 3 to reserve"):
            self.assertIn(words, said)
        wrong = 'resource_type=node,resource_properties=["or", ["==", "$a", "b"]]'
        self.fail_with(65, "create", "x", "--duration", "1h", "--reservation", wrong, words=("Blazar will refuse",))


class NewerChameleonSandbox(SandboxStory):
    """A server that counts the free instances of flavors, for members who may not see its hosts."""

    dialect = "chameleon"
    sandbox_options = ("--action-seconds", "1", "--count-flavors")

    def test_instances_are_found_by_the_counts_of_the_site(self):
        self.succeed("sync")
        one = ["find-slot", "--flavor", "m1.large", "--duration", "1h", "--count", "1"]
        free = self.rows(*one)[0]["free"]
        self.assertGreater(free, 2)
        found = self.rows(*one[:-1], str(free))[0]
        self.assertIsNone(found["hosts"])
        words = found["command"].replace("NAME", self.prefix).split()
        made = self.rows(*words[1:], "--wait")
        self.assertEqual(made["status"], "ACTIVE")
        self.succeed("sync")
        # Blazar refuses instances on a host from the moment at which another lease of it ends.
        self.assertLess(made["end_date"], self.rows(*one)[0]["start_date"])
        self.rows("create", f"{self.prefix}-next", "--when-free", "--duration", "1h", "--flavor", "name=m1.large,amount=1")
        self.assertEqual(self.server(self.rows("show", f"{self.prefix}-next")["id"])["status"], "PENDING")
        self.fail_with(66, *one[:-1], str(free + 1), words=(f"You asked for {free + 1} instances; {free} match",))
        self.fail_with(77, "find-slot", "--duration", "1h", words=("does not show you its hosts",))


class RealCloud(RealCloudCase, Story):
    """Each type that upstream has, also read by OpenStack's client and by python-chi."""

    def setUp(self):
        super().setUp()
        self.cloud = BlazarClient(self.clouds_file, "user1")

    def look(self, lease, addresses, flavors):
        self.assert_same(lease, self.blazar("lease", "show", lease["id"]))
        reservation = lease["reservations"][0]
        tagged = json.loads(
            self.openstack("floating", "ip", "list", "--tags", f"reservation:{reservation['id']}", "-f", "json"))
        self.assertEqual(sorted(item["Floating IP Address"] for item in tagged), addresses)
        for flavor in flavors:
            self.assertEqual(json.loads(self.openstack("flavor", "show", flavor, "-f", "json"))["id"], flavor)
        text = self.openstack("reservation", "lease", "show", lease["id"], "-f", "json").encode()
        again = self.rows("create", "--from", "-", "--dry-run", input=text)
        self.assertEqual(again["reservations"][0]["resource_type"], reservation["resource_type"])
        chi = self.python_chi(lease["name"])
        if chi is not None:
            self.assertEqual((chi["id"], chi["status"], chi["end"]), (lease["id"], "ACTIVE", lease["end_date"]))
            self.assertEqual(sorted(chi["floating_ips"]), addresses)

    def test_nodes(self):
        self.life("node", "--node", "amount=1,node_type=gpu_p100")

    def test_floating_ips(self):
        self.life("fip", "--fip", "2", holds=(2, 0))

    def test_flavors(self):
        self.life("flavor", "--flavor", "name=m1.small,amount=1", holds=(0, 1))

    def test_instances(self):
        self.life("instance", "--reservation",
                  "resource_type=virtual:instance,vcpus=1,memory_mb=512,disk_gb=1,amount=1", holds=(0, 1))


if __name__ == "__main__":
    runner.main()
