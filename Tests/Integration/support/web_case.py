"""A test on the page of `leasehold web`, with the sandbox or a cloud behind it and a real browser in front of it."""

import atexit
import http.client
import os
import re
import secrets
import shutil
import subprocess
import tempfile
import time
import urllib.parse
from pathlib import Path

from .browser import Browser, missing
from .command import CommandCase
from .sandbox import SandboxCase

#: Names that hurt pages that do not escape them: markup, a change of direction, and more than fits.
NAMES = ("<script>alert(1)</script>", "abc\u202edef", "\U0001F680" * 80)


class PageCase(CommandCase):
    """Serves the page at `self.page`, which a session's cookie opens."""

    def serve(self, *options):
        """Starts the page, and gives the address that works once."""
        self.web, address, log = self.open_page(*options)
        self.assertRegex(address, r"^http://127\.0\.0\.1:\d+/\?token=\S+$", log())
        self.address, self.page = address, address.split("/?")[0]
        self.port = urllib.parse.urlsplit(self.page).port
        return address

    def open_page(self, *options, env=None):
        """Runs `leasehold web`: its process, the address that it prints, and what reads its remarks."""
        path = self.folder / f"web-{secrets.token_hex(4)}.log"
        with path.open("w") as log:
            process = subprocess.Popen(
                [os.environ["LEASEHOLD"], "web", "--no-open", *options], env={**self.environment, **(env or {})},
                cwd=self.folder, stdout=subprocess.PIPE, stderr=log, stdin=subprocess.DEVNULL, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process, process.stdout.readline().strip(), path.read_text

    def ask(self, path, method="GET", body=None, cookie=None, timeout=20, **headers):
        """One request without a browser: status, headers and text."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            sent = {name.replace("_", "-"): value for name, value in headers.items()}
            cookie = cookie if cookie is not None else getattr(self, "cookie", None)
            if cookie:
                sent["Cookie"] = cookie
            connection.request(method, path, body=body, headers=sent)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode(errors="replace")
        finally:
            connection.close()

    def log_in(self):
        """Uses the token, and keeps the session's cookie for `ask`."""
        status, headers, _ = self.ask(self.address.removeprefix(self.page))
        self.assertIn(status, (200, 303))
        self.cookie = headers["Set-Cookie"].split(";")[0]
        return headers

    def send(self, path, **fields):
        """Sends a form as the page does."""
        text = self.ask("/new" if path.startswith("/new/") else path)[2]
        csrf = re.search(r'name="csrf" value="([^"]+)"', text)
        if csrf:
            fields = {"csrf": csrf[1], **fields}
        return self.ask(
            path, "POST", urllib.parse.urlencode(fields), Origin=self.page,
            Content_Type="application/x-www-form-urlencoded")

    def create(self, name, start=None, hours=5, count=1):
        """A lease that another program makes, straight at the cloud; its id."""
        start = start or "now"
        done = self.succeed(
            "create", "--duration", f"{hours}h", "--node", f"amount={count}", "-f", "json",
            *(() if start == "now" else ("--start", start.strftime("%Y-%m-%dT%H:%MZ"))), "--", name)
        return done.json["id"]

    def until(self, condition, what, seconds=60):
        """Waits until something is so."""
        ends = time.monotonic() + seconds
        while True:
            try:
                if found := condition():
                    return found
            except Exception as error:  # An element may be replaced while it is read.
                if time.monotonic() > ends:
                    raise AssertionError(f"{what}: {error}") from error
            if time.monotonic() > ends:
                self.fail(f"{what}: not within {seconds} s")
            time.sleep(0.1)


class WebCase(PageCase, SandboxCase):
    """Has a sandbox and a synced database."""

    dialect = "chameleon"
    sandbox_options = ("--open-inventory", "--action-seconds", "0")

    def setUp(self):
        super().setUp()
        self.environment["LEASEHOLD_QUIET_PERIOD_SECONDS"] = "1"
        self.succeed("sync")


class InBrowser(PageCase):
    """Opens the page in a browser, which all tests share: to start one takes longer than some tests."""

    browser = reason = None

    @classmethod
    def setUpClass(cls):
        if InBrowser.browser is not None or InBrowser.reason is not None:
            return
        InBrowser.reason = missing()
        if InBrowser.reason is None:
            try:
                import selenium  # noqa: F401
            except ImportError:
                InBrowser.reason = "selenium could not be installed from PyPI"
        if InBrowser.reason is None:
            profile = tempfile.mkdtemp(prefix="leasehold-browser-")
            atexit.register(shutil.rmtree, profile, ignore_errors=True)
            InBrowser.browser = Browser(profile)
            atexit.register(InBrowser.browser.close)

    def setUp(self):
        if self.browser is None:
            self.skipTest(self.reason)
        super().setUp()
        self.addCleanup(self.check_requests)
        self.browser.command("Network.clearBrowserCookies")
        self.browser.script(True)
        self.browser.scheme("light")
        self.browser.resize(1280)
        self.browser.requests()
        self.browser.complaints()

    def check_requests(self):
        """Nothing was asked of anybody else."""
        if not hasattr(self, "page"):
            return
        strangers = [
            url for url in self.browser.requests()
            if not url.startswith((self.page + "/", "data:,")) and not url.startswith("chrome")]
        self.assertEqual(strangers, [], "a request left the page's origin")
        self.browser.open("about:blank")

    def enter(self, *options):
        """Serves the page, and opens it."""
        self.browser.open(self.serve(*options))
        self.until(lambda: "/leases" in self.browser.driver.current_url, "the page leads on to the leases")

    def go(self, path):
        self.browser.open(self.page + path)

    def find(self, selector):
        from selenium.webdriver.common.by import By
        return self.browser.driver.find_element(By.CSS_SELECTOR, selector)

    def find_all(self, selector):
        from selenium.webdriver.common.by import By
        return self.browser.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector="main"):
        return self.find(selector).text

    def shows(self, text, what=None, selector="main", seconds=60):
        self.until(lambda: text in self.text(selector), what or f"'{text}' is shown", seconds)

    def picture(self, name):
        """Keeps a picture if LEASEHOLD_PICTURES names a folder."""
        folder = os.environ.get("LEASEHOLD_PICTURES")
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.browser.picture(Path(folder) / f"{name}.png")


class BrowserCase(InBrowser, WebCase):
    """Opens the page of a sandbox."""
