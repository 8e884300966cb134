"""A proxy that refuses the tokens it is told to: services continue to accept tokens that they have seen."""

import http.server
import threading
import urllib.error
import urllib.request


class TokenGate:
    """Passes requests on to an origin. After `end()` every token that was used is refused; `after` ends itself then."""

    def __init__(self, origin, address=("127.0.0.1", 0)):
        self.origin, self.seen, self.refused = origin, set(), set()
        self.after = None
        gate = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def serve(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)) or None
                status, headers, answer = gate.answer(self.command, self.path, self.headers, body)
                self.send_response(status)
                for name in ("Content-Type", "X-Subject-Token"):
                    if headers.get(name):
                        self.send_header(name, headers[name])
                if status != 204:
                    self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)
                if gate.after and gate.after(self.command, status):
                    gate.end()

            do_GET = do_POST = do_PUT = do_DELETE = serve

        self.server = http.server.ThreadingHTTPServer(address, Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}"

    def end(self):
        """Refuses every token that was used so far."""
        self.refused |= self.seen

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def answer(self, method, path, headers, body):
        """Status, headers and body of the answer."""
        token = headers.get("X-Auth-Token")
        self.seen.add(token)
        if token in self.refused:
            return 401, {"Content-Type": "application/json"}, b'{"error": {"code": 401, "title": "Unauthorized", "message": "no"}}'
        passed = {name: value for name, value in headers.items() if name.lower() not in ("host", "content-length")}
        request = urllib.request.Request(self.origin + path, body, passed, method=method)
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as reply:
                return reply.status, reply.headers, reply.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()
