#!/usr/bin/env python3
# needs: nothing
"""Who publishes to one PostgreSQL, who reads it, and what is refused.

usage: LEASEHOLD=.build/debug/leasehold Tests/Integration/publish_team.py [NAME...]

The package postgresql is needed; without it everything is skipped.
"""

import contextlib
import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.dont_write_bytecode = True

from support import postgres, random_history, runner
from support.publish_case import PublishCase
from support.sandbox_case import SandboxCase

DASHBOARD = Path(__file__).resolve().parents[2] / "docs" / "grafana-leases.json"
#: What runs on both sides: queries for people, in the SQL that both have.
RECIPES = (
    "SELECT site, status, count(*) FROM v_lease WHERE deleted IS NULL GROUP BY site, status ORDER BY 1, 2",
    "SELECT project_name, sum(end_at - start_at) FROM v_lease GROUP BY project_name ORDER BY 2, 1",
    "SELECT lease_name, node_type, end_date FROM v_reservation WHERE status = 'active' ORDER BY 1, 2, 3",
    "SELECT id, fields ->> 'min' FROM v_reservation WHERE min > 0 AND min < 4 ORDER BY id",
    "SELECT substr(start_date, 1, 7), count(DISTINCT lease_id) FROM v_history GROUP BY 1 ORDER BY 1",
    "SELECT resource_id, count(*) FROM v_allocation WHERE gone_before IS NULL GROUP BY 1 ORDER BY 1",
    "SELECT site, max(listed_at) FROM v_listing GROUP BY site ORDER BY site",
)


def setUpModule():
    PublishCase.start_server()


class Team(PublishCase):
    # MARK: Two collectors

    def other(self, seed, endpoint):
        """The database of another collector, whose sites have the same names."""
        path = self.folder / f"other{seed}" / "leasehold.sqlite"
        random_history.write(path, seed)
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute(f"UPDATE site SET endpoint = replace(endpoint, 'http://', 'http://{endpoint}')")
            connection.commit()
        return {"LEASEHOLD_DB": str(path)}

    def test_two_collectors_at_once(self):
        self.history(10)
        second = self.other(11, "second-")
        chance = random.Random(3)
        for _ in range(3):
            results = []
            threads = [threading.Thread(target=lambda env=env: results.append(
                self.run_command("publish", "postgres", "leases", env=env))) for env in ({}, second)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual([result.status for result in results], [0, 0], "\n".join(map(str, results)))
            self.change(chance)
        # The sites of whoever came later have other names.
        renamed = self.server.sql("SELECT collector_id FROM collector WHERE EXISTS (SELECT 1 FROM site WHERE"
                                  " site_id >> 32 = collector_id AND name LIKE '%(http%')", self.name)
        self.assertEqual(len(renamed), 1)
        self.assertEqual(
            self.server.sql("SELECT count(*) FROM v_lease WHERE site LIKE '%(http%'", self.name),
            self.server.sql(f"SELECT count(*) FROM lease WHERE lease_key >> 32 = {renamed[0]}", self.name))
        self.assertEqual(self.server.sql("SELECT count(*) || ' ' || count(DISTINCT name) FROM site", self.name), ["4 4"])
        # The database of another collector of the same site is not taken for this one.
        third = self.other(12, "")
        result = self.run_command("publish", "postgres", "leases", env=third)
        self.assertEqual(result.status, 65, str(result))
        self.assertIn("published by another collector", result.err)
        # Nothing is recorded for what was refused, and trying again takes no other number.
        collectors = self.server.sql("SELECT count(*) FROM collector", self.name)
        self.fail_with(65, "publish", "postgres", "leases", words=["another collector"], env=third)
        self.assertEqual(self.server.sql("SELECT count(*) FROM collector", self.name), collectors)
        with contextlib.closing(sqlite3.connect(third["LEASEHOLD_DB"])) as connection:
            connection.execute("UPDATE lease SET name = 'x'")
            self.assertEqual(connection.execute("SELECT * FROM publication").fetchall(), [])
            self.assertEqual(connection.execute("SELECT * FROM publication_change").fetchall(), [])
        self.succeed("publish", "postgres", "leases", "--take-over", env=third)
        self.fail_with(65, "publish", "postgres", "leases", words=["taken over"])
        mine, self.database = self.database, self.database.parent.parent / "other12" / "leasehold.sqlite"
        self.server.sql("DELETE FROM site WHERE endpoint LIKE '%second-%'", self.name)
        self.assertEqual(
            self.server.sql("SELECT id FROM v_lease ORDER BY id", self.name),
            [row[0] for row in self.query("SELECT id FROM v_lease ORDER BY id")])
        self.database = mine

    def test_one_database_published_by_two_processes(self):
        self.history(13)
        for _ in range(3):
            processes = [subprocess.Popen(
                [os.environ["LEASEHOLD"], "publish", "postgres", "leases"], env=self.environment, cwd=self.folder,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for _ in range(3)]
            outputs = [process.communicate()[0] for process in processes]
            self.assertEqual([process.returncode for process in processes], [0] * 3, outputs)
            self.assert_equal()
            self.change(random.Random(4))
        self.assertEqual(self.server.sql("SELECT count(*) FROM collector WHERE mark <> 'new'", self.name), ["1"])

    # MARK: Readers

    def test_a_standby_answers_the_same(self):
        self.history(14)
        self.publish()
        standby = postgres.Server(self.server)
        self.addCleanup(standby.close)
        self.change(random.Random(6))
        self.publish()
        here, = self.server.sql("SELECT pg_current_wal_lsn()", self.name)
        deadline = time.monotonic() + 20
        while standby.sql(f"SELECT pg_last_wal_replay_lsn() >= '{here}'", self.name) != ["t"]:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)
        self.assert_equal(standby)
        result = self.run_command(
            "publish", "postgres", "leases", env=standby.environment(self.folder, self.name) | {
                "PGPASSFILE": str(self.server.passwords)})
        self.assertEqual(result.status, 65, str(result))
        self.assertIn("standby", result.err)

    # MARK: Refusals

    def test_what_is_refused(self):
        self.history(15, leases=3)
        self.fail_with(64, "publish", "postgres", "postgresql://owner:secret@127.0.0.1/x", words=["pgpass"])
        self.fail_with(64, "publish", "postgres", "host=127.0.0.1 password=secret", words=["pgpass"])
        self.fail_with(64, "publish", "postgres", "leases", "--schema", "pg_temp", words=["--schema"])
        self.fail_with(78, "publish", "postgres", "nowhere", words=["nowhere", "pg_service"])
        self.fail_with(78, "publish", "postgres", "leases", words=["psql", "Install"], env={"PATH": "/nowhere"})
        self.fail_with(77, "publish", "postgres", "leases", words=["password"], env={"PGPASSFILE": "/dev/null"})
        self.fail_with(69, "publish", "postgres", "postgresql://owner@127.0.0.1:1/x", words=["cannot be reached"])
        self.server.sql("CREATE SCHEMA taken; CREATE TABLE taken.mine (a int)", self.name)
        self.fail_with(65, "publish", "postgres", "leases", "--schema", "taken", words=["other tables"])
        self.publish()
        self.server.sql("UPDATE published_schema SET version = 99", self.name)
        self.fail_with(65, "publish", "postgres", "leases", words=["newer leasehold", "99"])
        self.assertEqual(self.server.sql("SELECT count(*) FROM v_lease", self.name), ["3"])
        self.server.sql("CREATE DATABASE ascii ENCODING 'SQL_ASCII' TEMPLATE template0 LOCALE 'C'")
        self.fail_with(65, "publish", "postgres", "postgresql://owner@127.0.0.1:%d/ascii" % self.server.port,
                       words=["encoding SQL_ASCII"])

    def test_a_reader_keeps_its_rights_when_views_change(self):
        self.history(16, leases=3)
        self.publish("--schema", "my leases")
        self.server.sql(
            'CREATE ROLE grafana; GRANT USAGE ON SCHEMA "my leases" TO grafana; GRANT SELECT ON "my leases".v_lease TO grafana;'
            ' UPDATE "my leases".published_schema SET views = \'old\';', self.name)
        self.publish("--schema", "my leases")
        self.assertEqual(
            self.server.sql("SET ROLE grafana; SELECT count(*) FROM v_lease", self.name, '"my leases"'), ["3"])

    def test_recipes_run_on_both_sides(self):
        self.history(17, leases=120)
        self.publish()
        for recipe in RECIPES:
            with self.subTest(recipe):
                here = ["|".join("" if value is None else str(value) for value in row) for row in self.query(recipe)]
                self.assertGreater(len(here), 0)
                self.assertEqual(sorted(self.server.sql(recipe, self.name)), sorted(line for line in here if line))

    def test_the_queries_of_the_dashboard(self):
        self.history(18, leases=120)
        # Some leases run now, as in a dashboard's day.
        now = int(time.time())
        with contextlib.closing(sqlite3.connect(self.database)) as connection:
            connection.execute(
                "UPDATE lease SET start_at = ? + lease_key % 50 * 3600, end_at = ? + 86400", (now - 100 * 3600, now))
            connection.execute("UPDATE lease SET status = 'ACTIVE', gone = NULL, gone_after = NULL, gone_before = NULL,"
                               " gone_unconfirmed = 0 WHERE lease_key % 3 = 0")
            connection.execute("INSERT INTO sync_run (cloud, scope_id, started_at, finished_at, outcome, message)"
                               " VALUES ('alpha', 1, ?, ?, 'failed', 'no answer')", (now - 60, now - 50))
            connection.commit()
        self.publish()
        dashboard = json.loads(DASHBOARD.read_text())
        site, = (item for item in dashboard["templating"]["list"] if item["name"] == "site")
        self.assertEqual(self.server.sql(site["query"], self.name), ["alpha", "beta"])
        answers = {}
        for panel in dashboard["panels"]:
            for target in panel["targets"]:
                sql = target["rawSql"].replace("${site:sqlstring}", "'alpha','beta'")
                sql = sql.replace("$__unixEpochFrom()", str(now - 30 * 86_400)).replace(
                    "$__unixEpochTo()", str(now + 7 * 86_400))
                self.assertNotRegex(sql, re.compile(r"\$"), panel["title"])
                answers[panel["title"]] = rows = self.server.sql(sql, self.name)
                self.assertGreater(len(rows), 0, panel["title"])
        active, = self.query("SELECT count(*) FROM v_lease WHERE status = 'ACTIVE' AND deleted IS NULL")[0]
        self.assertEqual(answers["Active leases"], [str(active)])
        self.assertEqual(len(answers["Attempts that failed in the last day"]), 1)
        hours = self.query(
            "SELECT sum(min(end_at, coalesce(unixepoch(deleted_before), end_at), :to) - max(start_at, :from)) / 3600.0"
            " FROM v_lease WHERE status <> 'ERROR' AND start_at < :to"
            " AND min(end_at, coalesce(unixepoch(deleted_before), end_at)) > max(start_at, :from)".replace(
                ":to", str(now + 7 * 86_400)).replace(":from", str(now - 30 * 86_400)))[0][0]
        shown = sum(float(row.split("|")[1]) for row in answers["Lease hours by project"])
        self.assertAlmostEqual(shown, hours, delta=1)


class Watch(PublishCase, SandboxCase):
    def test_a_watch_publishes_after_each_sync(self):
        self.succeed("sync")
        self.succeed("create", "first", "--duration", "1d", "--fip", "1")
        watch = self.start("sync", "--watch", "--interval", "5s", "--publish", "leases")
        self.addCleanup(watch.communicate)
        self.addCleanup(watch.kill)
        self.wait_for("first")
        # A sync forgets where nothing has been published for long.
        with contextlib.closing(sqlite3.connect(self.database, timeout=30)) as connection:
            connection.execute("INSERT INTO publication VALUES (77, 'elsewhere', 3, 'a', 'b', 5, 1700000000)")
            connection.commit()
        self.succeed("create", "second", "--duration", "1d", "--fip", "1")
        self.wait_for("second")
        self.succeed("sync")
        self.assertEqual(self.query("SELECT * FROM forgotten_publication"), [("elsewhere", 3)])
        self.assertEqual(self.query("SELECT count(*) FROM publication"), [(1,)])
        watch.send_signal(signal.SIGTERM)
        self.assertEqual(watch.wait(15), 0)
        self.publish()
        self.assert_equal()

    def wait_for(self, name):
        deadline = time.monotonic() + 40
        while True:
            with contextlib.suppress(AssertionError):
                if self.server.sql(f"SELECT 1 FROM v_lease WHERE name = '{name}'", self.name) == ["1"]:
                    return
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.3)


if __name__ == "__main__":
    runner.main()
