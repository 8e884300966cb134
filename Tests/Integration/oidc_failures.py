#!/usr/bin/env python3
# needs: cloud
"""Each way in which a login through an identity provider fails, and the sentence that says why.

usage: tools/devcloud up --with-oidc; eval "$(tools/devcloud env)"
       LEASEHOLD=.build/debug/leasehold Tests/Integration/oidc_failures.py [NAME...]
"""

import json
import os
import subprocess
import sys
import time

sys.dont_write_bytecode = True

from support import runner
from support.identity_provider import Federation
from support.oidc_case import CONFIDENTIAL, DUMMY, PASSWORD, OIDCCase

PERSON = {"username": "alice", "password": PASSWORD}


class FailureCase(OIDCCase):
    """Compares what the doctor and a sync say."""

    def fails_at(self, step, *words, status=77):
        """The doctor names the step, a sync ends with the status, and the output of both contains the words."""
        findings = json.loads(self.run_command("doctor", "-f", "json").out)
        bad = [finding for finding in findings if finding["verdict"] == "failed"]
        self.assertEqual([finding["step"] for finding in bad], [step], findings)
        result = self.fail_with(status, "sync")
        for text in (bad[0]["message"], result.err):
            for word in words:
                self.assertIn(word, text)

    def log_in_by_password(self, name="alice", **more):
        self.configure("v3oidcpassword", username=name, password=PASSWORD, **{**CONFIDENTIAL, **more})


class AtTheProvider(FailureCase):
    """Discovery, clients, people, tokens."""

    def test_no_discovery(self):
        self.log_in_by_password(discovery_endpoint="http://127.0.0.1:1/.well-known/openid-configuration")
        self.fails_at("discovery", "no connection", status=69)
        self.log_in_by_password(discovery_endpoint=self.provider.discovery + "x")
        self.fails_at("discovery", "not at that address", "discovery_endpoint", status=78)

    def test_a_description_that_is_none(self):
        for body, kind, words in (
                (b"<html>", "text/html", "it is no JSON"), (b"[]", "application/json", "no JSON object"),
                (b'{"issuer": "http://elsewhere.example.org"}', "application/json", "another provider"),
                (b'{"grant_types_supported": ["implicit"]}', "application/json", "does not offer the grant")):
            self.log_in_by_password(discovery_endpoint=self.serve(body, kind=kind))
            self.fails_at("discovery", words, status=78)

    def test_a_wrong_password(self):
        self.configure("v3oidcpassword", username="alice", password="wrong-one", **CONFIDENTIAL)
        self.fails_at("provider", "refuses the password of user", "Invalid user credentials")

    def test_an_unknown_client(self):
        self.log_in_by_password(client_id="nobody-knows-it")
        self.fails_at("provider", "client_id and client_secret")

    def test_a_device_client_that_is_unknown(self):
        self.configure("v3oidcdeviceauthz", client_id="nobody-knows-it")
        result = self.run_command("login")
        self.assertEqual(result.status, 77, str(result))
        self.assertIn("identity provider refuses", result.err)

    def test_a_proof_key_of_an_unknown_kind(self):
        self.configure("v3oidcdeviceauthz", code_challenge_method="S512", **CONFIDENTIAL)
        self.fails_at("configuration", "should be S256 or plain", status=78)

    def test_a_provider_that_demands_a_proof_key(self):
        self.provider.set(require_device_pkce=True)
        self.log_in()
        self.succeed("sync", "--no-resources")

    def test_an_address_without_the_code(self):
        self.provider.set(verification_uri_complete=False)
        process = self.begin_login()
        self.assertIn("enter this code", self.read_until(process, "Waiting"))

    def begin_login(self):
        process = subprocess.Popen(
            [os.environ["LEASEHOLD"], "login"], env=self.environment, cwd=self.folder, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def read_until(self, process, word):
        text = ""
        for line in process.stdout:
            text += line
            if word in line:
                break
        return text

    def test_nobody_answers(self):
        self.provider.set(device_code_seconds=2)
        process = self.begin_login()
        text, _ = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 77, text)
        self.assertIn("not completed in time", text)
        self.assertIn("begin again: leasehold login lab", text)

    def test_a_refused_refresh_token(self):
        for text in ("gone-for-good", "x"):
            self.cache.parent.mkdir(parents=True, exist_ok=True)
            self.cache.write_text(json.dumps({"refresh_token": text, "cached_at": time.time()}))
            self.fails_at("provider", "the login has ended: log in again: leasehold login lab")

    def test_a_damaged_file_of_the_login(self):
        self.cache.parent.mkdir(parents=True, exist_ok=True)
        self.cache.write_text("{")
        self.fails_at("provider", "holds no refresh token", "remove it, and log in again", status=78)

    def test_a_scope_that_is_not_granted(self):
        # ccauth requests only "openid". Its login is used although the configuration requests more.
        self.provider.set(default_scopes=False)
        self.configure("v3chameleonoidc", client_id="chi-cli-device-token", openid_scope="openid profile email")
        self.log_in()
        answer = self.token_answer({
            "grant_type": "refresh_token", "refresh_token": json.loads(self.cache.read_text())["refresh_token"],
            "client_id": "chi-cli-device-token", "scope": "openid profile email"})
        self.cache.write_text(json.dumps({"refresh_token": answer["refresh_token"], "cached_at": time.time()}))
        self.configure(
            "v3chameleonoidc", client_id="chi-cli-device-token", openid_scope="openid profile email offline_access")
        self.succeed("sync", "--no-resources")


class AtTheGateway(FailureCase):
    """Access tokens that are not accepted."""

    def test_an_expired_access_token(self):
        self.provider.set(access_token_seconds=1)
        self.configure("v3oidcaccesstoken", access_token=self.access_token())
        time.sleep(2.5)
        self.fails_at("federation", "gateway before Keystone", "it has expired, was revoked")

    def test_an_access_token_that_is_none(self):
        self.configure("v3oidcaccesstoken", access_token="not-a-token-at-all")
        self.fails_at("federation", "gateway before Keystone")

    def test_a_revoked_access_token(self):
        token = self.access_token()
        self.configure("v3oidcaccesstoken", access_token=token, auth_url=os.environ["OIDC_INTROSPECTING_AUTH_URL"])
        self.succeed("sync", "--no-resources", "--confirm-project")
        self.provider.revoke(token, **CONFIDENTIAL)
        self.fails_at("federation", "gateway before Keystone", "was revoked")

    def test_an_identity_token_instead(self):
        self.log_in_by_password(access_token_type="id_token", auth_url=os.environ["OIDC_INTROSPECTING_AUTH_URL"])
        self.fails_at("federation", "gateway before Keystone")


class AtKeystone(FailureCase):
    """Users and providers that Keystone does not accept."""

    def setUp(self):
        super().setUp()
        self.federation = Federation(self.auth_url, PASSWORD)
        self.addCleanup(self.restore)
        self.rules = self.federation.send("GET", "/mappings/chameleon")["mapping"]["rules"]
        self.issuer = self.federation.send(
            "GET", "/identity_providers/chameleon")["identity_provider"]["remote_ids"]

    def restore(self):
        self.federation.provider(enabled=True, remote_ids=self.issuer)
        self.federation.mapping("chameleon")

    def test_an_account_that_no_rule_fits(self):
        self.log_in_by_password("nobody")
        self.fails_at("federation", "no rule of its mapping fits")

    def test_an_unknown_provider(self):
        self.log_in_by_password(identity_provider="nosuchidp")
        self.fails_at("federation", 'knows no identity provider "nosuchidp"', "correct identity_provider", status=78)

    def test_an_unknown_protocol(self):
        self.log_in_by_password(protocol="saml2")
        self.fails_at("federation", 'protocol "saml2"', "correct protocol", status=78)

    def test_a_disabled_provider(self):
        self.log_in_by_password()
        self.federation.provider(enabled=False)
        self.fails_at("federation", "it is disabled, or the access token is of another issuer")

    def test_another_issuer(self):
        self.log_in_by_password()
        self.federation.provider(remote_ids=["https://elsewhere.example.org"])
        self.fails_at("federation", "another issuer than Keystone trusts")

    def test_a_mapping_that_is_gone(self):
        self.log_in_by_password()
        self.federation.send("DELETE", "/mappings/chameleon")
        try:
            self.fails_at("federation", "lacks the mapping", "ask whoever runs the cloud", status=78)
        finally:
            self.federation.send("PUT", "/mappings/chameleon", mapping={"rules": self.rules})

    def test_no_project_at_all(self):
        self.log_in_by_password("nobody")
        self.federation.mapping("nogroup")
        self.fails_at("project", "not a member of the project", "offers you no project at all")

    def test_a_wrong_project(self):
        self.log_in_by_password()
        self.configure("v3oidcpassword", project="project2", **PERSON, **CONFIDENTIAL)
        self.fails_at("project", "not a member of the project", "project1")
        self.configure("v3oidcpassword", project="nowhere", **PERSON, **CONFIDENTIAL)
        self.fails_at("project", 'the project "nowhere"', "project1")

    def test_a_group_that_forbids_leases(self):
        self.log_in_by_password("nobody")
        self.federation.mapping("groups")
        self.succeed("sync", "--no-resources")
        findings = json.loads(self.succeed("doctor", "-f", "json").out)
        warnings = [row["message"] for row in findings if row["verdict"] == "warning" and row["step"] == "federation"]
        self.assertEqual(len(warnings), 1, findings)
        self.assertIn("Could not find role", warnings[0])
        result = self.run_command("create", "no-trust", "--start", "+400d", "--duration", "1h", *DUMMY)
        self.assertIn("whether it created the lease is not known yet", result.err)
        self.run_command("queue", "cancel", "1", "--give-up")


if __name__ == "__main__":
    runner.main()
