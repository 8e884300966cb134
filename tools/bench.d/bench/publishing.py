"""How long publishing to a PostgreSQL takes, compared with psql's \\copy of the same rows into the same tables."""
from __future__ import annotations

import contextlib
import multiprocessing
import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

from . import hours
from .context import Context
from .processes import Failed, run

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "Tests" / "Integration"))
from support import postgres  # noqa: E402

SCHEMA = "leasehold"
#: The tables with nearly all of the rows.
TABLES = ("lease", "reservation", "event", "lease_history", "person", "sync_run")


def first_and_again(context: Context) -> None:
    count = 1_000_000 if context.million else context.leases
    context.report.section(f"publishing {count:,} leases to PostgreSQL")
    if postgres.programs() is None:
        print("  (PostgreSQL is not installed: not measured)")
        return
    database = context.copy(1_000, "publish.sqlite")
    filling = multiprocessing.get_context("fork").Process(target=hours.fill, args=(database, count))
    filling.start()
    filling.join()
    if filling.exitcode != 0:
        raise Failed("the tables could not be filled")
    with contextlib.closing(postgres.Server()) as server:
        environment = {**context.environment, **server.environment(context.folder)}
        command = [context.leasehold, "publish", "postgres", "leases", "--db", str(database), "-f", "json"]
        first = run(command, environment)
        again = [run(command, environment) for _ in range(context.rounds)]
        with contextlib.closing(sqlite3.connect(database)) as connection:
            connection.execute("UPDATE lease SET name = name || '!' WHERE lease_key % 1000 = 7")
            connection.commit()
        changed = run(command, environment)
        copied = by_copy(server, context.folder)
        if (rows := server.sql("SELECT count(*) FROM v_lease")) != [str(count)]:
            raise Failed(f"there are {rows} leases instead of {count}")
    context.report.add("publish", "first run", first.seconds, "s")
    context.report.add("publish", "first run, processor time of leasehold alone", first.cpu_seconds, "s")
    context.report.add("publish", "first run, peak memory", first.peak_bytes, "B")
    context.report.add("publish", "psql \\copy of the same rows", copied, "s")
    context.report.add("publish", "first run / psql \\copy", first.seconds / copied, "×", 2)
    context.report.add("publish", "nothing has changed", min(item.seconds for item in again), "s", 1)
    context.report.add("publish", f"{count // 1000:,} leases have changed", changed.seconds, "s")
    snapshots(context, database)


def by_copy(server: postgres.Server, folder: Path) -> float:
    """Copies the rows out, and then into the same tables of another schema."""
    out = "".join(f"\\copy {table} TO '{folder}/{table}.copy'\n" for table in TABLES)
    server.sql(out)
    steps = Path(__file__).resolve().parents[3] / "Sources" / "LeasePublish" / "PostgreSQL" / "postgres_v1.sql"
    server.sql("CREATE SCHEMA again; SET search_path = again;\n" + steps.read_text())
    script = "BEGIN;\n" + "".join(f"\\copy again.{table} FROM '{folder}/{table}.copy'\n" for table in TABLES) + "COMMIT;\n"
    began = time.perf_counter()
    server.sql(script)
    seconds = time.perf_counter() - began
    for table in TABLES:
        (folder / f"{table}.copy").unlink()
    return seconds


def snapshots(context: Context, database: Path) -> None:
    """A snapshot, and an import of it into an empty database and again."""
    public, member = context.folder / "public", context.folder / "member.sqlite"
    made = run([context.leasehold, "publish", "snapshot", str(public), "--db", str(database)], context.environment)
    file, = public.glob("*.gz")
    context.report.add("publish", "snapshot: written", made.seconds, "s")
    context.report.add("publish", "snapshot: compressed", os.path.getsize(file), "B")
    context.report.add("publish", "snapshot: the database", os.path.getsize(database), "B")
    server = subprocess.Popen(
        [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "--directory", str(public), "18765"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(1)
        pull = [context.leasehold, "pull", "http://127.0.0.1:18765/", "--db", str(member)]
        context.report.add("publish", "snapshot: pulled into an empty database", run(pull, context.environment).seconds, "s")
        context.report.add("publish", "snapshot: nothing new", run(pull, context.environment).seconds, "s")
    finally:
        server.terminate()
        server.wait()
