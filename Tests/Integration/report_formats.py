#!/usr/bin/env python3
# needs: nothing
"""A calendar library reads the calendar, a browser reads the page, and the recipes of docs/reports.md run.

Needs packages from PyPI, which are installed into a separate folder, and, for the page, Chromium if it is installed.

usage: LEASEHOLD=.build/debug/leasehold Tests/Integration/report_formats.py [NAME...]
"""

import csv
import http.server
import json
import re
import shutil
import subprocess
import sys
import threading

sys.dont_write_bytecode = True

from support import pypi, random_history, runner
from support import report_reference as reference
from support.command import CommandCase

HOSTILE = "<script>alert(1)</script>\"'><img src=http://127.0.0.1:{port}/name onerror=alert(2)>\r\nEND:VEVENT; a, b\\"


class Formats(CommandCase):
    """A database with every kind of lease, some with malicious names."""

    def setUp(self):
        super().setUp()
        random_history.write(self.database, 4)

    def rename(self, name, node_type="gpu_rtx_6000"):
        import contextlib
        import sqlite3
        with contextlib.closing(sqlite3.connect(self.database)) as connection:
            connection.execute("UPDATE lease SET name = ? WHERE lease_key % 5 = 0", (name,))
            connection.execute("UPDATE reservation SET node_type = ? WHERE node_type = 'gpu_rtx_6000'", (node_type,))
            connection.commit()

    # Calendar

    def test_a_calendar_library_reads_what_was_exported(self):
        self.rename(HOSTILE.format(port=1) + "ä€😀" * 40)
        self.succeed("export", "ical", "--extension-window", "2d", "-o", "all.ics")
        text = (self.folder / "all.ics").read_bytes()
        self.assertTrue(all(len(line) <= 75 for line in text.split(b"\r\n")))
        self.assertNotIn(b"\n", text.replace(b"\r\n", b""))
        program = """
import json, sys, icalendar
calendar = icalendar.Calendar.from_ical(open(sys.argv[1], "rb").read())
assert not calendar.errors, calendar.errors
print(json.dumps([{
    "uid": event["UID"], "summary": event["SUMMARY"], "start": event.decoded("DTSTART").timestamp(),
    "end": event.decoded("DTEND").timestamp(), "status": event["STATUS"], "sequence": int(event["SEQUENCE"]),
    "alarms": [alarm.decoded("TRIGGER").timestamp() for alarm in event.walk("VALARM")], "errors": event.errors,
} for event in calendar.walk("VEVENT")]))
"""
        done = subprocess.run(
            [pypi.python("icalendar"), "-c", program, self.folder / "all.ics"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        events = {event["uid"]: event for event in json.loads(done.stdout)}
        leases = {lease.id: lease for lease in reference.leases(self.database) if lease.start < lease.end}
        self.assertEqual(set(events), set(leases))
        for identifier, lease in leases.items():
            event = events[identifier]
            held = lease.held() or (lease.start, lease.end)
            self.assertEqual((event["start"], event["end"]), held[:2])
            self.assertEqual(event["status"], "CANCELLED" if lease.deleted == "deleted" else "CONFIRMED")
            self.assertEqual(event["summary"], re.sub(r"[\r]", "", lease.name))
            self.assertEqual(event["errors"], [])
        sequences = {event["sequence"] for event in events.values()}
        self.assertGreater(len(sequences), 2)
        self.assertTrue(all(0 <= sequence < 2 ** 31 for sequence in sequences))
        self.assertNotIn(b"METHOD", text)

    def test_alarms_come_before_the_end_of_what_still_runs(self):
        # A lease in the far future, because the others have ended.
        import contextlib
        import sqlite3
        with contextlib.closing(sqlite3.connect(self.database)) as connection:
            connection.execute(
                "UPDATE lease SET end_at = 4000000000, status = 'ACTIVE', gone = NULL, gone_after = NULL,"
                " gone_before = NULL WHERE lease_key = 1")
            connection.commit()
        text = self.succeed("export", "ical", "--extension-window", "2d", "--alarm", "90m").out
        self.assertEqual(re.findall(r"TRIGGER;VALUE=DATE-TIME:(\S+)", text), ["20960930T070640Z", "20961002T053640Z"])

    def test_a_calendar_without_any_lease_is_not_written(self):
        result = self.run_command("export", "ical", "--name", "no such lease", "-o", "none.ics")
        self.assertEqual(result.status, 66, str(result))
        self.assertIn("No lease was found", result.err)
        self.assertFalse((self.folder / "none.ics").exists())

    # Page

    def test_a_browser_shows_the_page_and_asks_for_nothing(self):
        browser = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None)
        if browser is None:
            self.skipTest("no chromium is installed")
        asked = []

        class Listener(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append(self.path)
                self.send_error(404)

            def log_message(self, *_):
                pass

        server = http.server.HTTPServer(("127.0.0.1", 0), Listener)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        hostile = HOSTILE.format(port=server.server_port)
        self.rename(hostile, node_type=hostile)
        self.succeed("report", "hours", "--by", "node_type,lease_name", "--bucket", "week", "-f", "html", "-o", "page.html")
        page = (self.folder / "page.html").read_text()
        self.assertNotIn("<script", page)
        self.assertIn("&lt;script&gt;alert(1)", page)
        for width in (360, 1_280):
            with self.subTest(width=width):
                dump = self.browse(browser, f"--window-size={width},900", "--dump-dom")
                # The browser's result has the text, and no element that the names spell.
                self.assertNotRegex(dump, r"<(script|img)\b")
                self.assertIn("&lt;script&gt;alert(1)", dump)
                self.assertEqual(dump.count("<h1>"), 1)
                shots = []
                # For Blink, 0 is a dark color scheme, 1 a light one.
                for scheme in (0, 1):
                    shot = self.folder / f"{width}-{scheme}.png"
                    self.browse(
                        browser, f"--window-size={width},900", f"--blink-settings=preferredColorScheme={scheme}",
                        f"--screenshot={shot}")
                    shots.append(shot.read_bytes())
                    self.assertGreater(len(shots[-1]), 5_000)
                self.assertNotEqual(shots[0], shots[1], "a dark page looks like a light one")
        self.assertEqual(asked, [])

    def browse(self, browser, *options):
        done = subprocess.run(
            [browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={self.folder}/profile", *options,
             f"file://{self.folder}/page.html"], capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr[-500:])
        return done.stdout

    # Formats

    def test_every_format_has_the_same_rows(self):
        asked = ("report", "hours", "--by", "project,node_type", "--bucket", "month", "--tz", "Europe/Berlin")
        rows = self.rows(*asked)
        self.assertGreater(len(rows), 5)
        lines = self.succeed(*asked, "-f", "ndjson").out.splitlines()
        self.assertEqual([json.loads(line) for line in lines], rows)
        table = list(csv.DictReader(self.succeed(*asked, "-f", "csv").out.splitlines()))
        self.assertEqual([float(row["lease_hours"]) for row in table], [row["lease_hours"] for row in rows])
        self.assertEqual([row["node_hours"] for row in table],
                         ["" if row["node_hours"] is None else str(row["node_hours"]) for row in rows])
        text = self.succeed(*asked).out
        self.assertRegex(text, r"\| total +\|")
        self.assertRegex(text, r"\| all +\|")

    # Recipes

    def test_the_recipes_of_the_page_run(self):
        page = (random_history.ROOT / "docs" / "reports.md").read_text()
        recipes = page[page.index("## Your own SQL"):]
        for language, text in re.findall(r"```(\w+)\n(.*?)```", recipes, re.DOTALL):
            with self.subTest(language=language, text=text[:60]):
                if language == "sql":
                    rows = self.query(text.rstrip().rstrip(";"))
                    self.assertGreater(len(rows), 0)
                    self.assertEqual(
                        len(self.succeed("db", "sql", text, "-f", "ndjson").out.splitlines()), len(rows))
                elif language == "python":
                    program = self.folder / "recipe.py"
                    program.write_text(text.replace("/path/of/leasehold.sqlite", str(self.database)))
                    done = subprocess.run([pypi.python("pandas"), program], capture_output=True, text=True)
                    self.assertEqual(done.returncode, 0, done.stderr)
                    self.assertIn("node_hours", done.stdout)
                elif language == "sh":
                    self.check_datasette(text)

    def check_datasette(self, text):
        self.assertIn("datasette", text)
        done = subprocess.run(
            [pypi.python("datasette"), "-m", "datasette", "-i", self.database, "--get",
             "/leasehold.json?sql=select+count(*)+as+n+from+v_lease&_shape=array"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr[-500:])
        self.assertEqual(json.loads(done.stdout)[0]["n"], len(reference.leases(self.database)))


if __name__ == "__main__":
    runner.main()
