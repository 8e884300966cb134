#!/usr/bin/env python3
# needs: nothing
"""Eight processes read and sync one database for 20 s without errors and without wrong answers. Needs no cloud.

The cloud's leases all change together: at any time every lease has the same generation in its name, its end, and its
reservation. A reader must see the whole of one generation, and never an older one than before.

usage: LEASEHOLD=.build/debug/leasehold Tests/Integration/concurrency.py [NAME...]
"""

import datetime
import os
import sys
import threading
import time

sys.dont_write_bytecode = True

from support import runner
from support.fake_case import FakeCloudCase
from support.fake_cloud import lease, send_error, send_json

SECONDS = float(os.environ.get("LEASEHOLD_CONCURRENCY_SECONDS", "20"))
LEASES = 40
# One lease is there only in some generations.
GUEST = 999
BEGIN = datetime.datetime(2030, 1, 1)


def generation_of(row):
    """The generation that a row of `list` belongs to. Fails if its parts do not agree."""
    by_name = int(row["name"].split("-")[1])
    end = datetime.datetime.strptime(row["end_date"], "%Y-%m-%dT%H:%M:%SZ")
    by_end = int((end - BEGIN).total_seconds() // 60)
    by_reservation = {int(part["resource_id"]) for part in row["reservations"]}
    if by_reservation != {by_name} or by_end != by_name:
        raise AssertionError(f"a mixed lease: {row['name']}, {row['end_date']}, {row['reservations']}")
    return by_name


class Concurrency(FakeCloudCase):
    def setUp(self):
        super().setUp()
        self.generation = 0
        self.generation_lock = threading.Lock()
        self.cloud.list_fault = self.send_generation
        self.cloud.lease_fault = self.send_one
        self.problems = []
        self.reads = self.syncs = 0
        self.count_lock = threading.Lock()

    def state(self, generation):
        """All leases of a generation."""
        end = (BEGIN + datetime.timedelta(minutes=generation)).strftime("%Y-%m-%dT%H:%M:%S.000000")
        numbers = [*range(LEASES)] + ([GUEST] if generation % 2 else [])
        made = []
        for number in numbers:
            item = lease(number, name=f"n{number}-{generation}", end=end)
            item["reservations"][0]["resource_id"] = str(generation)
            made.append(item)
        return made

    def send_generation(self, handler):
        with self.generation_lock:
            self.generation += 1
            state = self.state(self.generation)
        send_json(handler, {"leases": state})

    def send_one(self, handler):
        """The guest, as the cloud has it now."""
        wanted = handler.path.rsplit("/", 1)[-1]
        with self.generation_lock:
            found = [item for item in self.state(self.generation) if item["id"] == wanted]
        if found:
            return send_json(handler, {"lease": found[0]})
        return send_error(handler, 404, f"Object with {{'lease_id': '{wanted}'}} not found")

    def until_the_end(self, step):
        while time.monotonic() < self.deadline and not self.problems:
            try:
                step()
            except Exception as error:  # in a thread: stored for the test
                self.problems.append(f"{type(error).__name__}: {error}")

    def reader(self):
        last = 0

        def step():
            nonlocal last
            rows = self.rows("list")
            regular = [row for row in rows if not row["name"].startswith(f"n{GUEST}-")]
            generations = {generation_of(row) for row in regular}
            assert len(generations) == 1, f"a mix of generations: {sorted(generations)}"
            assert len(regular) == LEASES, f"{len(regular)} leases of {LEASES}"
            (generation,) = generations
            assert generation >= last, f"generation {generation} after {last}"
            last = generation
            # A single lease, by its id, is consistent, and never goes back in time.
            shown = self.rows("show", regular[0]["id"])
            assert generation_of(shown) >= generation, f"{shown['name']} after generation {generation}"
            found = self.succeed("id", regular[1]["id"]).out.strip()
            assert found == regular[1]["id"]
            with self.count_lock:
                self.reads += 3
        return step

    def syncer(self):
        def step():
            result = self.run_command("sync", "--no-resources")
            # If the guest returns between the list and the request for it, the list is rightly doubted.
            doubtful = result.status == 65 and lease(GUEST)["id"] in result.err
            assert result.status == 0 or doubtful, str(result)
            with self.count_lock:
                self.syncs += 1
        return step

    def test_eight_processes_on_one_database(self):
        self.succeed("sync", "--no-resources")
        self.deadline = time.monotonic() + SECONDS
        steps = [self.syncer() for _ in range(3)] + [self.reader() for _ in range(5)]
        threads = [threading.Thread(target=self.until_the_end, args=(step,)) for step in steps]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(self.problems, [])
        self.assertGreater(self.reads, SECONDS)
        self.assertGreater(self.syncs, SECONDS / 4)
        self.check_history()
        print(f"     {self.reads} answers and {self.syncs} syncs in {SECONDS:.0f} s")

    def test_eight_processes_make_the_database_at_the_same_time(self):
        self.deadline = time.monotonic() + min(SECONDS, 5)
        done = []

        def first():
            done.append(self.run_command("sync", "--no-resources"))
        threads = [threading.Thread(target=first) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        failed = [str(result) for result in done
                  if result.status != 0 and not (result.status == 65 and lease(GUEST)["id"] in result.err)]
        self.assertEqual(failed, [])
        self.assertEqual(len(done), 8)
        self.check_history()

    def check_history(self):
        """The states of every lease follow each other without gaps or overlaps, with the newest generation last."""
        self.assertEqual(self.query("PRAGMA integrity_check"), [("ok",)])
        self.assertEqual(self.query("PRAGMA foreign_key_check"), [])
        self.assertEqual(self.succeed("db", "check").status, 0)
        for row in self.rows("list"):
            states = self.rows("history", row["id"], "--states")
            generations = [int(state["name"].split("-")[1]) for state in states]
            self.assertEqual(generations, sorted(generations), row["id"])
            if not row["name"].startswith(f"n{GUEST}-"):
                self.assertEqual(len(generations), len(set(generations)), "a state twice")
            for state in states:
                generation_of({**state["lease"], "end_date": state["end_date"]})
            for earlier, later in zip(states, states[1:]):
                self.assertEqual(earlier["observed_until"], later["observed_at"])
        runs = dict(self.query("SELECT outcome, count(*) FROM sync_run GROUP BY outcome"))
        self.assertNotIn(None, runs, "a run that was never ended")
        self.assertNotIn("failed", runs)


if __name__ == "__main__":
    runner.main()
