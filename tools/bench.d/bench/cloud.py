"""A Keystone and a Blazar that give one token and one recorded body, as fast as the kernel can send it."""
from __future__ import annotations

import http.server
import json
import os
import signal
import socket
from pathlib import Path

from .body import PROJECT, USER

NAME = "bench"


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
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.reply(201, {"token": self.token()}, {"X-Subject-Token": "bench"})

    def do_GET(self) -> None:
        if self.path != "/v1/leases":
            self.reply(404, {"error_code": 404, "error_message": "not here", "error_name": "NOT_FOUND"})
            return
        with self.body.open("rb") as file:
            self.head(200, os.fstat(file.fileno()).st_size, {"x-openstack-request-id": "req-bench"})
            self.wfile.flush()
            # The kernel copies from its own cache: no work is left here that could slow the reader down.
            self.connection.sendfile(file)

    def token(self) -> dict:
        host = self.headers["Host"]
        services = {"identity": f"http://{host}/v3", "reservation": f"http://{host}/v1"}
        return {
            "methods": ["password"], "expires_at": "2099-01-01T00:00:00.000000Z",
            "issued_at": "2026-01-01T00:00:00.000000Z",
            "user": {"id": USER, "name": "user1", "domain": {"id": "default", "name": "Default"}},
            "project": {"id": PROJECT, "name": "project1", "domain": {"id": "default", "name": "Default"}},
            "roles": [{"id": "member", "name": "member"}],
            "catalog": [{
                "id": kind, "type": kind, "name": kind,
                "endpoints": [{"id": kind, "interface": "public", "region_id": "RegionOne", "region": "RegionOne", "url": url}],
            } for kind, url in services.items()],
        }


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True


class Cloud:
    """The server, in a process of its own, and the folder with its clouds.yaml."""

    #: Any free one, the same for all clouds of a run.
    port = 0

    def __init__(self, folder: Path, body: Path) -> None:
        self.folder, self.body = folder, body

    def __enter__(self) -> Cloud:
        handler = type("BodyHandler", (Handler,), {"body": self.body})
        # The address is a part of who the cloud is: on another port it would be another cloud, all of its leases new.
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
        self.configuration.write_text(
            f"clouds:\n  {NAME}:\n    region_name: RegionOne\n    auth:\n"
            f"      auth_url: http://127.0.0.1:{Cloud.port}/v3\n      username: user1\n      password: bench\n"
            "      project_name: project1\n      user_domain_name: Default\n      project_domain_name: Default\n"
        )
        return self

    def __exit__(self, *_: object) -> None:
        os.kill(self.process, signal.SIGTERM)
        os.waitpid(self.process, 0)
