#!/usr/bin/env python3
# needs: nothing
"""Reminders through real channels: a command, web services, mail through a real sendmail, and a desktop's notifications.

usage: LEASEHOLD=.build/debug/leasehold Tests/Integration/notify.py [NAME...]

Mail goes through msmtp (package msmtp), which has sendmail's interface and hands it to a mail server of the test, which
puts it into a maildir. Notifications go through a D-Bus session to the daemon dunst (packages dbus, libglib2.0-bin,
dunst, xvfb). What a missing program is needed for is skipped.
"""

import datetime
import email
import email.policy
import http.server
import json
import mailbox
import os
import shutil
import signal
import socketserver
import sqlite3
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True

import unittest

from support import runner
from support.sandbox_case import SandboxCase

#: A part of the addresses of web services, which must appear nowhere.
SECRET = "B8xkz0rTsecret"


def is_missing(*programs):
    return not all(map(shutil.which, programs))


class WebService(http.server.ThreadingHTTPServer):
    """Answers each request as the test says: with a status, or not at all."""

    daemon_threads = True

    def __init__(self):
        self.requests, self.answers, self.released = [], [], threading.Event()
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                service.requests.append((self.path, dict(self.headers), json.loads(body)))
                answer = service.answers.pop(0) if service.answers else 200
                if answer == "stall":
                    service.released.wait(60)
                    return
                self.send_response(answer)
                self.end_headers()

            def log_message(self, *_):
                pass
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def close(self):
        self.released.set()
        self.shutdown()
        self.server_close()


class MailServer(socketserver.ThreadingTCPServer):
    """Takes mail by SMTP, and puts it into a maildir."""

    daemon_threads = True

    def __init__(self, folder):
        self.box = mailbox.Maildir(folder, create=True)
        server = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                def say(line):
                    self.wfile.write(line.encode() + b"\r\n")
                say("220 test")
                while line := self.rfile.readline():
                    verb = line.split()[0].upper() if line.split() else b""
                    if verb == b"DATA":
                        say("354 go on")
                        lines = []
                        while (line := self.rfile.readline()) not in (b".\r\n", b""):
                            lines.append(line[1:] if line.startswith(b"..") else line)
                        server.box.add(b"".join(lines).replace(b"\r\n", b"\n"))
                        say("250 taken")
                    elif verb == b"QUIT":
                        return say("221 bye")
                    else:
                        say("250 fine")
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def close(self):
        self.shutdown()
        self.server_close()


class Notify(SandboxCase):
    dialect = "chameleon"
    secrets = (SECRET,)

    def setUp(self):
        super().setUp()
        self.told = self.folder / "told.ndjson"
        self.environment["TZ"] = "UTC"
        self.succeed("sync")

    def configure(self, channels, events=None, leases=None):
        """Writes notify.yaml; JSON is YAML."""
        file = self.folder / "config" / "leasehold" / "notify.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({
            "events": events or {"end": {"before": ["2d"]}}, "channels": channels, **({"leases": leases} if leases else {})}))
        return file

    @property
    def script(self):
        """A channel that appends each message to a file."""
        return {"type": "command", "command": f"cat >> '{self.told}'"}

    def messages(self):
        return [json.loads(line) for line in self.told.read_text().splitlines()] if self.told.exists() else []

    def create(self, name, duration="1d"):
        self.succeed("create", name, "--duration", duration, "--fip", "1")

    def lead(self, name, seconds):
        """A time before a lease's end that passes in so many seconds."""
        lease, = (row for row in self.rows("list") if row["name"] == name)
        end = datetime.datetime.fromisoformat(lease["end_date"].replace("Z", "+00:00")).timestamp()
        return f"{int(end - time.time() - seconds)}s"

    def retry_now(self):
        """Lets what failed be tried again at once."""
        with sqlite3.connect(self.database) as connection:
            connection.execute("UPDATE reminder_delivery SET next_attempt_at = 0 WHERE state = 'pending'")
        connection.close()

    # MARK: What is told, and when

    def test_an_end_is_told_once_and_again_when_it_moves(self):
        self.create("train")
        self.configure({"script": self.script}, {"end": {"before": ["2d", "1h"]}})
        self.succeed("sync")
        self.assertEqual(self.messages(), [], "one is longer than the lease, the other not due")
        plan = self.rows("notify", "check")
        self.assertEqual([(row["kind"], row["name"], row["channels"]) for row in plan], [("end", "train", "script")])
        ids = set()
        for number in (1, 2):
            self.configure({"script": self.script}, {"end": {"before": [self.lead("train", 1)]}})
            time.sleep(2)
            for _ in range(2):
                self.succeed("sync")
            self.assertEqual(len(self.messages()), number)
            item, = self.messages()[-1]["reminders"]
            self.assertEqual((item["kind"], item["name"], item["site"]), ("end", "train", "user1"))
            self.assertRegex(item["text"], r"train \(user1\) ends in 1 d, at \w{3} +\d+ \w{3} \d\d:\d\d UTC")
            ids.add(item["id"])
            self.succeed("extend", "train", "--by", "1h")
        self.assertEqual(len(ids), 2)

    def test_many_are_one_message_and_each_is_told_once(self):
        self.configure({"script": self.script}, {"start": True, "write": ["done"]})
        for name in ("first", "second", "third"):
            self.create(name, "1d")
        self.succeed("sync")
        message, = self.messages()
        self.assertEqual(message["title"], "6 reminders")
        self.assertEqual(sorted(item["kind"] for item in message["reminders"]), ["start"] * 3 + ["write"] * 3)
        self.assertEqual(len({item["id"] for item in message["reminders"]}), 6)
        self.assertIn("first (user1) has started", message["text"])
        for _ in range(2):
            self.succeed("sync")
        self.assertEqual(len(self.messages()), 1)
        log = self.rows("notify", "log")
        self.assertEqual({row["state"] for row in log}, {"sent"})
        self.assertEqual({row["message_id"] for row in log}, {message["id"]})
        self.assertIn("Last reminder", self.succeed("status").err)

    def test_a_process_that_is_killed_while_it_tells(self):
        slow = {"type": "command", "command": f"cat >> '{self.told}'; sleep 30", "timeout": "60s"}
        self.configure({"script": slow}, {"start": True})
        self.create("first", "1d")
        sync = self.start("sync")
        deadline = time.monotonic() + 30
        while not self.messages():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)
        sync.send_signal(signal.SIGKILL)
        sync.communicate()
        self.assertEqual([row["state"] for row in self.rows("notify", "log")], ["sending"])
        self.configure({"script": self.script}, {"start": True})
        for _ in range(2):
            self.succeed("sync")
        first, again = self.messages()
        self.assertEqual(first["id"], again["id"], "a receiver can tell that it is the same")
        self.assertEqual([row["state"] for row in self.rows("notify", "log")], ["sent"])

    def test_a_watch_tells_on_time_without_a_network(self):
        self.create("first")
        self.succeed("sync")
        self.configure({"script": self.script}, {"end": {"before": [self.lead("first", 8)]}})
        due = time.time() + 8
        self.stop_sandbox()
        watch = self.start("sync", "--watch", "--interval", "1h")
        self.addCleanup(watch.communicate)
        self.addCleanup(watch.kill)
        time.sleep(3)
        self.assertEqual(self.messages(), [], "it is not due yet")
        deadline = time.monotonic() + 30
        while not self.messages():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.2)
        self.assertLess(time.time(), due + 5)
        self.assertEqual(self.messages()[0]["reminders"][0]["kind"], "end")
        watch.send_signal(signal.SIGTERM)
        self.assertEqual(watch.wait(10), 0)

    def test_a_cloud_that_cannot_be_read_for_long(self):
        self.configure({"script": self.script}, {"sync": {"after": "1s"}})
        self.succeed("sync")
        self.stop_sandbox()
        time.sleep(1.1)
        self.run_command("sync")
        self.run_command("sync")
        message, = self.messages()
        self.assertEqual([item["kind"] for item in message["reminders"]], ["sync"])

    def test_only_what_is_asked_for(self):
        self.configure(
            {"script": self.script, "errors": {**self.script, "events": ["error"]}}, {"start": True},
            {"names": ["tr*"]})
        self.create("train", "1d")
        self.create("other", "1d")
        self.succeed("sync")
        message, = self.messages()
        self.assertEqual([item["name"] for item in message["reminders"]], ["train"])

    # MARK: Web services

    def test_a_web_service_that_fails_then_stalls_then_works(self):
        service = WebService()
        self.addCleanup(service.close)
        (self.folder / "url").write_text(f"{service.url}/{SECRET}/topic\n")
        self.configure({
            "plain": {"type": "webhook", "url_file": str(self.folder / "url"), "timeout": "2s",
                      "token_command": f"echo {SECRET}"},
        }, {"start": True})
        self.create("first", "1d")
        service.answers = [500, "stall", 200]
        failed = self.succeed("sync")
        self.assertIn("answered with HTTP 500", failed.err)
        doctor = self.run_command("doctor", "--offline")
        self.assertIn("answered with HTTP 500", doctor.out)
        self.assertIn("1 waiting", self.succeed("status").err)
        self.succeed("sync")
        self.assertEqual(len(service.requests), 1, "the next try comes after a pause")
        self.retry_now()
        # The sync itself ends, and says so, before anybody is told.
        began = time.monotonic()
        sync = self.start("sync")
        while not (line := sync.stdout.readline()).startswith("user1: "):
            self.assertTrue(line, "the sync says how it ended")
        shown = time.monotonic() - began
        _, errors = sync.communicate(timeout=30)
        self.assertEqual(sync.returncode, 0, errors)
        self.assertGreater(time.monotonic() - began, shown + 1.5)
        self.assertLess(time.monotonic() - began, shown + 10)
        self.assertIn("no answer in time", errors)
        self.retry_now()
        self.succeed("sync", "-vv")
        self.assertEqual(len(service.requests), 3)
        ids = {body["id"] for _, _, body in service.requests}
        self.assertEqual(len(ids), 1)
        path, headers, body = service.requests[-1]
        self.assertEqual(path, f"/{SECRET}/topic")
        self.assertEqual(headers["Authorization"], f"Bearer {SECRET}")
        self.assertEqual(headers["Idempotency-Key"], body["id"])
        row, = self.rows("notify", "log")
        self.assertEqual((row["state"], row["attempts"]), ("sent", 3))
        for file in self.database.parent.iterdir():
            self.assertNotIn(SECRET.encode(), file.read_bytes(), file)

    def test_the_shapes_of_web_services(self):
        service = WebService()
        self.addCleanup(service.close)
        channels = {shape: {"type": "webhook", "shape": shape, "url": f"{service.url}/{shape}/topic"}
                    for shape in ("plain", "slack", "discord", "ntfy")}
        self.configure({**channels, "closed": {"type": "webhook", "url": f"http://127.0.0.1:1/{SECRET}"}})
        result = self.run_command("notify", "test", "-f", "json")
        self.assertEqual(result.status, 69, str(result))
        self.assertEqual([row["state"] for row in result.json], ["sent"] * 4 + ["failed"])
        bodies = {path: body for path, _, body in service.requests}
        self.assertEqual(bodies.keys(), {"/plain/topic", "/slack/topic", "/discord/topic", "/ntfy/"})
        self.assertIn("This is a test", bodies["/slack/topic"]["text"])
        self.assertIn("This is a test", bodies["/discord/topic"]["content"])
        self.assertEqual(bodies["/ntfy/"]["topic"], "topic")
        self.assertEqual(self.rows("notify", "test", "slack")[0]["state"], "sent")

    # MARK: Mail

    @unittest.skipIf(is_missing("msmtp"), "msmtp is not installed")
    def test_mail_through_a_real_sendmail(self):
        server = MailServer(self.folder / "maildir")
        self.addCleanup(server.close)
        settings = self.folder / "msmtprc"
        settings.write_text(
            f"account default\nhost 127.0.0.1\nport {server.server_address[1]}\nfrom leasehold@example.org\n")
        self.configure({"mail": {
            "type": "mail", "to": ["ada@example.org", "Bob <bob@example.org>"], "from": "leasehold@example.org",
            "sendmail": ["msmtp", "-C", str(settings)],
        }}, {"start": True})
        name = "Übung 日本語 über alles, mit sehr vielen Wörtern"
        self.create(name, "1d")
        self.succeed("sync")
        self.create("plain", "1d")
        self.succeed("sync")
        mails = [email.message_from_bytes(bytes(mail), policy=email.policy.default) for mail in server.box]
        self.assertEqual(len(mails), 2)
        mail, = (mail for mail in mails if name in str(mail["Subject"]))
        self.assertIn("has started", mail["Subject"])
        self.assertEqual([str(address) for address in mail["To"].addresses], ["ada@example.org", "Bob <bob@example.org>"])
        self.assertIn(name, mail.get_content())
        self.assertEqual(mail["Auto-Submitted"], "auto-generated")
        sent = mail["Date"].datetime
        self.assertLess(abs(sent.timestamp() - time.time()), 120)
        log = {row["name"]: row for row in self.rows("notify", "log")}
        self.assertTrue(mail["Message-ID"].startswith(f"<{log[name]['message_id']}@"))
        self.assertFalse(mail.defects, mail.defects)
        self.assertTrue(all(len(line) <= 998 for line in bytes(mail).splitlines()))
        # A program that fails says why.
        settings.write_text("account default\nhost 127.0.0.1\nport 1\nfrom leasehold@example.org\n")
        result = self.run_command("notify", "test")
        self.assertEqual(result.status, 69)
        self.assertIn("msmtp", result.out)

    # MARK: The desktop

    @unittest.skipIf(is_missing("dbus-run-session", "gdbus", "dunst", "dunstctl", "Xvfb"), "there is no desktop to try")
    def test_a_notification_on_a_desktop(self):
        self.configure({"desktop": {}}, {"start": True})
        self.create("it's <b>\"bold\"</b> \\ & co", "1d")
        steps = self.folder / "desktop.sh"
        steps.write_text("""
            set -e
            exec 3>display
            Xvfb -displayfd 3 -nolisten tcp >/dev/null 2>&1 & server=$!
            exec 3>&-
            while ! test -s display; do sleep 0.1; done
            export DISPLAY=:$(cat display)
            dunst >/dev/null 2>&1 & daemon=$!
            for i in $(seq 100); do dunstctl count >/dev/null 2>&1 && break; sleep 0.1; done
            "$LEASEHOLD" sync >&2
            "$LEASEHOLD" notify test >&2
            dunstctl close-all
            dunstctl history
            kill $daemon $server
        """)
        done = subprocess.run(
            ["dbus-run-session", "--", "sh", str(steps)], env={**self.environment, "LEASEHOLD": os.environ["LEASEHOLD"]},
            cwd=self.folder, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        shown = json.loads(done.stdout)["data"][0]
        self.assertEqual(len(shown), 2, done.stdout)
        titles = {item["summary"]["data"] for item in shown}
        bodies = {item["body"]["data"] for item in shown}
        self.assertTrue(any("it's <b>\"bold\"</b> \\ & co (user1) has started" in title for title in titles), titles)
        self.assertTrue(any("&lt;b&gt;" in body or "<b>" in body for body in bodies), bodies)
        self.assertEqual({item["appname"]["data"] for item in shown}, {"leasehold"})
        row, = self.rows("notify", "log")
        self.assertEqual(row["state"], "sent")

    # MARK: Mistakes

    def test_mistakes_in_the_file(self):
        self.fail_with(78, "notify", "check", words=["notify.yaml", "nobody is reminded"])
        file = self.configure({"script": self.script}, {"ends": True})
        self.fail_with(78, "notify", "check", words=["notify.yaml:1:", "did you mean .end."])
        # A sync is not held up by it.
        self.create("first", "1d")
        sync = self.succeed("sync")
        self.assertIn("did you mean", sync.err)
        doctor = self.run_command("doctor", "--offline")
        self.assertEqual(doctor.status, 78, str(doctor))
        self.assertIn("did you mean", doctor.out)
        file.unlink()
        self.assertNotIn("notify", self.succeed("sync").err)
        self.assertNotIn("notify.yaml", self.run_command("doctor", "--offline").out)
        self.configure({"script": self.script, "gone": {"type": "command", "command": ["/nowhere/program"]}}, {"start": True})
        self.assertIn("cannot be started", self.succeed("sync").err)
        self.assertEqual(len(self.messages()), 1)
        self.fail_with(66, "notify", "test", "scrip", words=["did you mean 'script'"])


if __name__ == "__main__":
    runner.main()
