#!/usr/bin/env python3
# needs: nothing
"""Bad credentials, certificates and networks: nothing is lost, and one sentence says why. Needs no cloud.

usage: LEASEHOLD=.build/debug/leasehold Tests/Integration/access.py [NAME...]
"""

import shutil
import socket
import subprocess
import sys

sys.dont_write_bytecode = True

from support import runner
from support.fake_case import FakeCloudCase
from support.fake_cloud import lease, send_error, send_json, send_page


class Credentials(FakeCloudCase):
    """Which user and which project the token is for."""

    def test_the_list_of_another_project(self):
        before = self.seed(10)
        self.cloud.list_fault = lambda h: send_json(h, {"leases": [lease(n, project="p2") for n in range(10)]})
        self.fail_with(65, "sync", words=("p2", "project1", "nothing was deleted"))
        self.assertEqual(self.mirror(), before)

    def test_one_foreign_lease_among_own_ones(self):
        before = self.seed(10)
        mixed = [*self.cloud.leases[:9], lease(99, project="p2")]
        self.cloud.list_fault = lambda h: send_json(h, {"leases": mixed})
        self.fail_with(65, "sync", words=("p2", "nothing was deleted"))
        self.assertEqual(self.mirror(), before)

    def test_a_token_for_another_project_than_configured(self):
        before = self.seed(10)
        self.cloud.project, self.cloud.project_name = "p2", "project2"
        self.fail_with(78, "sync", words=("project1", "project2", "clouds.yaml"))
        self.assertEqual(self.mirror(), before)

    def test_credentials_that_now_lead_to_another_project_unless_confirmed(self):
        self.write_clouds(lab=self.cloud.entry(project_name=None, project_domain_name=None))
        before = self.seed(10)
        self.cloud.project, self.cloud.project_name, self.cloud.leases = "p2", "project2", []
        self.fail_with(65, "sync", words=("project1", "project2", "--confirm-project"))
        self.assertEqual(self.mirror(), before)
        self.succeed("sync", "--confirm-project")
        self.assertEqual(self.query("SELECT count(*) FROM lease WHERE gone IS NULL"), [(10,)])

    def test_a_token_that_expires_in_mid_run_is_renewed_once(self):
        self.seed(10)
        given = self.cloud.tokens_given

        def expire_then_list(handler):
            self.cloud.list_fault = None
            self.cloud.expire_tokens()
            send_error(handler, 401, "The request you have made requires authentication.")
        self.cloud.list_fault = expire_then_list
        self.cloud.leases[0] = {**self.cloud.leases[0], "name": "renamed"}
        result = self.succeed("sync")
        self.assertIn("renamed", result.out)
        self.assertEqual(self.cloud.tokens_given - given, 2)

    def test_a_token_that_is_never_accepted(self):
        before = self.seed(10)
        given = self.cloud.tokens_given
        self.cloud.list_fault = lambda h: send_error(h, 401, "The request you have made requires authentication.")
        self.fail_with(77, "sync", words=("token|authentication", "credentials"))
        self.assertEqual(self.cloud.tokens_given - given, 2)
        self.assertEqual(self.mirror(), before)

    def test_a_wrong_password(self):
        before = self.seed(10)
        self.write_clouds(lab=self.cloud.entry(password="not-the-right-one"))
        result = self.fail_with(77, "sync", words=("user1", "password", "clouds.yaml"))
        self.assertNotIn("not-the-right-one", result.err)
        self.assertEqual(self.mirror(), before)

    def test_keystone_in_trouble(self):
        self.seed(10)
        self.cloud.token_fault = lambda h: send_error(h, 503, "no")
        self.fail_with(69, "sync", words=("lab", "503", "again later"))

    def test_a_page_where_keystone_should_be(self):
        self.seed(10)
        self.cloud.token_fault = send_page
        self.fail_with(69, "sync", words=("lab", "web page"))

    def test_no_secret_is_in_the_database(self):
        self.seed(10)
        for file in self.database.parent.iterdir():
            for secret in self.secrets:
                self.assertNotIn(secret.encode(), file.read_bytes(), str(file))

    def test_a_catalog_without_reservations(self):
        self.seed(10)
        self.cloud.token_fault = lambda h: self.cloud.send_token(h, catalog=[])
        self.fail_with(78, "sync", words=("lab", "reservation"))


class Unreachable(FakeCloudCase):
    """Nothing answers."""

    def refuse(self, *words, status=69, **changes):
        before = self.seed(10)
        self.write_clouds(lab=self.cloud.entry(**changes))
        self.fail_with(status, "sync", words=("lab", *words))
        self.assertEqual(self.mirror(), before)
        self.assertEqual(len(self.rows("list")), 10)

    def test_a_port_where_nobody_listens(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.refuse("no connection", "network", auth_url=f"http://127.0.0.1:{port}/identity/v3")

    def test_a_host_name_that_does_not_exist(self):
        self.refuse("cannot be resolved|no connection", "host name|network", auth_url="http://blazar.invalid/v3")

    def test_an_expired_certificate(self):
        if not shutil.which("openssl"):
            self.skipTest("there is no openssl to make a certificate with")
        key, certificate = self.folder / "key.pem", self.folder / "certificate.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate,
             "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "1"],
            check=True, capture_output=True)
        request = self.folder / "request.pem"
        subprocess.run(["openssl", "x509", "-x509toreq", "-in", certificate, "-signkey", key, "-out", request],
                       check=True, capture_output=True)
        (self.folder / "ca.conf").write_text(
            f"[ca]\ndefault_ca=d\n[d]\ndatabase={self.folder}/index\nserial={self.folder}/serial\n"
            f"new_certs_dir={self.folder}\ndefault_md=sha256\npolicy=p\nx509_extensions=e\n[p]\ncommonName=supplied\n"
            "[e]\nsubjectAltName=IP:127.0.0.1\nbasicConstraints=CA:TRUE\n")
        (self.folder / "index").write_text("")
        (self.folder / "serial").write_text("01\n")
        expired = self.folder / "expired.pem"
        subprocess.run(
            ["openssl", "ca", "-batch", "-config", self.folder / "ca.conf", "-selfsign", "-keyfile", key, "-in",
             request, "-out", expired, "-notext", "-startdate", "20200101000000Z", "-enddate", "20210101000000Z"],
            check=True, capture_output=True)
        before = self.seed(10)
        secure = self.start_cloud(certificate=(expired, key))
        self.write_clouds(lab={**secure.entry(), "cacert": str(expired)})
        self.fail_with(69, "sync", words=("lab", "certificate", "expired"))
        self.assertEqual(self.mirror(), before)
        self.write_clouds(lab=secure.entry())
        self.fail_with(69, "sync", words=("lab", "certificate"))
        self.assertEqual(secure.requests, [], "something was sent to a server that is not to be trusted")

    def test_one_of_three_clouds_fails_and_the_others_are_synced(self):
        other = self.start_cloud(project="p2")
        self.cloud.leases = [lease(1)]
        other.leases = [lease(2, project="p2")]
        self.write_clouds(
            good=self.cloud.entry(), bad=self.cloud.entry(auth_url="http://127.0.0.1:1/v3"),
            also=other.entry(), broken={"auth": {"username": "nobody"}})
        result = self.run_command("sync", "--os-cloud", "all")
        self.assertEqual(result.status, 69, str(result))
        failures = [line for line in result.err.splitlines() if line.startswith("leasehold: ")]
        self.assertEqual(len(failures), 2, str(result))
        self.assertRegex(result.err, "bad")
        self.assertRegex(result.err, "broken")
        self.assertEqual({row["site"] for row in self.rows("list", "--os-cloud", "all")}, {"good", "also"})


if __name__ == "__main__":
    runner.main()
