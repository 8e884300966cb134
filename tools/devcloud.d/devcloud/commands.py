"""The command line: up, down, reset, status, env."""
from __future__ import annotations

import argparse
import os
import shlex
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable
from functools import partial
from types import FrameType

from . import api, configuration, data, install
from .processes import Daemon, Processes, memory_kib
from .report import DevcloudError, say, step
from .services import Services, services
from .settings import DEFAULT_DIRECTORY, DIRECTORY_VARIABLE, TOKEN_SECONDS_VARIABLE, Layout, layout

DESCRIPTION = """\
A real OpenStack on loopback for development and integration tests: Keystone, Placement, Nova (fake driver, three
compute hosts), Neutron and Blazar, from Debian's packages and PyPI. With --lite it runs only Keystone and Blazar, with
virtual:dummy as the only resource type."""

EPILOG = f"""\
examples:
  tools/devcloud up                            install on the first run (two to three minutes), then start
  eval "$(tools/devcloud env user2)"           let 'openstack' use the cloud as user2
  openstack reservation lease list
  tools/devcloud up --lite                     the small variant; all can run at the same time
  tools/devcloud up --second                   a second full cloud
  {TOKEN_SECONDS_VARIABLE}=60 tools/devcloud up
                                               tokens expire after a minute (default 3600 s); restarts a running cloud
  tools/devcloud reset                         empty the cloud, without installing anything
  tools/devcloud down

exit codes:
  0    done; for status: everything runs and Blazar answers
  1    failed; standard error says why and names the log to read
  2    wrong usage
  3    status: stopped
  4    status: only a part runs, or Blazar does not answer
  130  interrupted; 'up' continues, 'down' stops what was started

Everything is kept in ${DIRECTORY_VARIABLE} (default {DEFAULT_DIRECTORY})."""


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    try:
        action: Callable[[Layout, argparse.Namespace], int] = options.action
        code = action(layout(options.variant), options)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # The reader of status or env, such as head, has closed the pipe; Python must not write the rest at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except DevcloudError as error:
        say(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        say("interrupted: 'up' continues, 'down' stops what was started")
        return 130


def interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(
        prog="devcloud", description=DESCRIPTION, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = result.add_subparsers(metavar="COMMAND", required=True)

    def command(name: str, action: Callable[[Layout, argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        variant = added.add_mutually_exclusive_group()
        variant.add_argument(
            "--lite", dest="variant", action="store_const", const="lite",
            help="the small variant: Keystone and Blazar only")
        variant.add_argument(
            "--second", dest="variant", action="store_const", const="second",
            help="another full cloud beside the first: a second site")
        added.set_defaults(action=action, variant="full")
        return added

    for name, action, text in (
        ("up", up, "install what is missing, and start what is not running"),
        ("reset", reset, "delete the cloud's data and start it empty; installed packages stay"),
    ):
        added = command(name, action, text)
        added.add_argument(
            "--with-chi", action="store_true", help="install python-chi too; 'env' puts 'chi-python' on the PATH"
        )
        added.add_argument(
            "--with-oidc", action="store_true",
            help="add an OpenID provider, and a gateway before Keystone that accepts its tokens; they stay until a reset"
        )
    command("down", down, "stop everything; it is no error if the cloud is stopped")
    command("status", status, "show the daemons, their ports and their memory")
    command("env", env, "print shell exports for the clients").add_argument(
        "user", nargs="?", default="user1", metavar="USER", help="an entry of clouds.yaml (default user1)"
    )
    return result


def up(layout: Layout, options: argparse.Namespace) -> int:
    with install.exclusively(layout.root / "lock", f"the {layout.name} cloud"):
        bring_up(layout, options.with_chi, options.with_oidc)
    return 0


def reset(layout: Layout, options: argparse.Namespace) -> int:
    with install.exclusively(layout.root / "lock", f"the {layout.name} cloud"):
        stop(layout)
        shutil.rmtree(layout.data, ignore_errors=True)
        bring_up(layout, options.with_chi, options.with_oidc)
    return 0


def down(layout: Layout, options: argparse.Namespace) -> int:
    if layout.root.is_dir():
        with install.exclusively(layout.root / "lock", f"the {layout.name} cloud"):
            stop(layout)
    say(f"the {layout.name} cloud is stopped")
    return 0


def bring_up(layout: Layout, with_chi: bool, with_oidc: bool) -> None:
    began = time.monotonic()
    with_oidc = with_oidc or layout.federated.exists()
    cloud, processes = services(layout, with_oidc), Processes(layout)
    for folder in (layout.logs, layout.run):
        folder.mkdir(exist_ok=True)
    processes.stop_strays(cloud.all)
    check_ports(processes, cloud.all)
    install.install_debian_packages(
        layout, ({} if layout.lite else install.SERVER_PACKAGES) | (install.GATEWAY_PACKAGES if with_oidc else {}))
    install.install_environments(layout, with_chi, with_oidc)

    fresh = not layout.complete.exists()
    changed = configuration.write(layout)
    if (fresh or changed) and processes.all_pids():
        say("restarting: " + ("the setup was not finished" if fresh else "the configuration changed"))
        stop(layout)
    if fresh:
        data.prepare_folder(layout)
    if all(processes.pid(daemon.name) for daemon in cloud.all) and api.is_ready(layout):
        say(f"the {layout.name} cloud is already running; {hint(layout)}")
        return
    start(layout, cloud, processes, fresh)
    configuration.write_clouds_yaml(layout)
    say(f"the {layout.name} cloud is ready after {time.monotonic() - began:.0f} s; {hint(layout)}")


def hint(layout: Layout) -> str:
    return f'next: eval "$({sys.argv[0]} env{layout.option} user1)"'


def start(layout: Layout, cloud: Services, processes: Processes, fresh: bool) -> None:
    """Starts what is not running, group by group, and sets up a fresh cloud as soon as its requirements run."""
    started: list[Daemon] = []

    def launch(daemons: list[Daemon]) -> None:
        for daemon in daemons:
            processes.start(daemon)
            started.append(daemon)

    def wait_for(daemons: list[Daemon]) -> None:
        for daemon in daemons:
            processes.wait_for(f"{daemon.name} answering", partial(listens, daemon), started)

    if cloud.infrastructure:
        with step("MariaDB and RabbitMQ"):
            if fresh:
                data.prepare_mariadb(layout)
            launch(cloud.infrastructure)
            wait_for(cloud.infrastructure)
    if fresh:
        with step("databases"):
            if not layout.lite:
                data.create_databases(layout)
            data.create_schemas(layout)
        with step("accounts"):
            launch(cloud.identity)
            wait_for(cloud.identity)
            data.bootstrap(layout, "identity.py")
    with step("services"):
        launch(cloud.identity)
        if not fresh and not layout.lite:
            data.write_compute_ids(layout)
        launch(cloud.resources)
        wait_for(cloud.identity)
        launch(cloud.reservations)
        wait_for(cloud.identity + cloud.resources + cloud.reservations)
    if fresh:
        if not layout.lite:
            with step("hosts, flavors, networks, floating IPs"):
                data.discover_hosts(layout, processes, started)
                data.bootstrap(layout, "resources.py")
        layout.complete.write_text("")
    if cloud.federation:
        with step("OpenID provider and gateway"):
            (layout.data / "provider").mkdir(exist_ok=True)
            for daemon in cloud.federation:
                # The gateway reads the key that the provider creates.
                launch([daemon])
                wait_for([daemon])
            if not layout.federated.exists():
                data.bootstrap(layout, "federation.py")
                layout.federated.write_text("")
    with step("a member's list of leases"):
        processes.wait_for("Blazar listing leases", lambda: api.is_ready(layout), started)


def listens(daemon: Daemon) -> bool:
    return (daemon.url is None or api.answers(daemon.url)) and all(is_taken(port) for port in daemon.ports)


def is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def check_ports(processes: Processes, daemons: list[Daemon]) -> None:
    for daemon in daemons:
        if processes.pid(daemon.name):
            continue
        for port in daemon.ports:
            with socket.socket() as probe:
                # Connections of a stopped cloud may linger in TIME_WAIT, which does not matter.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    raise DevcloudError(
                        f"port {port}, which {daemon.name} needs, is in use by another program "
                        f"(ss -ltnp 'sport = :{port}' shows which); nothing was started"
                    ) from None


def stop(layout: Layout) -> None:
    """Stops the daemons in reverse order of their start, then everything else of the installation."""
    cloud, processes = services(layout), Processes(layout)
    if not processes.all_pids():
        return
    with step("stopping"):
        processes.stop(cloud.identity + cloud.resources + cloud.reservations + cloud.federation)
        for daemon in reversed(cloud.infrastructure):
            processes.stop([daemon])
        processes.stop_strays([])
        if remaining := processes.all_pids():
            raise DevcloudError(f"these processes do not stop: {' '.join(map(str, remaining))}")


def status(layout: Layout, options: argparse.Namespace) -> int:
    cloud, processes = services(layout), Processes(layout)
    families = processes.families()
    running = {daemon.name: pid for daemon in cloud.all if (pid := processes.pid(daemon.name))}
    print(f"{'daemon':<16} {'pid':>8} {'MiB':>6}  port")
    for daemon in cloud.all:
        pid = running.get(daemon.name)
        memory = memory_kib(member for member, first in families.items() if first == pid) // 1024 if pid else "-"
        print(f"{daemon.name:<16} {pid or 'stopped':>8} {memory:>6}  {' '.join(map(str, daemon.ports))}".rstrip())
    if not families:
        print(f"the {layout.name} cloud in {layout.root} is stopped")
        return 3
    ready = len(running) == len(cloud.all) and api.is_ready(layout)
    state = "is ready" if ready else "is NOT ready"
    print(f"the {layout.name} cloud in {layout.root} {state}, {memory_kib(families) // 1024} MiB")
    return 0 if ready else 4


def env(layout: Layout, options: argparse.Namespace) -> int:
    names = configuration.cloud_names(layout)
    if not names:
        raise DevcloudError(f"there is no {layout.name} cloud in {layout.root} yet: run 'up' first")
    if options.user not in names:
        say(f"error: no user {options.user!r}; there are {', '.join(names)}")
        return 2
    print(f"export OS_CLIENT_CONFIG_FILE={shlex.quote(str(layout.clouds_yaml))}")
    print(f"export OS_CLOUD={shlex.quote(options.user)}")
    print(f'export PATH={shlex.quote(str(layout.bin))}:"$PATH"')
    if layout.federated.exists():
        print(f"export OIDC_PROVIDER={shlex.quote(layout.provider_url)}")
        print(f"export OIDC_AUTH_URL={shlex.quote(layout.gateway_url())}")
        print(f"export OIDC_INTROSPECTING_AUTH_URL={shlex.quote(layout.gateway_url('introspecting_gateway'))}")
    # They would override the entry of clouds.yaml.
    disturbing = {name for name in os.environ if name.startswith("OS_")} - {"OS_CLOUD", "OS_CLIENT_CONFIG_FILE"}
    if disturbing:
        print(f"unset {' '.join(map(shlex.quote, sorted(disturbing)))}")
    return 0
