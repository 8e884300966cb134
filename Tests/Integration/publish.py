#!/usr/bin/env python3
# needs: nothing
"""Publishing to a real PostgreSQL: the documented views say there what they say here, whatever is cut off or killed.

usage: LEASEHOLD=.build/debug/leasehold Tests/Integration/publish.py [NAME...]

The package postgresql is needed; without it everything is skipped.
"""

import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time

sys.dont_write_bytecode = True

from support import postgres, runner
from support.publish_case import PublishCase


def setUpModule():
    PublishCase.start_server()


class Publish(PublishCase):
    # MARK: Equal views

    def test_random_histories_step_by_step(self):
        chance = random.Random(5)
        self.history(1)
        first = self.publish()
        self.assertEqual((first["mode"], first["leases"]), ("everything", 60))
        self.assert_equal()
        for step in range(8):
            self.change(chance)
            self.assertIn(self.publish()["mode"], ("changes", "nothing"), step)
            self.assert_equal()

    def test_nothing_new_writes_nothing(self):
        self.history(2)
        self.publish()
        before = self.next_transaction(), self.query("SELECT * FROM publication")
        again = self.publish()
        self.assertEqual((again["mode"], again["rows"]), ("nothing", 0))
        self.assertEqual((self.next_transaction(), self.query("SELECT * FROM publication")), before)
        self.assertEqual(self.query("SELECT * FROM publication_change"), [])
        with contextlib.closing(sqlite3.connect(self.database)) as connection:
            connection.execute("UPDATE lease SET name = 'x' WHERE lease_key = 1")
            connection.commit()
        last = self.publish()
        self.assertEqual((last["mode"], last["leases"]), ("changes", 1))
        self.assertEqual(self.query("SELECT * FROM publication_change"), [])

    def test_nothing_is_recorded_without_a_publication(self):
        self.history(3)
        self.change(random.Random(1))
        self.assertEqual(self.query("SELECT count(*) FROM publication_change"), [(0,)])

    def test_the_columns_are_those_of_sqlite(self):
        self.history(4, leases=3)
        self.publish()
        for view, columns, _ in self.described():
            there, = self.server.sql(
                "SELECT string_agg(format('\"%s\"', attname), ', ' ORDER BY attnum) FROM pg_attribute"
                f" WHERE attnum > 0 AND NOT attisdropped AND attrelid = '{view}'::regclass", self.name)
            self.assertEqual(columns, there, view)

    # MARK: Interruptions

    def test_killed_anywhere(self):
        chance = random.Random(7)
        self.history(5, leases=250)
        began = time.monotonic()
        self.publish()
        usual = time.monotonic() - began
        killed = 0
        for _ in range(7):
            before = self.views_there()
            self.change(chance)
            with contextlib.closing(sqlite3.connect(self.database)) as connection:
                # Sometimes everything is copied.
                if chance.random() < 0.4:
                    connection.execute("UPDATE publication SET mark = 'other', previous_mark = 'other'")
                    connection.commit()
            process = subprocess.Popen(
                [os.environ["LEASEHOLD"], "publish", "postgres", "leases"], env=self.environment, cwd=self.folder,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(chance.random() * usual)
            killed += process.poll() is None
            process.send_signal(signal.SIGKILL)
            process.wait()
            self.wait_for_rollback()
            after = self.views_there()
            if after != before:
                self.assert_equal()
            self.publish()
            self.assert_equal()
        self.assertGreater(killed, 1)

    def wait_for_rollback(self):
        """psql ends when its input does."""
        deadline = time.monotonic() + 20
        while self.server.sql(
                f"SELECT 1 FROM pg_stat_activity WHERE datname = '{self.name}' AND application_name = 'leasehold'"):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)

    def test_a_line_that_is_cut_anywhere(self):
        chance = random.Random(8)
        line = postgres.Line(self.server.port)
        self.addCleanup(line.close)
        self.history(6, leases=150)
        # Without TLS, the places where the line is cut are the same in each run.
        direct = self.folder / "pg_service.conf"
        direct.write_text(direct.read_text().replace("sslmode=prefer", "sslmode=disable"))
        cut = self.folder / "cut.conf"
        cut.write_text(direct.read_text().replace(str(self.server.port), str(line.port)))
        failed = 0
        for _ in range(8):
            line.limit = chance.choice([200, 700, 2_000, 9_000, 20_000, 60_000, 120_000])
            result = self.run_command("publish", "postgres", "leases", env={"PGSERVICEFILE": str(cut)})
            self.assertIn(result.status, (0, 69), str(result))
            failed += result.status == 69
            self.wait_for_rollback()
            self.publish()
            self.assert_equal()
            self.change(chance)
        self.assertGreater(failed, 1)

    def test_a_server_that_crashes(self):
        self.history(7)
        self.publish()
        self.change(random.Random(2))
        self.server.stop()
        self.fail_with(69, "publish", "postgres", "leases", words=["leases cannot be reached"])
        self.server.start()
        self.assertEqual(self.publish()["mode"], "changes")
        self.assert_equal()

    # MARK: Replaced databases

    def test_an_older_copy_of_either_side(self):
        chance = random.Random(9)
        self.history(8)
        self.publish()
        self.succeed("db", "backup", self.folder / "backup.sqlite")
        for _ in range(2):
            self.change(chance)
            self.publish()
        # The collector is restored from its backup.
        for file in self.database.parent.iterdir():
            file.unlink()
        (self.folder / "backup.sqlite").rename(self.database)
        again = self.publish()
        self.assertEqual(again["mode"], "everything")
        self.assertIn("not the one of the last time", again["remark"])
        self.assert_equal()
        # PostgreSQL is restored from a dump.
        old = self.server.sql("SELECT mark || ' ' || change_id FROM collector", self.name)[0].split()
        for _ in range(3):
            self.change(chance)
            self.publish()
        self.server.sql(f"UPDATE collector SET mark = '{old[0]}', change_id = {old[1]}; DELETE FROM event", self.name)
        self.assertEqual(self.publish()["mode"], "everything")
        self.assert_equal()
        self.server.sql("DROP SCHEMA leasehold CASCADE", self.name)
        self.assertEqual(self.publish()["mode"], "everything")
        self.assert_equal()


if __name__ == "__main__":
    runner.main()
