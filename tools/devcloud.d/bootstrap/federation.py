"""The identity provider in Keystone: a domain with two projects, mappings and the provider; and a second factor."""
from __future__ import annotations

from typing import Any

from connection import CLOUD, connect

FEDERATION = CLOUD["federation"]
PEOPLE = (
    (("alice", "service-account-devcloud-confidential"), ("project1",)),
    (("bob",), ("project1", "project2")),
)
REMOTE: list[dict[str, Any]] = [{"type": "HTTP_OIDC_PREFERRED_USERNAME"}, {"type": "HTTP_OIDC_EMAIL"}]
USER = {"user": {"name": "{0}", "email": "{1}"}}

admin = connect("admin", "admin")
identity = admin.identity
member = next(role for role in identity.roles() if role.name == "member")
domain = identity.find_domain("chameleon") or identity.create_domain(name="chameleon")
projects = {
    name: identity.find_project(name, domain_id=domain.id) or identity.create_project(name=name, domain_id=domain.id)
    for name in ("project1", "project2")
}
group = identity.find_group("chameleon-members", domain_id=domain.id) or identity.create_group(
    name="chameleon-members", domain_id=domain.id)
identity.assign_project_role_to_group(projects["project1"], group, member)


def put(path: str, **body: Any) -> None:
    """Creates a resource unless it exists."""
    url = f"{CLOUD['auth_url']}/OS-FEDERATION/{path}"
    if admin.session.get(url, raise_exc=False).status_code == 404:
        admin.session.put(url, json=body)


def rule(names: tuple[str, ...], roles_in: tuple[str, ...]) -> dict[str, Any]:
    """Makes these users members of these projects."""
    given = [{"name": name, "roles": [{"name": "member"}]} for name in roles_in]
    return {
        "local": [USER, {"projects": given}],
        "remote": [*REMOTE, {"type": "HTTP_OIDC_PREFERRED_USERNAME", "any_one_of": list(names)}],
    }


put("mappings/chameleon", mapping={"rules": [rule(*entry) for entry in PEOPLE]})
put("mappings/groups", mapping={"rules": [{"local": [USER, {"group": {"id": group.id}}], "remote": REMOTE}]})
put("mappings/nogroup", mapping={"rules": [{"local": [USER], "remote": REMOTE}]})
put("identity_providers/chameleon", identity_provider={
    "enabled": True, "remote_ids": [FEDERATION["issuer"]], "domain_id": domain.id})
put("identity_providers/chameleon/protocols/openid", protocol={"mapping_id": "chameleon"})

user = identity.find_user("user1", domain_id="default")
if not any(credential.type == "totp" for credential in identity.credentials(user_id=user.id)):
    identity.create_credential(user=user, user_id=user.id, type="totp", blob=FEDERATION["totp_key"])
