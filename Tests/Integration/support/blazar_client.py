"""Requests to Blazar with only Python's library: they show what the cloud has, whatever the command believes."""

import json
import urllib.error
import urllib.request

from . import simple_yaml


class BlazarClient:
    """One account of a clouds.yaml."""

    def __init__(self, clouds_file, cloud):
        lines = [line for line in clouds_file.read_text().splitlines() if not line.lstrip().startswith("#")]
        self.entry = simple_yaml.parse("\n".join(lines))["clouds"][cloud]
        self.auth_url = self.entry["auth"]["auth_url"]
        self.token = self.endpoint = None
        self.log_in()

    def log_in(self):
        auth = self.entry["auth"]
        user = {"name": auth["username"], "password": auth["password"], "domain": {"name": auth["user_domain_name"]}}
        scope = {"project": {"name": auth["project_name"], "domain": {"name": auth["project_domain_name"]}}}
        body = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": scope}}
        request = urllib.request.Request(
            self.auth_url + "/auth/tokens", json.dumps(body).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            self.token = answer.headers["X-Subject-Token"]
            catalog = json.load(answer)["token"]["catalog"]
        service = next(item for item in catalog if item["type"] == "reservation")
        self.endpoint = next(item["url"] for item in service["endpoints"] if item["interface"] == "public")

    def send(self, method, path, body=None):
        """Sends a request, and returns the status and the JSON of the answer."""
        request = urllib.request.Request(
            self.endpoint + path, json.dumps(body).encode() if body is not None else None,
            {"X-Auth-Token": self.token, "Content-Type": "application/json", "Accept": "application/json"},
            method=method)
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                text = answer.read()
                return answer.status, json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(errors="replace")

    def leases(self, prefix=""):
        """The leases whose name begins with this."""
        status, answer = self.send("GET", "/leases")
        if status != 200:
            raise AssertionError(f"GET /leases: {status} {answer}")
        return [item for item in answer["leases"] if item["name"].startswith(prefix)]

    def delete(self, lease):
        return self.send("DELETE", f"/leases/{lease}")[0]
