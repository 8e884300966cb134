#!/usr/bin/env python3
# needs: second cloud
"""Sends one script of requests to two clouds and compares the answers.

It is meant for the sandbox on the left and a real Blazar on the right: if they differ, the sandbox is wrong. It
compares the status, the headers that Blazar itself sets, and the body, in which identifiers, tokens and record-keeping
times are replaced by their kinds. The order of lists does not count. Every lease of a run is named after the run, and
deleted at its end. If possible, it starts weeks ahead, so that others may use the cloud meanwhile.

    differential.py --left sandbox/clouds.yaml --right devcloud/clouds.yaml
    differential.py --left … --right … --random 200 --seed 7

Exit status: 0 the same, 1 different, 2 a cloud cannot be used. Standard library only.
"""
from __future__ import annotations

import argparse
import concurrent.futures
import datetime
import difflib
import json
import random
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

import differential_random  # noqa: E402
import differential_requests  # noqa: E402
import differential_steps  # noqa: E402

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
HEX = re.compile(r"\b[0-9a-f]{32}\b")
RECORD = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$")
KEYSTONE_TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")
ORIGIN = re.compile(r"https?://[^/\"' ]+(/identity|/reservation|/compute|/networking)?(?=/|\"|'|$)")
MISSING = re.compile(r"^Missing parameter (.+)$")
# What differs by nature: the order of creation in Nova, and what a fresh cloud has registered.
VOLATILE_KEYS = {"aggregate_id", "audit_ids", "secret"}
ACCOUNTS = ("user1", "user2", "user3", "admin")


class Unusable(Exception):
    """A cloud that cannot be compared."""


def read_clouds(path: str) -> dict:
    """Reads a clouds.yaml in the form that devcloud and the sandbox write: nested mappings of plain words."""
    root: dict = {}
    stack = [(-1, root)]
    for line in Path(path).read_text().splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        indent = len(line) - len(line.lstrip())
        key, _, value = line.strip().partition(":")
        while stack[-1][0] >= indent:
            stack.pop()
        value = value.strip().strip("\"'")
        if value:
            stack[-1][1][key] = value
        else:
            stack[-1][1][key] = {}
            stack.append((indent, stack[-1][1][key]))
    return root["clouds"]


class Answer:
    def __init__(self, status: int, headers, body: bytes):
        self.status, self.headers, self.body = status, headers, body
        try:
            self.json = json.loads(body)
        except ValueError:
            self.json = None


class Cloud:
    """One side: its accounts, their tokens, and what the script has named so far."""

    def __init__(self, name: str, clouds: dict):
        self.name = name
        self.clouds = clouds
        self.tokens: dict[str, tuple[str, float]] = {}
        self.endpoints: dict[str, str] = {}
        self.names: dict[str, str] = {}
        self.leases: dict[str, str] = {}

    def connect(self) -> None:
        for account in ACCOUNTS:
            if account not in self.clouds:
                raise Unusable(f"{self.name}: its clouds.yaml has no entry '{account}'")
        for account in ACCOUNTS:
            self.token(account)
        for network in self.send("user1", "GET", "network:/v2.0/networks").json["networks"]:
            self.names["network:" + network["name"]] = network["id"]
        for flavor in self.send("user1", "GET", "compute:/flavors").json["flavors"]:
            self.names["flavor:" + flavor["name"]] = flavor["id"]

    def number_resources(self) -> None:
        """Numbers hosts and floating IPs in the order of the cloud's lists. The cloud picks them in this order,
        which is random, so the first one of one cloud corresponds to the first one of the other."""
        for number, host in enumerate(self.send("admin", "GET", "/os-hosts").json["hosts"], 1):
            self.names[f"host:{number}"] = host["hypervisor_hostname"]
        for number, address in enumerate(self.send("admin", "GET", "/floatingips").json["floatingips"], 1):
            self.names[f"address:{number}"] = address["floating_ip_address"]

    def token(self, account: str) -> str:
        known = self.tokens.get(account)
        if known and time.time() < known[1]:
            return known[0]
        entry = self.clouds[account]
        auth = entry["auth"]
        if entry.get("auth_type", "password") == "v3applicationcredential":
            identity = {"methods": ["application_credential"], "application_credential": {
                "id": auth["application_credential_id"], "secret": auth["application_credential_secret"]}}
            body = {"auth": {"identity": identity}}
        else:
            identity = {"methods": ["password"], "password": {"user": {
                "name": auth["username"], "password": auth["password"], "domain": {"name": "Default"}}}}
            body = {"auth": {"identity": identity, "scope": {"project": {
                "name": auth["project_name"], "domain": {"name": "Default"}}}}}
        answer = self.request("POST", auth["auth_url"].rstrip("/") + "/auth/tokens", {}, body)
        if answer.status != 201:
            raise Unusable(f"{self.name}: no token for '{account}': {answer.status} {answer.body[:200]!r}")
        token = answer.json["token"]
        self.names[account] = token["user"]["id"]
        self.names["project of " + account] = token["project"]["id"]
        for service in token["catalog"]:
            for endpoint in service["endpoints"]:
                if endpoint["interface"] == "public":
                    self.endpoints[service["type"]] = endpoint["url"].rstrip("/")
        self.tokens[account] = (answer.headers["X-Subject-Token"], time.time() + 1200)
        return self.tokens[account][0]

    def url(self, target: str) -> str:
        """A path is below Blazar's /v1; `root:`, `network:`, `compute:` and `identity:` choose another base."""
        for service in ("network", "compute", "identity"):
            if target.startswith(service + ":"):
                return self.endpoints[service] + target[len(service) + 1:]
        base = self.endpoints["reservation"]
        if target.startswith("root:"):
            return base.removesuffix("/v1") + target[5:]
        return base + target

    def send(self, account: str | None, method: str, target: str, headers=None, body=None, raw=None) -> Answer:
        fields = dict(headers or {})
        if account:
            fields.setdefault("X-Auth-Token", self.token(account))
        return self.request(method, self.url(target), fields, body, raw)

    @staticmethod
    def request(method: str, url: str, headers: dict, body=None, raw=None) -> Answer:
        data = raw.encode() if raw is not None else None if body is None else json.dumps(body).encode()
        fields = {"Accept": "application/json", "User-Agent": "leasehold-differential"}
        if data is not None:
            fields["Content-Type"] = "application/json"
        fields.update(headers)
        request = urllib.request.Request(url, data=data, method=method, headers=fields)
        try:
            with urllib.request.urlopen(request, timeout=120) as response:
                return Answer(response.status, response.headers, response.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read())
        except OSError as error:
            raise Unusable(f"{url}: {error}") from error

    def resolve(self, value):
        """Puts this side's identifiers into a step: `{lease:x}`, `{reservation:x/physical:host}`, `{network:public}`."""
        if isinstance(value, str):
            return re.sub(r"\{([a-z]+[^{}]*)\}", lambda match: self.names.get(match[1], match[0]), value)
        if isinstance(value, list):
            return [self.resolve(element) for element in value]
        if isinstance(value, dict):
            return {key: self.resolve(element) for key, element in value.items()}
        return value

    def learn(self, name: str, answer: Answer) -> None:
        lease = (answer.json or {}).get("lease") if isinstance(answer.json, dict) else None
        if not lease:
            return
        self.names["lease:" + name] = lease["id"]
        self.leases[name] = lease["id"]
        types = [reservation["resource_type"] for reservation in lease["reservations"]]
        for reservation in lease["reservations"]:
            if types.count(reservation["resource_type"]) > 1:
                # If two items are alike, they cannot be distinguished, because their order is random.
                continue
            self.names[f"reservation:{name}/{reservation['resource_type']}"] = reservation["id"]


def normalised(cloud: Cloud, value, key: str = ""):
    if key in VOLATILE_KEYS:
        return f"<{key}>"
    if isinstance(value, dict):
        if "hypervisor_hostname" in value and "id" in value:
            # Blazar numbers hosts in the order of their registration, which means nothing.
            value = value | {"id": "<host " + value["hypervisor_hostname"] + ">"}
        return {name: normalised(cloud, element, name) for name, element in sorted(value.items())}
    if isinstance(value, list):
        return sorted((normalised(cloud, element) for element in value), key=lambda x: json.dumps(x, sort_keys=True))
    if isinstance(value, str):
        if key in ("created_at", "updated_at", "issued_at", "expires_at") and (
                RECORD.match(value) or KEYSTONE_TIME.match(value)):
            return "<time>"
        for name, identifier in cloud.names.items():
            if identifier in value:
                value = value.replace(identifier, f"<{name}>")
        value = ORIGIN.sub("<origin>", value)
        value = HEX.sub("<hex>", UUID.sub("<uuid>", value))
        missing = MISSING.match(value)
        if missing:
            # Python joins a set, so the order is random.
            value = "Missing parameter " + ", ".join(sorted(re.split(", ?", missing[1])))
        return value
    return value


def summary(cloud: Cloud, step: dict, answer: Answer, run: str) -> dict:
    body = answer.json
    if isinstance(body, dict) and isinstance(body.get("leases"), list):
        body = {"leases": [lease for lease in body["leases"] if run in str(lease.get("name"))]}
    pick = step.get("pick")
    if pick and isinstance(body, dict):
        body = pick(body)
    content_type = (answer.headers.get("Content-Type") or "").split(";")[0]
    headers = {"Content-Type": content_type}
    for name in ("OpenStack-API-Version", "Vary", "WWW-Authenticate"):
        value = answer.headers.get(name)
        if value is not None and step.get("headers_matter", True):
            headers[name] = ORIGIN.sub("<origin>", value)
    headers["x-openstack-request-id"] = "x-openstack-request-id" in answer.headers
    return {"status": answer.status, "headers": headers,
            "body": normalised(cloud, body) if body is not None else answer.body.decode(errors="replace")}


class Comparison:
    def __init__(self, left: Cloud, right: Cloud, run: str, verbose: bool):
        self.left, self.right, self.run, self.verbose = left, right, run, verbose
        self.pool = concurrent.futures.ThreadPoolExecutor(max_workers=2)
        self.count = 0
        self.differences = 0

    def both(self, work):
        return [future.result() for future in [self.pool.submit(work, cloud) for cloud in (self.left, self.right)]]

    def step(self, step: dict) -> None:
        if "wait" in step:
            return self.wait(step)
        if "next_minute" in step:
            # Blazar compares minutes: what has started in this minute has not started yet.
            return time.sleep(61 - time.time() % 60)
        step = differential_steps.dated(step, datetime.datetime.now(datetime.timezone.utc), self.run)
        self.count += 1

        def work(cloud: Cloud):
            made = cloud.resolve({key: step.get(key) for key in ("target", "body", "headers", "raw")})
            answer = cloud.send(step.get("as", "user1"), step["method"], **made)
            if "name" in step:
                cloud.learn(step["name"], answer)
            return summary(cloud, step, answer, self.run)

        first, second = self.both(work)
        label = f"{self.count:3} {step['method']:6} {step['target']}"
        if first == second:
            if self.verbose:
                print(f"same      {label}  {first['status']}")
            return
        self.differences += 1
        print(f"DIFFERENT {label}  {step.get('why', '')}")
        if step.get("body") is not None or step.get("raw") is not None:
            print("    sent " + (step.get("raw") or json.dumps(step.get("body"))))
        lines = [json.dumps(side, indent=1, sort_keys=True).splitlines() for side in (first, second)]
        for line in difflib.unified_diff(*lines, self.left.name, self.right.name, lineterm="", n=2):
            print("    " + line)

    def wait(self, step: dict) -> None:
        """Waits until each side's lease has a status. The sides need not be equally fast."""
        deadline = time.time() + step.get("seconds", 90)
        while time.time() < deadline:
            def status(cloud: Cloud):
                answer = cloud.send("admin", "GET", cloud.resolve("/leases/{lease:%s}" % step["wait"]))
                return (answer.json or {}).get("lease", {}).get("status")
            seen = self.both(status)
            if all(one == step["until"] for one in seen):
                return
            time.sleep(1)
        self.differences += 1
        print(f"DIFFERENT     waiting for {step['wait']} to be {step['until']}: {seen}")

    def clean(self) -> None:
        def work(cloud: Cloud):
            answer = cloud.send("admin", "GET", "/leases")
            for lease in (answer.json or {}).get("leases", []):
                if self.run in str(lease["name"]) or lease["id"] in cloud.leases.values():
                    cloud.send("admin", "DELETE", "/leases/" + lease["id"])
        self.both(work)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--left", required=True, help="clouds.yaml of the sandbox")
    parser.add_argument("--right", required=True, help="clouds.yaml of the real cloud")
    parser.add_argument("--random", type=int, default=0, metavar="N", help="send N random requests instead of the script")
    parser.add_argument("--seed", type=int, default=1, help="the seed of the random requests")
    parser.add_argument("--only", metavar="TEXT", help="only the groups of the script whose name contains TEXT")
    parser.add_argument("-v", "--verbose", action="store_true", help="show the requests that are answered the same, too")
    options = parser.parse_args()
    try:
        left = Cloud("left", read_clouds(options.left))
        right = Cloud("right", read_clouds(options.right))
        for cloud in (left, right):
            cloud.connect()
        run = f"diff{random.SystemRandom().randrange(16**6):06x}"
        comparison = Comparison(left, right, run, options.verbose)
        try:
            if options.random:
                for cloud in (left, right):
                    cloud.number_resources()
                for step in differential_random.random_steps(options.random, options.seed, comparison):
                    comparison.step(step)
            else:
                for name, steps in differential_requests.GROUPS:
                    if options.only and options.only not in name:
                        continue
                    print(f"# {name}", flush=True)
                    for step in steps:
                        comparison.step(step)
        finally:
            comparison.clean()
    except (Unusable, OSError, KeyError) as error:
        print(f"differential: {error!r}", file=sys.stderr)
        return 2
    verdict = f"{comparison.differences} of {comparison.count} requests are answered differently"
    print(verdict if comparison.differences else f"{comparison.count} requests, all answered the same")
    return 1 if comparison.differences else 0


if __name__ == "__main__":
    sys.exit(main())
