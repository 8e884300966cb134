#!/usr/bin/env python3
# needs: cloud
"""Logs in through a real identity provider, gateway and Keystone; works with leases; loses no login.

usage: tools/devcloud up --with-oidc; eval "$(tools/devcloud env)"
       LEASEHOLD=.build/debug/leasehold Tests/Integration/oidc.py [NAME...]

The provider's people are alice (project1), bob (project1 and project2) and nobody
(no project), all with the password 'devcloud-password'.
"""

import concurrent.futures
import datetime
import hashlib
import hmac
import http.server
import json
import os
import secrets
import struct
import subprocess
import sys
import threading
import time
import urllib.error

sys.dont_write_bytecode = True

from support import runner
from support.identity_provider import Federation, Person
from support.oidc_case import CONFIDENTIAL, DUMMY, PASSWORD, OIDCCase
from support.token_gate import TokenGate


class EachAuthType(OIDCCase):
    """Each type logs in, syncs, creates and deletes."""

    def test_device_of_chameleon(self):
        out = self.log_in()
        self.assertIn("as alice", out)
        self.assertEqual(self.cache.stat().st_mode & 0o777, 0o600)
        self.work()

    def test_device_upstream_with_and_without_a_proof_key(self):
        for more in ({}, {"code_challenge_method": "plain"}):
            self.configure("v3oidcdeviceauthz", **CONFIDENTIAL, **more)
            self.log_in("--again")
            self.work()
        self.assertFalse(self.cache.exists(), "ccauth's file is for Chameleon's type")

    def test_password(self):
        self.configure("v3oidcpassword", username="alice", password="devcloud-password", **CONFIDENTIAL)
        self.work()

    def test_client_credentials(self):
        self.configure("v3oidcclientcredentials", **CONFIDENTIAL)
        self.work()

    def test_a_second_factor(self):
        """Keystone's own user1 has one, without any provider."""
        auth = {"auth_url": self.auth_url, "username": "user1", "user_domain_name": "Default",
                "project_name": "project1", "project_domain_name": "Default"}
        for auth_type, more in (("v3totp", {}), ("v3multifactor", {"password": PASSWORD})):
            entry = {"auth_type": auth_type, "region_name": "RegionOne",
                     "auth": {**auth, **more, "passcode": passcode()}}
            if auth_type == "v3multifactor":
                entry["auth_methods"] = ["v3password", "v3totp"]
            self.write_entry(entry)
            self.work()
            del entry["auth"]["passcode"]
            self.write_entry(entry)
            self.fail_with(77, "sync", words=("one-time password is needed",))

    def test_access_token(self):
        self.configure("v3oidcaccesstoken", access_token=self.access_token())
        self.work()

    def test_browser_with_a_loopback_port(self):
        self.configure("v3oidcauthcode", client_id="devcloud-browser", redirect_uri="http://127.0.0.1:18099/callback")
        self.log_in("lab")
        self.work()

    def test_notebook_hub(self):
        token, asked = self.access_token(), []

        class Hub(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append((self.path, self.headers["Authorization"]))
                body = json.dumps({"auth_state": {"access_token": token, "expires_at": time.time() + 300}}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        hub = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub)
        threading.Thread(target=hub.serve_forever, daemon=True).start()
        self.addCleanup(hub.shutdown)
        self.environment.update(
            JUPYTERHUB_API_URL=f"http://127.0.0.1:{hub.server_port}/hub/api", JUPYTERHUB_API_TOKEN="hub-token",
            JUPYTERHUB_USER="alice")
        self.configure("v3oidcaccesstoken")
        self.work()
        self.assertEqual(set(asked), {("/hub/api/users/alice", "token hub-token")})


def passcode():
    """The current code for user1's key (RFC 6238)."""
    digest = hmac.new(b"12345678901234567890", struct.pack(">Q", int(time.time()) // 30), hashlib.sha1).digest()
    start = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[start:start + 4])[0] & 0x7FFFFFFF) % 1000000:06d}"


class KeptLogin(OIDCCase):
    """Rotation, expiry, revocation, and many at once."""

    def refresh_token(self):
        return json.loads(self.cache.read_text())["refresh_token"]

    def test_each_use_rotates(self):
        self.log_in()
        seen = {self.refresh_token()}
        for _ in range(3):
            self.succeed("sync")
            seen.add(self.refresh_token())
        self.assertEqual(len(seen), 4)

    def test_twenty_processes_at_once(self):
        self.log_in()
        self.succeed("sync")
        commands = [["login"], ["sync", "--no-resources"], ["doctor"], ["list", "--refresh"]] * 5
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            results = list(pool.map(lambda command: self.run_command(*command), commands))
        self.assertEqual([result.status for result in results], [0] * 20, "\n".join(result.err for result in results))
        self.succeed("sync")
        # The remaining one is also valid for a ccauth that runs at the same time.
        self.token_answer({"grant_type": "refresh_token", "refresh_token": self.refresh_token(),
                           "client_id": "chi-cli-device-token"})

    def test_an_expired_login(self):
        self.provider.set(refresh_token_seconds=1)
        self.log_in()
        time.sleep(2.5)
        self.fail_with(77, "sync", words=("log in again: leasehold login lab",))
        self.provider.set(refresh_token_seconds=600)
        self.log_in()
        self.succeed("sync")

    def test_a_login_that_somebody_else_has_used(self):
        self.log_in()
        stale = self.cache.read_text()
        self.succeed("sync")
        self.cache.write_text(stale)
        self.fail_with(77, "sync", words=("log in again: leasehold login lab",))

    def test_a_parallel_ccauth_has_written_a_newer_one(self):
        self.provider.set(reuse_revokes_family=False)
        self.log_in()
        stale = self.refresh_token()
        newer = self.token_answer({
            "grant_type": "refresh_token", "refresh_token": stale, "client_id": "chi-cli-device-token"})
        timer = threading.Timer(0.25, lambda: self.cache.write_text(
            json.dumps({"refresh_token": newer["refresh_token"], "cached_at": time.time()})))
        timer.start()
        self.addCleanup(timer.cancel)
        self.succeed("sync")

    def test_denied_and_logged_out(self):
        self.assertIn("denied in the browser", self.log_in(says="no", status=77))
        self.log_in()
        token = self.refresh_token()
        self.succeed("logout")
        self.assertFalse(self.cache.exists())
        with self.assertRaises(urllib.error.HTTPError):
            self.token_answer({"grant_type": "refresh_token", "refresh_token": token,
                               "client_id": "chi-cli-device-token"})

    def test_a_write_is_queued_and_sent_after_the_next_login(self):
        self.log_in()
        self.succeed("sync")
        self.cache.unlink()
        name = f"oidc-{secrets.token_hex(4)}"
        self.run_command("create", name, "--start", "+400d", "--duration", "1h", *DUMMY)
        self.fail_with(77, "sync", words=("log in again",))
        self.log_in()
        self.succeed("sync")
        self.assertIn(name, self.succeed("list", "--refresh").out)
        self.succeed("delete", name)

    def test_a_watch_goes_on_by_itself(self):
        self.log_in()
        self.succeed("sync")
        self.cache.unlink()
        watch = subprocess.Popen(
            [os.environ["LEASEHOLD"], "sync", "--watch", "--interval", "5s"], env=self.environment, cwd=self.folder,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.addCleanup(watch.kill)
        time.sleep(1.5)
        self.log_in()
        before = self.query("SELECT count(*) FROM sync_run WHERE outcome = 'complete'")[0][0]
        for _ in range(40):
            time.sleep(0.5)
            if self.query("SELECT count(*) FROM sync_run WHERE outcome = 'complete'")[0][0] > before:
                break
        else:
            self.fail("the watch did not go on")
        watch.terminate()
        self.assertIn("log in again: leasehold login lab", watch.communicate(timeout=20)[0])

    def test_the_end_of_a_login_is_told(self):
        self.provider.set(refresh_token_seconds=3600)
        self.log_in()
        self.succeed("sync", "--no-resources")
        row = self.rows("sites")[0]
        self.assertEqual(row["login_kind"], "login")
        left = datetime.datetime.fromisoformat(row["login_ends_at"]) - datetime.datetime.now(datetime.timezone.utc)
        self.assertTrue(3500 < left.total_seconds() <= 3601, left)
        self.assertNotIn("log in again", self.succeed("status").err)
        self.provider.set(refresh_token_seconds=200)
        self.succeed("sync", "--no-resources")
        for command in (["status"], ["sites"], ["sync", "--no-resources"]):
            self.assertIn("log in again: leasehold login lab", self.succeed(*command).err)
        findings = json.loads(self.succeed("doctor", "-f", "json").out)
        self.assertTrue(any("the login ends at" in row["message"] and row["verdict"] == "warning" for row in findings))

    def test_the_end_of_an_application_credential_is_told(self):
        """Made like cc-login's, for a day."""
        end = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0) + datetime.timedelta(hours=3)
        credential = Federation(self.auth_url, PASSWORD).application_credential(end)
        self.write_entry({"auth_type": "v3applicationcredential", "region_name": "RegionOne", "auth": {
            "auth_url": self.auth_url, "application_credential_id": credential,
            "application_credential_secret": PASSWORD}})
        self.succeed("sync", "--confirm-deletes")
        row = self.rows("sites")[0]
        self.assertEqual(row["login_kind"], "application_credential")
        self.assertEqual(datetime.datetime.fromisoformat(row["login_ends_at"]), end)
        self.assertIn("the application credential ends at", self.succeed("status").err)
        self.assertIn("cc-login", self.succeed("status").err)

    def test_a_login_is_used_before_it_ends(self):
        """A watch outlives the refresh token it began with, although Keystone's token lives much longer."""
        self.provider.set(refresh_token_seconds=45)
        self.log_in()
        before = self.refresh_token()
        watch = subprocess.Popen(
            [os.environ["LEASEHOLD"], "sync", "--watch", "--interval", "5s", "--no-resources"], env=self.environment,
            cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.addCleanup(watch.stdout.close)
        self.addCleanup(watch.wait)
        self.addCleanup(watch.kill)
        seen = {before}
        limit = time.monotonic() + 60
        # The login itself, the watch's first one, and the one before the end.
        while len(seen) < 3 and time.monotonic() < limit:
            seen.add(self.refresh_token())
            time.sleep(0.5)
        self.assertGreaterEqual(len(seen), 3, "the login was not used again")

    def test_no_secret_is_anywhere_but_in_the_cache(self):
        self.log_in()
        tokens = [self.refresh_token()]
        out = ""
        for command in (["sync", "-vv"], ["doctor", "-vv"], ["sites"], ["login", "--list-projects", "-vv"],
                        ["create", "hidden", "--start", "+400d", "--duration", "1h", *DUMMY, "-vv"],
                        ["delete", "hidden", "-vv"], ["list", "--refresh", "-vv"], ["logout", "-vv"]):
            result = self.run_command(*command)
            out += result.out + result.err
            if self.cache.exists():
                tokens.append(self.refresh_token())
        out += self.log_in("-vv")
        self.assertIn("POST", out)
        tokens.append(self.refresh_token())
        files = [file for file in self.folder.rglob("*") if file.is_file() and file != self.cache]
        for token in tokens:
            self.assertNotIn(token, out)
            for file in files:
                self.assertNotIn(token.encode(), file.read_bytes(), str(file))
        for text in ("eyJ", "gAAAA"):
            self.assertNotIn(text, out)


class WritesClouds(OIDCCase):
    """`login --write-clouds-yaml`, for every site and project."""

    def test_all_sites_and_projects(self):
        # Chameleon's list contains a site's address; Keystone is at its port 5000.
        site = TokenGate(self.auth_url.removesuffix("/v3"), ("127.0.0.3", 5000))
        self.addCleanup(site.close)
        sites = self.serve(json.dumps({"items": [
            {"uid": "one", "name": "RegionOne", "web": "http://127.0.0.3"},
            {"uid": "down", "name": "CHI@Down", "web": "http://127.0.0.4"}]}).encode())
        file = self.folder / "written/clouds.yaml"
        del self.environment["OS_CLOUD"], self.environment["OS_CLIENT_CONFIG_FILE"]
        out = self.log_in(
            "--write-clouds-yaml", "--all-sites", "--all-projects", "--auth-url", "http://127.0.0.3:5000/v3",
            "--region-name", "RegionOne", "--discovery-endpoint", self.provider.discovery, "--sites-url", sites,
            "--output", str(file), person=Person("bob"))
        self.assertIn("CHI@Down is left out", out)
        self.assertIn("The clouds are: regionone_project1, regionone_project2.", out)
        self.environment["OS_CLIENT_CONFIG_FILE"] = str(file)
        self.succeed("sync", "--os-cloud", "all", "--no-resources")
        self.assertEqual(sorted(row["project_name"] for row in self.rows("sites")), ["project1", "project2"])
        listed = self.rows("login", "regionone_project1", "--list-projects")
        self.assertEqual(sorted(row["name"] for row in listed), ["project1", "project2"])
        again = self.run_command("login", "regionone_project1", "--write-clouds-yaml", "--all-projects", "--output", file)
        self.assertEqual(again.status, 73, str(again))
        self.assertIn("--overwrite", again.err)


class EndsMeanwhile(OIDCCase):
    """A login ends while it is used: nothing is lost, nobody is asked, and a login in another shell is enough."""

    def setUp(self):
        super().setUp()
        self.environment["LEASEHOLD_QUIET_PERIOD_SECONDS"] = "1"
        self.gate = TokenGate("http://127.0.0.1:1234")
        self.addCleanup(self.gate.close)
        entry = json.loads((self.folder / "clouds.json").read_text())["clouds"]["lab"]
        self.write_entry({**entry, "reservation_endpoint_override": f"{self.gate.url}/v1"})
        self.log_in()
        self.succeed("sync")

    def end_login(self):
        """The provider and the service refuse everything that was issued so far."""
        self.cache.write_text(json.dumps({"refresh_token": "ended", "cached_at": time.time()}))
        self.gate.end()

    def start(self, *arguments):
        process = subprocess.Popen(
            [os.environ["LEASEHOLD"], *arguments], env=self.environment, cwd=self.folder, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def wait_until(self, holds, seconds=40):
        limit = time.monotonic() + seconds
        while not holds():
            self.assertLess(time.monotonic(), limit, "it has not come to that")
            time.sleep(0.2)

    def count(self, outcome):
        return self.query("SELECT count(*) FROM sync_run WHERE outcome = ?", outcome)[0][0]

    def test_while_the_queue_is_sent(self):
        names = [f"oidc-{secrets.token_hex(4)}" for _ in range(5)]
        for name in names:
            self.succeed("create", name, "--offline", "--start", "+400d", "--duration", "1h", *DUMMY)
        made = []

        def ends(method, status):
            made.extend([status] if method == "POST" else [])
            if len(made) == 2:
                self.cache.write_text(json.dumps({"refresh_token": "ended", "cached_at": time.time()}))
            return len(made) == 2

        self.gate.after = ends
        self.fail_with(77, "sync", "--no-resources", words=("log in again: leasehold login lab",))
        self.gate.after = None
        states = [row["state"] for row in self.rows("queue", "list")]
        self.assertEqual((states.count("accepted"), states.count("queued") + states.count("blocked")), (2, 3), states)
        self.log_in()
        self.wait_until(lambda: self.succeed("sync", "--no-resources") and not self.rows("queue", "list"))
        shown = [row["name"] for row in self.rows("list", "--refresh")]
        self.assertEqual(sorted(name for name in shown if name in names), sorted(names))
        for name in names:
            self.succeed("delete", name)

    def test_while_a_watch_runs(self):
        watch = self.start("sync", "--watch", "--interval", "5s")
        before = self.count("complete")
        self.wait_until(lambda: self.count("complete") > before)
        self.end_login()
        before = self.count("failed")
        self.wait_until(lambda: self.count("failed") > before)
        name = f"oidc-{secrets.token_hex(4)}"
        self.run_command("create", name, "--start", "+400d", "--duration", "1h", *DUMMY)
        self.assertEqual([row["state"] for row in self.rows("queue", "list")], ["queued"])
        self.log_in()
        self.wait_until(lambda: not self.rows("queue", "list"), seconds=60)
        self.assertIn(name, self.succeed("list").out)
        watch.terminate()
        out = watch.communicate(timeout=20)[0]
        # Reported once, and once more for what was being read.
        self.assertIn(out.count("log in again: leasehold login lab"), (1, 2), out)
        self.assertIn("lab can be read again.", out)
        self.assertNotIn("ServiceError", out)
        self.succeed("delete", name)


class Explanations(OIDCCase):
    """The doctor names the failing step, and why."""

    def step(self, name, *words):
        findings = json.loads(self.run_command("doctor", "-f", "json").out)
        bad = [finding for finding in findings if finding["verdict"] == "failed"]
        self.assertEqual([finding["step"] for finding in bad], [name], findings)
        for word in words:
            self.assertIn(word, bad[0]["message"])

    def test_nobody_is_logged_in(self):
        self.step("provider", "leasehold login lab")

    def test_a_person_without_a_mapping(self):
        self.configure("v3oidcpassword", username="nobody", password="devcloud-password", **CONFIDENTIAL)
        self.step("federation", "no rule of its mapping fits")

    def test_an_expired_access_token(self):
        self.provider.set(access_token_seconds=1)
        self.configure("v3oidcaccesstoken", access_token=self.access_token())
        time.sleep(2.5)
        self.step("federation", "gateway before Keystone", "expired")

    def test_a_project_one_is_not_in(self):
        self.configure("v3oidcpassword", project="project2", username="alice", password="devcloud-password", **CONFIDENTIAL)
        self.step("project", "not a member of the project", "project1")

    def test_an_unknown_provider_and_a_wrong_password(self):
        self.configure("v3oidcpassword", username="alice", password="wrong", **CONFIDENTIAL)
        self.step("provider", "refuses the password")
        self.configure("v3oidcpassword", username="alice", password="devcloud-password", identity_provider="other",
                       **CONFIDENTIAL)
        self.step("federation", "knows no identity provider")

    def test_all_is_well(self):
        self.configure("v3oidcpassword", project="project2", username="bob", password="devcloud-password", **CONFIDENTIAL)
        findings = json.loads(self.succeed("doctor", "-f", "json").out)
        steps = [finding["step"] for finding in findings if finding["subject"] == "lab"]
        self.assertEqual(steps, ["configuration", "discovery", "provider", "token", "federation", "project", "login",
                                 "reservation service"])


if __name__ == "__main__":
    runner.main()
