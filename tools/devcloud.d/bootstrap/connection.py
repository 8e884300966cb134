"""The cloud that a bootstrap script works on."""
from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import openstack

CLOUD: dict[str, Any] = json.loads(Path(sys.argv[1]).read_text())


def connect(user: str, project: str) -> Any:
    return openstack.connect(
        auth_url=CLOUD["auth_url"], username=user, password=CLOUD["password"], project_name=project,
        user_domain_name="Default", project_domain_name="Default", region_name=CLOUD["region"],
        identity_api_version="3", load_yaml_config=False, load_envvars=False,
    )
