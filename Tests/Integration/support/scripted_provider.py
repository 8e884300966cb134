"""An identity provider and its Keystone, which answer as a test tells them to, on one port of loopback."""

import json
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .fake_cloud import send_json

PROJECT = {"id": "p1", "name": "project1", "domain": {"id": "default", "name": "Default"}}


class ScriptedProvider:
    """Answers each request for a token with the next of `answers`: an error code of OAuth, or "" for a token."""

    def __init__(self, *answers, interval=1, expires_in=60, life=1800):
        self.answers, self.interval, self.expires_in, self.life = list(answers), interval, expires_in, life
        # The times of requests for a token, on a clock that nobody sets.
        self.asked = []
        self.device_codes = 0
        # The valid refresh token; None ends the login.
        self.refresh_token = "REFRESH-TOKEN"
        provider = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def answer(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length).decode()
                provider.answer(self, self.path.split("?")[0], body)

            do_GET = do_POST = answer

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.origin = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def entry(self):
        """An entry of clouds.yaml, as ccauth writes it."""
        return {"auth_type": "v3chameleonoidc", "region_name": "RegionOne", "auth": {
            "auth_url": f"{self.origin}/v3", "identity_provider": "chameleon", "protocol": "openid",
            "client_id": "chi-cli-device-token", "project_id": "p1",
            "discovery_endpoint": f"{self.origin}/.well-known/openid-configuration"}}

    def answer(self, handler, path, body):
        if path.endswith("/openid-configuration"):
            return send_json(handler, {
                "issuer": self.origin, "token_endpoint": f"{self.origin}/token",
                "device_authorization_endpoint": f"{self.origin}/device"})
        if path == "/device":
            self.device_codes += 1
            return send_json(handler, {
                "device_code": f"DEVICE-CODE-{self.device_codes}", "user_code": "WXYZ-1234", "interval": self.interval,
                "expires_in": self.expires_in, "verification_uri": f"{self.origin}/enter"})
        if path == "/token":
            return self.give_token(handler, dict(urllib.parse.parse_qsl(body)))
        if path.endswith("/auth") or path.endswith("/auth/tokens"):
            return send_json(handler, {"token": self.token()}, 201, {"X-Subject-Token": "KEYSTONE-TOKEN"})
        if path.endswith("/auth/projects"):
            return send_json(handler, {"projects": [{**PROJECT, "domain_id": "default"}]})
        if path == "/v1/leases":
            return send_json(handler, {"leases": []})
        return send_json(handler, {"error_code": 404, "error_message": "nothing here"}, 404)

    def give_token(self, handler, form):
        if form["grant_type"] == "refresh_token":
            error = "" if form["refresh_token"] == self.refresh_token else "invalid_grant"
        else:
            self.asked.append(time.monotonic())
            error = self.answers.pop(0) if self.answers else "authorization_pending"
        if error:
            return send_json(handler, {"error": error}, 400)
        return send_json(handler, {
            "access_token": "ACCESS-TOKEN", "refresh_token": self.refresh_token, "refresh_expires_in": self.life})

    def token(self):
        now = time.time()
        endpoint = {"interface": "public", "region": "RegionOne", "region_id": "RegionOne", "url": f"{self.origin}/v1"}
        return {
            "user": {"id": "u1", "name": "alice", "domain": PROJECT["domain"]}, "project": PROJECT,
            "roles": [{"id": "r1", "name": "member"}], "methods": ["openid", "token"],
            "issued_at": moment(now), "expires_at": moment(now + 3600),
            "catalog": [{"type": "reservation", "name": "blazar", "endpoints": [endpoint]}]}


def moment(seconds):
    """A time as Keystone writes it."""
    return time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime(seconds))
