"""A test on the command, the identity provider and the gateway of 'tools/devcloud up --with-oidc'."""

import http.server
import json
import os
import re
import secrets
import subprocess
import threading
import urllib.parse
import urllib.request

from .command import CommandCase
from .identity_provider import Person, Provider

PASSWORD = "devcloud-password"
CONFIDENTIAL = {"client_id": "devcloud-confidential", "client_secret": "devcloud-password"}
DUMMY = ["--reservation", "resource_type=virtual:dummy,amount=1"]


class OIDCCase(CommandCase):
    """Has a clouds.yaml with one cloud, `lab`, and its own home folder."""

    def setUp(self):
        super().setUp()
        provider, self.auth_url = os.environ.get("OIDC_PROVIDER"), os.environ.get("OIDC_AUTH_URL")
        if not provider or not self.auth_url:
            self.fail('no provider: run tools/devcloud up --with-oidc, then eval "$(tools/devcloud env)"')
        self.provider = Provider(provider)
        self.provider.reset()
        self.addCleanup(self.provider.reset)
        self.provider.set(interval=1)
        self.home = self.folder / "home"
        self.home.mkdir()
        self.environment["HOME"] = str(self.home)
        self.secrets = (PASSWORD, "gAAAA", "eyJ")
        self.cache = self.home / ".cache/ccauth/refresh_token.json"
        self.configure("v3chameleonoidc", client_id="chi-cli-device-token")

    def configure(self, auth_type, project="project1", auth_url=None, **auth):
        entry = {"auth_type": auth_type, "region_name": "RegionOne", "auth": {
            "auth_url": auth_url or self.auth_url, "identity_provider": "chameleon", "protocol": "openid",
            "discovery_endpoint": self.provider.discovery, "project_name": project,
            "project_domain_name": "chameleon", **auth}}
        if auth_type == "v3oidcaccesstoken":
            del entry["auth"]["discovery_endpoint"]
        entry["auth"] = {key: value for key, value in entry["auth"].items() if value is not None}
        self.write_entry(entry)

    def write_entry(self, entry):
        """Makes it the cloud `lab`."""
        file = self.folder / "clouds.json"
        file.write_text(json.dumps({"clouds": {"lab": entry}}))
        self.environment.update(OS_CLIENT_CONFIG_FILE=str(file), OS_CLOUD="lab")

    def log_in(self, *options, person=None, says="yes", status=0):
        """Runs `leasehold login`, does in the browser what it asks for, and returns what it wrote."""
        process = subprocess.Popen(
            [os.environ["LEASEHOLD"], "login", *options], env=self.environment, cwd=self.folder,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        shown = ""
        for line in process.stderr:
            shown += line
            # It is on a line of its own.
            if address := re.match(r"\s+(https?://\S+)$", line):
                break
        else:
            self.fail(f"no address: {shown}")
        answer = (person or Person()).answer(address[1], says)
        if answer.startswith("http"):
            urllib.request.build_opener(urllib.request.ProxyHandler({})).open(answer, timeout=20).read()
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, status, shown + err)
        return out + shown + err

    def serve(self, body, kind="application/json"):
        """An address that serves this, whatever the path."""
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return f"http://127.0.0.1:{server.server_port}/.well-known/openid-configuration"

    def access_token(self, **form):
        fields = {"grant_type": "password", "username": "alice", "password": "devcloud-password", "scope": "openid",
                  **CONFIDENTIAL, **form}
        return self.token_answer(fields)["access_token"]

    def token_answer(self, fields):
        url = f"{self.provider.url}/auth/realms/chameleon/protocol/openid-connect/token"
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        return json.loads(opener.open(url, urllib.parse.urlencode(fields).encode(), timeout=20).read())

    def work(self):
        """Syncs, creates a lease, reads it and deletes it."""
        self.succeed("sync", "--confirm-project", "--confirm-deletes")
        name = f"oidc-{secrets.token_hex(4)}"
        self.succeed("create", name, "--start", "+400d", "--duration", "1h", *DUMMY)
        self.assertIn(name, self.succeed("list", "--refresh").out)
        self.succeed("delete", name)
        self.succeed("sync")
        self.assertNotIn(name, self.succeed("list").out)
