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
from pathlib import Path

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

    def test_the_simulation_step_by_step(self):
        """Two people, a cloud that loses answers, and crashes: what each step leaves is published."""
        program = Path(os.environ["LEASEHOLD"]).with_name("Simulate")
        published = 0
        for seed in (3, 34):
            chance = random.Random(seed)
            self.drop_schemas()
            most = 0
            with subprocess.Popen([program, "--step-by-step", "--from", str(seed)], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, text=True) as simulation:
                self.addCleanup(simulation.kill)
                before = None
                for line in simulation.stdout:
                    self.database = Path(line.strip())
                    self.environment["LEASEHOLD_DB"] = str(self.database)
                    here = self.views_here()
                    # Many steps are the other person's, or the cloud's.
                    if here != before:
                        if chance.random() < 0.3:
                            self.kill_a_publication(chance.random() * 0.4)
                        self.publish()
                        self.assert_equal()
                        published += 1
                    before = here
                    most = max(most, len(here["v_lease"]))
                    simulation.stdin.write("\n")
                    simulation.stdin.flush()
            self.assertEqual(simulation.wait(20), 0, seed)
            self.assertGreater(most, 3, seed)
        self.assertGreater(published, 20)

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
        self.history(5, leases=120)
        began = time.monotonic()
        self.publish()
        usual = time.monotonic() - began
        killed = 0
        for _ in range(7):
            before = self.views_here()
            self.change(chance)
            with contextlib.closing(sqlite3.connect(self.database)) as connection:
                # Sometimes everything is copied.
                if chance.random() < 0.4:
                    connection.execute("UPDATE publication SET mark = 'other', previous_mark = 'other'")
                    connection.commit()
            killed += self.kill_a_publication(chance.random() * usual)
            self.assertIn(self.views_there(), (before, self.views_here()))
            self.publish()
            self.assert_equal()
        self.assertGreater(killed, 1)

    def other_psql(self, script):
        """The environment in which psql is a script."""
        program = self.folder / "bin" / "psql"
        program.parent.mkdir()
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        return {"PATH": f"{program.parent}:{self.environment['PATH']}"}

    def kill_at_the_first_copy(self):
        """Publishes until the first row would be sent."""
        env = self.other_psql(f"(sed -u '/^COPY /q'; touch {self.folder}/reached; sleep 0.5)"
                              f' | {postgres.programs()}/psql "$@"')
        process = subprocess.Popen(
            [os.environ["LEASEHOLD"], "publish", "postgres", "leases"], env={**self.environment, **env}, cwd=self.folder,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while not (self.folder / "reached").exists():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        process.kill()
        process.wait()
        self.wait_for_rollback()

    def kill_a_publication(self, seconds):
        """Publishes for a time. Returns whether it was not done by then."""
        process = subprocess.Popen(
            [os.environ["LEASEHOLD"], "publish", "postgres", "leases"], env=self.environment, cwd=self.folder,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        is_killed = process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.wait_for_rollback()
        return is_killed

    def cut_line(self):
        """A line to the server that can be cut, and the environment in which publishing goes through it."""
        line = postgres.Line(self.server.port)
        self.addCleanup(line.close)
        # Without TLS, the places where the line is cut are the same in each run.
        direct = self.folder / "pg_service.conf"
        direct.write_text(direct.read_text().replace("sslmode=prefer", "sslmode=disable"))
        cut = self.folder / "cut.conf"
        cut.write_text(direct.read_text().replace(str(self.server.port), str(line.port)))
        return line, {"PGSERVICEFILE": str(cut)}

    def test_a_line_that_is_cut_anywhere(self):
        chance = random.Random(8)
        line, env = self.cut_line()
        self.history(6, leases=100)
        failed = 0
        for _ in range(8):
            line.limit = chance.choice([200, 700, 2_000, 9_000, 20_000, 60_000, 90_000])
            result = self.run_command("publish", "postgres", "leases", env=env)
            self.assertIn(result.status, (0, 69), str(result))
            failed += result.status == 69
            self.wait_for_rollback()
            self.publish()
            self.assert_equal()
            self.change(chance)
        self.assertGreater(failed, 1)

    def test_somebody_else_has_the_lock(self):
        """A connection that was cut may hold the lock for long: that is said, and the next run tries again."""
        self.history(19, leases=3)
        self.publish()
        number, = self.server.sql("SELECT collector_id + 1 FROM collector", self.name)
        holder = postgres.Session(self.server, self.name)
        self.addCleanup(holder.close)
        holder.ask(f"BEGIN; SELECT pg_advisory_xact_lock(hashtext('leasehold leasehold'), {number});")
        # What the service sets wins over the minute that is usual.
        service = self.folder / "pg_service.conf"
        service.write_text(service.read_text() + "options=-c lock_timeout=300ms\n")
        began = time.monotonic()
        self.fail_with(69, "publish", "postgres", "leases", words=["leases is locked", "another process", "try again"])
        self.assertLess(time.monotonic() - began, 10)
        holder.close()
        self.assertEqual(self.publish()["mode"], "nothing")

    def test_silence_is_noticed_unless_the_service_says_otherwise(self):
        self.history(20, leases=3)
        env = self.other_psql(f'for word; do :; done\necho "$word" >> {self.folder}/given\n'
                              f'tee -a {self.folder}/said | {postgres.programs()}/psql "$@"')
        service = self.folder / "pg_service.conf"
        self.publish(env=env)
        service.write_text(service.read_text() + "keepalives_idle=77\n")
        self.publish(env=env)
        self.assertEqual(
            (self.folder / "given").read_text().splitlines(),
            ["service='leases' keepalives_idle=30 keepalives_interval=10 keepalives_count=3 tcp_user_timeout=60000",
             "service='leases' keepalives_interval=10 keepalives_count=3 tcp_user_timeout=60000"])
        setting = (self.folder / "said").read_text().split("SELECT set_config")[1].split(";")[0]
        shown = self.server.sql(
            f"SELECT set_config{setting}; SHOW lock_timeout; SET lock_timeout = '7s'; SELECT set_config{setting};"
            " SHOW lock_timeout", self.name)
        self.assertIn("1min", shown)
        self.assertEqual(shown[-1], "7s")

    def test_a_server_that_crashes(self):
        self.history(7)
        self.publish()
        self.change(random.Random(2))
        self.server.stop()
        self.fail_with(69, "publish", "postgres", "leases", words=["leases cannot be reached"])
        self.server.start()
        self.assertEqual(self.publish()["mode"], "changes")
        self.assert_equal()

    # MARK: Replaced and forgotten databases

    def test_an_older_copy_of_either_side(self):
        chance = random.Random(9)
        line, env = self.cut_line()
        line.limit = 20_000
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
        # A run that is cut short does not make PostgreSQL's newer state into a beginning.
        self.fail_with(69, "publish", "postgres", "leases", words=["cannot be reached"], env=env)
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

    def test_a_publication_that_was_forgotten(self):
        chance = random.Random(10)
        line, env = self.cut_line()
        line.limit = 20_000
        self.history(21)
        number = self.publish()["collector"]
        self.change(chance)
        # What a sync does after 30 days.
        with contextlib.closing(sqlite3.connect(self.database)) as connection:
            connection.executescript(
                "INSERT INTO forgotten_publication SELECT target, collector_id FROM publication;"
                " DELETE FROM publication; DELETE FROM publication_change")
        self.change(chance)
        self.assertEqual(self.query("SELECT count(*) FROM publication_change"), [(0,)])
        # A first run that fails leaves nothing for which changes would be recorded.
        self.fail_with(69, "publish", "postgres", "leases", words=["cannot be reached"], env=env)
        self.assertEqual(self.query("SELECT * FROM publication"), [])
        # One that is killed does, and the next run copies everything all the same.
        self.kill_at_the_first_copy()
        self.assertEqual(self.query("SELECT count(*) FROM publication"), [(1,)])
        again = self.publish()
        self.assertEqual((again["mode"], again["collector"]), ("everything", number))
        self.assertIn("Everything was copied", again["remark"])
        self.assert_equal()
        self.assertEqual(self.query("SELECT * FROM forgotten_publication"), [])
        self.change(chance)
        self.assertEqual(self.publish()["mode"], "changes")
        self.assert_equal()


if __name__ == "__main__":
    runner.main()
