#!/usr/bin/env python3
# needs: nothing
"""Answers that are lost, late, absurd or interrupted: an executed write is found, once, and an unsent one is sent.

usage: LEASEHOLD=.build/debug/leasehold Tests/Integration/field_lost.py [NAME...]

Needs no cloud: it has scripted ones.
"""

import os
import pty
import signal
import socket
import subprocess
import sys
import time

sys.dont_write_bytecode = True

from support import runner
from support.fake_cloud import PAGE, send, send_page
from support.site_case import NODE, SiteCase, short
from support.site_cloud import (answers, certificate, cut, drips, hangs, noise, raw, refusal, reply, says,
                                shut)


def alert(level, code):
    """A TLS alert, unencrypted."""
    return bytes([21, 3, 3, 0, 2, level, code])


CLEAR = b"HTTP/1.1 %s\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{}"
# What comes below TLS instead of an answer.
BROKEN_TLS = {
    "nothing": cut, "nothing, and a reset": lambda h, e: (e(), shut(h, reset=True)), "a bare close": raw(b""),
    "alert handshake failure": raw(alert(2, 40)), "alert close": raw(alert(1, 0)), "alert bad MAC": raw(alert(2, 20)),
    "alert unknown CA": raw(alert(2, 48)), "alert expired": raw(alert(2, 45)), "alert internal": raw(alert(2, 80)),
    "alert no renegotiation": raw(alert(1, 100)), "alert and a reset": raw(alert(2, 40), reset=True),
    "a record that nobody can read": raw(b"\x17\x03\x03\x00\x40" + noise(64)),
    "an empty record": raw(b"\x17\x03\x03\x00\x00"), "a record too long": raw(b"\x17\x03\x03\xff\xff" + noise(9000)),
    "a record of no kind": raw(b"\x63\x03\x03\x00\x04abcd"), "another version": raw(b"\x17\x09\x09\x00\x04abcd"),
    "half a header": raw(b"\x17\x03"), "half a record": raw(b"\x17\x03\x03\x01\x00" + noise(8)),
    "a second handshake": raw(b"\x16\x03\x03\x00\x04\x00\x00\x00\x00"),
    "a change of ciphers": raw(b"\x14\x03\x03\x00\x01\x01"), "a heartbeat": raw(b"\x18\x03\x03\x00\x04abcd"),
    "HTTP 201 in clear": raw(CLEAR % b"201 Created"), "HTTP 400 in clear": raw(CLEAR % b"400 Bad Request"),
    "HTTP 503 in clear": raw(CLEAR % b"503 Busy", reset=True), "noise": raw(noise(300)), "zeros": raw(bytes(64)),
}
# What comes over an intact connection instead of an answer.
BROKEN_HTTP = {
    "half a head": raw(b"HTTP/1.1 201 Cre"), "no HTTP": raw(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "no body": raw(b"HTTP/1.1 201 Created\r\nContent-Length: 500\r\n\r\n{\"lease\": {"),
    "a broken chunk": raw(b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}"),
    "a reset in the head": raw(b"HTTP/1.1 201 Created\r\nX: ", reset=True), "TLS": raw(alert(2, 40)),
    "only 100": raw(b"HTTP/1.1 100 Continue\r\n\r\n"), "status 999": raw(b"HTTP/1.1 999 What\r\n\r\n"),
    "a web page": lambda h, e: (e(), send_page(h)), "a web page 502": lambda h, e: (e(), send_page(h, status=502)),
    "an empty 201": lambda h, e: (e(), send(h, 201, b"", "application/json")),
    "a 201 that is no lease": says(201, {"lease": []}), "a 201 without an id": says(201, {"lease": {"name": "x"}}),
    "a 201 with half JSON": lambda h, e: (e(), send(h, 201, b'{"lease": {"id": ', "application/json")),
    "a redirect": lambda h, e: (e(), send(h, 302, b"", "text/html", {"Location": "http://portal.invalid/"})),
    "500": says(*refusal(500, "Internal Server Error")), "504": lambda h, e: (e(), send(h, 504, PAGE, "text/html")),
    "408": says(*refusal(408, "Request Timeout")), "503": says(*refusal(503, "busy"), {"Retry-After": "1"}),
}


class AfterExecution(SiteCase):
    """An executed write is found, whatever came instead of its answer."""

    def break_all(self, faults):
        """Each create, extend and delete affects one lease, although each answer is broken."""
        ends = {}
        for number, (kind, act) in enumerate(faults.items()):
            self.site.fault("POST", act, name=kind)
            if number % 4 == 0:
                self.site.seed(f"long: {kind}", f"gone: {kind}")
                ends[kind] = self.site.named(f"long: {kind}")[0]["end_date"]
                self.site.fault("PUT", act, name=f"long: {kind}")
                self.site.fault("DELETE", act, name=f"gone: {kind}")
        self.sync()
        for kind in faults:
            self.succeed("create", kind, *NODE, "--start", "+1h", "--offline")
        for kind in ends:
            self.succeed("extend", f"long: {kind}", "--by", "1d", "--offline")
            self.succeed("delete", f"gone: {kind}", "--offline")
        left = self.calm(seconds=25)
        self.assertEqual({kind: len(self.site.named(kind)) for kind in faults}, dict.fromkeys(faults, 1))
        self.assertEqual(left, [])
        self.assertEqual([row for row in self.rows("queue", "list", "--all") if row["state"] not in ("settled",)], [])
        for kind, end in ends.items():
            lease = self.site.named(f"long: {kind}")[0]
            self.assertEqual(short(lease["end_date"]), short(end, 24), kind)
            self.assertEqual(self.site.named(f"gone: {kind}"), [])
        names = sorted(row["name"] for row in self.rows("list"))
        self.assertEqual(names, sorted(item["name"] for item in self.site.leases.values()))

    def test_TLS_breaks(self):
        self.keystone, self.site = self.start_site(tls=certificate(self.folder))
        self.write_clouds(lab=self.keystone.entry())
        self.break_all(BROKEN_TLS)

    def test_HTTP_breaks(self):
        self.break_all(BROKEN_HTTP)

    def test_on_a_cloud_that_drops_our_event(self):
        self.site.keeps_events = False
        kinds = ("nothing, and a reset", "alert handshake failure", "HTTP 201 in clear", "noise")
        self.break_all({kind: BROKEN_TLS[kind] for kind in kinds})

    def test_what_was_accepted_counts_though_reading_it_back_failed(self):
        self.sync()
        for name, lost in {"cut": cut, "500": answers(*refusal(500, "Internal Server Error")),
                           "page": lambda h, e: send_page(h)}.items():
            for first in (["extend", name, "--by", "1h"], ["update", name, "--end"]):
                with self.subTest(f"{name}: {' '.join(first)}"):
                    self.site.leases.clear()
                    self.site.seed(name)
                    self.run_command("sync", "--no-resources", "--confirm-deletes")
                    lease = self.site.named(name)[0]
                    end = lease["end_date"]

                    def accepted(handler, execute):
                        reply(handler, *execute())
                        self.site.fault("GET", lost, times=5)
                    self.site.fault("PUT", accepted)
                    if first[0] == "update":
                        first.append(short(end, 1) + " UTC")
                    self.run_command(*first)
                    self.site.faults.clear()
                    self.run_command("extend", name, "--by", "1h")
                    self.assertEqual(self.calm(), [])
                    self.assertEqual(short(lease["end_date"]), short(end, 2))

    def test_a_failure_with_a_body_is_told_and_can_be_given_up(self):
        self.environment["LEASEHOLD_QUIET_PERIOD_SECONDS"] = "3600"
        self.sync()
        self.site.seed("long")
        self.sync()
        for verb, line in (("POST", ["create", "lost", *NODE]), ("PUT", ["extend", "long", "--by", "1h"])):
            with self.subTest(line[0]):
                self.site.fault(verb, answers(*refusal(500, "The cat sat on the database")), times=9)
                result = self.run_command(*line)
                number = self.write()["id"]
                said = result.out + result.err + self.succeed("queue", "show", number).out
                self.assertIn("The cat sat on the database", said)
                self.assertNotRegex(said, "(?i)answer (was|is) lost|no answer")
                told = self.give_up(number)
                self.assertRegex(told.out + told.err, "(?i)lease|carried out|server")
                self.site.faults.clear()
                before = self.site.sent()
                self.sync()
                self.sync()
                self.assertEqual(self.site.sent(), before, "it was sent again")
                self.assertEqual(self.rows("queue", "list"), [])

    def give_up(self, number):
        return self.succeed("queue", "cancel", number, "--give-up")

    def test_a_lost_answer_can_be_given_up(self):
        self.environment["LEASEHOLD_QUIET_PERIOD_SECONDS"] = "3600"
        self.site.fault("POST", lambda h, e: shut(h))
        self.run_command("create", "lost", *NODE)
        self.assertEqual(self.state(), "unknown")
        self.give_up(self.write()["id"])
        self.sync()
        self.sync()
        self.assertEqual((self.site.sent("POST"), self.rows("queue", "list")), ([], []))
        # A write that was executed after all is listed with its real state.
        self.site.fault("POST", cut)
        self.run_command("create", "found", *NODE)
        self.give_up(self.write()["id"])
        self.sync()
        self.assertEqual((len(self.site.named("found")), len(self.known("found"))), (1, 1))


class NeverLeft(SiteCase):
    """Unsent writes are sent as soon as possible, without a quiet period."""

    def setUp(self):
        super().setUp()
        self.environment.update(LEASEHOLD_QUIET_PERIOD_SECONDS="3600", LEASEHOLD_TIMEOUT_SECONDS="2")

    def send_at_once(self, tls=None, in_place=lambda: None):
        if tls:
            self.keystone, self.site = self.start_site(tls=tls)
            self.write_clouds(lab=self.keystone.entry())
        # The first create shows what the cloud stores.
        self.succeed("create", "first", *NODE)
        self.site.close()
        end = in_place()
        self.run_command("create", "second", *NODE)
        self.assertEqual(self.state(), "queued")
        if end:
            end()
        self.site.open()
        self.assertEqual(self.calm(), [])
        self.assertEqual((len(self.site.named("second")), self.state()), (1, "settled"))

    def test_nobody_listens(self):
        self.send_at_once()

    def test_nobody_takes_the_connection(self):
        def full():
            listener = socket.socket()
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", self.site.port))
            listener.listen(0)
            waiting = [socket.socket() for _ in range(3)]
            for client in waiting:
                client.setblocking(False)
                client.connect_ex(("127.0.0.1", self.site.port))
            return lambda: [item.close() for item in (*waiting, listener)]
        self.send_at_once(in_place=full)

    def test_TLS_is_refused_at_the_beginning(self):
        def refusing():
            listener = socket.create_server(("127.0.0.1", self.site.port))
            process = os.fork()
            if process == 0:
                while True:
                    client, _ = listener.accept()
                    client.recv(4096)
                    client.sendall(alert(2, 40))
                    client.close()
            listener.close()

            def end():
                os.kill(process, signal.SIGKILL)
                os.waitpid(process, 0)
            return end
        self.send_at_once(tls=certificate(self.folder), in_place=refusing)


class TooLong(SiteCase):
    """A reply that drips or never ends is abandoned."""

    def test_replies_that_never_end(self):
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
        chunked = head + b"Transfer-Encoding: chunked\r\n\r\n"
        kinds = {
            "a byte of a body": (head + b"Content-Length: 100000\r\n\r\n", b" "),
            "a byte of a head": (b"HTTP/1.1 200 OK\r\nX: ", b"y"), "header lines": (head, b"X-More: y\r\n"),
            "1xx": (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"), "100": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
            "chunks of spaces": (chunked, b"1\r\n \r\n"),
            "a list of spaces": (chunked + b"b\r\n{\"leases\":[\r\n", b"4\r\n    \r\n"),
        }
        running = []
        for number, (kind, (first, every)) in enumerate(kinds.items()):
            for verb, line in (("POST", ["create", "x", *NODE]), ("LIST", ["sync", "--no-resources"]),
                               ("PUT", ["extend", "long", "--by", "1h"]), ("TOKEN", ["sync", "--no-resources"])):
                if verb in ("PUT", "TOKEN") and number % 3:
                    continue
                keystone, site = self.start_site()
                (keystone if verb == "TOKEN" else site).fault(verb, drips(site, first, every), times=9)
                database = self.folder / f"{verb}{number}.sqlite"
                environment = {**keystone.environment(), "OS_CLOUD": "", "LEASEHOLD_DB": str(database),
                               "LEASEHOLD_TIMEOUT_SECONDS": "1"}
                if verb == "PUT":
                    site.seed("long")
                    self.run_command("sync", "--no-resources", env=environment)
                running.append((kind, verb, database, self.start(*line, env=environment), site))
        limit = time.monotonic() + 20
        for kind, verb, database, process, site in running:
            with self.subTest(f"{verb}: {kind}"):
                _, err = process.communicate(timeout=max(0.1, limit - time.monotonic()))
                self.assertGreaterEqual(process.returncode, 0, err)
                if verb == "POST":
                    self.assertEqual(len(site.named("x")), 1, "it was not sent once")


class Interrupted(SiteCase):
    """Ctrl-C and SIGTERM during a write say what stays queued, and how to cancel it."""

    def interrupt(self, name, fault, how=signal.SIGINT, terminal=False):
        verb, act = fault
        server = self.keystone if verb == "TOKEN" else self.site
        server.fault(verb, act)
        before = len(server.requests)
        if terminal:
            main, side = pty.openpty()
            process = subprocess.Popen(
                [os.environ["LEASEHOLD"], "create", name, *NODE], env=self.environment, cwd=self.folder, stdin=side,
                stdout=side, stderr=side, start_new_session=True)
            os.close(side)
        else:
            process = self.start("create", name, *NODE)
        path = {"TOKEN": "POST /identity", "POST": "POST /reservation"}[verb]
        self.wait_until(lambda: any(line.startswith(path) for line in server.requests[before:]))
        time.sleep(0.2)
        process.send_signal(how)
        if terminal:
            said = b""
            while True:
                try:
                    data = os.read(main, 4096)
                except OSError:
                    break
                if not data:
                    break
                said += data
            os.close(main)
            process.wait(timeout=10)
            return process.returncode, said.decode()
        out, err = process.communicate(timeout=10)
        return process.returncode, out + err

    def test_what_stays_queued_and_how_to_cancel_it(self):
        self.succeed("create", "first", *NODE)
        kinds = [
            ("TOKEN", signal.SIGINT, False), ("TOKEN", signal.SIGTERM, False), ("POST", signal.SIGINT, False),
            ("POST", signal.SIGTERM, True)]
        for number, (verb, how, terminal) in enumerate(kinds):
            with self.subTest(f"{verb} {how} {terminal}"):
                server = self.keystone if verb == "TOKEN" else self.site
                name = f"stopped {number}"
                status, said = self.interrupt(name, (verb, hangs(server, before=verb == "TOKEN")), how, terminal)
                self.assertNotEqual(status, 0)
                write = self.write()
                self.assertEqual(write["lease"], name)
                self.assertIn(f"leasehold queue cancel {write['id']}", said)
                self.succeed("queue", "cancel", write["id"], *([] if verb == "TOKEN" else ["--give-up"]))
                self.sync()
                # Either it had arrived, or it never will.
                self.assertEqual(len(self.site.named(name)), 0 if verb == "TOKEN" else 1)
        self.assertEqual(self.rows("queue", "list"), [])

    def test_an_interrupted_sync_is_no_cloud_that_cannot_be_reached(self):
        self.site.fault("LIST", hangs(self.site))
        process = self.start("sync", "--no-resources")
        self.wait_until(lambda: any("/leases" in line for line in self.site.requests))
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=10)
        self.assertNotEqual(process.returncode, 69, err)
        self.assertNotRegex(out + err, "(?i)unreachable|cannot be reached|no answer in time")
        self.assertNotRegex(str(self.query("SELECT outcome, message FROM v_sync")), "(?i)unreachable|be reached")


if __name__ == "__main__":
    runner.main()
