"""Random requests for differential.py."""
from __future__ import annotations

import json
import random

from differential_steps import get, delete, put, post, lease, dummy, host, fip, instance, flavor


# Hosts are distinguished only by the order in which a cloud picks them, because the properties of a host in this
# order are not the same on both sides.
FIRST, SECOND, THIRD = ("{host:%d}" % number for number in (1, 2, 3))


def named(host):
    return json.dumps(["==", "$hypervisor_hostname", host])


def others(*hosts):
    conditions = [["!=", "$hypervisor_hostname", host] for host in hosts]
    return json.dumps(conditions[0] if len(conditions) == 1 else ["and", *conditions])


def random_steps(count: int, seed: int, comparison):
    """Random requests on leases that earlier ones made. The same seed gives the same requests."""
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
            conditions = ["", "[]", "[", named(FIRST), named(THIRD), others(SECOND), others(FIRST, THIRD),
                          json.dumps([">", "$vcpus", "99"]), json.dumps(["<", "$vcpus", "99"]),
                          json.dumps(["==", "$none", "x"])]
            low = chance.choice([1, 1, 1, 2, 3, 0])
            return host(low, low + chance.choice([0, 0, 1, 2, -1]), chance.choice(conditions))
        if kind == "fip":
            return fip(chance.choice([0, 1, 1, 2, 3, 5, "2", "x"]), **chance.choice(
                [{}, {}, {}, {"required_floatingips": ["{address:%d}" % chance.randint(1, 5)]}]))
        if kind == "instance":
            return instance(chance.randint(0, 5), chance.choice([1, 400, 1000, 1001]), chance.choice([512, 400000]),
                            chance.choice([1, 500]), chance.choice(["None", True, False, "x"]),
                            chance.choice(["", named(SECOND)]))
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
                # Only growing: a shrinking reservation loses a random resource, which shows later.
                lambda: {}, lambda: {"reservations": [{"id": reference, "max": chance.randint(3, 5)}]},
                lambda: {"reservations": [{"id": reference, "amount": chance.randint(5, 7)}]},
                lambda: {"end_date": when(1, 50), "reservations": [{"id": reference, "min": 1, "max": 3}]},
            ])
            yield put(target, changes(), **{"as": account})
