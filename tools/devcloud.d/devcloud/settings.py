"""The constants of the cloud and the folders that it lives in."""
from __future__ import annotations

import getpass
import os
from dataclasses import dataclass
from pathlib import Path

from .report import DevcloudError

SOURCES = Path(__file__).resolve().parent.parent
DIRECTORY_VARIABLE = "LEASEHOLD_DEVCLOUD_DIR"
TOKEN_SECONDS_VARIABLE = "LEASEHOLD_DEVCLOUD_TOKEN_SECONDS"
DEFAULT_DIRECTORY = "/var/tmp/leasehold-devcloud"

REGION = "RegionOne"
# Not a secret: every listener is on loopback, every machine is simulated, and this file is public.
PASSWORD = "devcloud-password"

# The second factor of user1, in base 32: the key of RFC 6238's examples.
TOTP_KEY = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

# The file in a complete environment that tells what it was made from.
STAMP = "devcloud-requirements.sha256"

HOST_COUNT = 3
FLOATING_IP_COUNT = 10

# epmd's usual port is left to the machine's own Erlang.
FULL_PORTS = {
    "keystone": 5000, "blazar": 1234, "placement": 8778, "nova": 8774, "neutron": 9696,
    "mariadb": 13306, "rabbitmq": 5672, "rabbitmq_distribution": 25672, "epmd": 14369,
    "provider": 18080, "gateway": 15000, "introspecting_gateway": 15010,
}
LITE_PORTS = {
    "keystone": 5001, "blazar": 1235, "provider": 18081, "gateway": 15001, "introspecting_gateway": 15011,
}
# A second full cloud, for tests with two sites and for tests in parallel.
SECOND_PORTS = {name: port + 100 for name, port in FULL_PORTS.items()}
# The databases of the full variant; lite has SQLite files for the services that it runs.
DATABASES = ("keystone", "placement", "nova", "nova_api", "nova_cell0", "neutron", "blazar")


@dataclass(frozen=True)
class Layout:
    """The folders and ports of one variant of the cloud."""

    top: Path
    # "full", "second" or "lite"
    name: str

    @property
    def lite(self) -> bool:
        return self.name == "lite"

    @property
    def ports(self) -> dict[str, int]:
        return {"full": FULL_PORTS, "second": SECOND_PORTS, "lite": LITE_PORTS}[self.name]

    @property
    def option(self) -> str:
        """The option that chooses this variant, after a space; empty for the usual one."""
        return "" if self.name == "full" else f" --{self.name}"

    @property
    def root(self) -> Path:
        return self.top / self.name

    @property
    def venv(self) -> Path:
        """The services' environment, which the full clouds share. The small cloud needs part of it, and takes it if it
        is there."""
        shared = self.top / "full" / "venv"
        return self.top / "lite" / "venv" if self.lite and not (shared / STAMP).is_file() else shared

    @property
    def requirements(self) -> str:
        """What the services' environment is made from."""
        return "requirements-lite.txt" if self.venv.parent.name == "lite" else "requirements-server.txt"

    @property
    def schemas(self) -> Path:
        """The tables that the services of this environment begin with, once they have been made."""
        return self.venv / "schemas"

    @property
    def clients(self) -> Path:
        """The clients' environment, which all variants use."""
        return self.top / "clients"

    @property
    def chi(self) -> Path:
        return self.top / "chi"

    @property
    def provider(self) -> Path:
        """The identity provider's environment, which all variants use."""
        return self.top / "provider"

    @property
    def bin(self) -> Path:
        """The folder that `devcloud env` puts on PATH; only clients, so that no other Python program is hidden."""
        return self.root / "bin"

    @property
    def etc(self) -> Path:
        return self.root / "etc"

    @property
    def data(self) -> Path:
        """The folder that `reset` deletes."""
        return self.root / "data"

    @property
    def complete(self) -> Path:
        """Exists once the data are set up completely; otherwise they are set up again."""
        return self.data / "complete"

    @property
    def federated(self) -> Path:
        """Exists once Keystone knows the identity provider, which then starts and stops with the rest."""
        return self.data / "federated"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def run(self) -> Path:
        return self.root / "run"

    @property
    def clouds_yaml(self) -> Path:
        return self.root / "clouds.yaml"

    @property
    def mariadb_socket(self) -> Path:
        return self.data / "mysql" / "mariadb.sock"

    @property
    def auth_url(self) -> str:
        return f"http://127.0.0.1:{self.ports['keystone']}/identity/v3"

    @property
    def provider_url(self) -> str:
        return f"http://127.0.0.1:{self.ports['provider']}"

    @property
    def issuer(self) -> str:
        return f"{self.provider_url}/auth/realms/chameleon"

    @property
    def discovery_url(self) -> str:
        return f"{self.issuer}/.well-known/openid-configuration"

    def gateway_url(self, name: str = "gateway") -> str:
        """Keystone's address behind a gateway."""
        return f"http://127.0.0.1:{self.ports[name]}/identity/v3"

    @property
    def blazar_url(self) -> str:
        return f"http://127.0.0.1:{self.ports['blazar']}/v1"

    def database(self, name: str) -> str:
        """The SQLAlchemy address of a service's database."""
        if self.lite:
            return f"sqlite:///{self.data}/{name}.db"
        return f"mysql+pymysql://devcloud:{PASSWORD}@127.0.0.1:{self.ports['mariadb']}/{name}?charset=utf8"


def layout(name: str) -> Layout:
    top = Path(os.environ.get(DIRECTORY_VARIABLE) or DEFAULT_DIRECTORY)
    if not top.is_absolute():
        raise DevcloudError(f"{DIRECTORY_VARIABLE} must be an absolute path, not {str(top)!r}")
    if any(character.isspace() or character in "'\"$%#;" for character in str(top)):
        raise DevcloudError(f"{DIRECTORY_VARIABLE} must not contain spaces, quotes, or any of $ % # ;: {str(top)!r}")
    result = Layout(top, name)
    # The kernel's limit for the address of a Unix socket is 107 bytes.
    if not result.lite and len(os.fsencode(result.mariadb_socket)) > 107:
        raise DevcloudError(f"{DIRECTORY_VARIABLE} is too long for MariaDB's socket in it: {top}")
    if top.exists() and top.stat().st_uid != os.getuid():
        raise DevcloudError(f"{top} belongs to another user: set {DIRECTORY_VARIABLE} to a folder of your own")
    return result


def token_seconds() -> int:
    text = os.environ.get(TOKEN_SECONDS_VARIABLE) or "3600"
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 86400:
        raise DevcloudError(f"{TOKEN_SECONDS_VARIABLE} must be a number from 1 to 86400, not {text!r}")
    return int(text)


def apache_user() -> str:
    """The unprivileged user that Apache needs when root starts it; Debian has one."""
    return "User www-data\nGroup www-data" if os.getuid() == 0 else ""


def mariadb_user() -> str:
    """The user for mariadbd, which refuses to run as root; Debian's package creates the user mysql."""
    return "mysql" if os.getuid() == 0 else getpass.getuser()
