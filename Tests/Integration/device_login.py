#!/usr/bin/env python3
# needs: nothing
"""A person logs in with a code, and the provider gives answers that are rare in practice; with and without a terminal.

usage: LEASEHOLD=.build/debug/leasehold Tests/Integration/device_login.py [NAME...]

oidc.py and oidc_failures.py do the same with a real provider, which cannot be made to slow down its clients.
"""

import json
import os
import re
import sys
import time

sys.dont_write_bytecode = True

from support import runner, terminal
from support.command import CommandCase
from support.scripted_provider import ScriptedProvider


class DeviceCase(CommandCase):
    secrets = ("DEVICE-CODE", "ACCESS-TOKEN", "REFRESH-TOKEN", "KEYSTONE-TOKEN")

    def setUp(self):
        super().setUp()
        self.cache = self.folder / ".cache/ccauth/refresh_token.json"
        self.environment["OS_CLOUD"] = "lab"

    def provider(self, *answers, **options):
        provider = ScriptedProvider(*answers, **options)
        self.addCleanup(provider.close)
        (self.folder / "clouds.yaml").write_text(json.dumps({"clouds": {"lab": provider.entry()}}))
        return provider

    def on_terminal(self, *arguments, env=None, watch=None):
        text, status = terminal.run(
            [os.environ["LEASEHOLD"], *arguments], {**self.environment, **(env or {})}, self.folder, watch=watch)
        for secret in self.secrets:
            self.assertNotIn(secret, text)
        return text, status

    def log_in_in_vain(self, *words):
        """The command ends with the status of a refusal, and its last words are these."""
        result = self.run_command("login")
        self.assertEqual(result.status, 77, str(result))
        for word in words:
            self.assertIn(word, result.err.splitlines()[-1])

    def end_login(self):
        self.cache.parent.mkdir(parents=True, exist_ok=True)
        self.cache.write_text(json.dumps({"refresh_token": "an-old-one", "cached_at": time.time()}))


class Outcomes(DeviceCase):
    """The provider's answers, and the sentence for each."""

    def test_slow_down_is_obeyed_for_good(self):
        provider = self.provider("authorization_pending", "slow_down", "authorization_pending", "")
        self.assertIn("as alice", self.succeed("login", "-vv").out)
        waits = [later - earlier for earlier, later in zip(provider.asked, provider.asked[1:])]
        self.assertEqual(len(waits), 3)
        # One second, as the provider asks, then five more.
        for wait, least in zip(waits, (1, 6, 6)):
            self.assertTrue(least - 0.1 <= wait < least + 3, waits)
        self.assertEqual(json.loads(self.cache.read_text())["refresh_token"], "REFRESH-TOKEN")

    def test_denied(self):
        self.provider("authorization_pending", "access_denied")
        self.log_in_in_vain("the login was denied in the browser", "begin again: leasehold login lab")
        self.assertFalse(self.cache.exists())

    def test_the_provider_says_that_the_code_has_expired(self):
        self.provider("expired_token")
        self.log_in_in_vain("its code has expired", "begin again: leasehold login lab")
        self.assertFalse(self.cache.exists())

    def test_nobody_answers(self):
        provider = self.provider(expires_in=3)
        self.log_in_in_vain("not completed in time", "begin again: leasehold login lab")
        # It stops by its own clock.
        self.assertLessEqual(len(provider.asked), 4)

    def test_an_old_login_is_kept_until_there_is_a_new_one(self):
        self.end_login()
        self.provider("access_denied")
        self.log_in_in_vain("denied")
        self.assertIn("an-old-one", self.cache.read_text())


class OnATerminal(DeviceCase):
    """A person sees an address, a code, a QR code for the phone and how much time is left."""

    def test_what_a_person_sees(self):
        provider = self.provider("authorization_pending", "authorization_pending", "")
        text, status = self.on_terminal("login")
        self.assertEqual(status, 0, text)
        self.assertIn(f"\n  {provider.origin}/enter\n", text)
        self.assertIn("and enter this code: WXYZ-1234", text)
        self.assertTrue("█" in text and "▀" in text, "no QR code")
        times = re.findall(r"Waiting for you to log in: (\d:\d\d) left \(Ctrl-C to stop\)", text)
        self.assertGreaterEqual(len(times), 2, text)
        self.assertEqual(times, sorted(times, reverse=True))

    def test_the_browser_of_a_desktop_is_opened(self):
        provider = self.provider("authorization_pending", "")
        opened = self.folder / "opened"
        browser = self.folder / "xdg-open"
        browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {opened}\n')
        browser.chmod(0o755)
        path = {"PATH": f"{self.folder}:{os.environ['PATH']}"}
        for desktop, opens in ({}, False), ({"DISPLAY": ":0"}, True):
            provider.answers[:] = ["authorization_pending", ""]
            opened.unlink(missing_ok=True)
            text, status = self.on_terminal("login", "--again", env={**path, **desktop})
            self.assertEqual(status, 0, text)
            self.assertEqual(opened.exists(), opens)
        self.assertEqual(opened.read_text(), f"{provider.origin}/enter")

    def test_another_command_asks_there_too(self):
        for ended in (False, True):
            if ended:
                self.end_login()
            self.provider("")
            text, status = self.on_terminal("sync", "--no-resources", "--confirm-project")
            self.assertEqual(status, 0, text)
            self.assertIn("WXYZ-1234", text)
            self.assertIn("REFRESH-TOKEN", self.cache.read_text())
            self.cache.unlink()

    def test_a_watch_asks_nobody(self):
        provider = self.provider("")

        text, _ = self.on_terminal(
            "sync", "--watch", "--interval", "5s",
            watch=lambda text: "\x03" if "log in again: leasehold login lab" in text else "")
        self.assertIn("log in again: leasehold login lab", text)
        self.assertEqual(provider.device_codes, 0, text)


    def test_a_watch_reminds_of_the_end(self):
        self.provider("", life=250)
        self.succeed("login")
        text, _ = self.on_terminal(
            "sync", "--watch", "--interval", "5s", "--no-resources",
            watch=lambda text: "\x03" if "login ends" in text and "^C" not in text else "")
        self.assertEqual(text.count("the login ends at"), 1, text)
        self.assertIn("log in again: leasehold login lab --again", text)


class Elsewhere(DeviceCase):
    """In a pipe or a timer nobody is asked, and nothing hangs."""

    def test_nobody_is_asked(self):
        provider = self.provider("")
        for ended, words in (False, "nobody is logged in here"), (True, "the login has ended"):
            if ended:
                self.end_login()
            began = time.monotonic()
            self.fail_with(77, "sync", words=(words, "log in again: leasehold login lab"))
            self.assertLess(time.monotonic() - began, 20)
        self.assertEqual(provider.device_codes, 0)

    def test_a_write_waits_for_the_login(self):
        provider = self.provider("")
        self.succeed("login")
        self.succeed("sync", "--no-resources")
        provider.refresh_token = None
        self.run_command("create", "later", "--start", "+400d", "--duration", "1h", "--node", "1")
        self.assertEqual([row["state"] for row in self.rows("queue", "list")], ["queued"])
        self.assertEqual(provider.device_codes, 1)


if __name__ == "__main__":
    runner.main()
