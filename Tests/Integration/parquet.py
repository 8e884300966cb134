#!/usr/bin/env python3
# needs: nothing
"""The recipes of docs/team.md that make Parquet with DuckDB and PyArrow, by site and month.

usage: LEASEHOLD=.build/debug/leasehold Tests/Integration/parquet.py [NAME...]

DuckDB and PyArrow come from PyPI.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

sys.dont_write_bytecode = True

from support import pypi, random_history, runner
from support.command import CommandCase

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "team.md"


class Parquet(CommandCase):
    def recipe(self, package):
        """The shell's part and Python's part of a recipe."""
        text = DOCUMENT.read_text().split("## Parquet")[1]
        shells, programs = (re.findall(rf"```{kind}\n(.*?)```", text, re.DOTALL) for kind in ("sh", "python"))
        index, = (index for index, program in enumerate(programs) if f"import {package}" in program)
        return shells[index], programs[index]

    def run_recipe(self, package):
        random_history.write(self.database, 1, leases=90)
        shell, program = self.recipe(package)
        (self.folder / "bin").mkdir()
        (self.folder / "bin" / "leasehold").symlink_to(os.environ["LEASEHOLD"])
        environment = {**self.environment, "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}"}
        for command in (["sh", "-c", shell], [pypi.python(package), "-c", program]):
            done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        expected = self.query("SELECT site, substr(start_date, 1, 7), id, start_at FROM v_lease ORDER BY 1, 2, 3")
        folders = {f"site={site}/month={month}" for site, month, *_ in expected}
        written = self.folder / f"leases-{package}"
        self.assertEqual({str(file.parent.relative_to(written)) for file in written.rglob("*.parquet")}, folders)
        return expected, written

    def read(self, package, program, folder):
        done = subprocess.run(
            [pypi.python(package), "-c", program, folder], capture_output=True, text=True, env=self.environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        return sorted(map(tuple, json.loads(done.stdout)))

    def test_duckdb(self):
        expected, folder = self.run_recipe("duckdb")
        program = """
import duckdb, json, sys
print(json.dumps(duckdb.sql(
    "SELECT site, CAST(month AS VARCHAR), id, start_at FROM read_parquet('%s/**/*.parquet', hive_types_autocast = false)"
    % sys.argv[1]).fetchall()))
"""
        self.assertEqual(self.read("duckdb", program, folder), expected)

    def test_pyarrow(self):
        expected, folder = self.run_recipe("pyarrow")
        program = """
import json, sys
import pyarrow.dataset
rows = pyarrow.dataset.dataset(sys.argv[1], partitioning="hive").to_table(columns=["site", "month", "id", "start_at"])
print(json.dumps([[row["site"], row["month"], row["id"], row["start_at"]] for row in rows.to_pylist()]))
"""
        self.assertEqual(self.read("pyarrow", program, folder), expected)


if __name__ == "__main__":
    runner.main()
