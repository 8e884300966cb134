#!/usr/bin/env python3
# needs: nothing
"""Runs every line of the migration guide, in a zone that is not UTC.

usage: LEASEHOLD=.build/debug/leasehold Tests/Integration/guide.py [NAME...]

Names and times are replaced by some that a sandbox has. The sandbox is the program of that name beside LEASEHOLD.
"""

import datetime
import json
import re
import sys
from pathlib import Path

sys.dont_write_bytecode = True

from support import runner
from support.world import World

GUIDE = Path(__file__).parents[2] / "docs" / "migrating-from-python-chi.md"


class MigrationGuide(World):
    TEXT = GUIDE.read_text()

    def line(self, text):
        """Runs a line; gives what it printed."""
        done = self.shell(text, shell="bash")
        self.assertEqual(done.returncode, 0, f"{text}\n{done.stdout}{done.stderr}")
        return done.stdout

    def test_the_story(self):
        block, = re.findall(r"```sh\n(.*?)```", self.TEXT, re.DOTALL)
        self.line("leasehold sync")
        outputs = [self.line(line) for line in block.replace("amount=2,node_type", "amount=1,node_type").splitlines()]
        self.assertEqual(len(outputs), 4)
        self.assertEqual(outputs[1], "ACTIVE\n")
        self.assertRegex(outputs[2], r"203\.0\.113\.\d+")
        self.assertEqual(self.cloud.leases("my-lease"), [])

    def test_the_table(self):
        """The last column of the table, line by line."""
        rows = re.findall(r"(?m)^\|.*\| ([^|]*) \|$", self.TEXT.split("## Line by line")[1].split("\n## ")[0])[2:]
        self.assertGreater(len(rows), 15)
        self.make("l")
        starts = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=40)
        moment = {"T": f"'{starts:%Y-%m-%d %H:%M}'", "U": f"'{starts + datetime.timedelta(days=1):%Y-%m-%d %H:%M}'"}
        offline = " --start +50d --duration 1h --dry-run -f json"
        for row in rows:
            lines = re.findall(r"`([^`]+)`", row)
            if not lines:
                continue
            with self.subTest(row):
                text = lines[0].replace("…", "nc01" if "node_name" in lines[0] else "").strip()
                if text.startswith("--"):
                    text = f"create x {text}{offline}"
                elif text.startswith("create l"):
                    text = re.sub(r"\b[TU]\b", lambda found: moment[found[0]], text).replace(" D", " 1d") + (
                        " --node 1 --dry-run -f json")
                elif text.startswith("create"):
                    text = text.replace("create", "create new --duration 1h --fip 1")
                if "ends with 66" in row:
                    self.fail_with(66, "show", "nobody")
                text = text.replace("node_type=gpu", "node_type=compute_skylake").replace(
                    "--node-type gpu", "--node-type compute_skylake")
                out = self.line(f"leasehold {text}")
                if "-f json" in text and "--start T" in lines[0]:
                    # Times without a zone are those of the reader's.
                    body = json.loads(out)
                    zone = datetime.timedelta(hours=5, minutes=30)
                    self.assertEqual(body["start_date"], f"{starts - zone:%Y-%m-%d %H:%M}")
                    self.assertEqual(body["end_date"], f"{starts - zone + datetime.timedelta(days=1):%Y-%m-%d %H:%M}")

    def test_the_traps(self):
        traps = self.TEXT.split("## Traps")[1].split("\n## ")[0]
        self.line("leasehold sync")
        wanted = {"3h": 3, "0.5h": 0.5, "1d12h": 36, "36:00": 36}
        for length, hours in wanted.items():
            self.assertIn(f"`{length}`" if length != "3h" else "`--duration 3h`", traps)
            body = json.loads(self.line(
                f"leasehold create x --node 1 --start 2030-01-01T00:00Z --duration {length} --dry-run -f json"))
            end = datetime.datetime(2030, 1, 1) + datetime.timedelta(hours=hours)
            self.assertEqual(body["end_date"], f"{end:%Y-%m-%d %H:%M}")
        utc, = re.findall(r"`(--end-date \"[^`]+)`", traps)
        body = json.loads(self.line(f"leasehold create x --node 1 {utc} --dry-run -f json"))
        end = datetime.datetime.fromisoformat(body["end_date"])
        now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
        self.assertLess(abs((end - now).total_seconds() - 8 * 3600), 120, body)
        result = self.succeed("create", "x", "--node", "1", "--dry-run")
        self.assertIn("it lasts one day", result.err)
        # The loop that never ends, but once.
        self.make("l")
        for line in ("leasehold show l -f value -c status", "leasehold show l --refresh -f value -c status"):
            self.assertEqual(self.line(line), "ACTIVE\n")
        self.line("leasehold wait l && leasehold list && leasehold list -a")

    def test_what_is_said_elsewhere(self):
        """Commands in running text."""
        self.make("l")
        text = self.TEXT.split("## Traps")[1]
        lines = re.findall(r"`(leasehold [^`]+)`", text)
        self.assertGreater(len(lines), 2)
        for line in lines:
            with self.subTest(line):
                self.line(line + (" l" if line.endswith("history") else ""))


if __name__ == "__main__":
    runner.main()
