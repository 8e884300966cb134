#!/usr/bin/env python3
# needs: nothing
"""What somebody types at a terminal: `create` that asks, and `top`. Needs no cloud but the sandbox.

usage: LEASEHOLD=.build/debug/leasehold Tests/Integration/interactive.py [NAME...]

The sandbox is the program of that name beside LEASEHOLD.
"""

import os
import signal
import sys
import termios
import time

sys.dont_write_bytecode = True

from support import runner
from support.sandbox import SandboxCase
from support.screen import Screen


class Questions(Screen, SandboxCase):
    dialect = "chameleon"
    sandbox_options = ("--open-inventory",)

    def setUp(self):
        super().setUp()
        self.succeed("sync")

    def converse(self, *lines, env=None):
        """Answers question after question; gives what was written, and the status."""
        session = self.session("create", env=env)
        for question, answer in lines:
            session.wait_for(question)
            session.type(answer)
        status = session.end()
        return session.text, status

    ANSWERS = [(r"Name: ", "mine\n"), (r"What \[1\]: ", "1\n"), (r"Node type \[\d\]: ", "gpu\n"),
               (r"How many \[1\]: ", "\n"), (r"Floating IPs \[0\]: ", "1\n"), (r"Start .*\[now\]: ", "+1d\n"),
               (r"How long.*\[1d\]: ", "90m\n")]

    def test_the_answers_amount_to_a_command_line_that_is_carried_out_after_a_yes(self):
        said, status = self.converse(*self.ANSWERS, (r"Create it\? \[y/N\] ", "y\n"))
        self.assertEqual(status, 0, said)
        self.assertIn("leasehold create mine --node 1,node_type=gpu_p100 --fip 1 --start +1d --duration 90m\n", said)
        self.assertIn("Created mine, PENDING", said)
        row = self.rows("show", "mine")
        self.assertEqual(sorted(item["resource_type"] for item in row["reservations"]),
                         ["physical:host", "virtual:floatingip"])

    def test_nothing_is_sent_after_a_no_or_at_the_end_of_the_input(self):
        said, status = self.converse(*self.ANSWERS, (r"Create it\? \[y/N\] ", "n\n"))
        self.assertIn("Nothing was created.", said)
        self.assertNotEqual(status, 0)
        said, status = self.converse((r"Name: ", "mine\n"), (r"What", "\x04"))
        self.assertIn("Nothing was created.", said)
        self.assertNotEqual(status, 0)
        self.assertEqual((self.rows("list"), self.rows("queue", "list")), ([], []))

    def test_one_cloud_of_several_is_chosen_and_nobody_is_asked_in_a_pipe(self):
        said, status = self.converse(
            (r"Name: ", "mine\n"), (r"Cloud: ", "user1\n"), (r"What", "\x04"), env={"OS_CLOUD": ""})
        self.assertIn("edge devices", said)
        self.fail_with(64, "create", words=("name",))


class Top(Screen, SandboxCase):
    def setUp(self):
        super().setUp()
        for number, name in enumerate(("one", "two", "three")):
            self.succeed("create", name, "--start", f"+{number + 1}d", "--duration", "1d", "--reservation",
                         "resource_type=virtual:dummy,amount=1")
        self.succeed("sync")
        # From here on nothing may be asked of a cloud.
        self.environment["OS_CLIENT_CONFIG_FILE"] = str(self.folder / "gone.yaml")

    def open(self, size=(24, 80)):
        session = self.session("top", size=size)
        session.wait_for(r"q quit", on="screen")
        return session

    def check_restored(self, session):
        """The terminal has its own screen, its cursor and its modes again."""
        raw = session.raw.decode()
        for on, off in (("\x1b[?1049h", "\x1b[?1049l"), ("\x1b[?25l", "\x1b[?25h")):
            self.assertEqual(raw.count(on), raw.count(off))
            self.assertGreater(raw.rfind(off), raw.rfind(on))
        self.assertEqual(termios.tcgetattr(session.slave), session.modes)

    def test_it_shows_what_is_there_and_ends_with_q(self):
        session = self.open()
        lines = session.screen.split("\n")
        self.assertEqual(len(lines), 24)
        self.assertTrue(all(len(line) <= 80 for line in lines), lines)
        self.assertRegex(lines[0], r"^0 running, 3 to come")
        self.assertRegex(session.screen, r"(?m)^> \S+ +one ")
        session.type("\x1b[B")
        session.wait_for(r"(?m)^> \S+ +two ", on="screen")
        session.type("q")
        self.assertEqual(session.end(), 0)
        self.check_restored(session)

    def test_filter_show_extend_and_delete(self):
        session = self.open()
        session.type("/tw")
        session.wait_for(r"/tw_", on="screen")
        self.assertNotIn("three", session.screen.split("Changed")[0])
        session.type("\r\r")
        session.wait_for(r"Reservations", on="screen")
        self.assertIn("two   PENDING", session.screen)
        session.type("q")
        session.wait_for(r"\[tw\]", on="screen")
        session.type("e2h\r")
        session.wait_for(r"Queued as write \d+, not sent yet: extend two", on="screen")
        session.wait_for(r"two \*", on="screen")
        session.type("dn")
        session.wait_for(r"Nothing was deleted", on="screen")
        session.type("ezzz\r")
        session.wait_for(r"'zzz' is not a duration", on="screen")
        session.type("dy")
        session.wait_for(r"delete two", on="screen")
        session.type("q")
        self.assertEqual(session.end(), 0)
        self.assertIn("To send it: leasehold sync", session.text)
        self.check_restored(session)
        self.assertEqual({row["verb"] for row in self.rows("queue", "list")} - {"extend"}, {"delete"})
        self.assertEqual(len(self.cloud.leases("two")), 1)

    def test_it_draws_only_what_changes_and_sees_what_others_write(self):
        session = self.open()
        while session.read(0.3):
            pass
        before = len(session.raw)
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline:
            session.read(0.2)
        # A minute may have begun meanwhile.
        self.assertLessEqual(session.raw[before:].count(b"\x1b[H"), 1)
        self.succeed("extend", "three", "--by", "2h", "--offline")
        session.wait_for(r"three \*", on="screen")

    def test_it_survives_resizing_and_stopping(self):
        session = self.open()
        session.resize(12, 60)
        session.process.send_signal(signal.SIGWINCH)
        session.wait_for(r"(?s)^(?:[^\n]{0,60}\n){11}[^\n]{0,60}$", on="screen")
        session.type("\x1a")
        session.wait_for(r"\x1b\[\?1049l", on="text")
        # Not before it has stopped.
        os.waitid(os.P_PID, session.process.pid, os.WSTOPPED | os.WNOWAIT)
        self.check_restored(session)
        session.process.send_signal(signal.SIGCONT)
        session.wait_for(r"(?s)1049l.*1049h.*q quit")
        session.type("q")
        self.assertEqual(session.end(), 0)
        self.assertEqual(termios.tcgetattr(session.slave), session.modes)

    def test_the_terminal_is_as_it_was_after_any_end(self):
        for number, status in ((signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)):
            with self.subTest(status):
                session = self.open()
                session.process.send_signal(number)
                self.assertEqual(session.end(), status)
                self.check_restored(session)
        session = self.open()
        session.type("\x03")
        self.assertEqual(session.end(), 130)
        self.check_restored(session)

    def test_it_needs_a_terminal(self):
        self.fail_with(64, "top", words=("terminal", "leasehold list"))


if __name__ == "__main__":
    runner.main()
