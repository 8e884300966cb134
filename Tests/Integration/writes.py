#!/usr/bin/env python3
# needs: nothing
"""Requests for leases reach the server whole, what it accepted counts, and messages say what has changed.

usage: LEASEHOLD=.build/debug/leasehold Tests/Integration/writes.py [NAME...]

The sandbox is the program of that name next to LEASEHOLD, or SANDBOX.
"""

import datetime
import json
import sys

sys.dont_write_bytecode = True

from support import runner
from support.sandbox_case import SandboxCase

HOST = ["--node", "amount=1"]


def later(text, hours):
    """A date of Blazar's or ours, this number of hours later, to the minute."""
    date = datetime.datetime.fromisoformat(text[:16]) + datetime.timedelta(hours=hours)
    return date.isoformat(timespec="minutes")


class Writes(SandboxCase):
    def create(self, name="mine", *options):
        """A lease that exists and is mirrored."""
        options = options or HOST
        self.succeed("sync", "--no-resources")
        self.succeed("create", name, "--start", "+1d", "--duration", "1d", *options)
        self.succeed("sync", "--no-resources")
        return self.lease(name)

    def lease(self, name="mine"):
        """The lease, as the server has it."""
        return self.cloud.leases(name)[0]

    # -- merging

    def test_changes_of_two_reservations_and_of_two_fields_are_all_sent(self):
        lease = self.create("mine", *HOST, *HOST)
        first, second = [item["id"] for item in lease["reservations"]]
        for change in (f"id={first},max=2", f"id={second[:8]},max=2", f"id={second},max=3"):
            self.succeed("update", "mine", "--reservation", change, "--offline")
        self.succeed("update", "mine", "--rename", "other", "--offline")
        self.succeed("sync", "--no-resources")
        changed = {item["id"]: item["max"] for item in self.lease("other")["reservations"]}
        self.assertEqual(changed, {first: 2, second: 3})

    def test_a_queued_creation_is_changed_by_reservation_and_field(self):
        self.succeed("sync", "--no-resources")
        row = self.succeed(
            "create", "mine", "--start", "+1d", "--duration", "1d", *HOST, *HOST, "--offline", "-f", "json").json
        self.succeed("update", "mine", "--reservation", f"id={row['id']}-2,max=3", "--offline")
        self.succeed("queue", "edit", row["mutation"], "--reservation", f"id={row['id']}-1,max=2")
        self.succeed("sync", "--no-resources")
        self.assertEqual(sorted(item["max"] for item in self.lease()["reservations"]), [2, 3])

    # -- what was accepted

    def test_an_accepted_extension_counts_though_it_could_not_be_read_again(self):
        lease = self.create()
        proxy = self.put_proxy_before()
        proxy.fail("GET", "lost", after=1)
        self.succeed("extend", "mine", "--by", "1h")
        wanted = later(lease["end_date"], 1)
        self.assertEqual(self.rows("show", "mine")["end_date"][:16], wanted)
        self.assertEqual([row["end_date"][:16] for row in self.rows("list")], [wanted])
        self.succeed("extend", "mine", "--by", "1h")
        self.assertEqual(self.lease()["end_date"][:16], later(lease["end_date"], 2))

    # -- true messages

    def test_what_is_so_now_is_said(self):
        lease = self.create()
        row = self.succeed("extend", "mine", "--by", "1h", "-f", "json").json
        self.assertEqual(row["end_date"][:16], later(lease["end_date"], 1))
        queued = self.succeed("extend", "mine", "--by", "1h", "--offline", "-f", "json")
        self.assertEqual(queued.json["end_date"][:16], later(lease["end_date"], 2))
        self.assertIn(f"leasehold queue cancel {queued.json['mutation']}", queued.err)
        self.assertEqual(self.succeed("update", "mine", "--rename", "new", "-f", "json").json["name"], "new")
        row = self.succeed("delete", "new", "-f", "json").json
        self.assertEqual((row["status"], row["deleted"]), ("DELETED", True))
        again = self.succeed("delete", lease["id"], "-f", "json")
        self.assertIn("already deleted", again.err)
        self.assertNotIn("queued", [row["state"] for row in self.rows("queue", "list")])

    def test_a_lease_that_somebody_else_deleted_is_gone_at_once(self):
        lease = self.create()
        self.cloud.send("DELETE", f"/leases/{lease['id']}")
        row = self.succeed("delete", "mine", "-f", "json").json
        self.assertEqual((row["status"], row["deleted"]), ("DELETED", True))
        self.assertEqual(self.rows("list"), [])

    def test_deleting_twice_while_offline_queues_one_deletion(self):
        self.create()
        first = self.succeed("delete", "mine", "--offline", "-f", "json").json
        second = self.succeed("delete", "mine", "--offline", "-f", "json").json
        self.assertEqual(first["mutation"], second["mutation"])
        self.assertEqual(len(self.rows("queue", "list")), 1)

    def test_a_server_that_failed_is_said_to_have_failed_and_the_write_can_be_given_up(self):
        self.succeed("sync", "--no-resources")
        self.environment["LEASEHOLD_QUIET_PERIOD_SECONDS"] = "300"
        proxy = self.put_proxy_before()
        proxy.fail("POST", (500, b'{"error_code": 500, "error_message": "Internal Server Error", "error_name": "x"}'))
        done = self.succeed("create", "mine", "--start", "+1d", "--duration", "1d", *HOST, "-f", "json")
        self.assertEqual(done.json["state"], "unknown")
        self.assertRegex(done.err, r"The server failed \(HTTP 500, request req-scripted\); whether it created the lease")
        self.assertNotIn("answer was lost", done.err)
        self.fail_with(65, "queue", "cancel", done.json["mutation"], words=["--give-up"])
        given_up = self.succeed("queue", "cancel", done.json["mutation"], "--give-up", "-f", "json").json
        self.assertIn("may still appear", given_up["message"])
        self.assertEqual(given_up["state"], "cancelled")

    # -- waiting

    def test_waiting_is_for_what_was_asked(self):
        lease = self.create()
        row = self.succeed("extend", "mine", "--by", "1h", "--wait", "--timeout", "30s", "-f", "json").json
        self.assertEqual(row["end_date"][:16], later(lease["end_date"], 1))
        row = self.succeed("delete", "mine", "--wait", "--timeout", "30s", "-f", "json").json
        self.assertEqual(row["status"], "DELETED")
        row = self.succeed(
            "create", "later", "--start", "+1d", "--duration", "1h", *HOST, "--wait", "--timeout", "30s", "-f",
            "json").json
        self.assertEqual(row["status"], "PENDING")

    def test_what_is_only_too_early_is_tried_again_while_it_is_waited_for(self):
        lease = self.create()
        proxy = self.put_proxy_before()
        early = b'{"error_code": 500, "error_message": "Invalid lease status.", "error_name": 500}'
        proxy.fail("PUT", (500, early), times=2)
        row = self.succeed("extend", "mine", "--by", "1h", "--wait", "--timeout", "60s", "-f", "json").json
        self.assertEqual(row["end_date"][:16], later(lease["end_date"], 1))
        self.assertEqual(self.lease()["end_date"][:16], row["end_date"][:16])

    def test_what_was_created_can_be_read_after_waiting_for_it(self):
        self.succeed("sync")
        self.succeed("create", "ips", "--duration", "1h", "--fip", "2", "--wait", "--timeout", "60s")
        self.assertEqual(len(self.rows("floating-ips", "ips")), 2)

    # -- the review

    def test_what_blazar_always_refuses_is_refused_at_once_for_every_verb(self):
        lease = self.create()
        reservation = lease["reservations"][0]["id"]
        cases = [
            (65, "create", "x", "--duration", "1h", "--reservation", "resource_type=physical:host,min=0,max=0"),
            (65, "create", "x", "--start", "2020-01-01 00:00", "--duration", "9000d", *HOST),
            (65, "create", "x", "--start", "+2h", "--end", "+1h", *HOST),
            (65, "create", "x" * 81, "--duration", "1h", *HOST),
            (65, "update", "mine", "--end", "2020-01-01 00:00"),
            (65, "update", "mine", "--start", "2020-01-01 00:00"),
            (65, "update", "mine", "--start", "+50h"),
            (65, "update", "mine", "--rename", "x" * 81),
            (65, "update", "mine", "--reservation", "id=nosuch,max=2"),
            (65, "update", "mine", "--reservation", f"id={reservation},min=0"),
            (65, "update", "mine", "--reservation", f"id={reservation},min=3,max=2"),
            (64, "update", "mine", "--reservation", "max=2"),
            (64, "extend", "mine", "--to", "+2h"),
        ]
        for status, *arguments in cases:
            with self.subTest(arguments):
                self.fail_with(status, *arguments, "--offline")
        self.assertEqual(self.rows("queue", "list"), [])
        # With --force it is sent.
        self.run_command("update", "mine", "--reservation", f"id={reservation},min=0", "--force")
        self.assertEqual(self.query("SELECT state, reason FROM mutation ORDER BY 1 DESC LIMIT 1"), [("settled", None)])
        self.assertEqual(self.query("SELECT count(*) FROM attempt WHERE outcome LIKE 'rejected%'"), [(1,)])

    def test_lists_are_sent_as_lists(self):
        self.succeed("sync")
        network = self.rows("floating-ips")[0]["floating_network_id"]
        addresses = [row["floating_ip_address"] for row in self.rows("floating-ips")][:1]
        body = self.succeed(
            "create", "ips", "--start", "+1d", "--duration", "1h", "--dry-run", "--reservation",
            f"resource_type=virtual:floatingip,network_id={network},amount=1,required_floatingips="
            + str(addresses).replace("'", '"')).json
        self.assertEqual(body["reservations"][0]["required_floatingips"], addresses)
        self.succeed(
            "create", "ips", "--start", "+1d", "--duration", "1h", "--reservation",
            f"resource_type=virtual:floatingip,network_id={network},amount=1,required_floatingips="
            + str(addresses).replace("'", '"'))
        reservation = self.lease("ips")["reservations"][0]
        self.assertEqual(reservation["required_floatingips"], addresses)
        # Upstream's Blazar looks for room as if the lease held nothing, and refuses if there is none. What counts is
        # what it was sent.
        self.run_command("update", "ips", "--reservation", f"id={reservation['id']},required_floatingips=[]")
        sent = self.query("SELECT sent FROM attempt ORDER BY attempt_id DESC LIMIT 1")[0][0]
        self.assertEqual(json.loads(sent)["reservations"][0]["required_floatingips"], [])


class ChameleonWrites(SandboxCase):
    dialect = "chameleon"

    def test_a_reservation_is_changed_by_one_field(self):
        self.succeed("sync", "--no-resources")
        self.succeed("create", "mine", "--start", "+1d", "--duration", "1d", *HOST)
        reservation = self.cloud.leases("mine")[0]["reservations"][0]["id"]
        self.succeed("update", "mine", "--reservation", f"id={reservation},min=2,max=2")
        changed = self.cloud.leases("mine")[0]["reservations"][0]
        self.assertEqual((changed["min"], changed["max"]), (2, 2))


if __name__ == "__main__":
    runner.main()
