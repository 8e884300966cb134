"""A proxy in front of Blazar that does what a test says to chosen requests, once each."""

import threading

from .faulty_proxy import FaultyProxy


class ScriptedProxy(FaultyProxy):
    """Passes everything on except what `fail` names.

    The faults are "lost" (executed, no answer), "cut" (not executed, no answer), "held" (waits until `release` is
    called, then like "cut"), or a status and a body instead of the server's.
    """

    def __init__(self, keystone, blazar):
        self.rules = []
        self.holds = threading.Event()
        self.is_held = threading.Event()
        super().__init__(keystone, blazar, 0, lost=0, cut=0, late=0)

    def fail(self, method, what, after=0, times=1):
        """The requests of that method after this number of others."""
        self.rules.append({"method": method, "what": what, "after": after, "times": times})

    def release(self):
        self.holds.set()

    def _rule(self, method):
        with self._lock:
            for rule in self.rules:
                if rule["method"] != method or not rule["times"]:
                    continue
                if rule["after"]:
                    rule["after"] -= 1
                    return None
                rule["times"] -= 1
                return rule["what"]
        return None

    def _serve(self, handler, body):
        what = None if handler.path.startswith("/identity") else self._rule(handler.command)
        if what is None:
            return super()._serve(handler, body)
        if what == "held":
            self.is_held.set()
            self.holds.wait(60)
            return self._drop(handler)
        if what == "cut":
            return self._drop(handler)
        if what == "lost":
            self._pass_on(handler, body, self.blazar)
            return self._drop(handler)
        status, answer = what
        handler.send_response_only(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("x-openstack-request-id", "req-scripted")
        handler.send_header("Content-Length", str(len(answer)))
        handler.end_headers()
        handler.wfile.write(answer)
