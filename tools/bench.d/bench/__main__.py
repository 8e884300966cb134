"""The command line of tools/bench."""
from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from . import completion, free, hours, listing, lookup, publishing, scopes, syncing, web
from .context import Context
from .processes import Failed
from .report import Report, machine

MEASUREMENTS = {
    "id": lookup.by_name,
    "size": lookup.by_size,
    "completion": completion.values,
    "again": syncing.again,
    "import": syncing.first,
    "list": listing.all_leases,
    "news": listing.news,
    "hours": hours.weekly,
    "scopes": scopes.both,
    "free": free.counts,
    "web": web.views,
    "publish": publishing.first_and_again,
    "start": lookup.start,
}

#: As tools/package builds it. It starts faster without its symbol list, which only plug-ins would need.
STATIC = [
    "--static-swift-stdlib", "--disable-local-rpath", "-Xlinker", "--no-export-dynamic", "-Xlinker", "--build-id=sha1",
]

DESCRIPTION = """\
Compares the release build with the programs it builds on, and shows ratios with the figures behind them:

  id      leasehold id NAME, compared with the same select in the sqlite3 shell (and with the openstack command and
          python-chi, if they are installed and the environment names a cloud with a lease)
  size    the same with few and with many leases
  completion  what a shell waits for while somebody types: 20 ms at most
  again   a sync without changes, compared with a plain scan of the bytes; rows written; memory
  import  the first sync, compared with inserting the same rows in the sqlite3 shell
  list    all leases in each format, sorted, and as a calendar: time and memory, compared with the sqlite3 shell
  news    what has changed, and the status of the sites
  scopes  leases that a member and an administrator see, compared with a member alone
  free    what is free on 1,000 hosts with an allocation for each lease, and the next slot: 50 ms at most
  web     each view of the page, on the server: 50 ms and 100 kB at most; memory over 1,000 requests
  hours   weekly node-hours by project, compared with a handwritten query in the sqlite3 shell
  publish  publishing to a PostgreSQL, compared with psql's \\copy of the same rows; a snapshot written and taken
  start   the program linked statically and dynamically (with --dynamic)

Builds first, which takes some minutes. Only the build folders and a temporary folder are written."""


def main(root: Path) -> int:
    options = parse()
    if shutil.which("sqlite3") is None:
        print("tools/bench: the sqlite3 shell is needed: install your system's package sqlite3", file=sys.stderr)
        return 69
    names = options.only or list(MEASUREMENTS)
    try:
        static = build(root, ".build-static", STATIC, options.skip_build)
        dynamic = None
        if options.dynamic:
            dynamic = build(root, ".build", [], options.skip_build)
        with tempfile.TemporaryDirectory(prefix="leasehold-bench-", dir=options.work) as folder:
            report = Report()
            context = Context(
                Path(folder), str(static / "leasehold"), dynamic and str(dynamic / "leasehold"), str(static / "Bench"),
                options.leases, options.rounds, options.million, report)
            print(", ".join(f"{name}: {value}" for name, value in machine().items()))
            print(f"load at the start: {os.getloadavg()[0]:.2f}")
            for name in names:
                MEASUREMENTS[name](context)
            report.facts["load_at_end"] = f"{os.getloadavg()[0]:.2f}"
            if options.json:
                report.write(options.json)
    except (Failed, subprocess.CalledProcessError) as error:
        print(f"tools/bench: {error}", file=sys.stderr)
        return 1
    missed = [figure for figure in report.figures if figure.is_met is False]
    print(f"\n{len(missed)} of {sum(figure.limit is not None for figure in report.figures)} targets missed.")
    return 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="tools/bench", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leases", type=count, default=100_000, metavar="N", help="number of leases (default 100000)")
    parser.add_argument("--only", action="append", choices=MEASUREMENTS, metavar="NAME", help="run only this measurement; may be repeated")
    parser.add_argument("--million", action="store_true", help="measure 'size', 'hours' and 'publish' with 1,000,000 leases (needs 5 GB of disk)")
    parser.add_argument("--dynamic", action="store_true", help="build and measure the dynamically linked program too")
    parser.add_argument("--rounds", type=count, default=5, metavar="N", help="number of repetitions (default 5)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to this file as well")
    parser.add_argument("--work", metavar="FOLDER", help="the place for the temporary folder; a real disk is best")
    parser.add_argument("--skip-build", action="store_true", help="measure the last build")
    return parser.parse_args()


def count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


def build(root: Path, scratch: str, flags: list[str], skips: bool) -> Path:
    """Builds the command and the scan to compare it with.

    Returns the folder of the programs.
    """
    command = ["swift", "build", "-c", "release", "--package-path", str(root), "--scratch-path", str(root / scratch), *flags]
    if not skips:
        for product in ("leasehold", "Bench"):
            print(f"Building {product} in {scratch} ...", flush=True)
            subprocess.run([*command, "--product", product], check=True, stdout=subprocess.DEVNULL)
    shown = subprocess.run([*command, "--show-bin-path"], check=True, capture_output=True, text=True)
    return Path(shown.stdout.strip())
