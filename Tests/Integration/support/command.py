"""The command under test, run as a person would, on its own database."""

import contextlib
import json
import os
import re
import shutil
import sqlite3
import subprocess
import tempfile
import unittest
from pathlib import Path

# What a Swift program prints when it crashes.
CRASH = re.compile(r"Fatal error|Swift/|\*\*\* |Backtrace|Thread \d+ crashed|💣|Could not cast")


class Result:
    """The result of a run of the command."""

    def __init__(self, arguments, status, out, err):
        self.arguments, self.status, self.out, self.err = arguments, status, out, err

    @property
    def json(self):
        """Standard output, read as JSON."""
        return json.loads(self.out)

    def __str__(self):
        return f"leasehold {' '.join(self.arguments)}: status {self.status}\n--- out\n{self.out}--- err\n{self.err}"


class CommandCase(unittest.TestCase):
    """A test with a temporary folder, a database in it, and the command."""

    # This must not appear in any output.
    secrets = ()

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="leasehold-test-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.database = self.folder / "data" / "leasehold.sqlite"
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": str(self.folder), "TZ": "UTC", "LEASEHOLD_DB": str(self.database),
            "XDG_CONFIG_HOME": str(self.folder / "config"), "LC_ALL": "C.UTF-8",
        }

    def run_command(self, *arguments, env=None, timeout=300, preexec=None, input=None):
        """Runs the command to its end, and checks what is required of every run: no crash, no secret."""
        done = subprocess.run(
            [os.environ["LEASEHOLD"], *map(str, arguments)], env={**self.environment, **(env or {})},
            cwd=self.folder, capture_output=True, timeout=timeout, preexec_fn=preexec, input=input,
            stdin=subprocess.DEVNULL if input is None else None)
        result = Result(
            list(map(str, arguments)), done.returncode, done.stdout.decode(), done.stderr.decode())
        self.check_decency(result)
        return result

    def check_decency(self, result):
        """No crash, and no secret."""
        self.assertGreaterEqual(result.status, 0, f"killed by a signal\n{result}")
        self.assertNotRegex(result.err, CRASH, str(result))
        for secret in self.secrets:
            self.assertNotIn(secret, result.out + result.err, str(result))

    def succeed(self, *arguments, **options):
        """Runs the command, which must succeed."""
        result = self.run_command(*arguments, **options)
        self.assertEqual(result.status, 0, str(result))
        return result

    def rows(self, *arguments, **options):
        """The result of a listing command, as JSON. For leases it includes those that have ended."""
        arguments = (*arguments, "-a") if arguments[:1] == ("list",) else arguments
        return self.succeed(*arguments, "-f", "json", **options).json

    def fail_with(self, status, *arguments, words=(), **options):
        """Runs the command, which must fail with this status and one sentence that contains all the words."""
        result = self.run_command(*arguments, **options)
        self.assertEqual(result.status, status, str(result))
        lines = [line for line in result.err.splitlines() if line.strip()]
        self.assertEqual(len(lines), 1, f"not one sentence\n{result}")
        self.assertTrue(lines[0].startswith("leasehold: "), str(result))
        for word in words:
            self.assertRegex(lines[0], re.compile(word, re.IGNORECASE), str(result))
        return result

    def query(self, sql, *arguments):
        """Rows straight from the database."""
        with contextlib.closing(sqlite3.connect(self.database)) as connection:
            return connection.execute(sql, arguments).fetchall()

    def mirror(self):
        """The whole contents of the mirror and its history, for comparison."""
        tables = {
            "lease": "lease_key, id, name, status, start_at, end_at, gone",
            "visibility": "scope_id, lease_key, digest, hidden_before",
            "lease_history": "*", "reservation": "*", "event": "*",
        }
        return {table: self.query(f"SELECT {columns} FROM {table} ORDER BY 1, 2")
                for table, columns in tables.items()}
