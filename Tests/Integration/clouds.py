#!/usr/bin/env python3
# needs: nothing
"""Clouds as people configure them: files, variables and options together, ignored and broken settings, proxies.

usage: LEASEHOLD=.build/debug/leasehold Tests/Integration/clouds.py [NAME...]
"""

import json
import re
import resource
import ssl
import sys

sys.dont_write_bytecode = True

from support import runner
from support.fake_cloud import PASSWORD, lease
from support.site_case import SiteCase
from support.site_cloud import Account, Keystone, Region, certificate


class CloudsCase(SiteCase):
    """Has a cloud with two projects, `lab`, each with a lease named after it."""

    def setUp(self):
        super().setUp()
        self.keystone, self.site = self.start_site(
            accounts=[Account("user1", {"project1": "p1", "project2": "p2"})])
        self.site.leases = {row["id"]: row for row in (lease(1, "p1", name="of-1"), lease(2, "p2", name="of-2"))}
        self.write_clouds(lab=self.keystone.entry())

    def names(self, *options, env=None):
        """The leases that a fresh read shows."""
        return sorted(row["name"] for row in self.rows("list", "--refresh", *options, env=env))


class Beside(CloudsCase):
    """The environment and options next to a named cloud."""

    def test_the_project_of_the_environment_wins(self):
        self.assertEqual(self.names(), ["of-1"])
        self.assertEqual(self.names(env={"OS_PROJECT_NAME": "project2"}), ["of-2"])
        self.assertEqual(self.names(env={"OS_PROJECT_ID": "p2", "OS_PROJECT_NAME": "project1"}), ["of-2"])
        self.assertEqual(self.names(), ["of-1"])

    def test_options_win_over_the_environment(self):
        other = {"OS_PROJECT_NAME": "project1"}
        self.assertEqual(self.names("--os-project-name", "project2", env=other), ["of-2"])
        self.assertEqual(self.names("--os-project-id", "p2", env=other), ["of-2"])
        self.assertEqual(self.names("--os-cloud", "lab", "--os-project-name", "project2"), ["of-2"])

    def test_a_write_goes_to_that_project(self):
        self.succeed("sync")
        self.succeed("create", "mine", "--duration", "1h", "--node", "amount=1", env={"OS_PROJECT_NAME": "project2"})
        self.assertEqual([row["project_id"] for row in self.site.leases.values() if row["name"] == "mine"], ["p2"])

    def test_options_alone_are_a_cloud(self):
        (self.folder / "clouds.yaml").unlink()
        env = {"OS_PASSWORD": PASSWORD, "OS_CLOUD": ""}
        self.assertEqual(self.names("--os-auth-url", self.keystone.auth_url, "--os-username", "user1",
                                    "--os-project-name", "project2", "--os-region-name", "RegionOne", env=env), ["of-2"])

    def test_options_are_for_one_cloud(self):
        self.write_clouds(lab=self.keystone.entry(), two=self.keystone.entry())
        for options in (("--os-cloud", "all"), ("--os-cloud", "lab", "--os-cloud", "two")):
            result = self.run_command("sync", *options, "--os-project-name", "project2")
            self.assertEqual(result.status, 64, str(result))
        self.fail_with(78, "sync", "--os-project-name", "project2", words=("OS_CLOUD is all",), env={"OS_CLOUD": "all"})

    def test_what_is_ignored_is_said_once(self):
        env = {"OS_USERNAME": "other", "OS_AUTH_URL": "http://elsewhere", "OS_PASSWORD": "not-this-one",
               "OS_REGION_NAME": "RegionOne"}
        quiet = self.succeed("sync", env=env)
        self.assertNotIn("OS_USERNAME", quiet.err)
        told = self.succeed("sync", "-v", env=env)
        lines = [line for line in told.err.splitlines() if "ignored" in line]
        self.assertEqual(len(lines), 1, told.err)
        self.assertTrue(lines[0].endswith("OS_AUTH_URL, OS_PASSWORD, OS_USERNAME"), lines[0])
        self.assertNotIn("not-this-one", told.err)

    def test_a_wrong_project_names_the_variable(self):
        self.fail_with(77, "sync", words=("OS_PROJECT_NAME",), env={"OS_PROJECT_NAME": "nowhere"})


class Tolerance(CloudsCase):
    """Only a cloud that is used can fail."""

    def test_a_faulty_entry_fails_only_itself(self):
        for bad in ("todo", [1], {"auth": {}}, {"auth_type": "v3kerberos"}, {"profile": "https://vendor.example.org"}):
            with self.subTest(bad=bad):
                self.write_clouds(bad=bad, lab=self.keystone.entry())
                self.succeed("sync")
                self.fail_with(78, "sync", "--os-cloud", "bad")
                result = self.run_command("sync", "--os-cloud", "all", "-f", "json")
                self.assertEqual([row["outcome"] for row in result.json], ["configuration", "complete"])

    def test_empty_files_are_as_absent(self):
        env = {**self.keystone.environment(), "OS_CLOUD": ""}
        for text in ("", "\n", "# later\n", "---\n# later\n"):
            with self.subTest(text=text):
                (self.folder / "clouds.yaml").write_text(text)
                self.assertEqual(self.names(env=env), ["of-1"])

    def test_a_broken_file_beside_complete_variables_is_a_warning(self):
        (self.folder / "clouds.yaml").write_text("clouds:\n\tlab: {}\n")
        env = {**self.keystone.environment(), "OS_CLOUD": ""}
        result = self.succeed("sync", env=env)
        self.assertRegex(result.err, "warning: .*clouds.yaml:2:1: .*variables are used")
        self.fail_with(78, "sync", words=("clouds.yaml:2:1",))
        del env["OS_PASSWORD"]
        self.fail_with(78, "sync", words=("clouds.yaml:2:1",), env=env)

    def test_anchors_work_and_bombs_do_not(self):
        entry = json.dumps(self.keystone.entry())
        (self.folder / "clouds.yaml").write_text(f"base: &base {entry}\nclouds:\n  lab:\n    <<: *base\n")
        self.assertEqual(self.names(), ["of-1"])
        levels = "\n".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 12))
        bomb = f"l0: &l0 [x]\n{levels}\n"
        (self.folder / "clouds.yaml").write_text(f"{bomb}clouds: {{lab: {entry}}}\n")
        self.fail_with(78, "sync", words=("alias",), timeout=20)
        draft = self.folder / "draft.yaml"
        draft.write_text(f"{bomb}name: x\nreservations: *l11\n")
        self.write_clouds(lab=self.keystone.entry())
        for options in ((), ("-v",)):
            result = self.run_command("create", "--from", str(draft), *options, timeout=20, preexec=limit_memory)
            self.assertEqual(result.status, 65, str(result))
            self.assertIn("alias", result.err)

    def test_duplicate_keys_are_refused(self):
        (self.folder / "clouds.yaml").write_text("clouds:\n  lab: {}\n  lab: {}\n")
        self.fail_with(78, "sync", words=("twice",))


def limit_memory():
    resource.setrlimit(resource.RLIMIT_DATA, (1 << 30, 1 << 30))


class Secrets(CloudsCase):
    """Addresses, answers and logs that contain secrets."""

    secrets = (PASSWORD, "s3cr3t-in-url", "gAAAAA-")

    def test_a_password_in_the_address(self):
        entry = self.keystone.entry()
        entry["auth"]["auth_url"] = entry["auth"]["auth_url"].replace("http://", "http://me:s3cr3t-in-url@")
        self.write_clouds(lab=entry)
        for command in (["sync", "-vv"], ["doctor", "-vv"], ["sites", "-f", "json"], ["list", "--refresh", "-vv"]):
            self.succeed(*command)
        self.assert_no_secret_in_files()

    def test_a_token_in_the_address(self):
        entry = self.keystone.entry()
        for url in ("/?token=s3cr3t-in-url", "/#s3cr3t-in-url"):
            entry["auth"]["auth_url"] = self.keystone.auth_url + url
            self.write_clouds(lab=entry)
            for command in (["sync", "-vv"], ["doctor"], ["list", "--refresh"]):
                self.run_command(*command)
        self.assert_no_secret_in_files()

    def test_a_server_that_repeats_what_it_is_sent(self):
        def echo(handler, execute):
            token = handler.headers.get("X-Auth-Token") or ""
            body = json.dumps({"error_message": f"you sent ({token}) ({json.dumps(handler.body)})"}).encode()
            handler.send_response(500)
            for name, value in (("X-Openstack-Request-Id", token or PASSWORD), ("Server", token or PASSWORD),
                                ("Content-Type", "application/json"), ("Content-Length", str(len(body)))):
                handler.send_header(name, value)
            handler.end_headers()
            handler.wfile.write(body)

        self.succeed("sync", "-vv")
        for verb in ("LIST", "TOKEN"):
            self.site.fault(verb, echo, times=9)
            self.keystone.fault(verb, echo, times=9)
            for command in (["sync", "-vv"], ["doctor", "-vv"], ["status"], ["sites", "-f", "json"]):
                self.run_command(*command)
        self.assert_no_secret_in_files()

    def assert_no_secret_in_files(self):
        """The database contains no secret either."""
        for file in self.folder.rglob("*"):
            if file.is_file() and file.name != "clouds.yaml":
                content = file.read_bytes()
                for secret in self.secrets:
                    self.assertNotIn(secret.encode(), content, str(file))


class Verbose(CloudsCase):
    """The output of -v and -vv."""

    secrets = (PASSWORD, "gAAAAA-")

    def test_levels(self):
        self.succeed("sync", "--no-resources")
        for options, has_request, has_details in (((), False, False), (("-v",), True, False), (("-vv",), True, True)):
            result = self.succeed("sync", "--no-resources", *options)
            asked = rf"leasehold: GET {self.site.origin}/\S*leases\S* → 200 in \d+ ms, \S+\n"
            self.assertEqual(bool(re.search(asked, result.err)), has_request, result.err)
            self.assertEqual("X-Auth-Token: ***" in result.err, has_details, result.err)
            self.assertEqual("leasehold: cloud lab of " in result.err, has_request)
            self.assertNotIn("→", result.out)

    def test_decisions_about_a_write(self):
        result = self.succeed("create", "x", "--duration", "1h", "--node", "amount=1", "-v")
        self.assertRegex(result.err, r'write \d+ \(create "x"\) is accepted')
        self.assertRegex(result.err, r"POST \S+/leases → 201 in \d+ ms")


class Proxies(CloudsCase):
    """Unusable proxies, and exceptions."""

    def test_unusable_ones_are_refused(self):
        for proxy in ("https://127.0.0.1:1", "socks5://u:s3cr3t@127.0.0.1:1", "http://"):
            result = self.fail_with(78, "sync", words=("HTTP_PROXY",), env={"http_proxy": proxy})
            self.assertNotIn("s3cr3t", result.err)
            self.succeed("sync", env={"HTTP_PROXY": proxy, "NO_PROXY": "127.0.0.0/8"})

    def test_exceptions(self):
        dead = {"http_proxy": "http://127.0.0.1:1"}
        port = self.keystone.port
        for text in ("*", "127.0.0.1", "10.0.0.0/8,127.0.0.0/8", f"127.0.0.1:{port},127.0.0.1:{self.site.port}"):
            self.succeed("sync", env={**dead, "no_proxy": text})
        for text in ("", "128.0.0.0/8", "127.0.0.1:1", "localhost"):
            self.assertEqual(self.run_command("sync", env={**dead, "no_proxy": text}).status, 69)


class Certificates(CloudsCase):
    """Certificate authorities and the client's own certificate, with real handshakes."""

    def setUp(self):
        super().setUp()
        self.tls = certificate(self.folder)
        mine = self.folder / "mine"
        mine.mkdir()
        self.own = certificate(mine)

    def start_secure(self, demands=False):
        keystone = Keystone(tls=self.tls)
        self.addCleanup(keystone.end)
        region = Region(keystone, "RegionOne", tls=self.tls)
        self.addCleanup(region.end)
        if demands:
            for server in (keystone, region):
                context = server.listener.socket.context
                context.load_verify_locations(self.own[0])
                context.verify_mode = ssl.CERT_REQUIRED
        entry = keystone.entry()
        del entry["cacert"]
        return entry

    def test_authorities(self):
        self.write_clouds(lab=self.start_secure())
        self.fail_with(69, "sync", words=("cacert",))
        for name in ("OS_CACERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            self.succeed("sync", env={name: str(self.tls[0])})
        self.succeed("sync", "--os-cacert", str(self.tls[0]))
        self.succeed("sync", env={"OS_CACERT": str(self.tls[0]), "SSL_CERT_FILE": str(self.own[0])})
        self.fail_with(69, "sync", env={"SSL_CERT_FILE": str(self.own[0])})
        self.fail_with(78, "sync", words=("SSL_CERT_FILE", "does not exist"), env={"SSL_CERT_FILE": "/nowhere"})

    def test_a_client_certificate(self):
        entry = self.start_secure(demands=True)
        trust = {"cacert": str(self.tls[0])}
        self.write_clouds(lab={**entry, **trust})
        self.assertEqual(self.run_command("sync").status, 69)
        self.write_clouds(lab={**entry, **trust, "cert": str(self.own[0]), "key": str(self.own[1])})
        self.succeed("sync")
        self.write_clouds(lab={**entry, **trust})
        self.succeed("sync", env={"OS_CERT": str(self.own[0]), "OS_KEY": str(self.own[1])})
        both = self.folder / "both.pem"
        both.write_text(self.own[0].read_text() + self.own[1].read_text())
        self.succeed("sync", env={"OS_CERT": str(both)})
        self.write_clouds(lab={**entry, **trust, "cert": str(self.tls[0]), "key": str(self.tls[1])})
        self.assertEqual(self.run_command("sync").status, 69, "a certificate of somebody else")
        self.write_clouds(lab={**entry, **trust, "cert": str(self.own[0]), "key": str(self.tls[0])})
        self.fail_with(78, "sync", words=("key",))


if __name__ == "__main__":
    runner.main()
