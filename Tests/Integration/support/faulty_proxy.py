"""A proxy in front of Keystone and Blazar. By a seed it loses answers, cuts off requests and delays some."""

import http.client
import json
import random
import socket
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host", "proxy-connection"}


class FaultyProxy:
    """Sends `/identity/…` to Keystone and everything else to Blazar.

    The settings are percentages of the requests to Blazar. Some are cut off before they are passed on; the answers of
    some others are lost after their execution; the rest may be late. It counts what it did, by method.
    """

    def __init__(self, keystone, blazar, seed, lost=30, cut=20, late=15, strips_events=False):
        self.keystone, self.blazar = keystone, blazar
        self.lost, self.cut, self.late = lost, cut, late
        self.strips_events = strips_events
        self.counts = {}
        self.longest = {}
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    @property
    def origin(self):
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _draw(self, is_blazar):
        """The fault for a request: 'cut', 'lost' or None, and its delay."""
        with self._lock:
            number = self._random.random() * 100
            late = self._random.uniform(0.2, 2.0) if self._random.random() * 100 < self.late else 0
        # Everything begins with a login: with as many faults there, little else would be tested.
        scale = 1 if is_blazar else 0.2
        if number < self.cut * scale:
            return "cut", late
        return ("lost" if number < (self.cut + self.lost) * scale else None), late

    def _count(self, method, what, seconds=0):
        with self._lock:
            row = self.counts.setdefault(method, {"passed": 0, "lost": 0, "cut": 0})
            row[what] += 1
            self.longest[method] = max(seconds, self.longest.get(method, 0))

    def _handler(self):
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def _serve(self):
                length = int(self.headers.get("Content-Length") or 0)
                proxy._serve(self, self.rfile.read(length) if length else b"")

            do_GET = do_POST = do_PUT = do_DELETE = _serve

        return Handler

    def _serve(self, handler, body):
        is_blazar = not handler.path.startswith("/identity")
        method = handler.command if is_blazar else "login"
        fault, late = self._draw(is_blazar)
        if fault == "cut":
            self._count(method, "cut")
            return self._drop(handler)
        if self.strips_events and method == "POST":
            lease = json.loads(body)
            lease.pop("events", None)
            body = json.dumps(lease).encode()
        if late:
            time.sleep(late / 2)
        began = time.monotonic()
        status, headers, answer = self._pass_on(handler, body, self.blazar if is_blazar else self.keystone)
        self._count(method, "lost" if fault else "passed", time.monotonic() - began)
        if late:
            time.sleep(late / 2)
        if fault == "lost" and self._coin():
            return self._drop(handler)
        handler.send_response_only(status)
        for name, value in headers:
            handler.send_header(name, value)
        if status != 204:
            handler.send_header("Content-Length", str(len(answer)))
        handler.end_headers()
        if fault == "lost":
            # The head and half of the body arrive.
            handler.wfile.write(answer[:len(answer) // 2])
            return self._drop(handler)
        handler.wfile.write(answer)

    def _coin(self):
        with self._lock:
            return self._random.random() < 0.5

    def _pass_on(self, handler, body, target):
        url = urllib.parse.urlsplit(target)
        connection = http.client.HTTPConnection(url.hostname, url.port, timeout=120)
        try:
            headers = {name: value for name, value in handler.headers.items() if name.lower() not in HOP_BY_HOP}
            connection.request(handler.command, handler.path, body or None, headers)
            answer = connection.getresponse()
            kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in HOP_BY_HOP]
            return answer.status, kept, answer.read()
        finally:
            connection.close()

    @staticmethod
    def _drop(handler):
        handler.close_connection = True
        try:
            handler.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
