"""The provider's address, its users, and the settings that a test may change while it runs."""
from __future__ import annotations

import os
from typing import Any

BASE = os.environ["DEVCLOUD_PROVIDER_URL"]
FOLDER = os.environ["DEVCLOUD_PROVIDER_DIR"]
PASSWORD = os.environ["DEVCLOUD_PROVIDER_PASSWORD"]

REALM = "/auth/realms/chameleon"
PROTOCOL = f"{REALM}/protocol/openid-connect"
ISSUER = BASE + REALM
SCOPES = ["openid", "profile", "email", "offline_access"]
KEY_ID = "devcloud-1"

PEOPLE: dict[str, dict[str, str]] = {
    name: {
        "sub": f"f{number:07d}-0000-4000-8000-000000000000", "preferred_username": name, "name": full_name,
        "email": f"{name}@example.org",
    } for number, (name, full_name) in enumerate(
        (("alice", "Alice Example"), ("bob", "Bob Example"), ("nobody", "No Project")), 1
    )
}

DEFAULTS: dict[str, Any] = {
    "access_token_seconds": 300, "refresh_token_seconds": 1800, "device_code_seconds": 600, "interval": 5,
    # A refresh token can be used once; a second use ends the login.
    "rotate": True, "reuse_revokes_family": True,
    # Keycloak grants a client's default scopes even if they are not requested.
    "default_scopes": True,
    "verification_uri_complete": True, "require_device_pkce": False,
}
# The current values. Changes apply to tokens issued afterwards.
CURRENT = dict(DEFAULTS)


def change(values: dict[str, Any]) -> list[str]:
    """Changes settings. If names are unknown or have another type, returns them and changes nothing."""
    wrong = [name for name, value in values.items() if type(value) is not type(DEFAULTS.get(name))]
    if not wrong:
        CURRENT.update(values)
    return wrong


def reset() -> None:
    CURRENT.clear()
    CURRENT.update(DEFAULTS)
