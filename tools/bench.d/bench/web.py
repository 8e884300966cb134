"""How long the page's views take on the server, how large they are, and whether memory stays flat."""
from __future__ import annotations

import http.client
import statistics
import subprocess
import time
import urllib.parse
from pathlib import Path

from . import body, free
from .context import Context
from .processes import Failed

#: What is measured. The calendar's year has an allocation for every lease.
VIEWS = {
    "leases": "/leases", "leases, by name": "/leases?sort=name", "leases, searched": "/leases?q=9999",
    "leases, ended ones too": "/leases?show=all",
    **{f"leases, all by {name}": f"/leases?show=all&sort={column}" for name, column in (
        ("name", "name"), ("status", "status"), ("resources", "resources"), ("user", "user_name"),
        ("project", "project_name"), ("site", "site"), ("start", "start_date"), ("end", "-end_date"), ("length", "-hours"))},
    **{f"leases, all {name}": f"/leases?show=all&{query}" for name, query in (
        ("searched", "q=9999"), ("of a project", f"project={body.PROJECT}"), ("of a node type", "node_type=gpu_rtx_6000"),
        ("on a host", "resource=node-7"), ("of a month", "from=2026-01-01&to=2026-02-01"))},
    "calendar, a day": "/calendar?unit=day&at=2030-02-03", "calendar, a week": "/calendar?unit=week&at=2030-02-03",
    "calendar, a year": "/calendar?from=2030-01-01&to=2031-01-01",
    "calendar, a year of leases": "/calendar?by=lease&from=2026-01-01&to=2027-01-01",
    "new": "/new", "queue": "/queue", "reports": "/reports", "sites": "/sites",
}
#: A report adds up every lease, so its time grows with them; it has no target.
REPORTS = {"report hours": "/reports/hours?by=project&bucket=month"}

SECONDS, BYTES = 0.05, 100_000


class Page:
    """A running `leasehold web`, and a connection to it."""

    def __init__(self, leasehold: str, database: Path, environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [leasehold, "web", "--no-open", "--db", str(database)], env=environment, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True)
        assert self.process.stdout is not None
        address = urllib.parse.urlsplit(self.process.stdout.readline().strip())
        if not address.port:
            raise Failed("leasehold web does not start")
        self.connection = http.client.HTTPConnection("127.0.0.1", address.port, timeout=60)
        self.headers = {"Host": f"127.0.0.1:{address.port}"}
        self.connection.request("GET", f"{address.path}?{address.query}", headers=self.headers)
        answer = self.connection.getresponse()
        answer.read()
        self.headers["Cookie"] = (answer.headers["Set-Cookie"] or "").split(";")[0]

    def get(self, path: str) -> tuple[float, int]:
        """The seconds and the bytes of an answer."""
        began = time.perf_counter()
        self.connection.request("GET", path, headers=self.headers)
        answer = self.connection.getresponse()
        body = answer.read()
        seconds = time.perf_counter() - began
        if answer.status != 200:
            raise Failed(f"{path} answers {answer.status}")
        return seconds, len(body) + len(str(answer.headers))

    @property
    def memory(self) -> int:
        """The resident memory, in bytes."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) * 1024
        return 0

    def close(self) -> None:
        self.connection.close()
        self.process.terminate()
        self.process.wait()


def views(context: Context) -> None:
    context.report.section(f"leasehold web, {context.leases:,} leases on {free.HOSTS:,} hosts, on the server")
    database = context.copy(context.leases, "web.sqlite")
    free.fill(database, context.leases)
    page = Page(context.leasehold, database, context.environment)
    try:
        for name, path in {**VIEWS, **REPORTS}.items():
            page.get(path)
            answers = [page.get(path) for _ in range(20)]
            limit = SECONDS if name in VIEWS else None
            context.report.add("web", name, statistics.median(seconds for seconds, _ in answers), "s", limit)
            context.report.add("web", f"{name}, size", max(size for _, size in answers), "B", BYTES)
        paths = list(VIEWS.values())
        for number in range(200):
            page.get(paths[number % len(paths)])
        before = page.memory
        for number in range(1_000):
            page.get(paths[number % len(paths)])
        context.report.add("web", "memory", page.memory, "B")
        context.report.add("web", "memory, gained by 1,000 requests", max(0, page.memory - before), "B", 8_000_000)
    finally:
        page.close()
