#!/usr/bin/env python3
# needs: nothing
"""Everything that people request is sent, certain refusals come at once, and messages are true.

usage: LEASEHOLD=.build/debug/leasehold Tests/Integration/field_writes.py [NAME...]

Needs no cloud: it has scripted ones, and the program Sandbox next to LEASEHOLD, or SANDBOX.
"""

import json
import sys

sys.dont_write_bytecode = True

from support import runner
from support.site_case import NODE, SiteCase, short
from support.site_cloud import answers, cut, now_text, refusal, reply

# The sandbox's public network.
PUBLIC = "1334c795-c81b-4802-8f6c-5efe285bd6cb"
FIP = "resource_type=virtual:floatingip,network_id=n1,amount=2"


class Merging(SiteCase):
    """Changes that wait for each other are all executed."""

    def setUp(self):
        super().setUp()
        self.id = self.site.seed("pair")
        self.lease = self.site.leases[self.id]
        self.lease["reservations"] = [
            {**self.lease["reservations"][0], "id": letter, "min": 1, "max": 1} for letter in "ABC"]
        self.lease["reservations"].append({
            "id": "F", "lease_id": self.id, "resource_id": "9", "resource_type": "virtual:floatingip", "amount": 1,
            "status": "active", "network_id": "n1", "required_floatingips": ["203.0.113.7"]})
        self.sync()

    def reservation(self, letter):
        return next(item for item in self.lease["reservations"] if item["id"] == letter)

    def ask(self, *changes):
        for change in changes:
            self.succeed("update", "pair", "--offline", *change)

    def finish(self):
        self.assertEqual(self.calm(), [])

    def limits(self):
        return {letter: (self.reservation(letter)["min"], self.reservation(letter)["max"]) for letter in "ABC"}

    def test_changes_of_two_reservations(self):
        self.ask(["--reservation", "id=A,min=2,max=2"], ["--reservation", "id=B,min=3,max=3"])
        self.finish()
        self.assertEqual(self.limits(), {"A": (2, 2), "B": (3, 3), "C": (1, 1)})

    def test_changes_of_three_reservations_and_of_everything_else_in_any_order(self):
        end = short(now_text(), 300)
        self.ask(["--rename", "first"], ["--reservation", "id=C,min=1,max=4"], ["--end", end + " UTC"])
        self.ask(["--reservation", "id=A,min=2,max=2", "--rename", "second"], ["--reservation", "id=F,amount=2"])
        self.ask(["--reservation", "id=B,min=2,max=5"], ["--reservation", "id=A,min=2,max=3"])
        self.finish()
        self.assertEqual(self.limits(), {"A": (2, 3), "B": (2, 5), "C": (1, 4)})
        self.assertEqual(self.reservation("F")["amount"], 2)
        self.assertEqual((self.lease["name"], short(self.lease["end_date"])), ("second", end))

    def test_two_fields_of_one_reservation(self):
        self.ask(["--reservation", "id=A,max=3"], ["--reservation", "id=A,min=2"])
        wanted = '[">=", "$vcpus", "4"]'
        self.ask(["--reservation", f"id=B,resource_properties={wanted}"], ["--reservation", "id=B,max=2"])
        self.ask(["--reservation", "id=F,required_floatingips=[]"], ["--reservation", "id=F,amount=3"])
        self.finish()
        self.assertEqual(self.limits(), {"A": (2, 3), "B": (1, 2), "C": (1, 1)})
        self.assertEqual(json.loads(self.reservation("B")["resource_properties"]), json.loads(wanted))
        self.assertEqual((self.reservation("F")["amount"], self.reservation("F")["required_floatingips"]), (3, []))

    def test_extensions_and_other_changes_in_turn(self):
        end = self.lease["end_date"]
        self.succeed("extend", "pair", "--by", "1h", "--offline")
        self.ask(["--rename", "longer"], ["--reservation", "id=A,max=2"])
        self.succeed("extend", self.id, "--by", "2h", "--offline")
        self.ask_by_id(["--reservation", "id=B,max=2"])
        self.finish()
        self.assertEqual((self.lease["name"], short(self.lease["end_date"])), ("longer", short(end, 3)))
        self.assertEqual(self.limits(), {"A": (1, 2), "B": (1, 2), "C": (1, 1)})

    def ask_by_id(self, *changes):
        for change in changes:
            self.succeed("update", self.id, "--offline", *change)

    def test_after_the_server_was_too_busy_for_the_first(self):
        self.site.fault("PUT", answers(503, {"error": "busy"}, {"Retry-After": "1"}))
        self.run_command("update", "pair", "--reservation", "id=A,max=2")
        self.ask(["--reservation", "id=B,max=3"])
        self.finish()
        self.assertEqual(self.limits(), {"A": (1, 2), "B": (1, 3), "C": (1, 1)})

    def test_after_the_answer_to_the_first_was_lost(self):
        self.site.fault("PUT", cut)
        self.run_command("update", "pair", "--rename", "pair", "--reservation", "id=A,max=2")
        self.ask(["--reservation", "id=A,min=2"], ["--reservation", "id=C,max=9"])
        self.finish()
        self.assertEqual(self.limits(), {"A": (2, 2), "B": (1, 1), "C": (1, 9)})

    def test_changes_of_a_lease_that_is_not_made_yet(self):
        made = self.succeed("create", "draft", *NODE, "--start", "+2h", "--offline", "-f", "json").json
        local = made["local_id"]
        self.succeed("update", local, "--rename", "final", "--offline")
        self.succeed("extend", local, "--by", "3h", "--offline")
        self.succeed("update", local, "--start", "+1h", "--offline")
        self.finish()
        [lease] = self.site.named("final")
        self.assertEqual(self.site.named("draft"), [])
        self.assertEqual(short(lease["end_date"]), short(made["end_date"], 3))
        self.assertLess(short(lease["start_date"]), short(made["start_date"]))

    def test_the_rest_of_a_reservation_that_Blazar_wants_again_is_sent_with_a_change(self):
        clouds, cloud = self.start_sandbox("--dialect", "chameleon")
        self.environment.update(OS_CLIENT_CONFIG_FILE=str(clouds), OS_CLOUD="user1")
        for kind, change, wanted in (
                ("physical:host,min=1,max=1,resource_properties=,hypervisor_properties=", "min=1,max=2", (1, 2)),
                ("physical:host,min=1,max=1,resource_properties=,hypervisor_properties=", "max=2", (1, 2)),
                (f"virtual:floatingip,network_id={PUBLIC},amount=1", "amount=2", 2)):
            with self.subTest(f"{kind} {change}"):
                name = f"whole {change}"
                made = self.succeed("create", name, "--start", "+2d", "--duration", "1h", "--reservation",
                                    f"resource_type={kind}", "-f", "json").json
                self.addCleanup(cloud.delete, made["id"])
                self.succeed("update", made["id"], "--reservation", f"id={made['reservations'][0]['id']},{change}")
                self.assertEqual(self.calm(), [])
                [part] = cloud.leases(name)[0]["reservations"]
                self.assertEqual(part["amount"] if isinstance(wanted, int) else (part["min"], part["max"]), wanted)
                self.run_command("delete", made["id"])


class Values(SiteCase):
    """A list in a request is sent as a list."""

    def test_addresses_that_are_asked_for(self):
        self.sync()
        lists = ('["172.24.4.2","172.24.4.5"]', '["172.24.4.2", "172.24.4.5"]', "[]", '["172.24.4.2"]')
        for number, text in enumerate(lists):
            with self.subTest(text):
                option = f"{FIP},required_floatingips={text}"
                body = self.succeed("create", f"ip{number}", "--duration", "1d", "--reservation", option, "--dry-run",
                                    "-f", "json").json
                self.assertEqual(body["reservations"][0]["required_floatingips"], json.loads(text))
                self.succeed("create", f"ip{number}", "--duration", "1d", "--reservation", option)
                [part] = self.site.named(f"ip{number}")[0]["reservations"]
                self.assertEqual((part["required_floatingips"], part["amount"]), (json.loads(text), 2))

    def test_addresses_that_are_changed(self):
        self.succeed("create", "ip", "--duration", "1d", "--reservation", f'{FIP},required_floatingips=["172.24.4.2"]')
        self.sync()
        [part] = self.site.named("ip")[0]["reservations"]
        self.succeed("update", "ip", "--reservation", f"id={part['id']},required_floatingips=[]")
        self.assertEqual(self.site.named("ip")[0]["reservations"][0]["required_floatingips"], [])
        # An expression is text for Blazar, although it looks like a list.
        self.succeed("create", "x", "--duration", "1d", "--reservation",
                     'resource_type=physical:host,min=1,max=1,resource_properties=["==","$vcpus","4"]')
        [part] = self.site.named("x")[0]["reservations"]
        self.assertEqual(json.loads(part["resource_properties"]), ["==", "$vcpus", "4"])
        self.assertIsInstance(part["resource_properties"], str)


class Review(SiteCase):
    """What Blazar always refuses is refused at once, by every command."""

    def setUp(self):
        super().setUp()
        self.site.seed("runs", "other")
        self.site.seed("ended", start=now_text(-86400 * 2), end=now_text(-86400), status="TERMINATED")
        self.site.seed("later", start=now_text(86400), end=now_text(2 * 86400), status="PENDING")
        self.reservation = self.site.named("later")[0]["reservations"][0]["id"]
        self.sync()

    def refused(self, *lines):
        for number, line in enumerate(lines):
            with self.subTest(" ".join(line)):
                before = self.query("SELECT count(*) FROM mutation")
                self.refuse(*line, *(["--offline"] if number % 4 else []), status=(64, 65))
                self.assertEqual(self.query("SELECT count(*) FROM mutation"), before, "it was queued")
                self.assertEqual(self.site.sent(), [], "it was sent")

    def test_creations(self):
        host = "resource_type=physical:host,resource_properties=,hypervisor_properties="
        self.refused(
            ["create", "x", "--duration", "1d", "--reservation", f"{host},min=0,max=0"],
            ["create", "x", "--duration", "1d", "--reservation", f"{host},min=0,max=1"],
            ["create", "x", "--duration", "1d", "--reservation", f"{host},min=3,max=2"],
            ["create", "x", "--duration", "1d", "--reservation", f"{host},min=-1,max=2"],
            ["create", "x", "--duration", "1d", "--node", "amount=0"],
            ["create", "x", "--start", "2020-01-01 10:00", "--end", "2020-01-02 10:00", "--node", "amount=1"],
            ["create", "x", "--start", "2020-01-01 10:00", "--end", "2040-01-02 10:00", "--node", "amount=1"],
            ["create", "x", "--start", "+2d", "--end", "+1d", "--node", "amount=1"],
            ["create", "x", "--end", "2020-01-02 10:00", "--node", "amount=1"],
            ["create", "x" * 81, "--duration", "1d", "--node", "amount=1"])

    def test_updates(self):
        part = f"id={self.reservation}"
        self.refused(
            ["update", "later", "--start", "+3d", "--end", "+2d"],
            ["update", "later", "--end", "+1h"],
            ["update", "later", "--start", "+30d"],
            ["update", "later", "--start", "2020-01-01 10:00"],
            ["update", "runs", "--end", "2020-01-01 10:00"],
            ["update", "runs", "--start", "+1h"],
            ["update", "ended", "--end", "+1d"],
            ["update", "ended", "--start", "+1h", "--end", "+1d"],
            ["update", "runs", "--rename", "x" * 81],
            ["update", "later", "--reservation", "min=1,max=1"],
            ["update", "later", "--reservation", "id=no-such,min=1,max=1"],
            ["update", "later", "--reservation", f"{part},min=0,max=0"],
            ["update", "later", "--reservation", f"{part},min=0"],
            ["update", "later", "--reservation", f"{part},min=3,max=2"],
            ["update", "later", "--reservation", f"{part},min=2"],
            ["update", "ended", "--reservation",
             f"id={self.site.named('ended')[0]['reservations'][0]['id']},min=1,max=2"])

    def test_extensions(self):
        self.refused(
            ["extend", "ended", "--by", "1d"], ["extend", "ended", "--to", "+1d"],
            ["extend", "runs", "--to", "2020-01-01 10:00"], ["extend", "later", "--to", "+1h"])

    def test_force_sends_it_anyway_and_an_ended_lease_can_be_renamed(self):
        self.site.seed("over", start=now_text(-86400 * 2), end=now_text(-86400), status="TERMINATED")
        self.sync()
        self.succeed("extend", "over", "--by", "3d", "--offline", "--force")
        self.succeed("update", "later", "--end", "+1h", "--offline", "--force")
        self.succeed("create", "x", "--duration", "1d", "--offline", "--force", "--reservation",
                     "resource_type=physical:host,min=0,max=0")
        self.assertEqual(len(self.rows("queue", "list")), 3)
        self.succeed("update", "ended", "--rename", "finished")
        self.assertEqual(len(self.site.named("finished")), 1)

    def test_an_extension_never_shortens(self):
        end = self.site.named("runs")[0]["end_date"]
        day_before, day_after = short(end, -24) + " UTC", short(end, 24) + " UTC"
        for line in (["--to", day_before], ["--to", "+1h"], ["--by", "-1h"]):
            with self.subTest(" ".join(line)):
                self.refuse("extend", "runs", *line, status=(64,))
        # A queued end counts as the end.
        self.succeed("extend", "runs", "--by", "2d", "--offline")
        self.refuse("extend", "runs", "--to", day_after, "--offline", status=(64,))
        self.assertEqual(self.calm(), [])
        self.assertEqual(short(self.site.named("runs")[0]["end_date"]), short(end, 48))
        self.succeed("update", "runs", "--end", day_before)
        self.assertEqual(short(self.site.named("runs")[0]["end_date"]), short(end, -24))

    def test_decisions_about_queued_writes(self):
        self.succeed("update", "later", "--end", "+3d", "--offline")
        number = self.write()["id"]
        self.refuse("queue", "edit", number, "--end", "2020-01-01 10:00", status=(64, 65))
        self.refuse("queue", "edit", number, "--end", "+1h", status=(64, 65))
        self.refuse("queue", "edit", number, "--rename", "x" * 81, status=(64, 65))
        self.site.named("later")[0]["end_date"] = now_text(10 * 86400)
        self.sync()
        self.assertEqual(self.state(), "blocked")
        self.refuse("queue", "resolve", number, "--end", "2020-01-01 10:00", status=(64, 65))
        self.assertEqual(self.site.sent(), [])


class Truth(SiteCase):
    """A write reports what has changed, and --wait waits for what was requested."""

    def setUp(self):
        super().setUp()
        self.site.seed("runs", "spare")
        self.sync()

    def lease(self, name="runs"):
        return self.site.named(name)[0]

    def test_a_deletion(self):
        result = self.succeed("delete", "runs", "-f", "json")
        row = result.json[0] if isinstance(result.json, list) else result.json
        self.assertEqual(row["status"], "DELETED")
        self.assertEqual(self.known("runs"), [])
        again = self.run_command("delete", "runs")
        self.assertRegex((again.out + again.err).lower(), "already", str(again))
        table = self.succeed("delete", "spare")
        self.assertRegex(table.out + table.err, "(?i)deleted")
        self.assertNotIn("ACTIVE", table.out)

    def test_a_deletion_of_what_is_gone_already(self):
        del self.site.leases[self.lease()["id"]]
        result = self.succeed("delete", "runs", "-f", "json")
        self.assertNotIn("ACTIVE", result.out)
        self.assertEqual(self.known("runs"), [], "it is still listed")

    def test_changes(self):
        end = self.lease()["end_date"]
        row = self.succeed("extend", "runs", "--by", "2h", "-f", "json").json
        row = row[0] if isinstance(row, list) else row
        self.assertEqual(short(row["end_date"]), short(end, 2))
        row = self.succeed("update", "runs", "--rename", "walks", "-f", "json").json
        self.assertEqual(row["name"], "walks")
        row = self.succeed("update", "walks", "--end", short(end, 5) + " UTC", "-f", "json").json
        self.assertEqual(short(row["end_date"]), short(end, 5))
        row = self.known("walks")[0]
        self.assertEqual(short(row["end_date"]), short(end, 5))
        for row in (self.succeed("extend", "spare", "--by", "2h", "--offline", "-f", "json").json,
                    self.succeed("update", "spare", "--rename", "tired", "--offline", "-f", "json").json):
            row = row[0] if isinstance(row, list) else row
            self.assertEqual(short(row["end_date"]), short(end, 2), "what is queued is not shown")
        self.assertEqual(row["name"], "tired")
        text = self.succeed("extend", "walks", "--by", "1h").out
        self.assertIn(short(end, 6)[-5:], text)

    def test_waiting_for_an_extension(self):
        end = self.lease()["end_date"]

        def slowly(handler, execute):
            before = {**self.lease()}
            status, answer = execute()
            # The next read returns an earlier state.
            self.site.fault("GET", lambda h, e: reply(h, 200, {"lease": {**before, "status": "UPDATING"}}))
            reply(handler, status, answer)
        self.site.fault("PUT", slowly)
        self.succeed("extend", "runs", "--by", "2h", "--wait", "--timeout", "8s")
        self.assertEqual(short(self.known("runs")[0]["end_date"]), short(end, 2))
        self.succeed("extend", "runs", "--by", "1h", "--wait", "--timeout", "8s")
        self.assertEqual(short(self.lease()["end_date"]), short(end, 3))

    def test_waiting_for_the_extension_of_a_lease_that_is_to_start_later(self):
        self.succeed("create", "soon", *NODE, "--start", "+1d")
        end = self.lease("soon")["end_date"]
        self.succeed("extend", "soon", "--by", "2h", "--wait", "--timeout", "8s")
        self.assertEqual(short(self.lease("soon")["end_date"]), short(end, 2))

    def test_what_is_only_too_early_is_tried_again_while_one_waits(self):
        end = self.lease()["end_date"]
        self.lease()["status"] = "STARTING"

        def early(handler, execute):
            self.lease()["status"] = "ACTIVE"
            reply(handler, *refusal(409, "Lease is in STARTING status, it cannot be updated in this status."))
        self.site.fault("PUT", early)
        self.succeed("extend", "runs", "--by", "2h", "--wait", "--timeout", "12s")
        self.assertEqual(short(self.lease()["end_date"]), short(end, 2))

    def test_waiting_for_a_lease_that_is_to_start_later(self):
        row = self.succeed("create", "soon", *NODE, "--start", "+1d", "--wait", "--timeout", "6s", "-f", "json").json
        self.assertEqual(row["status"], "PENDING")
        self.site.starts_after = 1
        row = self.succeed("create", "now", *NODE, "--wait", "--timeout", "9s", "-f", "json").json
        self.assertEqual(row["status"], "ACTIVE")

    def test_what_a_new_lease_was_given_is_known_at_once(self):
        clouds, _ = self.start_sandbox("--open-inventory", "--speed", "8")
        self.environment.update(OS_CLIENT_CONFIG_FILE=str(clouds), OS_CLOUD="user1")
        self.succeed("sync")
        self.succeed("create", "ips", "--duration", "1d", "--fip", "2", "--wait", "--timeout", "9s")
        self.assertEqual(len(self.rows("floating-ips", "ips")), 2)
        self.succeed("create", "vms", "--duration", "1d", "--flavor", "name=m1.tiny,amount=1", "--wait",
                     "--timeout", "9s")
        self.assertEqual(len(self.rows("flavors", "vms")), 1)

    def test_who_holds_a_host_is_known_at_once(self):
        # At our own speed: who holds a host at this moment is asked by our clock.
        clouds, _ = self.start_sandbox("--open-inventory")
        self.environment.update(OS_CLIENT_CONFIG_FILE=str(clouds), OS_CLOUD="user1")
        self.succeed("sync")
        self.succeed("create", "node", "--duration", "1d", "--node", "amount=1,node_type=gpu_p100", "--wait",
                     "--timeout", "30s")
        [host] = [row for row in self.rows("hosts") if row["node_type"] == "gpu_p100"]
        self.assertEqual(host["lease_name"], "node")
        self.succeed("delete", "node")
        [host] = [row for row in self.rows("hosts") if row["node_type"] == "gpu_p100"]
        self.assertIsNone(host["lease_name"])


if __name__ == "__main__":
    runner.main()
