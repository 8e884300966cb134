"""The requests that show whether the cloud is ready."""
from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from typing import Any

from . import settings
from .settings import PASSWORD, Layout

# No proxy, whatever the environment says: everything is on loopback.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def answers(url: str) -> bool:
    """Whether an HTTP server answers there, with any status code."""
    try:
        OPENER.open(url, timeout=3).close()
    except urllib.error.HTTPError as error:
        return error.code not in (502, 503)
    except (OSError, http.client.HTTPException):
        return False
    return True


def token(layout: Layout, user: str, project: str) -> str:
    domain = {"name": "Default"}
    body = {"auth": {
        "identity": {"methods": ["password"], "password": {
            "user": {"name": user, "domain": domain, "password": PASSWORD},
        }},
        "scope": {"project": {"name": project, "domain": domain}},
    }}
    request = urllib.request.Request(
        f"{layout.auth_url}/auth/tokens", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with OPENER.open(request, timeout=10) as response:
        return str(response.headers["X-Subject-Token"])


def get(url: str, token: str) -> Any:
    # Blazar answers a request without an Accept header with 500.
    headers = {"X-Auth-Token": token, "Accept": "application/json"}
    with OPENER.open(urllib.request.Request(url, headers=headers), timeout=5) as response:
        return json.load(response)


def is_ready(layout: Layout) -> bool:
    """Whether a member can list leases. Only this shows that Blazar's manager runs; the API alone blocks 60 s."""
    try:
        get(f"{layout.blazar_url}/leases", token(layout, "user1", "project1"))
        if layout.lite:
            return True
        administrator = token(layout, "admin", "admin")
        hosts = get(f"{layout.blazar_url}/os-hosts", administrator)["hosts"]
        floating_ips = get(f"{layout.blazar_url}/floatingips", administrator)["floatingips"]
    except (OSError, http.client.HTTPException, ValueError):
        return False
    return len(hosts) >= settings.HOST_COUNT and len(floating_ips) >= settings.FLOATING_IP_COUNT
