"""A collector's snapshots, and a web server that does to them what a test says."""

import contextlib
import http.server
import shutil
import sqlite3
import sys
import tempfile
import threading
import unittest
from pathlib import Path

from . import random_history
from .command import CommandCase

MANIFEST = "leasehold-snapshot.json"
TOKEN = "pullZ8token"


class Web(http.server.ThreadingHTTPServer):
    """Serves a folder with ETags, and does to an answer what the test says."""

    daemon_threads = True

    def __init__(self, folder):
        self.folder, self.requests, self.faults, self.token = folder, [], [], None
        web = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                name = self.path.rsplit("/", 1)[-1]
                file = web.folder / name
                status = 200 if file.is_file() else 404
                if web.token and self.headers["Authorization"] != f"Bearer {web.token}":
                    status = 401
                body = file.read_bytes() if status == 200 else b"no"
                etag = f'"{hash(body)}"'
                if status == 200 and self.headers["If-None-Match"] == etag:
                    status, body = 304, b""
                web.requests.append((name, status))
                fault = web.faults.pop(0) if web.faults and web.faults[0][0] in name else None
                if fault:
                    body = fault[1](body)
                self.send_response(fault[2] if fault and len(fault) > 2 else status)
                self.send_header("ETag", etag)
                # A body that is cut off is announced as whole.
                self.send_header("Content-Length", str(getattr(body, "announced", len(body))))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass
        super().__init__(("127.0.0.1", 0), Handler)
        # Closing it takes as long as the interval at most.
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server_address[1]}/team/"

    def handle_error(self, request, client_address):
        """A client may go before it has read everything."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    def close(self):
        self.shutdown()
        self.server_close()


class Cut(bytes):
    """The beginning of a body that is announced as longer."""


def cut(body):
    part = Cut(body[:len(body) // 2])
    part.announced = len(body)
    return part


class SnapshotCase(CommandCase):
    """Has a collector's database, a folder for its snapshots, and a server of that folder."""

    secrets = (TOKEN,)
    #: What the collector's database is at the beginning.
    original = None
    #: When the collector last read its sites.
    moment = 1_750_000_000

    @classmethod
    def make_original(cls):
        folder = tempfile.mkdtemp(prefix="leasehold-pull-test-")
        unittest.addModuleCleanup(shutil.rmtree, folder)
        SnapshotCase.original = Path(folder) / "leasehold.sqlite"
        random_history.write(SnapshotCase.original, 1, leases=80)
        cls.tidy(SnapshotCase.original)

    def setUp(self):
        super().setUp()
        self.collector = self.folder / "collector" / "leasehold.sqlite"
        self.public = self.folder / "public"
        self.public.mkdir()
        self.collector.parent.mkdir()
        shutil.copy(self.original, self.collector)
        self.web = Web(self.public)
        self.addCleanup(self.web.close)

    @staticmethod
    def tidy(path):
        """Makes what no server would send into what a sync could have seen: an import checks that."""
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute("DELETE FROM lease_history")
            connection.execute("UPDATE lease SET gone = NULL, gone_after = NULL, gone_before = NULL, gone_unconfirmed = 0")
            connection.execute(
                "UPDATE lease SET project_id = 'p0' WHERE lease_key IN (SELECT lease_key FROM visibility WHERE scope_id = 1)")
            connection.execute(
                "UPDATE lease SET project_id = 'q1' WHERE lease_key IN (SELECT lease_key FROM visibility WHERE scope_id = 3)")
            connection.execute("UPDATE lease SET created_at = 1600000000, first_seen_at = 1700000000,"
                               " observed_at = 1700000000, last_seen_at = 1700000000")
            connection.execute("UPDATE visibility SET seen_since = 1700000000")
            connection.execute("UPDATE scope SET listed_at = 1750000000")
            connection.execute("UPDATE sync_run SET started_at = 1750000000, finished_at = 1750000001")
            connection.execute("DELETE FROM resource_list")
            connection.execute("DELETE FROM allocation")
            for user in range(4):
                connection.execute("INSERT OR REPLACE INTO person VALUES (1, 'user', ?, ?, 1700000000)",
                                   (f"u{user}", f"person {user}"))
            connection.execute(
                "INSERT INTO mutation (site_id, project_id, scope_id, verb, lease_id, lease_name, state, body, base,"
                " late_start, created_at, updated_at, next_attempt_at) VALUES (1, 'p0', 1, 'delete', 'lease-0000',"
                " 'secret plan', 'queued', '{}', '{}', 'expire', 0, 0, 0)")
            connection.commit()

    def snapshot(self, *more, folder=None):
        return self.rows(
            "publish", "snapshot", folder or self.public, *more, env={"LEASEHOLD_DB": str(self.collector)})[0]

    def pull(self, *more, **options):
        return self.run_command("pull", self.web.url, *more, **options)

    def leases(self, path):
        with contextlib.closing(sqlite3.connect(path)) as connection:
            return connection.execute(
                "SELECT site, id, name, status, start_at, end_at, project_id, user_id, deleted FROM v_lease"
                " ORDER BY site, id").fetchall()

    def change(self, name):
        """A sync of the collector's sees another name."""
        self.moment += 1_000
        with contextlib.closing(sqlite3.connect(self.collector)) as connection:
            connection.execute("UPDATE lease SET name = ?, observed_at = ?, last_seen_at = ? WHERE lease_key = 3",
                               (name, self.moment, self.moment))
            connection.execute("UPDATE scope SET listed_at = ?", (self.moment,))
            for scope in (1, 2, 3):
                connection.execute(
                    "INSERT INTO sync_run (cloud, scope_id, started_at, finished_at, outcome) VALUES ('x', ?, ?, ?, 'complete')",
                    (scope, self.moment, self.moment))
            connection.commit()
