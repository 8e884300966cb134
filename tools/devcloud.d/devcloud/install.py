"""Installs the cloud's software: Debian packages, and Python environments from PyPI."""
from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from .processes import run_jobs
from .report import DevcloudError, failure, say, step
from .settings import SOURCES, STAMP, Layout

# A package, and a program that shows whether it is installed.
SERVER_PACKAGES = {
    "mariadb-server": "/usr/sbin/mariadbd",
    "rabbitmq-server": "/usr/lib/rabbitmq/bin/rabbitmq-server",
}
GATEWAY_PACKAGES = {
    "apache2-bin": "/usr/sbin/apache2",
    "libapache2-mod-auth-openidc": "/usr/lib/apache2/modules/mod_auth_openidc.so",
}
POLICY = Path("/usr/sbin/policy-rc.d")


def install_debian_packages(layout: Layout, packages: dict[str, str]) -> None:
    saved = layout.top / "policy-rc.d.saved"
    if saved.exists():
        # An earlier devcloud was killed while apt ran.
        restore_policy(saved)
    missing = [name for name, program in packages.items() if not Path(program).exists()]
    if not missing:
        return
    if os.getuid() != 0:
        raise DevcloudError(
            f"the packages {' and '.join(missing)} are missing, and only root can install them: "
            f"apt-get install --no-install-recommends {' '.join(missing)}"
        )
    log = layout.logs / "setup-apt.log"
    with step("Debian packages"), log.open("wb") as output, no_daemon_starts(saved):
        for command in (["update"], ["install", "-y", "--no-install-recommends", *missing]):
            # In a session of its own, so that Ctrl-C does not interrupt dpkg; devcloud stops after it.
            process = subprocess.Popen(
                ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=300", *command],
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"}, start_new_session=True,
            )
            try:
                code = process.wait()
            except KeyboardInterrupt:
                say("letting apt-get finish")
                process.wait()
                raise
            if code:
                raise failure(f"apt-get {command[0]} failed with exit code {code}", log)


@contextmanager
def no_daemon_starts(saved: Path) -> Iterator[None]:
    """Keeps Debian from starting installed daemons, through policy-rc.d, which is restored afterwards."""
    if POLICY.exists():
        shutil.copy2(POLICY, saved)
    else:
        saved.write_bytes(b"")
    try:
        POLICY.unlink(missing_ok=True)
        POLICY.write_text("#!/bin/sh\nexit 101\n")
        POLICY.chmod(0o755)
        yield
    finally:
        restore_policy(saved)


def restore_policy(saved: Path) -> None:
    POLICY.unlink(missing_ok=True)
    # An empty file means that there was none.
    if saved.stat().st_size:
        shutil.copy2(saved, POLICY)
    saved.unlink()


def install_environments(layout: Layout, with_chi: bool, with_provider: bool) -> None:
    wanted = {
        layout.venv: layout.requirements,
        layout.clients: "requirements-client.txt",
    }
    if with_chi:
        wanted[layout.chi] = "requirements-chi.txt"
    if with_provider:
        wanted[layout.provider] = "requirements-provider.txt"
    with ExitStack() as locks:
        # The clients' environment is shared: another devcloud may be creating it for the other variant.
        for venv in wanted:
            locks.enter_context(exclusively(venv.with_suffix(".lock"), f"the environment {venv}"))
        missing = {venv: name for venv, name in wanted.items() if not is_current(venv, name)}
        if missing:
            with step("Python packages"):
                run_jobs(layout, {
                    f"{'server' if venv == layout.venv else venv.name}-packages": creation(venv, name)
                    for venv, name in missing.items()
                }, {"PIP_DISABLE_PIP_VERSION_CHECK": "1"})
            for venv, name in missing.items():
                stamp(venv).write_text(fingerprint(name))
    link_programs(layout)


def creation(venv: Path, requirements: str) -> list[list[str]]:
    try:
        import ensurepip  # noqa: F401
    except ImportError:
        raise DevcloudError(f"{sys.executable} cannot create environments: apt-get install python3-venv") from None
    stamp(venv).unlink(missing_ok=True)
    return [
        [sys.executable, "-m", "venv", "--clear", str(venv)],
        [str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet", "-r", str(SOURCES / requirements)],
    ]


def stamp(venv: Path) -> Path:
    return venv / STAMP


def fingerprint(requirements: str) -> str:
    content = (SOURCES / requirements).read_bytes() + (SOURCES / "constraints.txt").read_bytes()
    return hashlib.sha256(content + sys.version.encode()).hexdigest()


def is_current(venv: Path, requirements: str) -> bool:
    return stamp(venv).is_file() and stamp(venv).read_text() == fingerprint(requirements)


def link_programs(layout: Layout) -> None:
    """Fills the folder that `devcloud env` puts on PATH."""
    layout.bin.mkdir(exist_ok=True)
    openstack = layout.bin / "openstack"
    openstack.unlink(missing_ok=True)
    openstack.symlink_to(layout.clients / "bin" / "openstack")
    if stamp(layout.chi).is_file():
        # A link would not work: Python looks for its environment beside the name by which it was called.
        chi = layout.bin / "chi-python"
        chi.write_text(f'#!/bin/sh\nexec {layout.chi}/bin/python "$@"\n')
        chi.chmod(0o755)


@contextmanager
def exclusively(path: Path, what: str) -> Iterator[None]:
    """Holds a lock that ends with the process, however it ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"another devcloud is working on {what}; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
