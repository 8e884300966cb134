"""A Keystone and a Blazar on loopback that do what a test tells them to, including wrong things."""

import json
import socket
import ssl
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PASSWORD = "correct-horse-battery"
TOKEN = "gAAAAA-token-that-nobody-may-see"


def lease(number, project="p1", name=None, status="ACTIVE", start="2026-11-20T10:00:00.000000",
          end="2026-12-20T10:00:00.000000", **more):
    """A lease in Blazar's own form. The same number gives the same ids."""
    def identifier(kind):
        return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{project}/{kind}/{number}"))

    stamps = {"created_at": "2026-11-20 09:59:00", "updated_at": "2026-11-20 10:00:10"}
    lease_id = identifier("lease")
    return {
        "id": lease_id, "name": name or f"lease-{number}", "user_id": "u1", "project_id": project,
        "start_date": start, "end_date": end, "trust_id": identifier("trust"), "status": status, "degraded": False,
        **stamps,
        "reservations": [{
            "id": identifier("reservation"), "lease_id": lease_id, "resource_id": str(number),
            "resource_type": "physical:host", "status": status.lower(), "missing_resources": False,
            "resources_changed": False, **stamps, "hypervisor_properties": "", "before_end": "default",
            "resource_properties": '["==", "$node_type", "compute_skylake"]', "min": 1, "max": 1}],
        "events": [{
            "id": identifier(kind), "lease_id": lease_id, "event_type": kind, "time": moment, "status": done, **stamps}
            for kind, moment, done in (("start_lease", start, "DONE"), ("end_lease", end, "UNDONE"))],
        **more,
    }


class FakeCloud:
    """The cloud. Set `leases` to its leases, and a fault to what it does wrong.

    A fault is a function of the request's handler that answers it; `list_fault` for the list, `lease_fault` for one
    lease, `create_fault` for a create, `token_fault` for Keystone.
    """

    def __init__(self, project="p1", certificate=None, tls=None):
        self.project = project
        self.project_name = "project1"
        self.leases = []
        self.list_fault = self.lease_fault = self.create_fault = self.token_fault = None
        # Where the reservation service is, if it is not here.
        self.reservation_root = None
        self.tokens_given = 0
        self.token_generation = 0
        self.requests = []
        self.lock = threading.Lock()
        self._stopping = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None
        self.scheme = "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            if tls:
                context.minimum_version = context.maximum_version = tls
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
            self.scheme = "https"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    @property
    def port(self):
        return self._server.server_address[1]

    @property
    def auth_url(self):
        return f"{self.scheme}://127.0.0.1:{self.port}/identity/v3"

    def close(self):
        """Stops, and releases requests that hang."""
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def entry(self, **changes):
        """The cloud's entry for clouds.yaml."""
        auth = {"auth_url": self.auth_url, "username": "user1", "password": PASSWORD, "project_name": "project1",
                "user_domain_name": "Default", "project_domain_name": "Default"}
        auth.update(changes)
        return {"auth_type": "password", "auth": {k: v for k, v in auth.items() if v is not None},
                "region_name": "RegionOne"}

    @property
    def token(self):
        """The token that is valid now."""
        return f"{TOKEN}-{self.token_generation}"

    def expire_tokens(self):
        """Refuses every token issued so far."""
        self.token_generation += 1

    def _handler(self):
        cloud = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_POST(self):
                length = int(self.headers.get("Content-Length", 0))
                self.body = self.rfile.read(length)
                cloud._answer(self)

            def do_GET(self):
                cloud._answer(self)

            def do_DELETE(self):
                cloud._answer(self)

        return Handler

    def _answer(self, handler):
        path = handler.path
        with self.lock:
            self.requests.append(f"{handler.command} {path}")
        if path.endswith("/auth/tokens"):
            return (self.token_fault or self._give_token)(handler)
        if handler.headers.get("X-Auth-Token") != self.token:
            return send_error(handler, 401, "The request you have made requires authentication.")
        if path.startswith("/reservation/v1/leases?"):
            # Like upstream's Blazar, it ignores a query.
            path = "/reservation/v1/leases"
        if path == "/reservation/v1/leases" and handler.command == "POST":
            return (self.create_fault or self.create)(handler)
        if path == "/reservation/v1/leases":
            return (self.list_fault or self.send_list)(handler)
        if path.startswith("/reservation/v1/leases/"):
            return (self.lease_fault or self._send_lease)(handler)
        if path.startswith("/reservation/v1/os-hosts"):
            return send_error(handler, 403, "Policy doesn't allow blazar:oshosts:get to be performed")
        if path.startswith("/reservation/"):
            return send_error(handler, 404, "The resource could not be found.")
        last = path.split("?")[0].rsplit("/", 1)[-1]
        names = {"detail": "flavors", "flavors": "flavors", "networks": "networks", "floatingips": "floatingips",
                 "projects": "projects", "users": "users"}
        return send_json(handler, {names.get(last, last): []})

    def _give_token(self, handler):
        auth = json.loads(handler.body)["auth"]
        if auth["identity"]["password"]["user"]["password"] != PASSWORD:
            return send_json(handler, {"error": {
                "code": 401, "message": "The request you have made requires authentication.", "title": "Unauthorized",
            }}, status=401)
        self.send_token(handler)

    def send_token(self, handler, **changes):
        """Issues a token, with some of its fields changed."""
        self.tokens_given += 1
        now = time.time()

        def stamp(seconds):
            return time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime(seconds))

        root = f"{self.scheme}://127.0.0.1:{self.port}"
        roots = {"reservation": self.reservation_root or root}
        services = {"reservation": "/reservation/v1", "compute": "/compute/v2.1", "network": "/network",
                    "identity": "/identity/v3"}
        domain = {"id": "default", "name": "Default"}
        token = {
            "methods": ["password"], "user": {"domain": domain, "id": "u1", "name": "user1"},
            "issued_at": stamp(now), "expires_at": stamp(now + 3600),
            "project": {"domain": domain, "id": self.project, "name": self.project_name},
            "roles": [{"id": "r1", "name": "member"}],
            "catalog": [{"type": kind, "name": kind, "id": kind, "endpoints": [
                {"id": kind, "interface": "public", "region": "RegionOne", "region_id": "RegionOne",
                 "url": roots.get(kind, root) + path}]} for kind, path in services.items()],
            **changes,
        }
        send_json(handler, {"token": token}, status=201, headers={"X-Subject-Token": self.token})

    def execute(self, handler):
        """Creates the requested lease, and does not answer."""
        body = json.loads(handler.body)
        number = len(self.leases) + 1_000

        def moment(text):
            return time.strftime("%Y-%m-%dT%H:%M:00.000000", time.gmtime()) if text == "now" else (
                text.replace(" ", "T") + ":00.000000")

        made = lease(number, self.project, body["name"], start=moment(body["start_date"]),
                     end=moment(body["end_date"]))
        made["reservations"][0].update(body["reservations"][0])
        for index, event in enumerate(body.get("events", [])):
            made["events"].append({
                "id": f"{made['id']}-{index}", "lease_id": made["id"], **event, "created_at": "2026-11-20 09:59:00",
                "updated_at": None})
        with self.lock:
            self.leases = [*self.leases, made]
        return made

    def create(self, handler):
        """Creates a lease and answers with it."""
        send_json(handler, {"lease": self.execute(handler)}, status=201)

    def send_list(self, handler):
        send_json(handler, {"leases": self.leases})

    def _send_lease(self, handler):
        wanted = handler.path.rsplit("/", 1)[-1]
        for item in self.leases:
            if item["id"] == wanted:
                if handler.command == "DELETE":
                    self.leases = [other for other in self.leases if other["id"] != wanted]
                    return send_json(handler, {})
                return send_json(handler, {"lease": item})
        send_error(handler, 404, f"Object with {{'lease_id': '{wanted}'}} not found")

    def drip(self, handler, beginning, piece, seconds):
        """A fault: answers with a beginning, and then repeats a piece forever, with pauses in between."""
        handler.close_connection = True
        handler.wfile.write(beginning)
        while not self._stopping.wait(seconds):
            handler.wfile.write(piece)
            handler.wfile.flush()

    def hang(self, handler):
        """A fault: does not answer."""
        self._stopping.wait(120)
        handler.close_connection = True


def send(handler, status, body, content_type, headers=None):
    """Answers with any body."""
    handler.send_response(status)
    handler.send_header("Content-Type", content_type)
    handler.send_header("Content-Length", str(len(body)))
    handler.send_header("x-openstack-request-id", "req-00000000-1111-2222-3333-444444444444")
    for name, value in (headers or {}).items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


def send_json(handler, value, status=200, headers=None):
    """Answers with JSON."""
    send(handler, status, json.dumps(value).encode(), "application/json", headers)


def send_error(handler, status, message, headers=None):
    """Answers like Blazar when it refuses."""
    send_json(handler, {"error_code": status, "error_message": message, "error_name": status}, status, headers)


PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Welcome to Hotel WiFi</body></html>"


def send_page(handler, content_type="text/html; charset=utf-8", status=200):
    """Answers with a web page, as a captive portal does."""
    send(handler, status, PAGE, content_type)


def send_cut(handler, value, chunked):
    """Begins to answer with JSON, and drops the connection in the middle."""
    body = json.dumps(value).encode()
    half = body[:len(body) // 2]
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    if chunked:
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.wfile.write(b"%x\r\n%s\r\n" % (len(half), half))
    else:
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(half)
    handler.wfile.flush()
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True
