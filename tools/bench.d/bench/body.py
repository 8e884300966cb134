"""Makes the body of `GET /v1/leases`, always the same for a number of leases.

Each lease has the form and about the size of a real Blazar's recorded leases: 1.58 kB on average, 158 MB for 100,000.
The body is written lease by lease to keep this process small, because the kernel never reports a lower peak memory for
a child than its parent had at the time.
"""
from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path

PROJECT = "17d8f03477ff499f8705a39a43bfd9af"
USER = "2667b024aaa1470ebb475471eac5f450"
EPOCH = datetime(2026, 1, 1, tzinfo=timezone.utc)
NODE_TYPES = ("compute_skylake", "compute_cascadelake_r", "gpu_rtx_6000", "storage_nvme")
STATUSES = (("TERMINATED", "deleted", "DONE"), ("ACTIVE", "active", "DONE"), ("PENDING", "pending", "UNDONE"))


def name(index: int) -> str:
    """The name of a lease, which is unique."""
    return f"experiment-{index:07d}"


def identifier(kind: int, index: int, part: int = 0) -> str:
    """A UUID that looks random. Multiplication by an odd number is a permutation, so none occurs twice."""
    bits = ((index * 8 + part) * 4 + kind) * 0x9E3779B97F4A7C15F39CC0605CEDC835 & (1 << 128) - 1
    text = f"{bits:032x}"
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


def lease(index: int) -> dict:
    starts = EPOCH + timedelta(minutes=index * 7 % 525_600)
    ends = starts + timedelta(hours=1 + index % 167)
    created = starts - timedelta(seconds=600 + index % 3_600)
    status, reservation_status, event_status = STATUSES[index * 7919 % len(STATUSES)]
    own_id = identifier(0, index)
    record = {"created_at": f"{created:%Y-%m-%d %H:%M:%S}", "updated_at": f"{starts:%Y-%m-%d %H:%M:%S}"}
    events = [("start_lease", starts), ("end_lease", ends)]
    if index % 13 < 5:
        events.append(("before_end_lease", ends - timedelta(minutes=30)))
    return {
        "id": own_id, "name": name(index), "user_id": USER, "project_id": PROJECT,
        "start_date": f"{starts:%Y-%m-%dT%H:%M:00.000000}", "end_date": f"{ends:%Y-%m-%dT%H:%M:00.000000}",
        "trust_id": identifier(1, index).replace("-", ""), "status": status, "degraded": False, **record,
        "reservations": [{
            "id": identifier(2, index), "lease_id": own_id, "resource_id": identifier(2, index, 1),
            "resource_type": "physical:host", "status": reservation_status, "missing_resources": False,
            "resources_changed": False, **record,
            "resource_properties": json.dumps(["==", "$node_type", NODE_TYPES[index % len(NODE_TYPES)]]),
            "hypervisor_properties": "", "before_end": "default", "min": 1, "max": 1 + index % 4, "on_start": "default",
        }],
        "events": [{
            "id": identifier(3, index, part), "lease_id": own_id, "event_type": kind,
            "time": f"{moment:%Y-%m-%dT%H:%M:00.000000}", "status": event_status, **record,
        } for part, (kind, moment) in enumerate(events)],
    }


def write(path: Path, count: int) -> int:
    """Writes the body for a number of leases, unless it exists.

    Returns its size in bytes.
    """
    if not path.exists():
        unfinished = path.with_suffix(".part")
        with unfinished.open("w", encoding="utf-8", buffering=1 << 20) as file:
            file.write('{"leases": [')
            for index in range(count):
                file.write((", " if index else "") + json.dumps(lease(index)))
            file.write("]}\n")
        unfinished.rename(path)
    return path.stat().st_size
