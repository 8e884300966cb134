"""How long it takes to find a lease by its name, and to start the program."""
from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from . import body
from .context import Context
from .processes import Failed, alternate, median, median_cpu


def select(database: Path, count: int) -> list[str]:
    """The same query in SQLite's own shell."""
    return ["sqlite3", str(database), f"SELECT id FROM lease WHERE name = '{body.name(count // 2)}'"]


def identify(program: str, database: Path, count: int) -> list[str]:
    return [program, "id", body.name(count // 2), "--db", str(database)]


def by_name(context: Context) -> None:
    context.report.section(f"leasehold id NAME, whole process, {context.leases:,} leases")
    database = context.database(context.leases)
    commands = {
        "sqlite3 shell": select(database, context.leases), "leasehold id": identify(context.leasehold, database, context.leases),
        "leasehold reservation-id": [
            context.leasehold, "reservation-id", body.name(context.leases // 2), "--db", str(database)],
        "leasehold --version": [context.leasehold, "--version"],
    }
    runs = alternate(commands, context.environment, context.rounds * 5)
    answers = {runs[name][0].output for name in ("sqlite3 shell", "leasehold id")}
    if len(answers) != 1:
        raise Failed(f"the two do not agree: {answers}")
    for name in commands:
        context.report.add("id", name, median(runs[name]), "s")
    context.report.add("id", "leasehold id / sqlite3 shell", median(runs["leasehold id"]) / median(runs["sqlite3 shell"]), "×", 3)
    ratio = median_cpu(runs["leasehold id"]) / median_cpu(runs["sqlite3 shell"])
    context.report.add("id", "leasehold id / sqlite3 shell, processor time", ratio, "×")
    context.report.add(
        "id", "leasehold reservation-id / leasehold id",
        median(runs["leasehold reservation-id"]) / median(runs["leasehold id"]), "×", 1.3)
    peers(context, median(runs["leasehold id"]))


def peers(context: Context, own: float) -> None:
    """The programs that ask the cloud: OpenStack's client and python-chi, if they and a cloud are in the environment."""
    client = shutil.which("openstack")
    if client is None or not (os.environ.get("OS_CLOUD") or os.environ.get("OS_AUTH_URL")):
        print("  (no openstack command, or no cloud in the environment: not compared)")
        return
    env = dict(os.environ)
    listed = subprocess.run(
        [client, "reservation", "lease", "list", "-f", "value", "-c", "name"], env=env, capture_output=True, text=True)
    names = listed.stdout.split("\n")
    if listed.returncode or not names[0]:
        print("  (the cloud in the environment lists no lease: not compared)")
        return
    commands = {"openstack reservation lease show": [client, "reservation", "lease", "show", names[0]]}
    # python-chi does not read clouds.yaml.
    if (chi := shutil.which("chi-python")) and os.environ.get("OS_AUTH_URL"):
        lookup = f"import chi.lease; print(chi.lease.get_lease({names[0]!r}).id)"
        commands["python-chi, get_lease(NAME)"] = [chi, "-c", lookup]
    else:
        print("  (no chi-python, or no OS_AUTH_URL: python-chi is not compared)")
    runs = alternate(commands, env, 3)
    for name in commands:
        context.report.add("id", name, median(runs[name]), "s")
        context.report.add("id", f"{name} / leasehold id (100 wanted)", median(runs[name]) / own, "×")


def by_size(context: Context) -> None:
    context.report.section("leasehold id NAME by the number of leases")
    sizes = sorted({1_000, context.leases} | ({1_000_000} if context.million else set()))
    commands = {f"{size:,} leases": identify(context.leasehold, context.database(size), size) for size in sizes}
    runs = alternate(commands, context.environment, context.rounds * 5)
    base = median(runs["1,000 leases"])
    for name in commands:
        context.report.add("size", name, median(runs[name]), "s")
    for size in sizes[1:]:
        context.report.add("size", f"{size:,} leases / 1,000 leases", median(runs[f"{size:,} leases"]) / base, "×", 1.3)


def start(context: Context) -> None:
    if context.leasehold_dynamic is None:
        return
    context.report.section("Start: linked statically and dynamically")
    database = context.database(context.leases)
    programs = {"static": context.leasehold, "dynamic": context.leasehold_dynamic}
    for kind, program in programs.items():
        context.report.add("start", f"{kind}: size of the program", os.path.getsize(program), "B")
    commands = {}
    for kind, program in programs.items():
        commands[f"{kind}: leasehold --version"] = [program, "--version"]
        commands[f"{kind}: leasehold id NAME"] = identify(program, database, context.leases)
    runs = alternate(commands, context.environment, context.rounds * 5)
    for name in commands:
        context.report.add("start", name, median(runs[name]), "s")
    for what in ("--version", "id NAME"):
        dynamic, static = runs[f"dynamic: leasehold {what}"], runs[f"static: leasehold {what}"]
        context.report.add("start", f"leasehold {what}: dynamic / static", median(dynamic) / median(static), "×")
        context.report.add(
            "start", f"leasehold {what}: dynamic / static, processor time", median_cpu(dynamic) / median_cpu(static), "×")
