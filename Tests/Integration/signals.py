#!/usr/bin/env python3
# needs: nothing
"""Ctrl-C and SIGTERM during a write: a message says what stays queued, and how to cancel it.

usage: LEASEHOLD=.build/debug/leasehold Tests/Integration/signals.py [NAME...]

The sandbox is the program of that name next to LEASEHOLD, or SANDBOX.
"""

import signal
import sys
import time

sys.dont_write_bytecode = True

from support import runner
from support.sandbox_case import SandboxCase
from support.screen import Screen

RESERVATION = ["--reservation", "resource_type=virtual:dummy,amount=1"]


class Signals(Screen, SandboxCase):
    def setUp(self):
        super().setUp()
        self.succeed("sync", "--no-resources")
        self.succeed("create", "mine", "--start", "+1d", "--duration", "1d", *RESERVATION)
        self.succeed("sync", "--no-resources")
        self.proxy = self.put_proxy_before()

    def stop(self, number, *arguments):
        """Starts a command, and stops it while the proxy holds its request; returns its status and output."""
        process = self.start(*arguments)
        self.assertTrue(self.proxy.is_held.wait(60), "nothing was asked")
        time.sleep(0.2)
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
        self.proxy.release()
        return process.returncode, err

    def test_a_write_that_was_not_sent_stays_queued_and_it_is_said(self):
        for number, status in [(signal.SIGINT, 130), (signal.SIGTERM, 143)]:
            with self.subTest(status):
                self.proxy.is_held.clear()
                self.proxy.holds.clear()
                # The read before the PUT is held, so nothing has been sent.
                self.proxy.fail("GET", "held")
                ended, err = self.stop(number, "extend", "mine", "--by", "1h")
                self.assertEqual(ended, status, err)
                self.assertRegex(err, r'Write \d+ \(extend "mine"\) stays queued')
                row = self.rows("queue", "list")[-1]
                self.assertIn(f"leasehold queue cancel {row['id']}", err)
                self.succeed("queue", "cancel", row["id"])
                self.assertEqual(self.rows("queue", "list"), [])

    def test_a_write_that_was_under_way_is_said_to_be(self):
        self.proxy.fail("POST", "held")
        ended, err = self.stop(signal.SIGTERM, "create", "other", "--start", "+1d", "--duration", "1h", *RESERVATION)
        self.assertEqual(ended, 143, err)
        self.assertRegex(err, r'Write \d+ \(create "other"\) was under way')
        row = self.rows("queue", "list")[-1]
        self.assertIn(f"leasehold queue cancel {row['id']} --give-up", err)
        # It may have been created, so it is not canceled silently.
        self.fail_with(65, "queue", "cancel", row["id"], words=["not known yet", "--give-up"])
        self.succeed("queue", "cancel", row["id"], "--give-up")
        self.assertEqual(self.rows("queue", "list"), [])
        self.succeed("sync", "--no-resources")
        self.assertEqual(self.cloud.leases("other"), [])

    def test_a_sync_says_what_stays_queued(self):
        self.succeed("extend", "mine", "--by", "1h", "--offline")
        number = self.rows("queue", "list")[-1]["id"]
        for signal_number, status in [(signal.SIGINT, 130), (signal.SIGTERM, 143)]:
            with self.subTest(status):
                self.proxy.is_held.clear()
                self.proxy.holds.clear()
                self.proxy.fail("GET", "held")
                ended, err = self.stop(signal_number, "sync", "--no-resources")
                self.assertEqual(ended, status, err)
                self.assertIn("A list that was not read to its end changes nothing.", err)
                self.assertRegex(err, rf'Write {number} \(extend "mine"\) (stays queued|was under way)')
                self.assertIn(f"leasehold queue cancel {number}", err)

    def test_a_terminal_shows_after_a_second_that_the_cloud_is_waited_for(self):
        self.proxy.fail("GET", "held")
        session = self.session("extend", "mine", "--by", "1h")
        session.wait_for(r"Waiting for user1 \(Ctrl-C stops waiting\) .* [12] s")
        session.type("\x03")
        self.assertEqual(session.end(), 130, session.text)
        self.assertRegex(session.text, r'Stopped. Write \d+ \(extend "mine"\) stays queued')
        self.proxy.release()


if __name__ == "__main__":
    runner.main()
