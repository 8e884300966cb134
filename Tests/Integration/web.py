#!/usr/bin/env python3
# needs: nothing
"""The page of `leasehold web` in a real browser, against the sandbox; and attacks on it.

usage: LEASEHOLD=.build/debug/leasehold Tests/Integration/web.py [NAME...]

Needs Debian's chromium and chromium-driver, and selenium and axe from PyPI, which are installed into a separate folder.
Without them, the tests that need a browser are skipped.
"""

import concurrent.futures
import json
import re
import socket
import sys
import time
from datetime import datetime, timedelta, timezone

sys.dont_write_bytecode = True

from support import browser, runner

if __name__ == "__main__":
    browser.with_selenium()

from support.web_case import NAMES, BrowserCase, WebCase

VIEWS = ("/leases", "/calendar", "/calendar?unit=month", "/calendar?by=lease", "/new", "/queue", "/reports",
         "/reports/hours?by=project&bucket=week", "/sites")


class Story:
    """What a person does with the page, in both dialects."""

    def test_a_person_books_a_gap_sees_it_active_extends_and_deletes_it(self):
        self.enter()
        self.go("/calendar?from=-1h&to=%2B12h")
        gaps = self.find_all("a.gap")
        self.assertGreater(len(gaps), 0, self.text())
        gaps[0].click()
        self.until(lambda: "/new" in self.browser.driver.current_url, "a gap leads to a draft")
        self.assertNotEqual(self.find("[name=node_type], [name=node_amount]").get_attribute("value"), "")
        self.assertEqual(self.find("[name=node_amount]").get_attribute("value"), "1")
        self.assertNotEqual(self.find("[name=end]").get_attribute("value"), "")
        self.find("[name=name]").send_keys("booked")
        self.find("form.draft button.primary").click()
        self.until(lambda: "/leases/" in self.browser.driver.current_url, "the new lease is shown")
        # Its state changes at the cloud; another process reads it, and the page follows without being loaded again.
        self.browser.driver.execute_script("window.same = true")

        def is_active():
            self.succeed("sync")
            return "ACTIVE" in self.text()
        self.until(is_active, "the lease is shown as ACTIVE", 20)
        self.assertTrue(self.browser.driver.execute_script("return window.same === true"), "the page was loaded again")
        [lease] = [lease for lease in self.rows("list") if lease["name"] == "booked"]
        self.find("form[action$='/extend'] [name=end]").send_keys("+1h")
        self.find("form[action$='/extend'] button.primary").click()
        self.until(lambda: self.rows("list", "--name", "booked")[0]["end_date"] != lease["end_date"], "it is extended")
        self.find("a.danger").click()
        self.find("form[action$='/delete'] button.danger").click()
        self.until(
            lambda: self.run_command("show", lease["id"], "-f", "json").json.get("deleted")
            or not [one for one in self.cloud.leases() if one["id"] == lease["id"]], "it is deleted")
        self.assertEqual(self.browser.complaints(), [])

    def test_the_grid_filters_and_sorts_with_and_without_script(self):
        for name in ("alpha", "beta", "gamma"):
            self.create(name, hours={"alpha": 3, "beta": 1, "gamma": 2}[name])
        self.enter()
        for has_script in (True, False):
            with self.subTest(script=has_script):
                self.browser.script(has_script)
                self.go("/leases")
                self.shows("gamma")
                self.find("#leases th a, .grid th a[href*=name]").click()
                self.until(lambda: "sort" in self.browser.driver.current_url, "a heading sorts")
                names = [cell.text.split("\n")[0] for cell in self.find_all(".grid td.name a")]
                self.assertEqual(names, sorted(names, reverse=names[0] > names[-1]))
                self.go("/leases?name=b*")
                self.assertEqual([cell.text for cell in self.find_all(".grid td.name a")], ["beta"])
                # A state is an address, and programs get the same.
                self.assertEqual(
                    [row["name"] for row in self.fetch("/leases.json?name=b*")], ["beta"])
        self.browser.script(True)

    def fetch(self, path):
        """JSON with the browser's cookie."""
        [cookie] = [one for one in self.browser.driver.get_cookies() if one["name"] == f"leasehold-{self.port}"]
        self.assertTrue(cookie["httpOnly"])
        self.assertEqual(cookie["sameSite"], "Strict")
        self.assertNotIn("expiry", cookie)
        status, _, text = self.ask(path, cookie=f"{cookie['name']}={cookie['value']}")
        self.assertEqual(status, 200, text)
        return json.loads(text)

    def test_a_conflict_is_decided_on_the_page(self):
        lease = self.create("conf", hours=3)
        self.succeed("sync")
        self.succeed("extend", "conf", "--by", "1h", "--offline")
        # Somebody else changes the same field.
        body = {"end_date": (datetime.now(timezone.utc) + timedelta(hours=8)).strftime("%Y-%m-%d %H:%M")}
        status, _ = self.cloud.send("PUT", f"/leases/{lease}", body)
        self.assertEqual(status, 200)
        self.run_command("sync")
        self.enter()
        self.go("/queue")
        self.find_all("a.button.primary, .grid td a")[0].click()
        self.shows("Decide")
        self.find("form[action$='/resolve'] input[value=theirs] ~ button").click()
        self.until(lambda: not self.rows("queue", "list"), "nothing waits any more")

    def test_everything_reads_offline_and_writes_wait(self):
        self.create("steady")
        self.succeed("sync")
        self.enter()
        self.sandbox.kill()
        self.sandbox.wait()
        for view in VIEWS:
            self.go(view)
            self.assertNotIn("cannot be reached", self.text().lower(), view)
        self.go("/leases?q=steady")
        self.find(".grid td.name a").click()
        self.find("form[action$='/extend'] [name=end]").send_keys("+1h")
        self.find("form[action$='/extend'] button.primary").click()
        self.until(lambda: self.rows("queue", "list"), "the extension waits")
        self.go("/leases")
        self.assertGreater(len(self.find_all(".badge.waiting, .badge")), 0, self.text())
        self.go("/calendar?from=-1h&to=%2B12h")
        self.assertGreater(len(self.find_all("table.calendar rect.queued")), 0, "what is queued is hatched")


class StoryOnChameleon(Story, BrowserCase):
    dialect = "chameleon"


class StoryUpstream(Story, BrowserCase):
    dialect = "upstream"


class Looks(BrowserCase):
    """Names that hurt, accessibility, sizes, and nothing from elsewhere."""

    def test_hostile_names_are_shown_as_text_and_nothing_is_violated(self):
        for number, name in enumerate(NAMES):
            self.create(name, start=datetime.now(timezone.utc) + timedelta(hours=6 * number + 1), hours=4)
        self.succeed("create", "waits", "--duration", "1d", "--node", "amount=1", "--offline")
        self.succeed("sync", "--no-resources")
        self.enter()
        lease = self.rows("list", "--name", "*alert*")[0]["id"]
        for view in (*VIEWS, f"/leases/{lease}"):
            for scheme in ("light", "dark"):
                with self.subTest(view=view, scheme=scheme):
                    self.browser.scheme(scheme)
                    self.browser.resize(1280)
                    self.go(view)
                    self.assertEqual(self.browser.violations(), [])
                    self.picture(f"{view.strip('/').replace('/', '-').replace('?', '-')[:30]}-{scheme}-1280")
            for width in (400, 2_560):
                with self.subTest(view=view, width=width):
                    self.browser.resize(width)
                    self.assertLessEqual(self.browser.overflow(), 0, "the page is wider than its window")
                    self.picture(f"{view.strip('/').replace('/', '-').replace('?', '-')[:30]}-dark-{width}")
        self.browser.resize(1280)
        self.go("/leases")
        page = self.text()
        self.assertIn(NAMES[0], page)
        self.assertNotIn("\u202e", self.browser.driver.page_source)
        self.assertEqual(self.find_all("main script"), [])
        self.assertEqual(self.browser.complaints(), [])

    def test_the_calendar_turns_its_pages_without_script(self):
        self.create("now here", hours=30)
        self.succeed("sync")
        self.enter()
        self.browser.script(False)
        self.go("/calendar")
        first = self.text(".page-head")
        self.find("[rel=next]").click()
        self.until(lambda: self.text(".page-head") != first, "the next week is shown")
        self.find("[rel=prev]").click()
        self.until(lambda: self.text(".page-head") == first, "the week before is shown again")
        own = self.find_all("table.calendar rect.own")
        self.assertGreater(len(own), 0)
        self.browser.script(True)
        # The same for programs, exact to the minute.
        [lease] = self.rows("list", "--name", "now here")
        rows = [row for row in StoryOnChameleon.fetch(self, "/calendar.json?from=-1h&to=%2B3d") if row["lease_id"] == lease["id"]]
        self.assertEqual({row["end_date"] for row in rows}, {lease["end_date"]})
        self.assertTrue(all(row["mine"] for row in rows))


class Silent(BrowserCase):
    """A site where members may not read who holds what."""

    sandbox_options = ("--action-seconds", "0")
    dialect = "upstream"

    def test_the_calendar_says_so_and_shows_own_leases(self):
        self.create("mine", hours=30)
        self.enter()
        self.go("/calendar")
        self.assertIn("members", self.text())
        self.assertGreater(len(self.find_all("table.calendar rect.own")), 0)


class Attacks(WebCase):
    """Programs of this machine, and other sites in the same browser."""

    def setUp(self):
        super().setUp()
        self.serve()

    def test_only_our_own_page_in_our_own_session_is_answered(self):
        for path in VIEWS:
            self.assertEqual(self.ask(path)[0], 401, f"{path} without a session")
        self.assertEqual(self.ask("/?token=wrong")[0], 401)
        self.log_in()
        token = self.address.removeprefix(self.page)
        stolen, self.cookie = self.cookie, None
        self.assertEqual(self.ask(token)[0], 401, "a token works once")
        self.cookie = stolen
        self.assertEqual(self.ask("/leases")[0], 200)
        for host in ("evil.example", f"evil.example:{self.port}", "127.0.0.1.evil.example"):
            self.assertIn(self.ask("/leases", Host=host)[0], (400, 403, 421), host)
        form = {"Content_Type": "application/x-www-form-urlencoded"}
        for origin in ("http://evil.example", "null", f"http://127.0.0.1:{self.port + 1}"):
            self.assertEqual(self.ask("/sites/sync", "POST", "", Origin=origin, **form)[0], 403, origin)
        self.assertEqual(self.ask("/sites/sync", "POST", "", **form)[0], 403, "no origin")
        self.assertEqual(self.ask("/sites/sync", "POST", "csrf=wrong", Origin=self.page, **form)[0], 403, "no key")
        for path in ("/../../etc/passwd", "/..%2f..%2fetc%2fpasswd", "/leases/..%2f..%2fx", "/%00", "/leasehold.css/../x"):
            self.assertIn(self.ask(path)[0], (400, 404, 422), path)
        status, headers, _ = self.ask("/leases")
        policy = headers["Content-Security-Policy"]
        self.assertIn("default-src 'none'", policy)
        self.assertNotIn("unsafe", policy)
        self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
        self.assertIn("Referrer-Policy", headers)

    def test_what_is_large_slow_or_many_is_bounded(self):
        self.log_in()
        status, _, _ = self.ask_loosely("POST", "/new", b"x=" + b"a" * 10_000_000)
        self.assertIn(status, (0, 413))
        slow = [socket.create_connection(("127.0.0.1", self.port)) for _ in range(20)]
        for connection in slow:
            connection.sendall(b"GET /leases HTTP/1.1\r\nHost: 127.0.0.1\r\nX-")
        streams = [self.stream() for _ in range(200)]
        began = time.monotonic()
        self.assertEqual(self.ask("/leases")[0], 200, "the page stays up")
        self.assertLess(time.monotonic() - began, 5)
        for connection in [*slow, *streams]:
            connection.close()
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            self.assertEqual({one[0] for one in pool.map(lambda _: self.ask("/leases"), range(64))}, {200})
        self.assertIsNone(self.web.poll())

    def stream(self):
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=5)
        connection.sendall(
            f"GET {self.live} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nCookie: {self.cookie}\r\n\r\n".encode())
        return connection

    @property
    def live(self):
        text = self.ask("/leasehold.js")[2]
        return "/" + re.search(r'EventSource\([^"`]*["`][^"`/]*/([a-z]+)', text)[1]

    def ask_loosely(self, method, path, body):
        """A request that the server may break off: status 0."""
        try:
            return self.ask(path, method, body, Origin=self.page, Content_Type="application/x-www-form-urlencoded")
        except OSError:
            return 0, {}, ""

    def test_read_only_refuses_every_write(self):
        self.web.kill()
        self.web.wait()
        self.serve("--read-only")
        self.log_in()
        status, _, text = self.ask("/sites/sync", "POST", "csrf=x", Origin=self.page)
        self.assertEqual(status, 403, text)
        self.assertNotIn("<form method=\"post\"", self.ask("/queue")[2])


if __name__ == "__main__":
    runner.main()
