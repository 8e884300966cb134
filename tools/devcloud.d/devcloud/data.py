"""Sets up the data of a new cloud: databases and schemas, accounts, and resources to reserve."""
from __future__ import annotations

import getpass
import grp
import os
import shutil
import subprocess
from pathlib import Path

from .configuration import compute_hosts
from .processes import Daemon, Processes, environment, run_jobs
from .report import DevcloudError
from .settings import DATABASES, PASSWORD, REGION, SOURCES, Layout, mariadb_user


def prepare_folder(layout: Layout) -> None:
    """Empties the data folder. An interrupted setup is not continued: MariaDB cannot roll back a schema change."""
    shutil.rmtree(layout.data, ignore_errors=True)
    folders = ["keystone"] if layout.lite else ["keystone", "mysql", "rabbitmq", "nova", "neutron"]
    folders += [] if layout.lite else [f"nova/{host}" for host in compute_hosts()]
    for folder in folders:
        (layout.data / folder).mkdir(parents=True)


def prepare_mariadb(layout: Layout) -> None:
    """Creates MariaDB's own tables."""
    user = mariadb_user()
    if user != getpass.getuser():
        closed = [folder for folder in (layout.data, *layout.data.parents) if not folder.stat().st_mode & 0o001]
        if closed:
            raise DevcloudError(f"MariaDB runs as the user {user}, who may not enter {closed[-1]}: chmod a+x it")
        shutil.chown(layout.data / "mysql", user)
    run_jobs(layout, {"mariadb": [[
        "mariadb-install-db", f"--defaults-file={layout.etc}/my.cnf", "--skip-test-db",
        "--auth-root-authentication-method=socket", f"--auth-root-socket-user={getpass.getuser()}",
    ]]})


def mariadb(layout: Layout, statements: str) -> list[str]:
    """Runs SQL as the administrator, and returns the lines of the answer."""
    result = subprocess.run(
        ["mariadb", "--no-defaults", "-u", getpass.getuser(), "-S", str(layout.mariadb_socket), "-N", "-e", statements],
        capture_output=True, text=True, env=environment(layout), stdin=subprocess.DEVNULL,
    )
    if result.returncode:
        raise DevcloudError(f"MariaDB refused: {result.stderr.strip()}")
    return result.stdout.splitlines()


def create_databases(layout: Layout) -> None:
    statements = [f"CREATE DATABASE {name};" for name in DATABASES]
    for host in ("127.0.0.1", "localhost"):
        statements.append(f"CREATE USER devcloud@'{host}' IDENTIFIED BY '{PASSWORD}';")
        statements.append(f"GRANT ALL ON *.* TO devcloud@'{host}';")
    mariadb(layout, " ".join(statements))


def create_schemas(layout: Layout) -> None:
    binaries = layout.venv / "bin"

    def manage(program: str, *files: str) -> list[str]:
        return [str(binaries / program), *(f"--config-file={layout.etc}/{file}" for file in files)]

    def in_turn(program: list[str], module: str, *commands: list[str]) -> list[str]:
        """One process for several commands of a program."""
        words = [str(binaries / "python"), str(SOURCES / "bootstrap" / "in_turn.py"), module, program[0]]
        for number, command in enumerate(commands):
            words += ["+"] * (number > 0) + [*program[1:], *command]
        return words

    keystone = manage("keystone-manage", "keystone.conf")
    owner = ["--keystone-user", getpass.getuser(), "--keystone-group", grp.getgrgid(os.getgid()).gr_name]
    addresses = [f"--bootstrap-{kind}-url={layout.auth_url}" for kind in ("admin", "internal", "public")]
    jobs = {"keystone": [
        *migrations(layout, [*keystone, "db_sync"], "keystone"),
        in_turn(
            keystone, "keystone.cmd.manage", ["fernet_setup", *owner], ["credential_setup", *owner],
            ["bootstrap", "--bootstrap-password", PASSWORD, "--bootstrap-region-id", REGION, *addresses]),
    ]}
    if not layout.lite:
        nova = manage("nova-manage", "nova.conf")
        # Two jobs of about the same length, for two processor cores.
        jobs["nova"] = [
            *migrations(layout, [*nova, "api_db", "sync"], "nova_api"),
            in_turn(
                nova, "nova.cmd.manage", ["cell_v2", "map_cell0", "--database_connection", layout.database("nova_cell0")],
                ["cell_v2", "create_cell", "--name", "cell1"]),
            *migrations(layout, [*nova, "db", "sync"], "nova", "nova_cell0"),
        ]
        neutron = manage("neutron-db-manage", "neutron.conf", "ml2_conf.ini")
        jobs["neutron"] = migrations(layout, [*neutron, "upgrade", "heads"], "neutron")
        placement = manage("placement-manage", "placement.conf")
        jobs["placement"] = migrations(layout, [*placement, "db", "sync"], "placement")
        blazar = manage("blazar-db-manage", "blazar.conf")
        jobs["blazar"] = migrations(layout, [*blazar, "upgrade", "head"], "blazar")
    run_jobs(layout, jobs, {"PYTHONPATH": str(layout.etc / "python")})


def migrations(layout: Layout, migrate: list[str], *databases: str) -> list[list[str]]:
    """Commands that give databases their tables. The full clouds run the migrations once; the next time, also on the
    other of the two, the result is loaded, which takes a tenth of the time."""
    if layout.lite:
        return [migrate]
    client = ["--no-defaults", "-u", getpass.getuser(), "-S", str(layout.mariadb_socket)]
    dump = layout.schemas / f"{databases[0]}.sql"
    if dump.is_file():
        return [["mariadb", *client, "-e", f"source {dump}"]]
    dump.parent.mkdir(exist_ok=True)
    unfinished = dump.with_name(f"{layout.name}-{dump.name}")
    return [
        migrate,
        ["mariadb-dump", *client, f"--result-file={unfinished}", "--databases", *databases],
        ["mv", str(unfinished), str(dump)],
    ]


def bootstrap(layout: Layout, script: str) -> None:
    """Runs a script of bootstrap/ against the running cloud."""
    command = [str(layout.venv / "bin" / "python"), str(SOURCES / "bootstrap" / script), str(layout.etc / "cloud.json")]
    run_jobs(layout, {Path(script).stem: [command]}, {"PYTHONDONTWRITEBYTECODE": "1"})


def discover_hosts(layout: Layout, processes: Processes, started: list[Daemon]) -> None:
    """Waits until every compute host has registered with Nova, and assigns them to the cell."""
    def registered() -> bool:
        return mariadb(layout, "SELECT COUNT(*) FROM nova.compute_nodes WHERE deleted = 0") == [str(len(compute_hosts()))]

    processes.wait_for("the compute hosts registering with Nova", registered, started)
    nova = [str(layout.venv / "bin" / "nova-manage"), f"--config-file={layout.etc}/nova.conf"]
    run_jobs(layout, {"cells": [[*nova, "cell_v2", "discover_hosts"]]})


def write_compute_ids(layout: Layout) -> None:
    """Nova refuses to start a known compute host without its compute_id file, and the fake driver never writes one."""
    for line in mariadb(layout, "SELECT host, uuid FROM nova.compute_nodes WHERE deleted = 0"):
        host, identifier = line.split("\t")
        path = layout.data / "nova" / host / "compute_id"
        if path.parent.is_dir() and not path.exists():
            path.write_text(identifier + "\n")
