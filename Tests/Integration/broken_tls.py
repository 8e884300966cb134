#!/usr/bin/env python3
# needs: nothing
"""An encrypted connection breaks while a lease is created: it is created once. Needs no cloud.

usage: LEASEHOLD=.build/debug/leasehold Tests/Integration/broken_tls.py [NAME...]
"""

import json
import os
import socket
import ssl
import struct
import sys
import threading
import time
from pathlib import Path

sys.dont_write_bytecode = True

from support import runner
from support.fake_case import FakeCloudCase

CERTIFICATES = Path(__file__).resolve().parent.parent / "Fixtures" / "certificates"


def alert(level, code, version=3):
    """A TLS alert in plain text."""
    return bytes([0x15, 3, version, 0, 2, level, code])


def raw(handler, *parts):
    """Writes bytes that bypass the encryption."""
    for part in parts:
        os.write(handler.connection.fileno(), part)


def finish(handler):
    """Closes without a TLS goodbye."""
    handler.wfile.flush()
    handler.close_connection = True
    descriptor = handler.connection.detach()
    os.close(descriptor)


def reset(handler):
    """Closes with a TCP reset."""
    handler.close_connection = True
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(handler.connection.detach())


def clear(*parts, then=finish):
    """Writes parts that bypass the encryption, and ends."""
    def fault(handler):
        raw(handler, *parts)
        time.sleep(0.05)
        then(handler)
    return fault


def encrypted(text, *parts, then=finish):
    """Writes a text properly, then parts that bypass the encryption, and ends."""
    def fault(handler):
        handler.wfile.write(text)
        handler.wfile.flush()
        clear(*parts, then=then)(handler)
    return fault


def goodbye(handler):
    """Closes the TLS connection properly, but without an answer."""
    try:
        handler.connection.settimeout(1)
        handler.connection.unwrap()
    except (OSError, ValueError):
        pass
    finish(handler)


def silence(handler):
    """Is silent for longer than anybody waits."""
    time.sleep(8)
    finish(handler)


HEAD = b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Le"
BODY = b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{\"lease\": {\"id\":"
OPEN = b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\n\r\n{\"lease\": {\"id\":"

# What happens instead of an answer.
BREAKS = {
    "alert-handshake-failure": clear(alert(2, 40)),
    "alert-bad-record": clear(alert(2, 20)),
    "alert-internal-error": clear(alert(2, 80)),
    "alert-unknown-authority": clear(alert(2, 48)),
    "alert-certificate-required": clear(alert(2, 116)),
    "alert-old-version": clear(alert(2, 70, version=1)),
    "alert-goodbye-in-clear": clear(alert(1, 0)),
    "alert-cancelled": clear(alert(1, 90)),
    "alert-and-reset": clear(alert(2, 40), then=reset),
    "record-with-a-wrong-seal": clear(b"\x17\x03\x03\x00\x20" + bytes(range(32))),
    "record-cut-short": clear(b"\x17\x03\x03\x00\x40\x01\x02\x03"),
    "record-cut-short-and-reset": clear(b"\x17\x03\x03\x00\x40\x01\x02\x03", then=reset),
    "record-head-cut-short": clear(b"\x17\x03"),
    "record-too-long": clear(b"\x17\x03\x03\xff\xff" + b"\x00" * 64),
    "record-of-no-kind": clear(b"\x63\x03\x03\x00\x04abcd"),
    "garbage": clear(bytes(range(128, 256))),
    "http-in-clear": clear(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    "http-refusal-in-clear": clear(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"),
    "another-protocol": clear(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "renegotiation": clear(b"\x16\x03\x03\x00\x04\x00\x00\x00\x00"),
    "cipher-change": clear(b"\x14\x03\x03\x00\x01\x01\x14\x03\x03\x00\x01\x07"),
    "closed-without-goodbye": finish,
    "closed-with-goodbye": goodbye,
    "reset": reset,
    "head-cut-short": encrypted(HEAD),
    "head-and-alert": encrypted(HEAD, alert(2, 40)),
    "body-cut-short": encrypted(BODY),
    "body-and-garbage": encrypted(BODY, b"\xff" * 40),
    "body-without-length-and-without-goodbye": encrypted(OPEN),
    "silence": silence,
}

# What happens to a connection before it is encrypted.
GREETINGS = {
    "greeting-alert": alert(2, 40),
    "greeting-http": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "greeting-garbage": bytes(range(200, 256)),
    "greeting-closed": b"",
    "greeting-reset": None,
}


class Gate:
    """A way to the cloud that can be closed: it then greets every connection like this and closes it."""

    def __init__(self, port):
        self.target = port
        self.greeting = ...
        self._server = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def port(self):
        return self._server.getsockname()[1]

    def close(self):
        self._server.close()

    def _serve(self):
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._pass, args=(client,), daemon=True).start()

    def _pass(self, client):
        if self.greeting is ...:
            server = socket.create_connection(("127.0.0.1", self.target))
            threading.Thread(target=self._copy, args=(client, server), daemon=True).start()
            return self._copy(server, client)
        client.settimeout(5)
        try:
            client.recv(4096)
            if self.greeting is None:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            elif self.greeting:
                client.sendall(self.greeting)
        except OSError:
            pass
        client.close()

    @staticmethod
    def _copy(source, goal):
        try:
            while data := source.recv(65536):
                goal.sendall(data)
        except OSError:
            pass
        for end in (source, goal):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class BrokenTLS(FakeCloudCase):
    NODE = ("--node", "amount=1", "--duration", "1h")
    version = ssl.TLSVersion.TLSv1_3

    def setUp(self):
        super().setUp()
        self.cloud.close()
        self.cloud = self.start_cloud(
            certificate=(str(CERTIFICATES / "server.pem"), str(CERTIFICATES / "server-key.pem")), tls=self.version)
        self.gate = Gate(self.cloud.port)
        self.addCleanup(self.gate.close)
        self.cloud.reservation_root = f"https://127.0.0.1:{self.gate.port}"
        entry = self.cloud.entry()
        entry["cacert"] = str(CERTIFICATES / "authority.pem")
        self.write_clouds(lab=entry)
        self.environment["LEASEHOLD_QUIET_PERIOD_SECONDS"] = "1"
        self.environment["LEASEHOLD_TIMEOUT_SECONDS"] = "4"
        self.succeed("create", "first", *self.NODE)
        self.succeed("sync", "--no-resources")

    def states(self):
        return dict(self.query("SELECT lease_name, state FROM mutation"))

    def let_time_pass(self, times=5):
        """Waits longer than the quiet period and any delay before another attempt."""
        for _ in range(times):
            time.sleep(1.2)
            self.run_command("sync", "--no-resources")

    def check_once(self, names):
        """Every create has made exactly one lease."""
        made = sorted(item["name"] for item in self.cloud.leases)
        self.assertEqual(made, sorted([*names, "first"]))
        self.assertEqual({name: state for name, state in self.states().items() if state != "settled"}, {})

    def create_all(self, is_executed):
        broken = set()

        def fault(handler):
            name = json.loads(handler.body)["name"]
            if name in broken or name not in BREAKS:
                return self.cloud.create(handler)
            broken.add(name)
            if is_executed:
                self.cloud.execute(handler)
            BREAKS[name](handler)
        self.cloud.create_fault = fault
        for name in BREAKS:
            self.run_command("create", name, *self.NODE)
            # Writes that were under way may have been executed.
            self.assertEqual(self.states()[name], "unknown", name)
        self.assertEqual(broken, set(BREAKS))

    def test_breaks_after_the_creation_was_carried_out(self):
        self.create_all(is_executed=True)
        self.let_time_pass()
        self.check_once(BREAKS)

    def test_breaks_of_a_creation_that_was_not_carried_out(self):
        self.create_all(is_executed=False)
        self.let_time_pass(8)
        self.check_once(BREAKS)

    def test_breaks_before_the_creation_was_sent(self):
        # Nothing can have been executed, so no write waits.
        self.environment["LEASEHOLD_QUIET_PERIOD_SECONDS"] = "3600"
        for name, greeting in GREETINGS.items():
            self.gate.greeting = greeting
            self.run_command("create", name, *self.NODE)
            self.assertEqual(self.states()[name], "queued", name)
        self.gate.greeting = ...
        self.let_time_pass(8)
        self.check_once(GREETINGS)


class BrokenTLS12(BrokenTLS):
    """The same with the previous TLS version."""

    version = ssl.TLSVersion.TLSv1_2


if __name__ == "__main__":
    runner.main(at_once=6)
