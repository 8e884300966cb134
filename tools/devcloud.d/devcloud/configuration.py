"""Writes the configuration of the services from templates/, and clouds.yaml for the clients."""
from __future__ import annotations

import json
import shutil
from pathlib import Path
from string import Template

from . import install, settings
from .settings import PASSWORD, REGION, SOURCES, Layout

COMMON_TEMPLATES = ("keystone.conf", "blazar.conf")
FULL_TEMPLATES = (
    "placement.conf", "nova.conf", "neutron.conf", "ml2_conf.ini", "my.cnf",
    "rabbit/rabbitmq-env.conf", "rabbit/rabbitmq.conf", "rabbit/enabled_plugins",
)
FULL_PLUGINS = (
    "physical.host.plugin", "virtual.instance.plugin", "flavor.instance.plugin", "virtual.floatingip.plugin",
)
DUMMY_PLUGIN = "devcloud.dummy.plugin"


def compute_hosts() -> list[str]:
    return [f"compute-{number}" for number in range(1, settings.HOST_COUNT + 1)]


def write(layout: Layout) -> bool:
    """Writes etc/ of an installation; returns whether anything changed."""
    wanted = rendered(layout)
    current = {str(path.relative_to(layout.etc)): path.read_text() for path in layout.etc.rglob("*") if path.is_file()}
    if current == wanted:
        return False
    shutil.rmtree(layout.etc, ignore_errors=True)
    for name, text in wanted.items():
        path = layout.etc / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return True


def rendered(layout: Layout) -> dict[str, str]:
    """The text of every file of etc/, by its relative path."""
    values = template_values(layout)
    names = COMMON_TEMPLATES + (() if layout.lite else FULL_TEMPLATES)
    files = {name: render(name, values) for name in names}
    if not layout.lite:
        for host in compute_hosts():
            files[f"{host}.conf"] = render("compute.conf", values | {"compute_host": host})
    for folder in ("python", "provider"):
        for path in (SOURCES / folder).rglob("*"):
            if path.is_file() and path.suffix != ".pyc":
                files[str(path.relative_to(SOURCES))] = path.read_text()
    files["gateway.conf"] = render("gateway.conf", values | {"gateway_rules": render("gateway-rules.conf", values)})
    files["cloud.json"] = json.dumps(cloud_description(layout), indent=2) + "\n"
    return files


def render(name: str, values: dict[str, str]) -> str:
    return Template((SOURCES / "templates" / name).read_text()).substitute(values)


def template_values(layout: Layout) -> dict[str, str]:
    ports = layout.ports
    plugins = (DUMMY_PLUGIN,) if layout.lite else FULL_PLUGINS + (DUMMY_PLUGIN,)
    values = {
        "data": str(layout.data), "etc": str(layout.etc), "run": str(layout.run), "venv": str(layout.venv),
        "logs": str(layout.logs), "apache_modules": str(Path(install.GATEWAY_PACKAGES["libapache2-mod-auth-openidc"]).parent),
        "apache_user": settings.apache_user(), "provider_discovery": layout.discovery_url,
        "auth_url": layout.auth_url, "password": PASSWORD, "region": REGION,
        "token_seconds": str(settings.token_seconds()),
        "blazar_plugins": ",".join(plugins),
        "transport_url": "fake://" if layout.lite else f"rabbit://devcloud:{PASSWORD}@127.0.0.1:{ports['rabbitmq']}/",
        "mariadb_socket": str(layout.mariadb_socket), "mariadb_user": settings.mariadb_user(),
    }
    values |= {f"{name}_port": str(port) for name, port in ports.items()}
    values |= {f"{name}_database": layout.database(name) for name in settings.DATABASES}
    values |= {f"credentials_of_{user}": credentials(layout, user) for user in ("blazar", "placement", "nova", "neutron")}
    return values


def credentials(layout: Layout, user: str) -> str:
    """The lines of an ini section that authenticate a service to Keystone."""
    return "\n".join((
        "auth_type = password", f"auth_url = {layout.auth_url}", f"username = {user}", f"password = {PASSWORD}",
        "project_name = service", "user_domain_name = Default", "project_domain_name = Default",
        f"region_name = {REGION}",
    ))


def cloud_description(layout: Layout) -> dict[str, object]:
    """What the scripts of bootstrap/ need to know."""
    services = [{"user": "blazar", "type": "reservation", "url": layout.blazar_url}]
    if not layout.lite:
        address = "http://127.0.0.1:{}".format
        services += [
            {"user": "placement", "type": "placement", "url": address(layout.ports["placement"])},
            {"user": "nova", "type": "compute", "url": address(layout.ports["nova"]) + "/v2.1"},
            {"user": "neutron", "type": "network", "url": address(layout.ports["neutron"])},
        ]
    return {
        "auth_url": layout.auth_url, "blazar_url": layout.blazar_url, "region": REGION, "password": PASSWORD,
        "services": services, "hosts": compute_hosts(), "floating_ips": settings.FLOATING_IP_COUNT,
        "application_credentials": str(layout.data / "application-credentials.json"),
        "federation": {"issuer": layout.issuer, "totp_key": settings.TOTP_KEY},
    }


def write_clouds_yaml(layout: Layout) -> None:
    """Writes clouds.yaml without anchors or merge keys, which not every YAML reader supports."""
    accounts = {"user1": "project1", "user2": "project2", "user3": "project1", "admin": "admin"}
    entries = {
        name: ("password", {
            "username": name, "password": PASSWORD, "project_name": project,
            "user_domain_name": "Default", "project_domain_name": "Default",
        }) for name, project in accounts.items()
    }
    identifiers = json.loads((layout.data / "application-credentials.json").read_text())
    entries |= {
        name: ("v3applicationcredential", {
            "application_credential_id": identifier, "application_credential_secret": PASSWORD,
        }) for name, identifier in identifiers.items()
    }
    lines = ["# Written by tools/devcloud; the accounts exist on loopback only.", "clouds:"]
    for name, (kind, secrets) in entries.items():
        lines += [f"  {name}:", f"    auth_type: {kind}", "    auth:", f"      auth_url: {layout.auth_url}"]
        lines += [f"      {key}: {value}" for key, value in secrets.items()]
        lines += [f"    region_name: {REGION}", "    identity_api_version: 3", "    interface: public"]
    layout.clouds_yaml.write_text("\n".join(lines) + "\n")


def cloud_names(layout: Layout) -> list[str]:
    """The entries of clouds.yaml, in order; empty if there is no file yet."""
    if not layout.clouds_yaml.is_file():
        return []
    lines = layout.clouds_yaml.read_text().splitlines()
    return [line.strip(" :") for line in lines if line.startswith("  ") and line[2:3].isalnum()]
