#!/usr/bin/env python3
# needs: nothing or cloud
"""The page of `leasehold web` in a real browser, against the sandbox and a real cloud; and attacks on it.

usage: LEASEHOLD=.build/debug/leasehold Tests/Integration/web.py [NAME...]

Needs Debian's chromium and chromium-driver, and selenium and axe from PyPI, which are installed into a separate folder.
Without them, the tests that need a browser are skipped.
"""

import concurrent.futures
import html
import json
import re
import shlex
import socket
import sys
import time
from datetime import datetime, timedelta, timezone

sys.dont_write_bytecode = True

from support import browser, runner

if __name__ == "__main__":
    browser.with_selenium()

from support.blazar_client import BlazarClient
from support.real_cloud import RealCloudCase
from support.web_case import NAMES, BrowserCase, InBrowser, WebCase

VIEWS = ("/leases", "/calendar", "/calendar?unit=month", "/calendar?by=lease", "/new", "/queue", "/reports",
         "/reports/hours?by=project&bucket=week", "/sites")


class Story:
    """What a person does with the page."""

    def begins(self, name):
        """Waits until the cloud has the lease ACTIVE."""
        self.until(
            lambda: [one for one in self.cloud.leases() if one["name"] == name and one["status"] == "ACTIVE"],
            f"{name} begins")

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
        self.begins("booked")
        self.succeed("sync")
        self.until(lambda: "ACTIVE" in self.text(), "the lease is shown as ACTIVE")
        self.assertTrue(self.browser.driver.execute_script("return window.same === true"), "the page was loaded again")
        [lease] = [lease for lease in self.rows("list") if lease["name"] == "booked"]
        self.find("form[action$='/shorten'] [name=end]").send_keys("+1h")
        self.find("form[action$='/shorten'] button").click()
        self.shows("not later than that")
        [refusal] = self.browser.complaints()
        self.assertIn("422", refusal)
        self.browser.driver.back()
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
        # Blazar changes no lease that is still starting.
        self.begins("conf")
        status, answer = self.cloud.send("PUT", f"/leases/{lease}", body)
        self.assertEqual(status, 200, answer)
        self.run_command("sync")
        self.enter()
        self.go("/queue")
        self.find_all("a.button.primary, .grid td a")[0].click()
        self.shows("Decide")
        self.find("form[action$='/resolve'] input[value=theirs] ~ button").click()
        self.until(lambda: not self.rows("queue", "list"), "nothing waits any more")


class SandboxStory(Story):
    """The same, and what happens without a cloud."""

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


class StoryOnChameleon(SandboxStory, BrowserCase):
    dialect = "chameleon"


class StoryUpstream(SandboxStory, BrowserCase):
    dialect = "upstream"


class RealCloud(Story, InBrowser, RealCloudCase):
    """The same with Blazar itself, as an administrator: who holds a host is no secret there."""

    def setUp(self):
        super().setUp()
        self.environment.update(OS_CLOUD="admin", LEASEHOLD_QUIET_PERIOD_SECONDS="1")
        self.cloud = BlazarClient(self.clouds_file, "admin")
        self.sync()


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
            name = view.strip("/").replace("/", "-").replace("?", "-")[:30]
            self.browser.scheme("light")
            self.browser.resize(1280)
            self.go(view)
            for scheme, rules in (("light", None), ("dark", browser.COLOR_RULES)):
                with self.subTest(view=view, scheme=scheme):
                    self.browser.scheme(scheme)
                    self.assertEqual(self.browser.violations(rules), [])
                    self.picture(f"{name}-{scheme}-1280")
            for width in (400, 2_560):
                with self.subTest(view=view, width=width):
                    self.browser.resize(width)
                    self.assertLessEqual(self.browser.overflow(), 0, "the page is wider than its window")
                    self.picture(f"{name}-dark-{width}")
            with self.subTest(view=view, paper="A4"):
                # What is between the margins, at 96 dots an inch. Wide tables are printed along the long side.
                is_wide = view.split("?")[0] in ("/leases", "/calendar", "/queue")
                self.browser.scheme("dark", "print")
                self.browser.resize(1_031 if is_wide else 703)
                self.assertLessEqual(self.browser.overflow(), 0, "the page is wider than the paper")
                self.assertEqual(self.browser.violations(browser.COLOR_RULES), [])
                self.assertIn("Times are in UTC. As of ", self.text(".foot"))
                for screen in (".top", ".toolbar", ".pager", ".actions-card", ".page-head .more > a"):
                    self.assertFalse(any(one.is_displayed() for one in self.find_all(screen)), screen)
        self.browser.scheme("light")
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


class Served(WebCase):
    """Which page is opened, and how it is served."""

    def test_a_page_that_is_served_is_opened_again_only_if_it_is_as_asked_for(self):
        first = self.serve("--sync", "1h")
        same = f"{self.page}/?token="
        for options, env in (
            ((), {}), (("--sync", "2h"), {}), (("--os-cloud", "user1"), {}), ((), {"OS_CLOUD": "user1"}),
        ):
            process, address, _ = self.open_page(*options, env=env)
            self.assertTrue(address.startswith(same), f"{options} {env}: {address}")
            self.assertEqual(process.wait(timeout=20), 0)
        self.assertNotEqual(first, "")
        for options, env, missing in (
            (("--read-only",), {}, "--read-only"), (("--sync", "30m"), {}, "--sync 30m"), (("--utc",), {}, "--utc"),
            (("--allowed-host", "hub"), {}, "--allowed-host"), (("--base-path", "/x"), {}, "--base-path"),
            (("--os-cloud", "user2"), {}, "--os-cloud"), ((), {"OS_CLOUD": "user2"}, "OS_CLOUD=user2"),
        ):
            # Nothing is known of user2 yet, which is an error of its own if it is named.
            if "user2" in options:
                self.fail_with(66, "web", "--no-open", *options)
                continue
            process, address, remarks = self.open_page(*options, env=env)
            self.assertRegex(address, r"^http://127\.0\.0\.1:\d+(/x)?/\?token=")
            self.assertFalse(address.startswith(same), f"{options} {env}")
            self.assertIn(f"without {missing}.", remarks().replace("\n", " "))
            process.kill()
            process.wait()
        # The first one is still what `leasehold web` opens.
        self.assertTrue(self.open_page()[1].startswith(same))

    def test_a_report_is_in_the_pages_zone_and_about_its_database(self):
        self.create("now", hours=3)
        self.succeed("sync")
        database = self.environment.pop("LEASEHOLD_DB")
        self.environment["TZ"] = "America/Chicago"
        self.serve("--utc", "--db", database)
        self.log_in()
        # A time without a zone is one of the page's. Then, the lease is over.
        end = datetime.now(timezone.utc) + timedelta(hours=4)
        query = f"by=project&bucket=day&to={end:%Y-%m-%d+%H:%M}"
        text = self.ask(f"/reports/hours?{query}")[2]
        self.assertNotIn("Chicago", text)
        self.assertIn("Times are in UTC", text)
        command = shlex.split(html.unescape(re.search(r"The same in a shell: <code>([^<]*)<", text)[1]))
        self.assertEqual(command[:3], ["leasehold", "report", "hours"])
        self.assertEqual({"--utc", f"--db={database}", "--os-cloud=user1"} - set(command), set())
        rows = json.loads(self.ask(f"/reports/hours.json?{query}")[2])
        self.assertEqual(rows, self.succeed(*command[1:], "-f", "json").json)
        status, headers, page = self.ask("/reports/hours/file?by=project")
        self.assertEqual((status, headers["Content-Disposition"]), (200, 'attachment; filename="leasehold-hours.html"'))
        self.assertIn("<!DOCTYPE html>", page)
        self.assertIn("--utc", self.send("/new/check", name="x", node_amount="1")[2])

    def test_without_a_cloud_the_page_for_a_new_lease_says_what_to_do(self):
        for name in ("OS_CLOUD", "OS_CLIENT_CONFIG_FILE"):
            del self.environment[name]
        (self.folder / "clouds.yaml").unlink()
        self.serve()
        self.log_in()
        status, _, text = self.ask("/new")
        self.assertEqual(status, 200, text)
        self.assertIn("put a clouds.yaml", text)


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
