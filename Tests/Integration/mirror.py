#!/usr/bin/env python3
# needs: second cloud
"""The mirror of a real cloud agrees with OpenStack's own client. Needs tools/devcloud.

usage: eval "$(tools/devcloud env user1)"; LEASEHOLD=.build/debug/leasehold Tests/Integration/mirror.py [NAME...]
"""

import os
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True

from support import runner
from support.real_cloud import RealCloudCase, minute

# Later than the leases of other tests.
FAR = 300 * 86400
HOST = 'resource_type=physical:host,min=1,max=1,resource_properties=["==","$node_type","compute_skylake"]'
INSTANCE = "resource_type=virtual:instance,vcpus=1,memory_mb=512,disk_gb=1,amount=1,affinity=None,resource_properties="


class MirrorTests(RealCloudCase):
    def floating_ip(self, amount=1, cloud="user1"):
        network = self.openstack("network", "show", "public", "-f", "value", "-c", "id", cloud=cloud).strip()
        return f"resource_type=virtual:floatingip,network_id={network},amount={amount}"

    def flavor(self):
        flavor = self.openstack("flavor", "show", "m1.tiny", "-f", "value", "-c", "id").strip()
        return f"resource_type=flavor:instance,flavor_id={flavor},amount=1,affinity=None"

    def far(self, hour, length=1):
        return minute(FAR + hour * 3600), minute(FAR + (hour + length) * 3600)

    def test_leases_of_every_type_are_the_same_field_by_field(self):
        # The first sync of many leases does not list each of them; later new ones are listed.
        self.sync("--no-resources")
        made = [
            self.make_lease("host", *self.far(0), HOST),
            self.make_lease("fip", *self.far(0), self.floating_ip(2)),
            self.make_lease("flavor", *self.far(2), self.flavor()),
            self.make_lease("instance", *self.far(4), INSTANCE),
            self.make_lease("all", *self.far(6), HOST, self.floating_ip(), INSTANCE),
        ]
        shown = [self.settled(lease) for lease in made]
        result = self.sync()
        for lease, theirs in zip(made, shown):
            with self.subTest(theirs["name"]):
                self.assertIn(lease, result.out)
                self.assert_same(self.rows("show", lease), theirs)
                self.assertEqual(self.succeed("id", theirs["name"]).out.strip(), lease)
                self.assertEqual(self.rows("show", theirs["name"])["id"], lease)
        listed = {row["id"]: row for row in self.rows("list", "--name", f"{self.prefix}-*")}
        self.assertEqual(set(listed), set(made))
        for theirs in shown:
            self.assert_same(listed[theirs["id"]], theirs)
        self.assertEqual(set(listed), {row["id"] for row in self.blazar("lease", "list")
                                       if row["name"].startswith(self.prefix)})
        again = self.sync()
        self.assertNotIn(self.prefix, again.out, "a second sync finds changes where there are none")
        count = "SELECT count(*) FROM lease_history WHERE name LIKE ? || '%'"
        versions = self.query(count, self.prefix)
        self.sync()
        self.assertEqual(self.query(count, self.prefix), versions)

    def test_a_lease_that_is_renamed_extended_and_deleted(self):
        lease = self.make_lease("first", *self.far(10), self.floating_ip())
        self.settled(lease)
        self.sync()
        before = self.rows("show", lease)
        self.openstack("reservation", "lease", "set", lease, "--name", f"{self.prefix}-second")
        self.settled(lease)
        self.sync()
        self.openstack("reservation", "lease", "set", lease, "--end-date", self.far(10, 3)[1])
        theirs = self.settled(lease)
        result = self.sync()
        self.assertRegex(result.out, f"changed .*{lease}.* end ")
        self.assert_same(self.rows("show", lease), theirs)
        self.assertEqual(self.succeed("id", f"{self.prefix}-second").out.strip(), lease)
        self.fail_with(66, "id", f"{self.prefix}-first", words=("first",))

        self.openstack("reservation", "lease", "delete", lease)
        result = self.sync()
        self.assertRegex(result.out, f"vanished .*{lease}")
        self.assertNotIn(lease, {row["id"] for row in self.rows("list")})
        gone = next(row for row in self.rows("list", "--deleted") if row["id"] == lease)
        self.assertTrue(gone["deleted"])
        self.assertEqual(gone["removal"], "deleted")
        self.assertLessEqual(gone["deleted_after"], gone["deleted_before"])
        changes = self.rows("history", lease)
        fields = [(row["change"], row["field"]) for row in changes]
        self.assertEqual(fields[0][0], "new")
        self.assertIn(("changed", "name"), fields)
        self.assertIn(("changed", "end_date"), fields)
        self.assertEqual(fields[-1][0], "vanished")
        renamed = next(row for row in changes if row["field"] == "name")
        self.assertEqual((renamed["from"], renamed["to"]), (f"{self.prefix}-first", f"{self.prefix}-second"))
        extended = next(row for row in changes if row["field"] == "end_date")
        self.assertEqual(extended["from"], before["end_date"])
        states = self.rows("history", lease, "--states")
        self.assertEqual([state["name"] for state in states][:2], [f"{self.prefix}-first", f"{self.prefix}-second"])
        self.assertTrue(states[-1]["deleted"])

    def test_projects_are_apart_and_an_administrator_sees_all(self):
        mine = self.make_lease("mine", *self.far(14), self.floating_ip())
        theirs = self.make_lease("theirs", *self.far(14), self.floating_ip(cloud="user2"), cloud="user2")
        self.settled(mine)
        shown = self.settled(theirs, cloud="user2")
        self.sync("--no-resources")
        self.assertNotIn(theirs, {row["id"] for row in self.rows("list", "--deleted")})
        self.fail_with(66, "show", theirs)

        self.sync("--os-cloud", "admin")
        rows = {row["id"]: row for row in self.rows("list", "--os-cloud", "admin")}
        self.assertLessEqual({mine, theirs}, set(rows))
        self.assert_same(rows[theirs], shown)
        self.assertEqual((rows[mine]["project_name"], rows[theirs]["project_name"]), ("project1", "project2"))
        self.assertEqual((rows[mine]["user_name"], rows[theirs]["user_name"]), ("user1", "user2"))
        # A lease that two scopes see is one lease.
        everywhere = [row["id"] for row in self.rows("list", "--os-cloud", "all")]
        self.assertEqual(len(everywhere), len(set(everywhere)))
        hosts = self.rows("hosts", "--os-cloud", "admin")
        self.assertEqual({row["name"] for row in hosts}, {"compute-1", "compute-2", "compute-3"})

        self.sync("--no-resources")
        still = {row["id"] for row in self.rows("list", "--os-cloud", "admin")}
        self.assertIn(theirs, still, "a member's sync hid what the administrator saw")

    def test_an_application_credential_reads_the_same(self):
        lease = self.make_lease("read", *self.far(18), self.floating_ip())
        theirs = self.settled(lease)
        for cloud in ("user1-appcred", "user1-appcred-restricted"):
            with self.subTest(cloud):
                self.sync("--os-cloud", cloud)
                self.assert_same(self.rows("show", lease, "--os-cloud", cloud), theirs)
                self.succeed("doctor", "--os-cloud", cloud)

    def test_several_clouds_and_a_broken_entry_among_them(self):
        mine = self.make_lease("multi", *self.far(20), self.floating_ip())
        theirs = self.make_lease("multi2", *self.far(20), self.floating_ip(cloud="user2"), cloud="user2")
        self.settled(mine), self.settled(theirs, cloud="user2")
        clouds = self.folder / "mixed.yaml"
        clouds.write_text(self.clouds_file.read_text().rstrip() + "\n  broken:\n    auth:\n      username: nobody\n"
                          "  away:\n    auth:\n      auth_url: http://127.0.0.1:9/v3\n      username: user1\n"
                          "      password: no-password-at-all\n      project_name: project1\n"
                          "      user_domain_name: Default\n      project_domain_name: Default\n")
        self.environment["OS_CLIENT_CONFIG_FILE"] = str(clouds)
        result = self.run_command("sync", "--no-resources", "--os-cloud", "user1", "--os-cloud", "broken",
                                  "--os-cloud", "user2")
        self.assertEqual(result.status, 78, str(result))
        self.assertRegex(result.err, "broken.*auth_url|auth_url.*broken")
        self.assertLessEqual({mine, theirs}, {r["id"] for r in self.rows("list", "--os-cloud", "all")})

        self.environment["LEASEHOLD_DB"] = str(self.folder / "all" / "all.sqlite")
        result = self.run_command("sync", "--no-resources", "--os-cloud", "all", timeout=120)
        self.assertNotEqual(result.status, 0)
        failures = [line for line in result.err.splitlines() if line.startswith("leasehold: ")]
        self.assertEqual(len(failures), 2, str(result))
        rows = self.rows("sites", "--os-cloud", "all")
        self.assertLessEqual({"user2", "admin"}, {name for row in rows for name in row["clouds"].split(", ")})
        self.assertEqual(len({row["site"] for row in rows}), 1, "all of them lead to one site")
        self.assertLessEqual({mine, theirs}, {r["id"] for r in self.rows("list", "--os-cloud", "all")})

    def watch(self, *options):
        """Starts `sync --watch`, which ends with the test at the latest."""
        out = open(self.folder / "watch.out", "w+b")
        err = open(self.folder / "watch.err", "w+b")
        watch = subprocess.Popen(
            [os.environ["LEASEHOLD"], "sync", "--watch", "--interval", "5s", "--no-resources", *options],
            env=self.environment, cwd=self.folder, stdout=out, stderr=err)

        def end():
            if watch.poll() is None:
                watch.kill()
            watch.wait()
            out.close()
            err.close()
        self.addCleanup(end)
        return watch, (lambda: (self.folder / "watch.out").read_text()), (lambda: (self.folder / "watch.err").read_text())

    def wait_for(self, what, seconds, hint):
        deadline = time.monotonic() + seconds
        while not what():
            self.assertLess(time.monotonic(), deadline, f"not in {seconds} s: {hint()}")
            time.sleep(0.5)

    def test_watching_a_lease_start_and_end(self):
        watch, out, err = self.watch()
        self.wait_for(lambda: "lease" in err(), 30, err)
        # Observed before its start, which must be at least a minute ahead for Blazar's clock and ours.
        if time.time() % 60 > 35:
            time.sleep(61 - time.time() % 60)
        lease = self.make_lease("life", minute(60), minute(120), self.floating_ip())
        name = f"{self.prefix}-life"

        def lines():
            return [line for line in out().splitlines() if name in line]
        self.wait_for(lambda: any("ended" in line for line in lines()), 200, lambda: out() + err())
        self.openstack("reservation", "lease", "delete", lease)
        self.wait_for(lambda: any("vanished" in line for line in lines()), 30, lambda: out() + err())
        watch.send_signal(signal.SIGTERM)
        self.assertEqual(watch.wait(10), 0, err())
        self.assertNotIn("leasehold:", err())
        # A line begins with the site.
        kinds = [line.split()[1] for line in lines()]
        self.assertEqual((kinds[0], kinds[-1]), ("new", "vanished"), lines())
        self.assertEqual(kinds.count("ended"), 1, lines())

        changes = self.rows("history", lease)
        path = [changes[0]["to"]] + [row["to"] for row in changes if row["field"] == "status"]
        self.assertIn(path[0], ("PENDING", "CREATING"), changes)
        steps = [status for status in path if status in ("PENDING", "ACTIVE", "TERMINATED")]
        self.assertEqual(steps, ["PENDING", "ACTIVE", "TERMINATED"], changes)
        self.assertEqual(changes[-1]["change"], "vanished")

    def test_an_interrupted_watch_stops_at_once(self):
        watch, out, err = self.watch()
        self.wait_for(lambda: "lease" in err(), 30, err)
        began = time.monotonic()
        watch.send_signal(signal.SIGINT)
        self.assertEqual(watch.wait(10), 0, err())
        self.assertLess(time.monotonic() - began, 3)
        self.assertIn("Stopped", err())


if __name__ == "__main__":
    runner.main()
