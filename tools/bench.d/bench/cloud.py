"""A Keystone and a Blazar that return one token and one recorded body, as fast as the kernel can send it."""
from __future__ import annotations

import http.server
import json
import os
import signal
import socket
from pathlib import Path

from .body import PROJECT, USER

NAME = "bench"
#: The entry of an administrator, who sees the same leases.
ADMINISTRATOR = "root"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    body: Path

    def log_message(self, *_: object) -> None:
        pass

    def reply(self, status: int, value: object, headers: dict[str, str] | None = None) -> None:
        text = json.dumps(value).encode()
        self.head(status, len(text), headers or {})
        self.wfile.write(text)

    def head(self, status: int, length: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for field, text in {"Content-Type": "application/json", "Content-Length": str(length), **headers}.items():
            self.send_header(field, text)
        self.end_headers()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        name = "admin" if b'"admin"' in body else "user1"
        self.reply(201, {"token": self.token(name)}, {"X-Subject-Token": name})

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        if path == "/v1/os-hosts":
            self.reply(200, {"hosts": [host(number) for number in range(HOSTS)]})
            return
        if path == "/v1/os-hosts/allocations":
            self.reply(200, {"allocations": [allocations(number) for number in range(HOSTS)]})
            return
        # Like upstream, it ignores the query and always returns the complete list.
        if path != "/v1/leases":
            self.reply(404, {"error_code": 404, "error_message": "not here", "error_name": "NOT_FOUND"})
            return
        with self.body.open("rb") as file:
            self.head(200, os.fstat(file.fileno()).st_size, {"x-openstack-request-id": "req-bench"})
            self.wfile.flush()
            # The kernel sends from its own cache, so nothing here slows the reader down.
            self.connection.sendfile(file)

    def token(self, name: str) -> dict:
        host = self.headers["Host"]
        services = {"identity": f"http://{host}/v3", "reservation": f"http://{host}/v1"}
        return {
            "methods": ["password"], "expires_at": "2099-01-01T00:00:00.000000Z",
            "issued_at": "2026-01-01T00:00:00.000000Z",
            "user": {"id": USER if name == "user1" else "a" * 32, "name": name,
                     "domain": {"id": "default", "name": "Default"}},
            "project": {"id": PROJECT, "name": "project1", "domain": {"id": "default", "name": "Default"}},
            "roles": [{"id": role, "name": role} for role in ("member", "admin")[:2 if name == "admin" else 1]],
            "catalog": [{
                "id": kind, "type": kind, "name": kind,
                "endpoints": [{"id": kind, "interface": "public", "region_id": "RegionOne", "region": "RegionOne", "url": url}],
            } for kind, url in services.items()],
        }


HOSTS = 200


def host(number: int) -> dict:
    return {"id": str(number), "hypervisor_hostname": f"node-{number}", "name": f"node-{number}", "reservable": True,
            "node_type": ("compute_skylake", "gpu_rtx_6000")[number % 2], "vcpus": 48}


def allocations(number: int) -> dict:
    """Fifty leases of a host, one after the other."""
    return {"resource_id": str(number), "reservations": [
        {"id": f"{number:04}-{place:04}", "lease_id": f"lease-{number}-{place}",
         "start_date": f"2030-{1 + place // 25:02}-{1 + place % 25:02}T00:00:00.000000",
         "end_date": f"2030-{1 + place // 25:02}-{1 + place % 25:02}T20:00:00.000000"} for place in range(50)]}


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True


class Cloud:
    """The server in a process of its own, and the folder with its clouds.yaml."""

    #: A free port, the same for all clouds of a run.
    port = 0

    def __init__(self, folder: Path, body: Path) -> None:
        self.folder, self.body = folder, body

    def __enter__(self) -> Cloud:
        handler = type("BodyHandler", (Handler,), {"body": self.body})
        # The address identifies the cloud: on another port it would be another cloud, and all of its leases new.
        server = Server(("127.0.0.1", Cloud.port), handler)
        Cloud.port = server.server_address[1]
        server.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.process = os.fork()
        if self.process == 0:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            server.serve_forever()
            os._exit(0)
        server.socket.close()
        self.configuration = self.folder / "clouds.yaml"
        self.configuration.write_text("clouds:\n" + "".join(
            f"  {entry}:\n    region_name: RegionOne\n    auth:\n"
            f"      auth_url: http://127.0.0.1:{Cloud.port}/v3\n      username: {user}\n      password: bench\n"
            "      project_name: project1\n      user_domain_name: Default\n      project_domain_name: Default\n"
            for entry, user in ((NAME, "user1"), (ADMINISTRATOR, "admin"))))
        return self

    def __exit__(self, *_: object) -> None:
        os.kill(self.process, signal.SIGTERM)
        os.waitpid(self.process, 0)
