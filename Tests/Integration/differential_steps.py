"""The parts of differential.py's requests.

`{run}` becomes the name of the run, `{+90}` the time 90 minutes after the coming midnight 40 days ahead, `{now+5}` the
time in 5 minutes; `{lease:x}` and the like become each cloud's own identifier of what the step named `x` created.
"""
from __future__ import annotations

import copy
import datetime
import json
import re

SKYLAKE = json.dumps(["==", "$node_type", "compute_skylake"])


def dated(step: dict, now: datetime.datetime, run: str) -> dict:
    base = now.replace(hour=0, minute=0, second=0, microsecond=0) + datetime.timedelta(days=40)

    def put(match: re.Match) -> str:
        if match[0] == "{run}":
            return run
        start = now if match[1] else base
        return (start + datetime.timedelta(minutes=int(match[2]))).strftime("%Y-%m-%d %H:%M")

    def walk(value):
        if isinstance(value, str):
            return re.sub(r"\{run\}|\{(now)?([+-]\d+)\}", put, value)
        if isinstance(value, list):
            return [walk(element) for element in value]
        if isinstance(value, dict):
            return {key: walk(element) for key, element in value.items()}
        return value

    return walk(copy.copy(step))


def get(target, **more):
    return {"method": "GET", "target": target, **more}


def delete(target, **more):
    return {"method": "DELETE", "target": target, **more}


def put(target, body, **more):
    return {"method": "PUT", "target": target, "body": body, **more}


def post(body, **more):
    return {"method": "POST", "target": "/leases", "body": body, **more}


def lease(*reservations, name="{run}", start="{+60}", end="{+120}", **more):
    return {"name": name, "start_date": start, "end_date": end, "reservations": list(reservations), "events": [], **more}


def dummy(**more):
    return {"resource_type": "virtual:dummy", **more}


def host(minimum=1, maximum=1, properties="", **more):
    return {"resource_type": "physical:host", "min": minimum, "max": maximum, "hypervisor_properties": "",
            "resource_properties": properties, **more}


def fip(amount=1, **more):
    return {"resource_type": "virtual:floatingip", "network_id": "{network:public}", "amount": amount, **more}


def instance(amount=1, vcpus=1, memory=512, disk=1, affinity="None", properties="", **more):
    return {"resource_type": "virtual:instance", "vcpus": vcpus, "memory_mb": memory, "disk_gb": disk,
            "amount": amount, "affinity": affinity, "resource_properties": properties, **more}


def flavor(amount=1, flavor_id="{flavor:m1.small}", **more):
    return {"resource_type": "flavor:instance", "flavor_id": flavor_id, "amount": amount, "affinity": "None", **more}


def without(body, *names):
    return {name: value for name, value in body.items() if name not in names}


def made(name, body, **more):
    """Creates a lease and reads it back."""
    return [post(body, name=name, **more), get("/leases/{lease:%s}" % name)]
