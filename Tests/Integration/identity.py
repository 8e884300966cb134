#!/usr/bin/env python3
# needs: nothing
"""A write goes only to the site and project it was requested for, however clouds are named. Needs no cloud.

usage: LEASEHOLD=.build/debug/leasehold Tests/Integration/identity.py [NAME...]
"""

import json
import sys

sys.dont_write_bytecode = True

from support import runner
from support.fake_case import FakeCloudCase
from support.fake_cloud import PASSWORD, lease

RESERVATION = ["--reservation", "resource_type=virtual:dummy,amount=1"]
LATER = ["--start", "+30d", "--duration", "1h"]


class Identity(FakeCloudCase):
    """Two Blazars, A and B. Both take the same tokens, and both have a project of the same id."""

    def setUp(self):
        super().setUp()
        self.other = self.start_cloud()
        del self.environment["OS_CLOUD"]
        # Each has one lease, with a different id.
        self.cloud.leases = [lease(1, name="at-a")]
        self.other.leases = [lease(2, name="at-b")]

    def both_regions(self):
        """Makes A's Keystone serve both, as regions A and B."""
        def endpoint(region, cloud, interface="public"):
            return {"id": region + interface, "interface": interface, "region": region, "region_id": region,
                    "url": f"http://127.0.0.1:{cloud.port}/reservation/v1"}

        catalog = [{"type": "reservation", "name": "blazar", "id": "1", "endpoints": [
            endpoint("A", self.cloud), endpoint("B", self.other), endpoint("A", self.cloud, "internal")]}]
        self.cloud.token_fault = lambda handler: self.cloud.send_token(handler, catalog=catalog)

    def openrc(self, region=None):
        """The environment of a script without a clouds.yaml."""
        (self.folder / "clouds.yaml").unlink(missing_ok=True)
        names = {"OS_AUTH_URL": self.cloud.auth_url, "OS_USERNAME": "user1", "OS_PASSWORD": PASSWORD,
                 "OS_PROJECT_NAME": "project1", "OS_USER_DOMAIN_NAME": "Default", "OS_PROJECT_DOMAIN_NAME": "Default"}
        return {**names, "OS_REGION_NAME": region} if region else names

    def names(self, cloud):
        return sorted(item["name"] for item in cloud.leases)

    def sync(self, **env):
        return self.run_command("sync", "--no-resources", env=env)

    def changes(self, cloud):
        """The requests to a Blazar other than reads."""
        return [line for line in cloud.requests if not line.startswith("GET") and "/auth/tokens" not in line]

    # -- the environment only

    def test_with_an_openrc_file_only_writes_are_sent_at_once(self):
        environment = self.openrc("RegionOne")
        self.succeed("sync", "--no-resources", env=environment)
        result = self.succeed("delete", "at-a", env=environment)
        self.assertEqual(self.names(self.cloud), [], str(result))
        self.assertEqual(self.query("SELECT state FROM mutation"), [("settled",)], str(result))
        self.succeed("create", "new", "--end", "+1h", "--wait", "--timeout", "20s", *RESERVATION, env=environment)
        self.assertEqual(self.names(self.cloud), ["new"])
        self.succeed("wait", "new", "--timeout", "20s", env=environment)

    # -- regions

    def test_an_entry_with_regions_is_known_by_its_own_name(self):
        self.both_regions()
        entry = self.cloud.entry()
        del entry["region_name"]
        self.write_clouds(c={**entry, "regions": ["A", "B"]})
        self.succeed("sync", "--no-resources", "--os-cloud", "c")

        def listed(*arguments, **options):
            return sorted(row["name"] for row in self.rows("list", *arguments, **options))

        self.assertEqual(listed("--os-cloud", "c"), ["at-a", "at-b"])
        self.assertEqual(listed("--os-cloud", "c/B"), ["at-b"])
        self.assertEqual(listed("--os-cloud", "c", env={"OS_REGION_NAME": "A"}), ["at-a"])
        self.succeed("delete", "at-b", "--os-cloud", "c")
        self.assertEqual((self.names(self.cloud), self.names(self.other)), (["at-a"], []))

    def test_a_deletion_never_goes_to_the_other_region(self):
        self.both_regions()
        self.succeed("sync", "--no-resources", env=self.openrc("A"))
        self.cloud.requests.clear()
        result = self.run_command("delete", "at-a", env=self.openrc("B"))
        self.assertIn("cloud envvars now leads to", result.err)
        self.assertIn("region A", result.err)
        # B's 404 must not settle it, and B's list says nothing about it.
        self.sync(**self.openrc("B"))
        self.assertEqual(self.names(self.cloud), ["at-a"])
        self.assertEqual(self.changes(self.other), [])
        self.assertEqual([row["state"] for row in self.rows("queue", "list")], ["queued"])
        self.assertEqual(self.query("SELECT count(*) FROM lease WHERE gone IS NOT NULL"), [(0,)])
        self.sync(**self.openrc("A"))
        self.assertEqual((self.names(self.cloud), self.names(self.other)), ([], ["at-b"]))

    def test_a_creation_whose_answer_was_lost_is_never_made_in_both_regions(self):
        self.both_regions()
        for region in ("A", "B"):
            self.succeed("sync", "--no-resources", env=self.openrc(region))

        def lose(handler):
            self.cloud.execute(handler)
            handler.close_connection = True
            handler.connection.close()

        self.cloud.create_fault = lose
        short = {"LEASEHOLD_QUIET_PERIOD_SECONDS": "0"}
        self.run_command("create", "once", *LATER, *RESERVATION, env={**self.openrc("A"), **short})
        self.assertEqual(self.names(self.cloud), ["at-a", "once"])
        self.cloud.create_fault = None
        for region in ("B", "B", "A", "B", "A"):
            self.sync(**self.openrc(region), **short)
        self.assertEqual((self.names(self.cloud), self.names(self.other)), (["at-a", "once"], ["at-b"]))
        self.assertEqual(self.query("SELECT state FROM mutation"), [("settled",)])

    def test_one_site_written_in_many_ways_is_one(self):
        self.both_regions()
        root = f"http://127.0.0.1:{self.cloud.port}/identity"
        for number, changes in enumerate([
                {}, {"auth_url": root}, {"auth_url": root.replace("127.0.0.1", "LOCALHOST") + "/v3/"}]):
            for interface in ("public", "internal"):
                self.write_clouds(**{f"c{number}": {
                    **self.cloud.entry(**changes), "region_name": "A", "interface": interface}})
                self.succeed("sync", "--no-resources", "--os-cloud", f"c{number}")
        self.assertEqual(self.query("SELECT count(*) FROM site"), [(1,)])
        self.assertEqual([row["name"] for row in self.rows("list")], ["at-a"])

    # -- files

    def two_files(self):
        """Two files that give the same name to different sites."""
        for name, cloud in (("a", self.cloud), ("b", self.other)):
            (self.folder / f"{name}.yaml").write_text(json.dumps({"clouds": {"openstack": cloud.entry()}}))
        (self.folder / "clouds.yaml").unlink()
        return [{"OS_CLIENT_CONFIG_FILE": str(self.folder / f"{name}.yaml")} for name in "ab"]

    def test_two_files_may_call_their_clouds_by_one_name(self):
        a, b = self.two_files()
        for env in (a, b):
            self.succeed("sync", "--no-resources", env=env)
        for env, name in ((a, "at-a"), (b, "at-b")):
            self.assertEqual([row["name"] for row in self.rows("list", "--os-cloud", "openstack", env=env)], [name])
        result = self.run_command("delete", "at-a", env=b)
        self.assertIn(f":{self.cloud.port}/", result.err)
        self.assertEqual((self.names(self.cloud), self.names(self.other)), (["at-a"], ["at-b"]))
        self.sync(**b)
        self.assertEqual(self.names(self.cloud), ["at-a"])
        self.sync(**a)
        self.assertEqual((self.names(self.cloud), self.names(self.other)), ([], ["at-b"]))

    def test_swapped_entries_send_nothing_astray(self):
        self.write_clouds(work=self.cloud.entry(), play=self.other.entry())
        self.succeed("sync", "--no-resources", "--os-cloud", "all")
        self.succeed("create", "new", *LATER, *RESERVATION, "--offline", "--os-cloud", "work")
        self.succeed("delete", "at-b", "--offline")
        self.write_clouds(work=self.other.entry(), play=self.cloud.entry())
        self.succeed("sync", "--no-resources", "--os-cloud", "all")
        self.assertEqual((self.names(self.cloud), self.names(self.other)), (["at-a", "new"], []))

    def test_an_edited_entry_takes_nothing_along(self):
        self.write_clouds(work=self.cloud.entry())
        self.succeed("sync", "--no-resources", "--os-cloud", "work")
        self.succeed("create", "new", *LATER, *RESERVATION, "--offline", "--os-cloud", "work")
        self.write_clouds(work=self.other.entry())
        result = self.run_command("sync", "--no-resources", "--os-cloud", "work")
        self.assertIn("work now leads to", result.err + result.out)
        row, = self.rows("queue", "list")
        self.assertEqual(row["state"], "queued")
        self.assertEqual((self.names(self.cloud), self.names(self.other)), (["at-a"], ["at-b"]))

    def test_offline_an_edited_entry_is_in_doubt(self):
        self.write_clouds(work=self.cloud.entry())
        self.succeed("sync", "--no-resources", "--os-cloud", "work")
        # Edited, and back at the same site as another user.
        self.write_clouds(work=self.cloud.entry(username="user2"))
        result = self.succeed("create", "new", *LATER, *RESERVATION, "--offline", "--os-cloud", "work")
        self.assertIn("has changed since it was last used", result.err)
        row, = self.rows("queue", "list")
        self.assertEqual((row["state"], row["reason"]), ("blocked", "cloud"))
        self.succeed("sync", "--no-resources", "--os-cloud", "work")
        self.assertEqual(self.names(self.cloud), ["at-a", "new"])
        # Edited, and really at another site.
        self.write_clouds(work=self.other.entry(username="user3"))
        self.succeed("create", "astray", *LATER, *RESERVATION, "--offline", "--os-cloud", "work")
        result = self.run_command("sync", "--no-resources", "--os-cloud", "work")
        self.assertIn("now leads to", result.err + result.out)
        self.assertEqual((self.names(self.cloud), self.names(self.other)), (["at-a", "new"], ["at-b"]))
        row, = self.rows("queue", "list")
        self.assertEqual(row["state"], "blocked")

    def test_credentials_for_another_project_send_nothing(self):
        self.write_clouds(work=self.cloud.entry(project_name=None))
        self.succeed("sync", "--no-resources", "--os-cloud", "work")
        self.cloud.project, self.cloud.project_name = "p2", "project2"
        result = self.run_command("delete", "at-a", "--os-cloud", "work")
        self.assertIn("project project1", result.err)
        self.assertIn("project project2", result.err)
        self.assertEqual(self.names(self.cloud), ["at-a"])


if __name__ == "__main__":
    runner.main()
