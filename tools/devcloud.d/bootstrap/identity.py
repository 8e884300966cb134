"""Fills Keystone: projects, users, roles, the services' accounts and endpoints, two application credentials."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from connection import CLOUD, connect

identity = connect("admin", "admin").identity
roles = {role.name: role for role in identity.roles()}


def create_user(name: str, project: Any, *role_names: str) -> None:
    user = identity.create_user(
        name=name, password=CLOUD["password"], domain_id="default", default_project_id=project.id
    )
    for role in role_names:
        identity.assign_project_role_to_user(project, user, roles[role])


service_project = identity.create_project(name="service", domain_id="default")
for description in CLOUD["services"]:
    create_user(description["user"], service_project, "admin", "service")
    service = identity.create_service(name=description["user"], type=description["type"])
    for interface in ("public", "internal", "admin"):
        identity.create_endpoint(
            service_id=service.id, interface=interface, url=description["url"], region_id=CLOUD["region"]
        )

# user3 shares project1 with user1, so that a project's leases have more than one owner.
for project_name, members in (("project1", ("user1", "user3")), ("project2", ("user2",))):
    project = identity.create_project(name=project_name, domain_id="default")
    for member in members:
        create_user(member, project, "member")

# Only the user may create application credentials, and only with a token of their project.
member = connect("user1", "project1")
identifiers = {}
for name, unrestricted in (("user1-appcred", True), ("user1-appcred-restricted", False)):
    credential = member.identity.create_application_credential(
        user=member.current_user_id, name=name, secret=CLOUD["password"], unrestricted=unrestricted
    )
    identifiers[name] = credential.id
Path(CLOUD["application_credentials"]).write_text(json.dumps(identifiers, indent=2) + "\n")
