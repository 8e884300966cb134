#!/usr/bin/env python3
# needs: nothing
"""Absurd dates and numbers, from a server or this computer's clock: nothing crashes, waits or is lost.

usage: LEASEHOLD=.build/debug/leasehold Tests/Integration/field_clocks.py [NAME...]

Needs no cloud: it has scripted ones.
"""

import json
import shutil
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True

from support import runner
from support.fake_cloud import send
from support.site_case import NODE, SiteCase
from support.site_cloud import answers, cut, now_text, refusal, reply


class Absurd(SiteCase):
    """A server's numbers and dates never cause a crash, and never delay a write for long."""

    LATER = ("9223372036854775807", "9223372036854775806", "9223372036854775808", "4611686018427387904", "86400000",
             "1e400", "-1", "-9223372036854775808", "99999999999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT",
             "Fri, 31 Dec 99999 23:59:59 GMT", "Mon, 01 Jan 0001 00:00:00 GMT", "soon", "")

    def test_Retry_After_on_every_verb(self):
        names = [f"busy {number}" for number in range(len(self.LATER))]
        self.site.seed(*[f"{verb} {name}" for name in names[:4] for verb in ("long", "gone")])
        self.sync()
        for name, text in zip(names, self.LATER):
            act = answers(*refusal(503 if len(text) % 2 else 429, "busy"), {"Retry-After": text})
            for verb, lease in (("POST", name), ("PUT", f"long {name}"), ("DELETE", f"gone {name}")):
                self.site.fault(verb, act, name=lease, times=2)
            self.succeed("create", name, *NODE, "--start", "+1h", "--offline")
        for name in names[:4]:
            self.succeed("extend", f"long {name}", "--by", "1h", "--offline")
            self.succeed("delete", f"gone {name}", "--offline")
        self.sync()
        self.sync()
        limit = f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(time.time() + 3660))}"
        rows = self.rows("queue", "list")
        self.assertGreater(len(rows), 8)
        for row in rows:
            self.assertLess(row["next_attempt_at"] or "", limit, row)
            self.assertIn(row["state"], ("queued", "unknown"))

    def test_Retry_After_on_lists_and_logins(self):
        self.site.seed("here")
        self.sync()
        for server, verb in ((self.site, "LIST"), (self.keystone, "TOKEN")):
            for text in self.LATER[:5] + self.LATER[9:10]:
                server.fault(verb, answers(*refusal(503, "busy"), {"Retry-After": text}))
                result = self.sync()
                self.assertIn(result.status, (0, 69), str(result))
                server.faults.clear()
        self.site.fault("LIST", answers(*refusal(429, "busy"), {"Retry-After": self.LATER[0]}))
        watch = self.start("sync", "--watch", "--interval", "5s", "--no-resources")
        before = len(self.site.requests)
        self.wait_until(lambda: len(self.site.requests) > before)
        time.sleep(0.5)
        self.assertIsNone(watch.poll(), "the watch has ended")
        watch.send_signal(signal.SIGINT)
        watch.communicate(timeout=10)
        self.assertGreaterEqual(watch.returncode, 0)

    def test_the_date_of_an_answer(self):
        def dated(text):
            def act(handler, execute):
                handler.date_time_string = lambda *_: text
                reply(handler, *execute())
            return act
        self.site.keeps_events = False
        for number, text in enumerate(("Fri, 31 Dec 9999 23:59:59 GMT", "Thu, 01 Jan 1970 00:00:00 GMT",
                                       "Tue, 01 Jan 2030 00:00:00 GMT", "Mon, 01 Jan 0001 00:00:00 GMT", "soon", "")):
            for verb in ("TOKEN", "LIST", "POST", "PUT", "GET"):
                server = self.keystone if verb == "TOKEN" else self.site
                server.fault(verb, dated(text), times=2)
            # The time in such an answer does not influence which lease is meant.
            self.sync()
            self.site.fault("POST", cut)
            self.run_command("create", f"lease {number}", *NODE, "--start", "+1h")
            self.run_command("extend", f"lease {number}", "--by", "1h")
            self.site.faults.clear()
            self.keystone.faults.clear()
        self.assertEqual(self.calm(seconds=20), [])
        self.assertEqual([len(self.site.named(f"lease {number}")) for number in range(6)], [1] * 6)
        names = sorted(item["name"] for item in self.site.leases.values())
        for options in ([], ["--as-known-at", "now"]):
            self.assertEqual(sorted(row["name"] for row in self.rows("list", *options)), names)

    def test_numbers_of_leases(self):
        for number, text in enumerate(("1e400", "9223372036854775808", "-1", "18446744073709551616", "1.5", '"NaN"')):
            with self.subTest(text):
                self.site.leases.clear()
                lease = self.site.leases[self.site.seed(f"odd {number}")]
                for part in lease["reservations"]:
                    part.update(min="@", max="@", amount="@", vcpus="@")
                lease["events"].append({"id": "e1", "lease_id": lease["id"], "event_type": "start_lease",
                                        "status": "DONE", "time": "9999-12-31T23:59:59.000000"})

                def act(handler, execute):
                    body = json.dumps(execute()[1]).replace('"@"', text).encode()
                    send(handler, 200, body, "application/json")
                self.site.fault("LIST", act, times=9)
                self.run_command("sync", "--no-resources", "--confirm-deletes")
                for line in (["list"], ["list", "-f", "json"], ["show", f"odd {number}", "-f", "json"], ["reservations", f"odd {number}"],
                             ["report", "hours", "--by", "project", "-f", "json"], ["export", "-f", "json"],
                             ["history", f"odd {number}"], ["status"]):
                    self.assertGreaterEqual(self.run_command(*line).status, 0, line)
                self.site.faults.clear()

    def test_times_of_a_lease_and_of_a_token(self):
        for text in ("9999-12-31T23:59:59.000000", "0001-01-01T00:00:00.000000", "292277026596-12-04T15:30:07.000000"):
            with self.subTest(text):
                self.site.leases.clear()
                self.site.seed("odd", start=now_text(), end=text)
                self.sync()
                self.run_command("list")
                self.run_command("extend", "odd", "--by", "1d", "--offline")
                self.run_command("report", "hours", "--by", "project", "-f", "json")


CLOCK = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
static time_t off(void) { const char *text = getenv("CLOCK_OFFSET"); return text ? atol(text) : 0; }
int clock_gettime(clockid_t id, struct timespec *t) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(id, t);
    if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE) t->tv_sec += off();
    return result;
}
int gettimeofday(struct timeval *t, void *zone) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    t->tv_sec = now.tv_sec; t->tv_usec = now.tv_nsec / 1000;
    return 0;
}
time_t time(time_t *t) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (t) *t = now.tv_sec;
    return now.tv_sec;
}
"""


class WrongClock(SiteCase):
    """A clock that was wrong once does no harm after it has been corrected."""

    def setUp(self):
        super().setUp()
        compiler = shutil.which("cc") or shutil.which("clang")
        if not compiler:
            self.skipTest("there is no C compiler to make a wrong clock with")
        source, library = self.folder / "clock.c", self.folder / "clock.so"
        source.write_text(CLOCK)
        subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
        self.wrong = {"LD_PRELOAD": str(library), "CLOCK_OFFSET": str(400 * 86400)}
        shown = self.succeed("create", "x", *NODE, "--dry-run", "-f", "json", env=self.wrong).json
        self.assertGreater(shown["end_date"], f"{time.gmtime().tm_year + 1}", "the clock is not wrong")

    def test_a_write_that_was_queued_then(self):
        self.site.seed("long", end=now_text(600 * 86400))
        self.sync()
        self.succeed("create", "queued", *NODE, "--offline", env=self.wrong)
        self.succeed("extend", "long", "--by", "1h", "--offline", env=self.wrong)
        self.assertEqual(self.calm(), [])
        self.assertEqual((len(self.site.named("queued")), len(self.site.sent("PUT"))), (1, 1))

    def test_a_write_that_was_tried_then(self):
        self.site.seed("long", "gone", end=now_text(600 * 86400))
        self.sync()
        for verb in ("POST", "PUT", "DELETE"):
            self.site.fault(verb, answers(*refusal(503, "busy"), {"Retry-After": "20"}))
        self.run_command("create", "retried", "--start", "+450d", *NODE, env=self.wrong)
        self.run_command("extend", "long", "--by", "1h", env=self.wrong)
        self.run_command("delete", "gone", env=self.wrong)
        self.sync(env=self.wrong)
        self.assertEqual(self.calm(seconds=25), [])
        self.assertEqual((len(self.site.named("retried")), self.site.named("gone")), (1, []))

    def test_a_limit_that_was_set_then(self):
        self.sync()
        self.site.fault("POST", answers(*refusal(500, "Not enough hosts available")), times=99)
        self.run_command("create", "limited", *NODE, "--retry-until", "+4s", "--offline", env=self.wrong)
        self.sync()
        time.sleep(5)
        self.calm(seconds=15)
        self.assertEqual(self.state(), "rejected")

    def test_a_lost_answer_then(self):
        self.site.fault("POST", cut)
        self.run_command("create", "lost", "--start", "+450d", *NODE, env=self.wrong)
        self.assertEqual(self.calm(seconds=15), [])
        self.assertEqual(len(self.site.named("lost")), 1)

    def test_a_sync_then(self):
        self.site.seed("here", "goes")
        self.sync(env=self.wrong)
        self.site.named("here")[0]["name"] = "renamed"
        del self.site.leases[self.site.named("goes")[0]["id"]]
        self.sync()
        # The cloud's clock is known to the second, and may be a second ahead.
        time.sleep(1.1)
        for options in ([], ["--as-known-at", "now"]):
            self.assertEqual([row["name"] for row in self.rows("list", *options)], ["renamed"], options)
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 5))
        self.assertLess(self.rows("sites")[0]["synced_at"], now)
        self.assertNotRegex(self.succeed("list").err + self.succeed("status").out, r"in 4\d\d d|-\d+ [smhd]")
        self.assertEqual(self.rows("history", "renamed")[-1]["to"], "renamed")

    def test_a_sync_then_says_that_the_clock_is_wrong(self):
        said = self.sync(env=self.wrong)
        self.assertRegex((said.out + said.err).lower(), "clock")

    def test_the_doctor_compares_the_clocks_and_tells_when_a_cloud_was_read(self):
        self.sync()
        self.assertRegex(self.succeed("doctor").out, r"Blazar answers(, its clock is 1 second \w+)?; read (now|[0-9] s ago)")
        rows = {row["step"]: row for row in self.succeed("doctor", "-f", "json", env=self.wrong).json}
        self.assertRegex(rows["reservation service"]["message"], r"Blazar answers, its clock is (399|400) days behind")
        self.assertEqual(rows["clock"]["verdict"], "warning")


if __name__ == "__main__":
    runner.main()
