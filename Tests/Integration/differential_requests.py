"""The requests that differential.py sends, as data.

`{run}` becomes the name of the run, `{+90}` the time 90 minutes after the coming midnight 40 days ahead, `{now+5}` the
time in 5 minutes; `{lease:x}` and the like become each cloud's own identifier of what the step named `x` made.
"""
from __future__ import annotations

import copy
import datetime
import json
import random
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
    """Creates a lease, reads it back."""
    return [post(body, name=name, **more), get("/leases/{lease:%s}" % name)]


IDENTITY = [
    get("identity:", as_=None),
    get("identity:/auth/projects", pick=lambda body: {"names": [project["name"] for project in body["projects"]]}),
    get("identity:/projects", why="members may not list projects"),
    {"method": "POST", "target": "identity:/auth/tokens", "as": None, "why": "wrong password",
     "body": {"auth": {"identity": {"methods": ["password"], "password": {"user": {
         "name": "user1", "domain": {"name": "Default"}, "password": "wrong"}}}}}},
    {"method": "POST", "target": "identity:/auth/tokens", "as": None, "why": "unknown user",
     "body": {"auth": {"identity": {"methods": ["password"], "password": {"user": {
         "name": "nobody", "domain": {"name": "Default"}, "password": "wrong"}}}}}},
    {"method": "POST", "target": "identity:/auth/tokens", "as": None, "why": "unknown credential",
     "body": {"auth": {"identity": {"methods": ["application_credential"], "application_credential": {
         "id": "0" * 32, "secret": "wrong"}}}}},
]

FRAMEWORK = [
    get("/leases", as_=None, why="no token"),
    get("/leases", headers={"X-Auth-Token": "wrong"}),
    get("/nothing"),
    get("/leases/"),
    get("root:/v1"),
    get("root:/", headers_matter=False),
    get("root:/versions", headers_matter=False),
    get("/leases", headers={"OpenStack-API-Version": "reservation 1.0"}),
    get("/leases", headers={"OpenStack-API-Version": "reservation latest"}),
    get("/leases", headers={"OpenStack-API-Version": "reservation 1.99"}),
    get("/leases", headers={"OpenStack-API-Version": "reservation abc"}),
    get("/leases", headers={"OpenStack-API-Version": "reservation 01.0"}),
    get("/leases", headers={"OpenStack-API-Version": "compute 2.61"}),
    get("/leases", headers={"Accept": "application/xml"}),
    get("/leases?limit=1&name=x"),
    get("/leases.json"),
    {"method": "PATCH", "target": "/leases", "body": {}},
    {"method": "PUT", "target": "/leases", "body": {}},
    delete("/leases"),
    {"method": "POST", "target": "/leases", "raw": '{"name": "x", '},
    {"method": "POST", "target": "/leases", "raw": "[1, 2]"},
    {"method": "POST", "target": "/leases", "raw": "null"},
    {"method": "POST", "target": "/leases", "raw": "\"text\""},
    {"method": "POST", "target": "/leases", "raw": ""},
    {"method": "POST", "target": "/leases", "raw": "{}", "headers": {"Content-Type": "text/plain"}},
    {"method": "POST", "target": "/leases", "raw": "{}", "headers": {"Content-Type": "application/json; charset=utf-8"}},
    get("/plugins"),
]

INVENTORY = [
    get("/os-hosts"),
    get("/os-hosts/1"),
    get("/os-hosts/allocations"),
    get("/os-hosts/properties"),
    get("/os-hosts/properties?detail=True"),
    get("/os-hosts/resource_properties"),
    get("/os-hosts/1/allocation"),
    get("/os-hosts", **{"as": "admin"}),
    get("/os-hosts/1", **{"as": "admin"}, pick=lambda body: sorted(body["host"])),
    get("/os-hosts/none", **{"as": "admin"}),
    get("/os-hosts/properties", **{"as": "admin"}),
    get("/os-hosts/properties?detail=True", **{"as": "admin"}),
    get("/os-hosts/resource_properties", **{"as": "admin"}),
    get("/floatingips"),
    get("/floatingips/none"),
    get("/floatingips/allocations"),
    get("/networks"),
    get("/devices"),
    get("network:/v2.0/networks", pick=lambda body: [network for network in body["networks"]
                                                     if network["name"] in ("public", "sharednet1")],
        headers_matter=False),
    get("network:/v2.0/networks?name=public&fields=id&fields=name", headers_matter=False),
    get("network:/v2.0/networks/00000000-0000-0000-0000-000000000000", headers_matter=False),
    get("compute:/flavors", headers_matter=False),
    get("compute:/flavors/nope", headers_matter=False),
    get("compute:/flavors/detail", headers={"OpenStack-API-Version": "compute 2.61"}, headers_matter=False,
        pick=lambda body: [one for one in body["flavors"] if one["name"].startswith("m1.")]),
    get("compute:/os-aggregates", headers_matter=False),
]

CREATION = [
    *made("plain", lease(dummy())),
    *made("none", lease()),
    *made("no-lists", without(lease(), "reservations", "events")),
    *made("extra", lease(dummy(), colour="red")),
    *made("long80", lease(name="{run}" + "n" * 70)),
    post(lease(name="{run}" + "n" * 71), name="long81"),
    *made("umlaut", lease(name="{run} Übung 日本")),
    post(lease(name="{run} \N{ROCKET}"), name="rocket"),
    *made("empty-name", lease(name="")),
    post(lease(name=None), name="null-name"),
    post(lease(name={"a": 1}), name="object-name"),
    post(lease(name=17), name="number-name"),
    post(lease(name=True), name="bool-name"),
    post({}),
    post(without(lease(), "name")),
    post(without(lease(), "end_date")),
    post(without(lease(), "start_date", "end_date")),
    post(lease(start="{+120}", end="{+60}")),
    post(lease(start="{+60}", end="{+60}")),
    post(lease(start="{now-120}")),
    post(lease(start="2030-01-01T00:00:00Z")),
    post(lease(start="2030-01-01 00:00:00")),
    post(lease(end="tomorrow")),
    post(lease(end="2030-02-30 00:00")),
    *made("loose-date", lease(start="2040-1-2 3:4", end="2040-1-2 5:6")),
    post(lease(start=None)),
    post(lease(start=20300101)),
    post(lease(end="")),
    post(lease(reservations=None)),
    post(lease(reservations={})),
    post(lease(reservations="x")),
    post(lease("x")),
    post(lease({"amount": 1})),
    post(lease({"resource_type": "physical:gpu"})),
    post(lease({"resource_type": None})),
    post(lease({"resource_type": "network", "network_name": "x"})),
    post(lease(dummy(amount=99))),
    post(lease(dummy(amount="many"))),
    *made("dummy-resource", lease(dummy(resource_id="11111111-2222-4333-8444-555555555555"))),
    post(lease(dummy(), before_end_date="{+600}")),
    post(lease(dummy(), before_end_date="{+60}")),
    post(lease(dummy(), before_end_date="soon")),
    *made("before-end", lease(dummy(), before_end_date="{+90}")),
]

EVENTS = [
    *made("event", lease(dummy(), events=[{"event_type": "client_token:abc", "status": "DONE"}])),
    *made("event66", lease(events=[{"event_type": "t" * 66, "status": "DONE"}])),
    *made("event-bare", lease(events=[{"event_type": "client_token:abc"}])),
    *made("event-time", lease(events=[{"event_type": "x", "status": "DONE", "time": "{+70}"}])),
    *made("event-iso", lease(events=[{"event_type": "x", "status": "KEPT", "time": "2030-01-02T03:04:05.000000"}])),
    *made("event-extra", lease(events=[{"event_type": "x", "status": "DONE", "note": "hello"}])),
    *made("event-two", lease(events=[{"event_type": "x", "status": "DONE"}, {"event_type": "y", "status": "DONE"}])),
    *made("event-null-type", lease(events=[{"status": "DONE"}])),
    post(lease(events=None)),
    post(lease(events={})),
]

HOSTS = [
    *made("host", lease(host(properties=SKYLAKE))),
    *made("host-range", lease(host(1, 3), start="{+300}", end="{+360}")),
    *made("host-and", lease(host(properties=json.dumps(
        ["and", ["==", "$node_type", "gpu_p100"], ["==", "$gpu", "yes"]])), start="{+400}", end="{+430}")),
    post(lease(host(properties=json.dumps(["and", ["==", "$node_type", "gpu_p100"], ["==", "$gpu", "yes"]])),
               start="{+400}", end="{+430}"), name="host-and-again"),
    *made("host-ne", lease(host(properties=json.dumps(["!=", "$node_type", "compute_skylake"])),
                           start="{+500}", end="{+530}")),
    *made("host-vcpus", lease(host(properties=json.dumps([">=", "$vcpus", "4"])), start="{+500}", end="{+530}")),
    post(lease(host(properties=json.dumps([">", "$vcpus", "1000"])), start="{+550}", end="{+560}")),
    *made("host-single", lease(host(properties=json.dumps(["=", "$node_type", "compute_haswell"])),
                               start="{+600}", end="{+630}")),
    *made("host-nested", lease(host(properties=json.dumps(
        ["and", ["and", ["==", "$gpu", "yes"], ["==", "$node_type", "none"]], ["==", "$node_type", "compute_skylake"]])),
        start="{+640}", end="{+650}")),
    *made("host-hypervisor", lease(host(hypervisor_properties=json.dumps([">=", "$memory_mb", "4096"])),
                                   start="{+660}", end="{+670}")),
    *made("host-null", lease(host(properties=None), start="{+680}", end="{+690}")),
    *made("host-empty-list", lease(host(properties="[]"), start="{+700}", end="{+710}")),
    post(lease(host(5, 9))),
    post(lease(host(properties=json.dumps(["==", "$colour", "red"])))),
    post(lease(host(properties=json.dumps(["==", "$node_type", "gpu_v100"])))),
    post(lease(host(properties="[=="))),
    post(lease(host(properties="abc"))),
    post(lease(host(properties="5"))),
    post(lease(host(properties="{}"))),
    post(lease(host(properties=json.dumps(["~", "$node_type", "x"])))),
    post(lease(host(properties=json.dumps(["==", "node_type", "x"])))),
    post(lease(host(properties=json.dumps(["or", ["==", "$gpu", "yes"], ["==", "$gpu", "no"]])))),
    post(lease(host(properties=json.dumps(["==", "$vcpus", 4])))),
    post(lease(host(properties=["==", "$node_type", "compute_skylake"]))),
    post(lease(host(3, 1))),
    post(lease(host(0, 1))),
    post(lease(host(-1, 1))),
    post(lease(host("1", "1"))),
    post(lease(host("x", 1))),
    post(lease(host(1.5, 2))),
    post(lease(host(True, 2))),
    post(lease({"resource_type": "physical:host"})),
    post(lease(without(host(), "max"))),
    post(lease(without(host(), "hypervisor_properties"))),
    post(lease(without(host(), "resource_properties"))),
    post(lease(host(before_end="email"))),
    *made("host-snapshot", lease(host(before_end="snapshot"), start="{+720}", end="{+730}")),
    post(lease(host(2, 2, SKYLAKE), host(2, 2, SKYLAKE), start="{+740}", end="{+750}"), name="twice"),
    *made("all-three", lease(host(3, 3), start="{+760}", end="{+770}")),
    post(lease(host(), start="{+765}", end="{+775}"), name="crowded"),
    *made("adjacent", lease(host(3, 3), start="{+770}", end="{+780}")),
    post(lease(host(5, 5), before_end_date="{+600}"), why="the date is checked before there is too little"),
    get("/os-hosts/allocations", **{"as": "admin"}, pick=lambda body: sorted(
        {key for allocation in body["allocations"] for one in allocation["reservations"] for key in one})),
]

FLOATING_IPS = [
    *made("fip", lease(fip(2))),
    *made("fip-text", lease(fip("1"), start="{+200}", end="{+210}")),
    *made("fip-zero", lease(fip(0), start="{+220}", end="{+230}")),
    *made("fip-negative", lease(fip(-1), start="{+240}", end="{+250}")),
    *made("fip-required", lease(fip(2, required_floatingips=["203.0.113.202"]), start="{+260}", end="{+270}")),
    post(lease(fip(1, required_floatingips=["203.0.113.202"]), start="{+265}", end="{+266}"), name="fip-taken"),
    post(lease(fip(1, required_floatingips=["203.0.113.7"]), start="{+280}", end="{+281}"), name="fip-unknown"),
    post(lease(fip(1, required_floatingips=["203.0.113.201", "203.0.113.202"]))),
    post(lease(fip(1, required_floatingips=["nonsense"]))),
    post(lease(fip(50))),
    post(lease(fip("many"))),
    post(lease(fip(None))),
    post(lease(fip(1.5))),
    post(lease(without(fip(), "amount"))),
    post(lease(without(fip(), "network_id"))),
    post(lease(fip(network_id="00000000-0000-4000-8000-000000000000"))),
    post(lease(fip(network_id=""))),
    post(lease(fip(network_id=5))),
    *made("host+fip", lease(host(), fip(1), start="{+290}", end="{+295}")),
]

INSTANCES = [
    *made("instance", lease(instance(2), start="{+800}", end="{+810}")),
    *made("instance-properties", lease(instance(2, 2, 1024, 10, properties=json.dumps(
        ["==", "$node_type", "compute_haswell"])), start="{+820}", end="{+830}")),
    *made("affine", lease(instance(2, affinity=True), start="{+840}", end="{+850}")),
    *made("anti-affine", lease(instance(3, affinity="False"), start="{+860}", end="{+870}")),
    post(lease(instance(4, affinity=False), start="{+880}", end="{+890}"), name="too-apart"),
    *made("affinity-null", lease(instance(affinity=None), start="{+900}", end="{+910}")),
    post(lease(instance(affinity="maybe"), start="{+920}", end="{+930}"), name="affinity-maybe"),
    post(lease(instance(5000), start="{+940}", end="{+950}")),
    post(lease(instance(1, vcpus=1001), start="{+940}", end="{+950}")),
    post(lease(instance(0), start="{+940}", end="{+950}"), name="no-instances"),
    post(lease(instance("2"), start="{+940}", end="{+950}"), name="text-instances"),
    post(lease(without(instance(), "vcpus"))),
    post(lease(without(instance(), "amount"))),
    *made("whole-hosts", lease(instance(3, 1000, 800000, 600000), start="{+960}", end="{+970}")),
    post(lease(instance(), start="{+960}", end="{+970}"), name="no-room"),
    *made("flavor", lease(flavor(1), start="{+1000}", end="{+1010}")),
    *made("flavors", lease(flavor("2", "{flavor:m1.tiny}"), start="{+1020}", end="{+1030}")),
    post(lease(flavor(1, "{flavor:m1.large}"), start="{+1040}", end="{+1050}"), name="large"),
    post(lease(flavor(1, "nope"))),
    post(lease(flavor(50000))),
    post(lease(flavor(9, "{flavor:m1.small}"), start="{+1060}", end="{+1070}"), name="nine"),
    post(lease(flavor(0))),
    post(lease(flavor("x"))),
    post(lease(flavor(affinity="True"), start="{+1080}", end="{+1090}"), name="flavor-affine"),
    post(lease(without(flavor(), "amount"))),
    post(lease(without(flavor(), "amount", "affinity"))),
    post(lease(flavor(1), start="{+820}", end="{+830}"), name="mixed", why="instances and flavors on the same hosts"),
    post(lease(instance(1), start="{+1100}", end="{+1110}", events=[{"event_type": "x", "status": "DONE"}]), name="timeless"),
    post(lease(instance(1), start="{+1100}", end="{+1110}"), name="after-timeless",
         why="an event without a time spoils the hosts of its lease for other instances"),
    post(lease(flavor(1), start="{+1100}", end="{+1110}"), name="flavor-after-timeless"),
    post(lease(instance(1), start="{+1120}", end="{+1130}", events=[
        {"event_type": "x", "status": "DONE", "time": "{+1120}"}]), name="timed"),
    post(lease(instance(1), start="{+1120}", end="{+1130}"), name="after-timed"),
    post(lease(host(1), start="{+1140}", end="{+1150}", events=[{"event_type": "x", "status": "DONE"}]), name="timeless-host"),
    post(lease(instance(1), start="{+1140}", end="{+1150}"), name="after-timeless-host"),
    get("compute:/os-availability-zone", headers_matter=False, pick=lambda body: sorted(
        key for zone in body["availabilityZoneInfo"] if zone["zoneName"] == "nova" for key in zone)),
]

UPDATES = [
    post(lease(dummy(), before_end_date="{+90}"), name="u"),
    put("/leases/{lease:u}", {"name": "{run} renamed"}),
    put("/leases/{lease:u}", {}),
    put("/leases/{lease:u}", {"end_date": "{+200}"}),
    get("/leases/{lease:u}"),
    put("/leases/{lease:u}", {"start_date": "{+70}", "end_date": "{+180}", "name": "{run} u"}),
    put("/leases/{lease:u}", {"before_end_date": "{+100}"}),
    put("/leases/{lease:u}", {"end_date": "{now-60}"}),
    put("/leases/{lease:u}", {"start_date": "{now-60}"}),
    put("/leases/{lease:u}", {"end_date": "{+10}"}),
    put("/leases/{lease:u}", {"end_date": "tomorrow"}),
    put("/leases/{lease:u}", {"foo": "bar"}),
    put("/leases/{lease:u}", {"reservations": [{"id": "nosuch", "min": 1}]}),
    put("/leases/{lease:u}", {"reservations": [{"min": 1}]}),
    put("/leases/{lease:u}", {"reservations": [{"id": "{reservation:u/virtual:dummy}", "resource_type": "physical:host"}]}),
    put("/leases/{lease:u}", {"reservations": [{"id": "{reservation:u/virtual:dummy}", "resource_type": "nosuch"}]}),
    get("/leases/{lease:u}"),
    {"method": "PUT", "target": "/leases/{lease:u}", "raw": "[]"},
    {"method": "PUT", "target": "/leases/{lease:u}", "raw": "not json"},
    get("/leases/{lease:u}"),
    put("/leases/{lease:u}", {"end_date": 5}),
    get("/leases/{lease:u}", why="an exception that Blazar does not know leaves ERROR"),
    put("/leases/{lease:u}", {}, why="and the next update heals it"),
    get("/leases/{lease:u}"),
    put("/leases/{lease:u}", {"before_end_date": "{+900}"}),
    get("/leases/{lease:u}"),
    put("/leases/{lease:u}", {"name": "n" * 81}),
    get("/leases/{lease:u}"),
    put("/leases/{lease:u}", {"events": [{"event_type": "x", "status": "DONE"}]}),
    get("/leases/{lease:u}"),
    delete("/leases/{lease:u}"),
    delete("/leases/{lease:u}"),
    get("/leases/{lease:u}"),
    put("/leases/{lease:u}", {"name": "x"}),
    get("/leases/not-a-uuid"),
    delete("/leases/00000000-0000-4000-8000-000000000000"),
    post(lease(host(1, 1, SKYLAKE), fip(1), start="{+1200}", end="{+1260}"), name="h"),
    put("/leases/{lease:h}", {"reservations": [{"id": "{reservation:h/physical:host}", "min": 1, "max": 2}]}),
    get("/leases/{lease:h}"),
    put("/leases/{lease:h}", {"reservations": [{"id": "{reservation:h/physical:host}", "min": 9, "max": 9}]}),
    put("/leases/{lease:h}", {"reservations": [{"id": "{reservation:h/physical:host}", "min": 2, "max": 1}]}),
    put("/leases/{lease:h}", {"reservations": [{"id": "{reservation:h/physical:host}", "max": 1}]}),
    put("/leases/{lease:h}", {"reservations": [{"id": "{reservation:h/physical:host}", "resource_properties":
                                                json.dumps(["==", "$node_type", "compute_haswell"])}]}),
    put("/leases/{lease:h}", {"reservations": [{"id": "{reservation:h/physical:host}", "resource_properties":
                                                json.dumps(["==", "$colour", "red"])}]}),
    get("/leases/{lease:h}"),
    put("/leases/{lease:h}", {"reservations": [{"id": "{reservation:h/virtual:floatingip}", "amount": 2}]}),
    get("/leases/{lease:h}"),
    put("/leases/{lease:h}", {"reservations": [{"id": "{reservation:h/virtual:floatingip}", "network_id": "x"}]}),
    get("/leases/{lease:h}"),
    put("/leases/{lease:h}", {"end_date": "{+1300}"}),
    post(lease(host(3, 3), start="{+1300}", end="{+1360}"), name="next"),
    put("/leases/{lease:h}", {"end_date": "{+1330}"}, why="the next lease has every host"),
    get("/leases/{lease:h}"),
    delete("/leases/{lease:next}"),
    post(lease(instance(2), start="{+1400}", end="{+1410}"), name="i"),
    put("/leases/{lease:i}", {"reservations": [{"id": "{reservation:i/virtual:instance}", "amount": 3}]}),
    put("/leases/{lease:i}", {"reservations": [{"id": "{reservation:i/virtual:instance}", "vcpus": 2}]}),
    put("/leases/{lease:i}", {"reservations": [{"id": "{reservation:i/virtual:instance}", "amount": 0}]}),
    get("/leases/{lease:i}"),
    put("/leases/{lease:i}", {"end_date": "{+1420}"}),
    post(lease(flavor(1), start="{+1430}", end="{+1440}"), name="f"),
    put("/leases/{lease:f}", {"end_date": "{+1450}"}),
    put("/leases/{lease:f}", {"reservations": [{"id": "{reservation:f/flavor:instance}", "amount": 2}]}),
    get("/leases/{lease:f}"),
    put("/leases/{lease:f}", {"end_date": "{+1460}"}),
    get("/leases/{lease:f}"),
    delete("/leases/{lease:f}"),
]

SCOPES = [
    post(lease(dummy()), name="mine"),
    *[{"method": method, "target": "/leases/{lease:mine}", "as": account, "body": body}
      for account in ("user2", "user3") for method, body in (("GET", None), ("PUT", {"name": "{run} other"}))],
    {"method": "DELETE", "target": "/leases/{lease:mine}", "as": "user2"},
    get("/leases"),
    get("/leases", **{"as": "user2"}),
    get("/leases", **{"as": "user3"}),
    get("/leases", **{"as": "admin"}),
    get("/leases/{lease:mine}", **{"as": "admin"}),
    {"method": "DELETE", "target": "/leases/{lease:mine}", "as": "user3"},
    post(lease(dummy()), **{"as": "user1-appcred"}, why="Keystone 30 lets no application credential make a trust"),
    post(lease(dummy()), **{"as": "user1-appcred-restricted"}),
    get("/leases", **{"as": "user1-appcred-restricted"}),
    get("/os-hosts", **{"as": "user2"}),
]

LIFE = [
    post(lease(dummy(), start="now", end="{now+30}", before_end_date="{now+20}",
               events=[{"event_type": "client_token:life", "status": "DONE"}]), name="life"),
    post(lease(host(), fip(1), start="now", end="{now+30}"), name="life-host"),
    post(lease(flavor(1), start="now", end="{now+30}"), name="life-flavor"),
    {"wait": "life", "until": "ACTIVE"},
    {"wait": "life-host", "until": "ACTIVE"},
    {"wait": "life-flavor", "until": "ACTIVE"},
    get("/leases/{lease:life}"),
    get("/leases/{lease:life-host}"),
    get("/leases/{lease:life-flavor}"),
    get("network:/v2.0/floatingips?tags=reservation:{reservation:life-host/virtual:floatingip}", headers_matter=False,
        pick=lambda body: [{key: one[key] for key in one if key != "floating_ip_address"}
                           for one in body["floatingips"]]),
    get("compute:/flavors/{reservation:life-flavor/flavor:instance}", headers_matter=False),
    get("compute:/flavors/{reservation:life-flavor/flavor:instance}/os-extra_specs", headers_matter=False,
        pick=lambda body: len(body["extra_specs"])),
    get("compute:/flavors/{reservation:life-flavor/flavor:instance}", headers_matter=False, **{"as": "user2"}),
    {"next_minute": True},
    put("/leases/{lease:life}", {"start_date": "{now+10}"}),
    put("/leases/{lease:life}", {"end_date": "{now+60}"}),
    get("/leases/{lease:life}"),
    put("/leases/{lease:life-host}", {"end_date": "{now+60}"}),
    put("/leases/{lease:life-host}", {"reservations": [{"id": "{reservation:life-host/virtual:floatingip}", "amount": 0}]}),
    get("/leases/{lease:life-host}", why="taking from an active reservation leaves ERROR"),
    delete("/leases/{lease:life-host}"),
    delete("/leases/{lease:life-flavor}"),
    put("/leases/{lease:life}", {"end_date": "now"}),
    {"wait": "life", "until": "TERMINATED"},
    get("/leases/{lease:life}"),
    {"next_minute": True},
    put("/leases/{lease:life}", {"end_date": "{now+60}"}),
    put("/leases/{lease:life}", {"name": "{run} after its end"}),
    get("/leases/{lease:life}"),
    put("/leases/{lease:life}", {}),
    delete("/leases/{lease:life}"),
    get("/leases/{lease:life}"),
]

GROUPS = [
    ("identity", IDENTITY), ("framework", FRAMEWORK), ("inventory", INVENTORY), ("creation", CREATION),
    ("events", EVENTS), ("hosts", HOSTS), ("floating IPs", FLOATING_IPS), ("instances", INSTANCES),
    ("updates", UPDATES), ("scopes", SCOPES), ("life", LIFE),
]
for _, steps in GROUPS:
    for step in steps:
        if "as_" in step:
            step["as"] = step.pop("as_")


def random_steps(count: int, seed: int, comparison):
    """Random requests on leases that earlier ones made; the same seed gives the same requests."""
    chance = random.Random(seed)
    known: list[str] = []
    accounts = ["user1"] * 6 + ["user2"] * 2 + ["user3"] * 2 + ["admin"]

    def when(first=0, last=48):
        return "{+%d}" % (1500 + 30 * chance.randint(first, last))

    def reservation():
        kind = chance.choice(["dummy"] * 2 + ["host"] * 5 + ["fip"] * 4 + ["instance"] * 3 + ["flavor"] * 2)
        if kind == "dummy":
            return dummy(**chance.choice([{}, {"amount": 3}, {"amount": 11}]))
        if kind == "host":
            conditions = ["", "[]", SKYLAKE, json.dumps(["==", "$gpu", "yes"]), json.dumps([">", "$vcpus", "99"]),
                          json.dumps(["!=", "$gpu", "no"]), json.dumps(["<=", "$node_type", "compute_m"]),
                          json.dumps(["==", "$none", "x"]), json.dumps(["and", ["==", "$gpu", "no"],
                                                                       ["==", "$node_type", "compute_skylake"]]), "["]
            low = chance.choice([1, 1, 1, 2, 3, 0])
            return host(low, low + chance.choice([0, 0, 1, 2, -1]), chance.choice(conditions))
        if kind == "fip":
            return fip(chance.choice([0, 1, 1, 2, 3, 5, "2", "x"]), **chance.choice(
                [{}, {}, {}, {"required_floatingips": ["203.0.113.20%d" % chance.randint(1, 5)]}]))
        if kind == "instance":
            return instance(chance.randint(0, 5), chance.choice([1, 400, 1000, 1001]), chance.choice([512, 400000]),
                            chance.choice([1, 500]), chance.choice(["None", True, False, "x"]),
                            chance.choice(["", SKYLAKE]))
        return flavor(chance.choice([1, 2, 300, 3000]), chance.choice(["{flavor:m1.tiny}", "{flavor:m1.small}", "{flavor:m1.large}"]))

    for number in range(count):
        account = chance.choice(accounts)
        action = chance.choice(["create"] * 5 + ["get"] * 2 + ["put"] * 5 + ["delete"] * 2 + ["list"])
        if action == "create" or not known:
            name = f"r{number}"
            known.append(name)
            start, end = when(), when(1, 50)
            body = lease(*[reservation() for _ in range(chance.choice([0, 1, 1, 1, 1, 2]))], start=start, end=end)
            if chance.random() < 0.2:
                body["before_end_date"] = when()
            if chance.random() < 0.3:
                body["events"] = [{"event_type": "client_token:%d" % number, "status": "DONE"}]
            yield post(body, name=name, **{"as": account if account != "admin" else "user1"})
            continue
        target = "/leases/{lease:%s}" % chance.choice(known)
        if action == "get":
            yield get(target, **{"as": account})
        elif action == "list":
            yield get("/leases", **{"as": account})
        elif action == "delete":
            yield delete(target, **{"as": account})
        else:
            name = target[len("/leases/{lease:"):-1]
            kind = chance.choice(["physical:host", "virtual:floatingip", "virtual:instance", "virtual:dummy"])
            reference = "{reservation:%s/%s}" % (name, kind)
            changes = chance.choice([
                lambda: {"name": "{run} %d" % number}, lambda: {"end_date": when(1, 50)}, lambda: {"start_date": when()},
                lambda: {"start_date": when(), "end_date": when(1, 50)}, lambda: {"before_end_date": when()},
                # Growing only: which resource a shrinking reservation loses is chance, and shows later.
                lambda: {}, lambda: {"reservations": [{"id": reference, "max": chance.randint(3, 5)}]},
                lambda: {"reservations": [{"id": reference, "amount": chance.randint(5, 7)}]},
                lambda: {"end_date": when(1, 50), "reservations": [{"id": reference, "min": 1, "max": 3}]},
            ])
            yield put(target, changes(), **{"as": account})
