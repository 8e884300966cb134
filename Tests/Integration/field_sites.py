#!/usr/bin/env python3
# needs: nothing
"""The server decides what a site and a project are: no write goes astray, no lease is listed twice, no page is missed.

usage: LEASEHOLD=.build/debug/leasehold Tests/Integration/field_sites.py [NAME...]

Needs no cloud: it has scripted ones, and the program Sandbox next to LEASEHOLD, or SANDBOX.
"""

import json
import sys

sys.dont_write_bytecode = True

from support import runner
from support.site_case import NODE, SiteCase, short
from support.site_cloud import Account, answers, cut, now_text, refusal, reply


class VariablesAlone(SiteCase):
    """With OS_* variables and without clouds.yaml, every command works the same."""

    def setUp(self):
        super().setUp()
        (self.folder / "clouds.yaml").unlink()
        self.environment["OS_CLOUD"] = ""
        self.environment.update(self.keystone.environment())

    def tell(self):
        made = self.succeed("create", "story", *NODE, "--wait", "--timeout", "8s", "-f", "json").json
        self.assertEqual(made["status"], "ACTIVE")
        self.succeed("wait", "story", "--timeout", "5s")
        end = self.site.named("story")[0]["end_date"]
        self.succeed("extend", "story", "--by", "2h")
        self.assertEqual(short(self.site.named("story")[0]["end_date"]), short(end, 2))
        self.succeed("extend", "story", "--by", "1h", "--wait", "--timeout", "8s")
        self.succeed("update", "story", "--rename", "tale")
        self.assertEqual(short(self.site.named("tale")[0]["end_date"]), short(end, 3))
        self.succeed("delete", "tale")
        self.assertEqual(self.site.leases, {})
        self.assertEqual(self.calm(), [])

    def test_with_a_region(self):
        self.tell()

    def test_without_a_region(self):
        del self.environment["OS_REGION_NAME"]
        self.tell()

    def test_with_a_name_for_the_cloud(self):
        self.environment["OS_CLOUD_NAME"] = "mine"
        self.tell()

    def test_with_a_project_by_its_id(self):
        del self.environment["OS_PROJECT_NAME"]
        self.environment["OS_PROJECT_ID"] = "p1"
        self.tell()

    def test_beside_a_clouds_yaml_that_has_other_clouds(self):
        other, there = self.start_site()
        self.write_clouds(other=other.entry())
        del self.environment["OS_CLOUD"]
        self.tell()
        self.assertEqual(there.sent(), [])


class Regions(SiteCase):
    """Two regions of one Keystone, with the same projects."""

    def setUp(self):
        super().setUp()
        self.keystone, self.a, self.b = self.start_site("A", "B")
        self.write_clouds(lab=self.keystone.entry(region=None))

    def at(self, region):
        return {"OS_REGION_NAME": region}

    def test_a_list_of_regions_is_read_and_written_whole(self):
        for entry in (self.keystone.entry(region=None, regions=["A", "B"]),
                      self.keystone.entry(region=None, regions=[{"name": "A"}, {"name": "B", "values": {}}]),
                      self.keystone.entry(region="A,B")):
            with self.subTest(str(entry.get("regions"))):
                self.a.leases.clear()
                self.b.leases.clear()
                self.a.seed("at A")
                self.b.seed("at B")
                self.write_clouds(lab=entry)
                self.run_command("sync", "--os-cloud", "lab", "--no-resources", "--confirm-deletes")
                self.assertEqual(sorted(row["name"] for row in self.rows("list")), ["at A", "at B"])
                self.assertEqual(sorted(row["name"] for row in self.rows("list", "--os-cloud", "lab")),
                                 ["at A", "at B"])
                end = self.b.named("at B")[0]["end_date"]
                self.succeed("extend", "at B", "--by", "1h")
                self.assertEqual(short(self.b.named("at B")[0]["end_date"]), short(end, 1))
                self.succeed("delete", "at A")
                self.succeed("delete", "at B")
                self.assertEqual((self.a.leases, self.b.leases), ({}, {}))
                self.sync("--os-cloud", "lab")
                self.assertEqual(self.rows("queue", "list"), [])

    def test_a_lease_is_written_in_its_own_region_only(self):
        self.a.seed("x", "y", "z")
        self.sync(env=self.at("A"))
        ends = {name: self.a.named(name)[0]["end_date"] for name in "yz"}
        taken = {}
        for line in (["delete", "x"], ["extend", "y", "--by", "1h"], ["update", "z", "--rename", "zz"]):
            result = self.run_command(*line, env=self.at("B"))
            taken[line[1]] = result.status == 0
            if result.status:
                self.assertIn("region A", result.err, "it does not say where the lease is")
        self.sync(env=self.at("B"))
        self.assertEqual(self.b.requests and [line for line in self.b.requests if line.startswith(("PUT", "DEL"))], [])
        states = [row["state"] for row in self.rows("queue", "list", "--all")]
        done = (not self.a.named("x"), short(self.a.named("y")[0]["end_date"]) != short(ends["y"]),
                bool(self.a.named("zz")))
        for state, is_done in zip(states, done):
            self.assertEqual(state in ("settled", "accepted"), is_done, states)
        # Wherever they are sent from, they go to A; those that were refused at once are not executed.
        self.assertEqual(self.calm(env=self.at("A")), [])
        self.assertEqual(not self.a.named("x"), taken["x"])
        self.assertEqual(bool(self.a.named("zz")), taken["z"])

    def test_a_creation_goes_where_it_was_queued_for(self):
        self.sync(env=self.at("A"))
        self.succeed("create", "here", *NODE, "--offline", env=self.at("A"))
        said = self.sync(env=self.at("B"))
        self.assertEqual((len(self.a.named("here")), self.b.leases), (len(self.a.leases), {}))
        self.assertEqual(self.calm(env=self.at("A")), [])
        self.assertEqual((len(self.a.named("here")), self.b.leases), (1, {}))
        self.sync(env=self.at("B"))
        self.assertEqual([row["deleted"] for row in self.rows("list", "--deleted")], [False], said)

    def test_a_creation_whose_answer_was_lost_is_looked_for_where_it_was_sent(self):
        entries = {region: self.keystone.entry(region=region) for region in "AB"}
        for kind in ("variable", "openrc", "edited"):
            with self.subTest(kind):
                def at(region):
                    self.write_clouds(lab=entries[region if kind == "edited" else "A"])
                    alone = {**self.keystone.environment(region=region), "OS_CLOUD": ""}
                    return {"variable": self.at(region), "openrc": alone, "edited": {}}[kind]
                self.sync(env=at("A"))
                self.a.fault("POST", cut)
                self.run_command("create", kind, *NODE, env=at("A"))
                there = at("B")
                for number in range(3):
                    self.sync(env=there)
                    self.run_command("create", f"other {number}", *NODE, env=there)
                self.assertEqual((len(self.a.named(kind)), self.b.named(kind)), (1, []))
                left = self.calm(env=at("A"))
                self.assertEqual(left, [], [row["message"] for row in left])
                self.assertEqual((len(self.a.named(kind)), self.b.named(kind)), (1, []))

    def test_the_region_of_an_entry_is_edited(self):
        self.write_clouds(lab=self.keystone.entry(region="A"))
        self.a.seed("x")
        self.sync()
        self.succeed("create", "new", *NODE, "--offline")
        self.write_clouds(lab=self.keystone.entry(region="B"))
        said = self.run_command("delete", "x")
        said = said.out + said.err + self.sync().out
        self.assertEqual((self.b.leases, len(self.a.named("x"))), ({}, 1))
        self.assertEqual(len(self.rows("queue", "list")), 2)
        self.assertRegex(said, r"\bA\b", "it does not say which site is meant")
        self.write_clouds(lab=self.keystone.entry(region="A"))
        self.assertEqual(self.calm(), [])
        self.assertEqual([item["name"] for item in self.a.leases.values()], ["new"])


class OneName(SiteCase):
    """Different sites and projects under the same name, at different times."""

    def setUp(self):
        super().setUp()
        people = [Account("user1", {"project1": "p1", "project2": "p2"}), Account("user2", {"project1": "p1"})]
        self.keystone, self.site = self.start_site(accounts=people)
        self.there, self.other = self.start_site()
        self.write_clouds(lab=self.keystone.entry())

    def queue_all(self):
        """Queues one write of each verb."""
        self.site.seed("gone", "long", "kept")
        self.sync()
        self.succeed("delete", "gone", "--offline")
        self.succeed("extend", "long", "--by", "1h", "--offline")
        self.succeed("update", "kept", "--rename", "renamed", "--offline")
        self.succeed("create", "new", *NODE, "--offline")

    def nothing_astray(self, said=None):
        """All four still wait, and no server was asked to execute them."""
        self.assertEqual(self.other.sent() + self.site.sent(), [])
        self.assertFalse([line for line in self.other.requests if "/leases/" in line], "another site was asked")
        self.assertEqual(len(self.rows("queue", "list")), 4)
        self.assertEqual(sorted(item["name"] for item in self.site.leases.values()), ["gone", "kept", "long"])
        if said:
            self.assertRegex(said.out + said.err, "(?i)queue|wait|write", "nothing is said of them")

    def finish(self):
        self.assertEqual(self.calm(), [])
        self.assertEqual(sorted(item["name"] for item in self.site.leases.values()), ["long", "new", "renamed"])
        self.assertEqual(self.other.leases, {})

    def test_an_entry_leads_to_another_site(self):
        self.queue_all()
        self.write_clouds(lab=self.there.entry())
        self.nothing_astray(self.sync())
        self.write_clouds(lab=self.keystone.entry())
        self.finish()

    def test_an_entry_leads_to_another_project(self):
        self.queue_all()
        self.write_clouds(lab=self.keystone.entry(project="project2"))
        self.run_command("sync", "--no-resources", "--confirm-project")
        self.nothing_astray()
        self.write_clouds(lab=self.keystone.entry())
        self.finish()

    def test_two_entries_are_swapped(self):
        self.write_clouds(lab=self.keystone.entry(), work=self.there.entry())
        self.queue_all()
        self.sync("--os-cloud", "work")
        self.succeed("create", "work", *NODE, "--offline", "--os-cloud", "work")
        self.write_clouds(work=self.keystone.entry(), lab=self.there.entry())
        for _ in range(3):
            self.sync("--os-cloud", "all")
        self.assertEqual([item["name"] for item in self.other.leases.values()], ["work"])
        self.assertEqual(sorted(item["name"] for item in self.site.leases.values()), ["long", "new", "renamed"])

    def test_two_files_call_different_sites_by_one_name(self):
        files = {}
        for name, keystone in (("uc", self.keystone), ("kvm", self.there)):
            files[name] = {"OS_CLOUD": "openstack", "OS_CLIENT_CONFIG_FILE": str(self.folder / f"{name}.yaml")}
            (self.folder / f"{name}.yaml").write_text(json.dumps({"clouds": {"openstack": keystone.entry()}}))
        self.site.seed("mine")
        self.other.seed("theirs")
        for name in files:
            self.sync(env=files[name])
        both = ("list", "--os-cloud", "all")
        self.assertEqual(sorted(row["name"] for row in self.rows(*both, env=files["kvm"])), ["mine", "theirs"])
        self.assertEqual(len({row["site"] for row in self.rows(*both, env=files["kvm"])}), 2,
                         "nobody can tell the sites apart")
        result = self.run_command("delete", "mine", env=files["kvm"])
        self.assertEqual(len(self.site.named("mine")), 1)
        self.assertNotRegex(result.out, "(?i)has been deleted|DELETED")
        self.assertIn(str(self.site.port), result.out + result.err, "it does not say which site is meant")
        self.assertEqual(self.calm(env=files["uc"]), [])
        self.assertEqual((len(self.site.leases), len(self.other.leases)), (1 if result.status else 0, 1))

    def test_two_clouds_that_even_have_the_same_ids(self):
        (first, one), (second, two) = self.start_sandbox(), self.start_sandbox()
        here, there = ({"OS_CLOUD": "user1", "OS_CLIENT_CONFIG_FILE": str(file)} for file in (first, second))
        self.sync(env=here)
        self.succeed("create", "far", "--start", "+1d", *NODE, env=here)
        taken = [self.run_command(*line, env=there).status == 0
                 for line in (["extend", "far", "--by", "1h"], ["delete", "far"])]
        self.succeed("create", "draft", "--start", "+1d", *NODE, "--offline", env=here)
        self.sync(env=there)
        self.sync(env=there)
        self.assertEqual((len(one.leases("far")), two.leases("")), (1, []))
        self.calm(env=here)
        left = ["draft"] if taken[1] else ["draft", "far"]
        self.assertEqual((sorted(item["name"] for item in one.leases("")), two.leases("")), (left, []))

    def test_another_member_of_the_project_may_send_nothing_of_another_project(self):
        self.queue_all()
        # The same project through another member is the same site and project.
        self.write_clouds(other=self.keystone.entry(user="user2"), lab=self.keystone.entry(project="project2"))
        self.run_command("sync", "--no-resources", "--os-cloud", "lab", "--confirm-project")
        self.nothing_astray()


class Spellings(SiteCase):
    """One cloud is one site, however it is spelled."""

    def setUp(self):
        super().setUp()
        accounts = [Account("user1", {"project1": "p1"}), Account("user2", {"project1": "p1"}),
                    Account("admin", {"admin": "p0"}, roles=("admin", "member"))]
        self.keystone, self.site = self.start_site(accounts=accounts)

    def spelled(self):
        root = f"127.0.0.1:{self.keystone.port}"
        yield from ({"auth_url": text} for text in (
            f"http://{root}/identity/v3", f"http://{root}/identity", f"http://{root}/identity/v3/",
            f"HTTP://{root}/identity/", f"http://localhost:{self.keystone.port}/identity/v3",
            f"http://LOCALHOST:{self.keystone.port}/identity"))
        yield from ({"region": None}, {"interface": "internal"}, {"interface": "admin", "region": None},
                    {"user": "user2"})

    def test_leases_are_listed_once_and_hours_are_counted_once(self):
        def spelling(interface, url):
            port = self.site.port
            return {"public": url, "internal": url.replace("127.0.0.1", "localhost"),
                    "admin": url.replace(f"127.0.0.1:{port}", f"LocalHost:{port}") + "/"}[interface]
        self.site.spelling = spelling
        self.site.seed("one", "two", start=now_text(-36000), end=now_text(36000))
        self.write_clouds(**{f"c{number}": self.keystone.entry(**more) for number, more in enumerate(self.spelled())})
        del self.environment["OS_CLOUD"]
        self.succeed("sync", "--os-cloud", "all", "--no-resources")
        self.assertEqual(sorted(row["name"] for row in self.rows("list")), ["one", "two"])
        [hours] = self.rows("report", "hours", "--by", "project")
        self.assertAlmostEqual(hours["lease_hours"], 20, delta=20.1)
        self.assertEqual(hours["leases"], 2)
        self.assertEqual(len({row["site"] for row in self.rows("list")}), 1)
        self.succeed("delete", "one", "--os-cloud", "c4")
        self.assertEqual([row["name"] for row in self.rows("list")], ["two"])

    def test_variables_and_files_are_the_same_site(self):
        self.site.seed("one")
        self.write_clouds(lab=self.keystone.entry())
        self.sync()
        self.succeed("create", "two", *NODE, "--offline")
        self.sync(env={**self.keystone.environment(), "OS_CLOUD": ""})
        self.assertEqual(sorted(row["name"] for row in self.rows("list")), ["one", "two"])
        self.assertEqual(len(self.site.named("two")), 1)

    def test_what_is_shown_can_be_asked_for(self):
        self.site.seed("one")
        self.site.seed("two", user="id-of-user2")
        self.write_clouds(lab=self.keystone.entry(), boss=self.keystone.entry(user="admin", project="admin"),
                          again=self.keystone.entry(region=None))
        for order in (["lab", "boss"], ["boss", "lab", "again"]):
            for cloud in order:
                self.succeed("sync", "--os-cloud", cloud)
            for row in self.rows("list"):
                for option, value in (("--user", row["user_name"]), ("--project", row["project_name"]),
                                      ("--user", row["user_id"]), ("--project", row["project_id"])):
                    self.assertTrue(value, row)
                    found = [item["name"] for item in self.rows("list", option, value)]
                    self.assertIn(row["name"], found, f"{option} {value} after {order}")
        self.assertEqual([row["user_name"] for row in self.rows("list", "--user", "user2")], ["user2"])
        by_user = {row["user"]: row["leases"] for row in self.rows("report", "hours", "--by", "user")}
        self.assertEqual(by_user, {"user1": 1, "user2": 1})
        self.assertEqual(self.query("SELECT DISTINCT user_name FROM v_lease ORDER BY 1"), [("user1",), ("user2",)])
        self.assertEqual(self.rows("list", "--os-cloud", "lab", "--user", "user2")[0]["name"], "two")


class Pages(SiteCase):
    """A list in pages is read to its end."""

    def setUp(self):
        super().setUp()
        accounts = [Account("user1", {"project1": "p1"}), Account("admin", {"admin": "p0"}, roles=("admin",))]
        self.keystone, self.site = self.start_site(accounts=accounts)
        self.write_clouds(lab=self.keystone.entry(), boss=self.keystone.entry(user="admin", project="admin"))

    def count(self):
        return len(self.rows("list"))

    def test_all_pages_are_read(self):
        self.site.seed(*[f"n{number:03}" for number in range(250)])
        for page, links in ((100, False), (100, True), (125, False), (250, False), (251, True), (1000, False)):
            with self.subTest(f"{page} {links}"):
                self.site.page, self.site.links = page, links
                database = self.folder / f"{page}{links}.sqlite"
                for _ in range(2):
                    self.succeed("sync", "--no-resources", "--db", database)
                self.assertEqual(len(self.rows("list", "--db", database)), 250)
                self.assertEqual(len(self.rows("list", "--deleted", "--db", database)), 250)

    def test_links_that_are_relative(self):
        self.site.seed(*[f"n{number:03}" for number in range(25)])
        self.site.page = 10

        def relative(handler, execute):
            status, value = execute()
            last = value["leases"][-1]["id"]
            if len(value["leases"]) == 10:
                value["leases_links"] = [{"rel": "next", "href": f"/reservation/v1/leases?marker={last}&limit=10"}]
            reply(handler, status, value)
        self.site.fault("LIST", relative, times=9)
        self.succeed("sync", "--no-resources")
        self.assertEqual(self.count(), 25)

    def test_what_comes_and_goes_between_two_pages(self):
        self.site.seed(*[f"n{number:03}" for number in range(120)])
        self.site.page = 50
        self.succeed("sync", "--no-resources")
        ids = list(self.site.leases)

        def meanwhile(handler, execute):
            status, value = execute()
            # A lease that was already listed and one that was not are removed; another one is added.
            for id in (ids[3], ids[70]):
                self.site.leases.pop(id, None)
            self.site.seed("late")
            reply(handler, status, value)
        self.site.fault("LIST", meanwhile)
        self.sync()
        known = {row["id"] for row in self.rows("list")}
        self.assertLessEqual(set(self.site.leases) - {self.site.named("late")[0]["id"]}, known)
        self.succeed("sync", "--no-resources")
        self.assertEqual({row["id"] for row in self.rows("list")}, set(self.site.leases))

    def test_the_marker_itself_goes_between_two_pages(self):
        self.site.seed(*[f"n{number:03}" for number in range(30)])
        self.site.page = 10
        self.succeed("sync", "--no-resources")

        def meanwhile(handler, execute):
            status, value = execute()
            self.site.leases.pop(value["leases"][-1]["id"])
            reply(handler, status, value)
        self.site.fault("LIST", meanwhile)
        self.sync()
        self.assertGreaterEqual(self.count(), 29)
        self.succeed("sync", "--no-resources")
        self.assertEqual(self.count(), 29)

    def test_pages_that_repeat_end_with_an_error_and_change_nothing(self):
        self.site.seed(*[f"n{number:03}" for number in range(30)])
        self.site.page = 10
        self.succeed("sync", "--no-resources")
        rows = [self.site.present(item) for item in self.site.leases.values()]
        kinds = {
            "the same page": lambda h, e: reply(h, 200, {"leases": rows[:10], "leases_links": [
                {"rel": "next", "href": f"{self.site.origin}/reservation/v1/leases?marker={rows[9]['id']}"}]}),
            "an empty page that has a next one": lambda h, e: reply(h, 200, {"leases": [], "leases_links": [
                {"rel": "next", "href": f"{self.site.origin}/reservation/v1/leases?marker=x"}]}),
            "a link elsewhere": lambda h, e: reply(h, 200, {"leases": rows[:10], "leases_links": [
                {"rel": "next", "href": "http://elsewhere.invalid/reservation/v1/leases?marker=x"}]}),
            "links that are none": lambda h, e: reply(h, 200, {"leases": rows[:10], "leases_links": [
                {"rel": "next", "href": 7}, None, "x"]}),
        }
        for kind, act in kinds.items():
            with self.subTest(kind):
                self.site.fault("LIST", act, times=200)
                result = self.run_command("sync", "--no-resources", timeout=20)
                self.site.faults.clear()
                self.assertIn(result.status, (65, 69), str(result))
                self.assertEqual((self.count(), len(self.rows("list", "--deleted"))), (30, 30))
        second = answers(*refusal(500, "Internal Server Error"))
        self.site.fault("LIST", lambda h, e: (self.site.fault("LIST", second, times=5), reply(h, *e())))
        self.assertEqual(self.sync().status, 69)
        self.assertEqual(self.count(), 30)

    def test_an_administrator_asks_for_all_projects(self):
        self.site.asks_all_tenants = True
        self.site.seed(*[f"n{number:03}" for number in range(15)])
        self.site.seed("theirs", project="p7")
        for page in (None, 10):
            self.site.page = page
            self.succeed("sync", "--no-resources", "--os-cloud", "boss")
            self.assertEqual(len(self.rows("list", "--os-cloud", "boss")), 16)
            self.succeed("sync", "--no-resources", "--os-cloud", "lab")
            self.assertEqual(len(self.rows("list", "--os-cloud", "lab")), 15)


if __name__ == "__main__":
    runner.main()
