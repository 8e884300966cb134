"""A Keystone and its regions' Blazars on loopback. They execute writes, and do wrong what a test tells them to."""

import base64
import copy
import datetime
import json
import os
import socket
import ssl
import struct
import subprocess
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .fake_cloud import PASSWORD, lease, send_error, send_json

UTC = datetime.timezone.utc


def blazar_time(text):
    """A time of a request, in the form of answers."""
    if text == "now":
        moment = datetime.datetime.now(UTC).replace(second=0, microsecond=0)
    else:
        moment = datetime.datetime.strptime(text, "%Y-%m-%d %H:%M")
    return f"{moment:%Y-%m-%dT%H:%M:%S.000000}"


def now_text(seconds=0):
    """The present minute, or a later one, in the form of answers."""
    return f"{datetime.datetime.now(UTC) + datetime.timedelta(seconds=seconds):%Y-%m-%dT%H:%M:00.000000}"


def stamp(seconds=0):
    """The present second, or a later one, in the form of answers' time stamps."""
    return f"{datetime.datetime.now(UTC) + datetime.timedelta(seconds=seconds):%Y-%m-%d %H:%M:%S}"


def certificate(folder, host="127.0.0.1"):
    """Makes a certificate for an address, and returns its file and its key's."""
    files = folder / f"{host}.pem", folder / f"{host}.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
         files[1], "-out", files[0], "-days", "3", "-subj", "/CN=test", "-addext", f"subjectAltName=IP:{host}"],
        check=True, capture_output=True)
    return files


class Server:
    """A small HTTP server on a free port, with a list of things to do wrong."""

    def __init__(self, tls=None, port=0):
        self.tls, self.faults, self.requests = tls, [], []
        self.lock = threading.RLock()
        self.stopping = threading.Event()
        self.port = port
        self.open()

    def open(self):
        """Begins to answer, on the previous port."""
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def serve(self):
                # A closed server does not answer any more, on old connections either.
                if server.listener is None:
                    self.close_connection = True
                    return
                length = int(self.headers.get("Content-Length") or 0)
                self.body = json.loads(self.rfile.read(length)) if length else None
                with server.lock:
                    server.requests.append(f"{self.command} {self.path}")
                server.answer(self)

            do_GET = do_POST = do_PUT = do_DELETE = serve

        class Listener(ThreadingHTTPServer):
            daemon_threads = True
            allow_reuse_address = True
            request_queue_size = 64

            def handle_error(self, *_):
                pass

        self.listener = Listener(("127.0.0.1", self.port), Handler)
        self.port = self.listener.server_address[1]
        if self.tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self.tls)
            self.listener.socket = context.wrap_socket(
                self.listener.socket, server_side=True, do_handshake_on_connect=False)
        self.thread = threading.Thread(
            target=self.listener.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self.thread.start()

    def close(self):
        """Refuses connections from now on."""
        listener, self.listener = self.listener, None
        if listener:
            listener.shutdown()
            listener.server_close()
            self.thread.join()

    def end(self):
        """Closes permanently, and releases requests that hang."""
        self.stopping.set()
        self.close()

    @property
    def origin(self):
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def fault(self, verb, act, name=None, times=1):
        """Lets `act(handler, execute)` answer the next requests of a verb, or those for leases with a given name.

        `execute()` executes the request, and returns the status and the answer.
        """
        self.faults.append([verb, name, act, times])

    def take_fault(self, verb, name):
        """The fault for a request, if there is one."""
        with self.lock:
            for row in self.faults:
                if row[0] == verb and row[1] in (None, name) and row[3] > 0:
                    row[3] -= 1
                    return row[2]
        return None

    def carry_out(self, handler, verb, execute, name=None):
        """Answers a request, possibly with a fault."""
        fault = self.take_fault(verb, name)
        if fault:
            return fault(handler, execute)
        status, value = execute()
        reply(handler, status, value)


class Account:
    """A user with a password and projects, by name."""

    def __init__(self, name, projects, roles=("member",), user_id=None):
        self.name, self.projects, self.roles = name, projects, roles
        self.id = user_id or f"id-of-{name}"


class Keystone(Server):
    """Logs people in, and lists its regions in the catalog."""

    def __init__(self, accounts=None, **options):
        self.accounts = {a.name: a for a in accounts or [Account("user1", {"project1": "p1"})]}
        self.regions = []
        self.tokens = {}
        super().__init__(**options)

    @property
    def auth_url(self):
        return f"{self.origin}/identity/v3"

    def entry(self, user="user1", project="project1", region="RegionOne", auth_url=None, **more):
        """An entry of clouds.yaml, without the settings that are None."""
        auth = {"auth_url": auth_url or self.auth_url, "username": user, "password": PASSWORD, "project_name": project,
                "user_domain_name": "Default", "project_domain_name": "Default"}
        value = {"auth_type": "password", "auth": auth, "region_name": region, **more}
        if self.tls:
            value["cacert"] = str(self.tls[0])
        return {key: item for key, item in value.items() if item is not None}

    def environment(self, user="user1", project="project1", region="RegionOne"):
        """The same settings in an openrc file."""
        entry = self.entry(user, project, region)
        variables = {"OS_" + key.upper(): value for key, value in entry["auth"].items()}
        variables.update(OS_IDENTITY_API_VERSION="3", OS_AUTH_TYPE="password")
        if region:
            variables["OS_REGION_NAME"] = region
        return variables

    def answer(self, handler):
        path = handler.path.split("?")[0]
        if path.endswith("/auth/tokens") and handler.command == "POST":
            return self.carry_out(handler, "TOKEN", lambda: self.log_in(handler))
        login = self.tokens.get(handler.headers.get("X-Auth-Token"))
        if not login:
            return send_error(handler, 401, "The request you have made requires authentication.")
        account = login[0]
        domain = {"domain_id": "default", "enabled": True}
        last = path.rsplit("/", 1)[-1]
        if last == "projects" and (path.endswith("/auth/projects") or "admin" in account.roles):
            people = [account] if path.endswith("/auth/projects") else self.accounts.values()
            projects = {id: name for item in people for name, id in item.projects.items()}
            return send_json(handler, {"projects": [
                {"id": id, "name": name, **domain} for id, name in projects.items()]})
        if last == "users" and "admin" in account.roles:
            return send_json(handler, {"users": [
                {"id": item.id, "name": item.name, **domain} for item in self.accounts.values()]})
        if last in ("users", "projects"):
            return send_json(handler, {"error": {"code": 403, "title": "Forbidden", "message": "not for you"}}, 403)
        send_json(handler, {"version": {"id": "v3.14", "status": "stable", "links": []}})

    def log_in(self, handler):
        auth = handler.body["auth"]
        user = auth["identity"]["password"]["user"]
        account = self.accounts.get(user.get("name"))
        wanted = auth.get("scope", {}).get("project", {})
        project = next(((name, id) for name, id in (account.projects.items() if account else ())
                        if name == wanted.get("name") or id == wanted.get("id")), None)
        if not account or user["password"] != PASSWORD or not project:
            return 401, {"error": {"code": 401, "title": "Unauthorized",
                                   "message": "The request you have made requires authentication."}}
        token = f"gAAAAA-{uuid.uuid4().hex}"
        self.tokens[token] = (account, project[1])
        handler.more_headers = {"X-Subject-Token": token}
        domain = {"id": "default", "name": "Default"}

        services = {}
        for region in self.regions:
            for kind, url in region.services().items():
                for interface in ("public", "internal", "admin"):
                    services.setdefault(kind, []).append({
                        "id": f"{kind}-{interface}-{region.name}", "interface": interface, "region": region.name,
                        "region_id": region.name, "url": region.spelling(interface, url)})
        return 201, {"token": {
            "methods": ["password"], "user": {"domain": domain, "id": account.id, "name": account.name},
            "issued_at": now_text() + "Z", "expires_at": now_text(86400 * 1000) + "Z", "roles": [
                {"id": role, "name": role} for role in account.roles],
            "project": {"domain": domain, "id": project[1], "name": project[0]},
            "catalog": [{"type": kind, "name": kind, "id": kind, "endpoints": ends} for kind, ends in services.items()],
        }}


class Region(Server):
    """A region: its Blazar, and a Nova and Neutron without resources."""

    def __init__(self, keystone, name="RegionOne", keeps_events=True, **options):
        self.keystone, self.name, self.keeps_events = keystone, name, keeps_events
        self.leases = {}
        self.writes = []
        # The number of leases on a page, whether it names the next page, and whether an administrator must ask for all.
        self.page = None
        self.links = False
        self.asks_all_tenants = False
        self.starts_after = 0
        self.spelling = lambda interface, url: url
        keystone.regions.append(self)
        super().__init__(**options)

    def services(self):
        return {"identity": self.keystone.auth_url, "reservation": f"{self.origin}/reservation/v1",
                "compute": f"{self.origin}/compute/v2.1", "network": f"{self.origin}/network"}

    def seed(self, *names, project="p1", user="id-of-user1", **more):
        """Creates leases as others would, and returns the last one's id."""
        for name in names:
            item = lease(f"{self.name}/{name}", project=project, name=name, user_id=user,
                         **{"start": now_text(-86400), "end": now_text(30 * 86400), **more})
            self.leases[item["id"]] = item
        return item["id"]

    def named(self, name):
        """The leases with this name."""
        return [item for item in self.leases.values() if item["name"] == name]

    def sent(self, verb=None):
        """The writes: verb, name of the lease, body."""
        return [row for row in self.writes if verb in (None, row[0])]

    def present(self, item):
        """A lease in the form of an answer now."""
        item = {key: value for key, value in item.items() if not key.startswith("_")}
        return copy.deepcopy(item)

    def settle(self, item):
        if item["status"] in ("PENDING", "ACTIVE") and item["end_date"] <= now_text():
            item["status"] = "TERMINATED"
        elif item["status"] == "PENDING" and item["start_date"] <= now_text() and time.time() >= item.get("_ready", 0):
            item["status"] = "ACTIVE"
            for part in item["reservations"]:
                part["status"] = "active"

    def answer(self, handler):
        login = self.keystone.tokens.get(handler.headers.get("X-Auth-Token"))
        if not login:
            return send_error(handler, 401, "The request you have made requires authentication.")
        path, _, query = handler.path.partition("?")
        with self.lock:
            for item in self.leases.values():
                self.settle(item)
        if path == "/reservation/v1/leases":
            verb = "POST" if handler.command == "POST" else "LIST"
            name = handler.body.get("name") if verb == "POST" else None
            make = (lambda: self.create(handler.body, *login)) if verb == "POST" else (
                lambda: self.list(query, *login))
            return self.carry_out(handler, verb, make, name)
        if path.startswith("/reservation/v1/leases/"):
            item = self.leases.get(path.rsplit("/", 1)[-1])
            if not item or (item["project_id"] != login[1] and "admin" not in login[0].roles):
                # A test may also set a fault for missing leases.
                return self.carry_out(handler, "MISSING", lambda: refusal(
                    404 if not item else 403, f"Object with {{'lease_id': '{path.rsplit('/', 1)[-1]}'}} not found"))
            do = {"GET": lambda: (200, {"lease": self.present(item)}), "PUT": lambda: self.change(item, handler.body),
                  "DELETE": lambda: self.remove(item)}[handler.command]
            return self.carry_out(handler, handler.command, do, item["name"])
        if path.startswith("/reservation/"):
            return send_error(handler, 403, "Policy doesn't allow blazar:oshosts:get to be performed")
        last = path.rsplit("/", 1)[-1]
        send_json(handler, {{"detail": "flavors"}.get(last, last): []})

    def list(self, query, account, project):
        wanted = dict(part.partition("=")[::2] for part in query.split("&") if part)
        everything = "admin" in account.roles and (not self.asks_all_tenants or "all_tenants" in wanted)
        with self.lock:
            rows = [self.present(item) for item in self.leases.values() if everything or item["project_id"] == project]
        if not self.page:
            return 200, {"leases": rows}
        size = min(self.page, int(wanted.get("limit", self.page)))
        ids = [row["id"] for row in rows]
        if "marker" in wanted and wanted["marker"] not in ids:
            return refusal(400, f"marker {wanted['marker']} not found")
        first = ids.index(wanted["marker"]) + 1 if "marker" in wanted else 0
        answer = {"leases": rows[first:first + size]}
        if self.links and first + size < len(rows):
            more = "&all_tenants=True" if "all_tenants" in wanted else ""
            answer["leases_links"] = [{"rel": "next", "href": f"{self.origin}/reservation/v1/leases?limit={size}"
                                       f"&marker={rows[first + size - 1]['id']}{more}"}]
        return 200, answer

    def create(self, body, account, project):
        with self.lock:
            self.writes.append(("POST", body["name"], body))
            start = blazar_time(body["start_date"])
            item = lease(uuid.uuid4().hex, project=project, name=body["name"], user_id=account.id, status="PENDING",
                         start=start, end=blazar_time(body["end_date"]), _ready=time.time() + self.starts_after)
            stamps = {"created_at": stamp(), "updated_at": None}
            item.update(stamps)
            item["reservations"] = [{
                "id": str(uuid.uuid4()), "lease_id": item["id"], "resource_id": "1", "status": "pending",
                "missing_resources": False, "resources_changed": False, **stamps, **part}
                for part in body["reservations"]]
            for event in body.get("events") or [] if self.keeps_events else []:
                item["events"].append({
                    "id": str(uuid.uuid4()), "lease_id": item["id"], "event_type": event["event_type"],
                    "status": event.get("status", "UNDONE"), "time": blazar_time(event["time"]), **stamps})
            self.leases[item["id"]] = item
            return 201, {"lease": self.present(item)}

    def change(self, item, body):
        with self.lock:
            if item["status"] == "TERMINATED" and set(body) != {"name"}:
                return refusal(400, "Terminated leases can only be renamed")
            self.writes.append(("PUT", item["name"], body))
            for change in body.get("reservations", []):
                part = next((part for part in item["reservations"] if part["id"] == change.get("id")), None)
                if not part:
                    return refusal(400, "Please enter valid reservation IDs.")
                if part["resource_type"] == "physical:host" and not {"min", "max"} <= set(change):
                    return refusal(500, "Internal Server Error")
                part.update(change)
            for key in ("start_date", "end_date"):
                if key in body:
                    item[key] = blazar_time(body[key])
            item["name"] = body.get("name", item["name"])
            item["updated_at"] = stamp()
            return 200, {"lease": {**self.present(item), "status": "UPDATING"}}

    def remove(self, item):
        with self.lock:
            self.writes.append(("DELETE", item["name"], None))
            self.leases.pop(item["id"], None)
            return 204, None


def refusal(status, message):
    """Blazar's answer when it refuses."""
    return status, {"error_code": status, "error_message": message, "error_name": status}


def reply(handler, status, value, headers=None):
    """Answers with JSON, or with nothing."""
    headers = {**getattr(handler, "more_headers", {}), **(headers or {})}
    if status != 204:
        return send_json(handler, value, status, headers)
    handler.send_response(204)
    for name, text in headers.items():
        handler.send_header(name, text)
    handler.end_headers()


# -- faults

def answers(status, value, headers=None):
    """Executes nothing, and answers like this."""
    return lambda handler, execute: reply(handler, status, value, headers)


def says(status, value, headers=None):
    """Executes the request, and answers something else."""
    def act(handler, execute):
        execute()
        reply(handler, status, value, headers)
    return act


def hangs(server, before=True):
    """Never answers, and executes the request or not."""
    def act(handler, execute):
        if not before:
            execute()
        server.stopping.wait(60)
        handler.close_connection = True
    return act


def cut(handler, execute):
    """Executes the request, and closes the connection."""
    execute()
    shut(handler)


def shut(handler, reset=False):
    """Closes the connection, without a TLS goodbye."""
    handler.close_connection = True
    plain = socket.socket(fileno=handler.connection.detach())
    if reset:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    plain.close()


def raw(data, reset=False):
    """Executes the request, and writes bytes below TLS before it closes the connection."""
    def act(handler, execute):
        execute()
        os.write(handler.connection.fileno(), data)
        if reset:
            time.sleep(0.05)
        shut(handler, reset)
    return act


def drips(server, first, every, pause=0.3):
    """Executes the request, and then sends pieces forever."""
    def act(handler, execute):
        execute()
        handler.close_connection = True
        try:
            handler.connection.sendall(first)
            while not server.stopping.wait(pause):
                handler.connection.sendall(every)
        except OSError:
            pass
    return act


def noise(count):
    """This number of bytes without meaning, the same each time."""
    return base64.b85encode(bytes(range(256)) * (count // 256 + 1))[:count]
