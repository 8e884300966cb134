#!/usr/bin/env python3
# needs: second cloud
"""Each create makes exactly one lease, however often answers are lost and processes killed. Needs tools/devcloud.

A proxy in front of Keystone and Blazar loses 30 % of Blazar's answers after the request was executed, cuts off 20 % of
its requests, and delays some. Meanwhile, several `leasehold create` and `leasehold sync` run at the same time, and one
of them is killed with SIGKILL every few seconds. At the end the cloud itself is asked.

This is done twice: with the client's own event, and with a proxy that removes `events` from every create, like a Blazar
that drops them.

usage: eval "$(tools/devcloud env user1)"
       LEASEHOLD=.build/debug/leasehold Tests/Integration/queue_chaos.py [--creations N] [--seed S] [--mode MODE]
"""

import argparse
import collections
import concurrent.futures
import contextlib
import datetime
import json
import os
import random
import secrets
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.dont_write_bytecode = True

from support.blazar_client import BlazarClient
from support.command import CRASH
from support.faulty_proxy import FaultyProxy

QUIET_SECONDS = 10
# How long a create may take in total before the run is abandoned.
PATIENCE_PER_CREATION = 20


class Chaos:
    """One run."""

    def __init__(self, creations, seed, strips_events):
        self.creations, self.strips_events = creations, strips_events
        self.random = random.Random(seed)
        self.prefix = f"chaos-{secrets.token_hex(4)}-"
        self.folder = Path(tempfile.mkdtemp(prefix="leasehold-chaos-"))
        self.database = self.folder / "leasehold.sqlite"
        self.cloud = BlazarClient(Path(os.environ["OS_CLIENT_CONFIG_FILE"]), "user1")
        keystone = self.cloud.auth_url
        self.proxy = FaultyProxy(keystone, self.cloud.endpoint, seed, strips_events=strips_events)
        entry = json.loads(json.dumps(self.cloud.entry))
        entry["auth"]["auth_url"] = keystone.replace(keystone.split("/identity")[0], self.proxy.origin)
        entry["reservation_endpoint_override"] = self.proxy.origin + "/v1"
        # JSON is YAML.
        (self.folder / "clouds.yaml").write_text(json.dumps({"clouds": {"chaos": entry}}))
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": str(self.folder), "TZ": "UTC", "OS_CLOUD": "chaos",
            "LEASEHOLD_DB": str(self.database), "LEASEHOLD_QUIET_PERIOD_SECONDS": str(QUIET_SECONDS),
            "LEASEHOLD_TIMEOUT_SECONDS": "30",
        }
        self.lock = threading.Lock()
        self.running = {}
        self.kills = collections.Counter()
        self.statuses = collections.Counter()
        self.problems = []
        self.done = threading.Event()

    # -- processes

    def run(self, *arguments):
        """Runs the command until it ends or is killed, and returns its status, which is negative if it was killed."""
        process = subprocess.Popen(
            [os.path.abspath(os.environ["LEASEHOLD"]), *arguments], env=self.environment, cwd=self.folder,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        with self.lock:
            self.running[process.pid] = process
        _, err = process.communicate()
        with self.lock:
            del self.running[process.pid]
            self.statuses[f"{arguments[0]} {process.returncode}"] += 1
            is_crash = process.returncode < 0 and process.returncode != -signal.SIGKILL
            if is_crash or CRASH.search(err):
                self.problems.append(f"leasehold {' '.join(arguments)}: {process.returncode}\n{err}")
        return process.returncode, err

    def kill_now_and_then(self):
        while not self.done.wait(self.random.uniform(1, 4)):
            with self.lock:
                alive = [process for process in self.running.values() if process.poll() is None]
                if alive:
                    victim = self.random.choice(alive)
                    victim.kill()
                    self.kills[victim.args[1]] += 1

    def query(self, sql, *arguments):
        if not self.database.exists():
            return []
        with contextlib.closing(sqlite3.connect(self.database, timeout=30)) as connection:
            return connection.execute(sql, arguments).fetchall()

    # -- the work

    def create(self, number):
        """Requests a lease until it is known to be queued: a process killed before that has requested nothing."""
        name = f"{self.prefix}{number:03}"
        start = datetime.datetime(2031, 1, 1) + datetime.timedelta(hours=2 * number)
        more = ["--offline"] if number % 3 == 0 else []
        while not self.query("SELECT 1 FROM mutation WHERE lease_name = ?", name):
            if self.done.is_set():
                return
            self.run("create", name, "--start", f"{start:%Y-%m-%d %H:%M}", "--duration", "1h",
                     "--reservation", "resource_type=virtual:dummy,amount=1", *more)

    def sync_again_and_again(self):
        while not self.done.is_set():
            self.run("sync", "--no-resources")
            self.done.wait(0.5)

    def open_count(self):
        return self.query("SELECT count(*) FROM mutation WHERE state NOT IN ('settled', 'parked', 'rejected')")[0][0]

    def play(self):
        """Runs until every request is settled."""
        began = time.monotonic()
        deadline = began + 120 + PATIENCE_PER_CREATION * self.creations
        # The cloud must be known before anything can be queued.
        while self.run("sync", "--no-resources")[0] != 0:
            if time.monotonic() > began + 120:
                raise SystemExit("the first sync does not succeed")
        loops = [threading.Thread(target=self.sync_again_and_again) for _ in range(2)]
        loops.append(threading.Thread(target=self.kill_now_and_then))
        for thread in loops:
            thread.start()
        try:
            with concurrent.futures.ThreadPoolExecutor(3) as pool:
                list(pool.map(self.create, range(self.creations)))
            said = time.monotonic()
            while self.open_count():
                if time.monotonic() > deadline:
                    self.problems.append(f"not settled in time: {self.states()}")
                    break
                if time.monotonic() > said + 30:
                    said = time.monotonic()
                    print(f"     {said - began:.0f} s: {self.states()}", flush=True)
                time.sleep(1)
        finally:
            self.done.set()
            for thread in loops:
                thread.join()
        self.seconds = time.monotonic() - began

    def states(self):
        return dict(self.query("SELECT state, count(*) FROM mutation GROUP BY state"))

    # -- the verdict

    def check(self):
        expect = self.expect
        self.cloud.log_in()
        leases = self.cloud.leases(self.prefix)
        by_name = collections.Counter(item["name"] for item in leases)
        wanted = {f"{self.prefix}{number:03}" for number in range(self.creations)}
        expect(len(leases) == self.creations, f"{len(leases)} leases for {self.creations} creations")
        expect(set(by_name) == wanted, f"missing: {sorted(wanted - set(by_name))}")
        expect(max(by_name.values(), default=0) <= 1, f"twice: {[n for n, c in by_name.items() if c > 1]}")
        rows = self.query("SELECT lease_name, state, lease_id, token, reason, message FROM mutation")
        expect(len(rows) == self.creations, f"{len(rows)} mutations")
        there = {item["id"]: item for item in leases}
        for name, state, lease, token, reason, message in rows:
            expect(state == "settled", f"{name} is {state} ({reason}: {message})")
            expect(there.get(lease, {}).get("name") == name, f"{name} is taken for {lease}")
            marks = [event["event_type"] for event in there.get(lease, {}).get("events", ())
                     if event["event_type"].startswith("leasehold:")]
            expect(marks == ([] if self.strips_events else [f"leasehold:{token}"]), f"{name} carries {marks}")
        expect(self.query("PRAGMA integrity_check") == [("ok",)], "the database is damaged")
        keeps = self.query("SELECT keeps_client_events FROM site")
        expect(keeps in ([(0 if self.strips_events else 1,)], [(None,)]), f"keeps_client_events is {keeps}")

    def expect(self, holds, what):
        if not holds:
            self.problems.append(what)

    def clean_up(self):
        """Deletes every lease of this run, and the files unless something is wrong."""
        self.proxy.close()
        self.cloud.log_in()
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(self.cloud.delete, [item["id"] for item in self.cloud.leases(self.prefix)]))
        if not self.problems:
            shutil.rmtree(self.folder, ignore_errors=True)

    def report(self):
        attempts = self.query("SELECT outcome, count(*) FROM attempt GROUP BY outcome")
        sent = self.query("SELECT max(n) FROM (SELECT count(*) AS n FROM attempt GROUP BY mutation_id)")
        print(f"     {self.creations} creations in {self.seconds:.0f} s, {sum(self.kills.values())} processes killed "
              f"{dict(self.kills)}")
        print(f"     requests: {json.dumps(self.proxy.counts)}, the longest in s: "
              f"{ {method: round(seconds, 1) for method, seconds in self.proxy.longest.items()} }")
        print(f"     attempts: {dict(attempts)}, {sent[0][0]} at most for one; ends: {dict(self.statuses)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--creations", type=int, default=30)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--mode", choices=["token", "fallback", "both"], default="both")
    options = parser.parse_args()
    if not os.environ.get("LEASEHOLD"):
        sys.exit("LEASEHOLD must be the path of the command to test")
    if not os.environ.get("OS_CLIENT_CONFIG_FILE"):
        print("skip: no cloud: run eval \"$(tools/devcloud env user1)\" first")
        return
    failed = 0
    for mode in ["token", "fallback"] if options.mode == "both" else [options.mode]:
        print(f"     {mode}, seed {options.seed}", flush=True)
        chaos = Chaos(options.creations, options.seed, strips_events=mode == "fallback")
        try:
            chaos.play()
            chaos.check()
            chaos.report()
        finally:
            chaos.clean_up()
        print(f"{'FAIL' if chaos.problems else 'ok  '} {mode}: each creation became one lease", flush=True)
        for problem in chaos.problems[:20]:
            print(f"     {problem}", file=sys.stderr)
        if chaos.problems:
            print(f"     the database is kept in {chaos.folder}", file=sys.stderr)
        failed += bool(chaos.problems)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
