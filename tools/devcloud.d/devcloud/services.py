"""The daemons of the cloud: their commands, ports and order."""
from __future__ import annotations

from dataclasses import dataclass

from .configuration import compute_hosts
from .install import GATEWAY_PACKAGES
from .processes import Daemon
from .settings import PASSWORD, Layout


@dataclass(frozen=True)
class Services:
    """The daemons in the order in which they start; each group needs the ones before it."""

    infrastructure: list[Daemon]
    identity: list[Daemon]
    resources: list[Daemon]
    reservations: list[Daemon]
    federation: list[Daemon]

    @property
    def all(self) -> list[Daemon]:
        return self.infrastructure + self.identity + self.resources + self.reservations + self.federation


def services(layout: Layout, with_oidc: bool = False) -> Services:
    """The daemons, including those of the federation if it is or will be set up."""
    port = layout.ports
    federation = federation_of(layout) if with_oidc or layout.federated.exists() else []
    binaries = layout.venv / "bin"
    python = {
        "PYTHONPATH": str(layout.etc / "python"),
        "OS_KEYSTONE_CONFIG_DIR": str(layout.etc), "OS_BLAZAR_CONFIG_DIR": str(layout.etc),
        "OS_PLACEMENT_CONFIG_DIR": str(layout.etc), "OS_NEUTRON_CONFIG_DIR": str(layout.etc),
        "OS_NEUTRON_CONFIG_FILES": "neutron.conf;ml2_conf.ini",
        "OS_NOVA_CONFIG_DIR": str(layout.etc),
        "OS_NOVA_CONFIG_FILES": f"{layout.venv}/etc/nova/api-paste.ini;nova.conf",
        # No byte code in etc/, whose content is compared with the expected files.
        "PYTHONPYCACHEPREFIX": str(layout.root / "cache" / "python"),
    }

    def api(name: str, module: str, path: str = "/", **extra: str) -> Daemon:
        number = port[name.removesuffix("-api")]
        return Daemon(
            name, [
                str(binaries / "gunicorn"), "--bind", f"127.0.0.1:{number}", "--workers", "1", "--threads", "8",
                "--timeout", "120", "--no-control-socket", "--access-logfile", "-", f"{module}:application",
            ], (number,), f"http://127.0.0.1:{number}{path}", python | extra,
        )

    def nova(name: str, *configuration: str) -> Daemon:
        files = [f"--config-file={layout.etc}/{file}" for file in ("nova.conf", *configuration)]
        program = "nova-compute" if name.startswith("nova-compute") else name
        return Daemon(name, [str(binaries / program), *files], environment=python)

    # Mounted under /identity, as on a shared web server; Blazar needs a prefix.
    keystone = api("keystone", "devcloud_keystone", "/identity/v3", SCRIPT_NAME="/identity")
    if layout.lite:
        return Services([], [keystone], [], [api("blazar", "devcloud_blazar_lite")], federation)

    erlang = {
        "HOME": str(layout.data / "rabbitmq"), "ERL_EPMD_ADDRESS": "127.0.0.1", "ERL_EPMD_PORT": str(port["epmd"]),
        "RABBITMQ_CONF_ENV_FILE": f"{layout.etc}/rabbit/rabbitmq-env.conf",
    }
    return Services(
        infrastructure=[
            Daemon(
                "mariadb", ["/usr/sbin/mariadbd", f"--defaults-file={layout.etc}/my.cnf"], (port["mariadb"],), patience=60
            ),
            # Otherwise RabbitMQ would start its own, which outlives it and listens on all addresses.
            Daemon(
                "epmd", ["epmd", "-address", "127.0.0.1", "-port", str(port["epmd"])], (port["epmd"],), environment=erlang
            ),
            Daemon(
                "rabbitmq", ["/usr/lib/rabbitmq/bin/rabbitmq-server"],
                (port["rabbitmq"], port["rabbitmq_distribution"]), environment=erlang, patience=30,
            ),
        ],
        identity=[keystone],
        resources=[
            api("placement", "devcloud_placement"),
            api("neutron", "devcloud_neutron"),
            # Nova's API runs in gunicorn's threads; its own eventlet patching would come too late.
            api("nova-api", "devcloud_nova", OS_NOVA_DISABLE_EVENTLET_PATCHING="true"),
            nova("nova-conductor"),
            nova("nova-scheduler"),
            *(nova(f"nova-{host}", f"{host}.conf") for host in compute_hosts()),
        ],
        reservations=[
            Daemon(
                "blazar-manager", [str(binaries / "blazar-manager"), "--config-file", f"{layout.etc}/blazar.conf"],
                environment=python, patience=15,
            ),
            api("blazar-api", "devcloud_blazar"),
        ],
        federation=federation,
    )


def federation_of(layout: Layout) -> list[Daemon]:
    """The identity provider, and the gateway before Keystone that accepts its tokens."""
    gateways = tuple(layout.ports[name] for name in ("gateway", "introspecting_gateway"))
    return [
        Daemon(
            "provider", [
                str(layout.provider / "bin" / "gunicorn"), "--bind", f"127.0.0.1:{layout.ports['provider']}",
                # One process, because its records are in memory.
                "--workers", "1", "--threads", "8", "--no-control-socket", "--access-logfile", "-",
                "devcloud_provider.application:application",
            ], (layout.ports["provider"],), layout.discovery_url, {
                "PYTHONPATH": str(layout.etc / "provider"), "DEVCLOUD_PROVIDER_URL": layout.provider_url,
                "DEVCLOUD_PROVIDER_DIR": str(layout.data / "provider"), "DEVCLOUD_PROVIDER_PASSWORD": PASSWORD,
                "PYTHONPYCACHEPREFIX": str(layout.root / "cache" / "python"),
            },
        ),
        Daemon(
            "gateway", [GATEWAY_PACKAGES["apache2-bin"], "-f", f"{layout.etc}/gateway.conf", "-DFOREGROUND"], gateways,
            layout.gateway_url(),
        ),
    ]
