"""Hours, service units and early endings by docs/reports.md, computed a second time, from the documented views.

This is slow and simple on purpose: it uses nothing of the program, and states every rule once, in the page's order.
"""

import contextlib
import json
import sqlite3
from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

PAST, FUTURE = -62_135_596_800, 253_402_300_800
NODES = ("physical:host", "device")


@dataclass
class Reservation:
    resource_type: str
    node_type: str | None
    minimum: int | None
    maximum: int | None
    amount: int | None
    missing: bool
    allocated: int | None
    #: Its kind, under the name that rates use.
    kind: str | None = None

    def units(self):
        """The number of units, and whether it is an estimate; None if it is unknown."""
        if self.allocated:
            return self.allocated, self.missing
        if self.resource_type in NODES:
            most = self.maximum if self.maximum is not None else self.minimum
            least = self.minimum if self.minimum is not None else most
            return None if most is None or not 0 <= most <= 1_000_000 else (most, self.missing or most != least)
        if self.resource_type == "network":
            return 1, self.missing
        return None if self.amount is None else (self.amount, self.missing)

    def nodes(self):
        return self.units() if self.resource_type in NODES else (0, False)


@dataclass
class Lease:
    site: str
    id: str
    name: str
    status: str
    project_id: str
    project: str
    user_id: str
    user: str
    start: int
    end: int
    deleted: str | None
    gone_after: int | None
    gone_before: int | None
    last_seen: int
    has_started: bool = False
    reservations: list = field(default_factory=list)
    reserved: list = field(default_factory=list)

    def held(self):
        """The period, and up to when it is certain; None if nothing was held."""
        if self.start >= self.end or self.never_started() or (self.status == "ERROR" and not self.has_started):
            return None
        end = self.end
        if self.deleted == "deleted":
            if self.gone_before <= self.start:
                return None
            end = min(self.end, self.gone_before)
        sure = self.last_seen if self.deleted is None else self.gone_after
        if self.status == "ERROR":
            sure = self.start
        elif self.status == "TERMINATED" and self.deleted is None:
            sure = end
        return self.start, end, min(end, max(self.start, sure))

    def never_started(self):
        seen = self.last_seen if self.deleted is None else self.gone_after
        return self.status in ("PENDING", "CREATING") and seen >= self.end

    def unused(self):
        """The periods in which it was reserved but did not hold anything; the reason; whether they include a bound."""
        held = self.held()
        taken = (held[0], held[1]) if held else (0, 0)
        points = sorted({moment for span in self.reserved for moment in span} | set(taken))
        left = [(a, b) for a, b in zip(points, points[1:])
                if any(s <= a and b <= e for s, e in self.reserved) and not (taken[0] <= a and b <= taken[1])]
        if self.status == "ERROR" and not held:
            reason = "error"
        elif self.deleted == "deleted" and self.gone_before <= self.start:
            reason = "cancelled"
        elif self.never_started():
            reason = "never_started"
        elif self.deleted == "deleted" and held and held[1] < self.end:
            reason = "deleted"
        else:
            reason = "shortened"
        return left, reason, bool(held and held[2] < held[1])

    def label(self, dimension, reservation, reason=None):
        return {
            "site": self.site, "project": self.project, "project_id": self.project_id, "user": self.user,
            "user_id": self.user_id, "lease": self.id, "lease_name": self.name, "reason": reason,
            "node_type": reservation and reservation.node_type,
            "resource_type": reservation and reservation.resource_type,
        }[dimension]


def leases(database):
    """Every lease, from the views."""
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.row_factory = sqlite3.Row
        found = {}
        for row in connection.execute("SELECT * FROM v_lease"):
            found[row["site"], row["id"]] = Lease(
                row["site"], row["id"], row["name"], row["status"], row["project_id"],
                row["project_name"] or row["project_id"], row["user_id"], row["user_name"] or row["user_id"],
                row["start_at"], row["end_at"], row["deleted"], seconds(row["deleted_after"]),
                seconds(row["deleted_before"]), 0)
        for row in connection.execute("SELECT * FROM v_history"):
            lease = found[row["site"], row["lease_id"]]
            if row["observed_until"] is None:
                lease.last_seen = seconds(row["last_seen_at"])
            if row["deleted"] is None or row["observed_until"] is None:
                span = seconds(row["start_date"]), seconds(row["end_date"])
                if span[0] < span[1]:
                    lease.reserved.append(span)
        for row in connection.execute("SELECT * FROM v_event WHERE event_type = 'start_lease' AND status = 'DONE'"):
            found[row["site"], row["lease_id"]].has_started = True
        for row in connection.execute("SELECT * FROM v_reservation"):
            found[row["site"], row["lease_id"]].reservations.append(Reservation(
                row["resource_type"], row["node_type"], row["min"], row["max"], row["amount"],
                bool(row["missing_resources"]), allocated(connection, row["id"]), kind(row)))
        return list(found.values())


def kind(row):
    """The flavor's name; the machine name of devices, if it is a single condition; otherwise the node type."""
    properties = json.loads(row["resource_properties"] or "null")
    if row["resource_type"] == "flavor:instance" and properties:
        return properties["name"]
    if row["resource_type"] == "device" and properties and properties[:2] == ["==", "$machine_name"]:
        return properties[2]
    return row["node_type"]


def allocated(connection, reservation):
    """Those in the last list, according to the scope that was read last."""
    held = {}
    for resource, scope, last_seen in connection.execute(
            "SELECT resource_id, scope_id, last_seen_at FROM v_allocation WHERE reservation_id = ?", (reservation,)):
        held.setdefault((last_seen, scope), set()).add(resource)
    return max(((last_seen, len(found)) for (last_seen, _), found in held.items()), default=(None, None))[1]


def seconds(text):
    return None if text is None else int(datetime.fromisoformat(text).timestamp())


# Calendar


class Calendar:
    """The beginnings of a zone's buckets between two times."""

    def __init__(self, bucket, zone, first, last):
        self.edges = [PAST, FUTURE]
        if bucket is None:
            return
        zone = ZoneInfo(zone)
        day = datetime.fromtimestamp(first, zone).date() - timedelta(days=40)
        day = {"day": day, "week": day - timedelta(days=day.weekday()), "month": day.replace(day=1)}[bucket]
        self.edges = []
        while not self.edges or self.edges[-1] <= last:
            edge = beginning(day, zone)
            if not self.edges or edge > self.edges[-1]:
                self.edges.append(edge)
            day += {"day": timedelta(days=1), "week": timedelta(days=7),
                    "month": timedelta(days=32)}[bucket]
            if bucket == "month":
                day = day.replace(day=1)

    def pieces(self, start, end):
        """Each bucket's beginning and the part of a period in it."""
        index = bisect_right(self.edges, start) - 1
        while start < end:
            to = min(end, self.edges[index + 1])
            yield self.edges[index], start, to
            start, index = to, index + 1


def beginning(day: date, zone):
    """The first time at which the zone's clocks have reached midnight of the day."""
    midnight = datetime(day.year, day.month, day.day)
    shown = lambda moment: datetime.fromtimestamp(moment, zone).replace(tzinfo=None)  # noqa: E731
    moments = [int(midnight.replace(tzinfo=zone, fold=fold).timestamp()) for fold in (0, 1)]
    exact = [moment for moment in moments if shown(moment) == midnight]
    if exact:
        return min(exact)
    low, high = min(moments) - 90_000, max(moments) + 90_000
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if shown(middle) >= midnight else (middle, high)
    return high


# Reports: rows by (bucket, *labels)


def hours(found, dimensions, bucket, zone, start, end, unused=False):
    """{(bucket, *labels): [lease seconds, node seconds or None, estimated, leases]}"""
    calendar = calendar_for(found, bucket, zone)
    rows = {}
    for lease in found:
        if unused:
            spans, reason, is_bound = lease.unused()
            spans = [(a, b, a if is_bound else b) for a, b in spans]
        else:
            reason, spans = None, [lease.held()] if lease.held() else []
        counted = set()
        for a, b, sure in spans:
            for edge, x, y in calendar.pieces(max(a, start), min(b, end)):
                seen = set()
                by_reservation = {"node_type", "resource_type"} & set(dimensions)
                parts = [[r] for r in lease.reservations] if by_reservation and lease.reservations else [lease.reservations]
                for part in parts:
                    one = part[0] if by_reservation and part else None
                    key = (edge, *(lease.label(d, one, reason) for d in dimensions))
                    row = rows.setdefault(key, [0, 0, False, 0])
                    if key not in seen:
                        row[0] += y - x
                    if key not in counted:
                        row[3] += 1
                    seen.add(key)
                    counted.add(key)
                    counts = [r.nodes() for r in part] if lease.status or lease.reservations else [None]
                    if None in counts:
                        row[1], row[2] = None, True
                    elif row[1] is not None:
                        row[1] += (y - x) * sum(count for count, _ in counts)
                    if y > sure or any(count and count[1] for count in counts):
                        row[2] = True
    return rows


def service_units(found, rates, dimensions, bucket, zone, start, end):
    """{(bucket, *labels): [service units or None, unrated unit-seconds]}; rates are (type, kind, rate, from, to)."""
    calendar = calendar_for(found, bucket, zone)
    rows = {}
    for lease in found:
        held = lease.held()
        if held and not lease.status and not lease.reservations:
            for edge, _, _ in calendar.pieces(max(held[0], start), min(held[1], end)):
                rows.setdefault((edge, *(lease.label(d, None) for d in dimensions)), [0.0, 0])[0] = None
        for reservation in lease.reservations if held else []:
            lines = [r for r in rates if r[0] == reservation.resource_type]
            if not lines:
                continue
            own = [r for r in lines if r[1] == reservation.kind] or [r for r in lines if r[1] is None]
            cuts = sorted({m for r in own for m in r[3:]} | {held[0], held[1]})
            for a, b in zip(cuts, cuts[1:]):
                for edge, x, y in calendar.pieces(max(a, held[0], start), min(b, held[1], end)):
                    row = rows.setdefault((edge, *(lease.label(d, reservation) for d in dimensions)), [0.0, 0])
                    units = reservation.units()
                    rate = next((r[2] for r in own if r[3] <= x and y <= r[4]), None)
                    if units is None:
                        row[0] = None
                    elif rate is None:
                        row[0] = None
                        row[1] += (y - x) * units[0]
                    elif row[0] is not None:
                        row[0] += (y - x) * units[0] * rate / 3_600
    return rows


def calendar_for(found, bucket, zone):
    moments = [m for lease in found for span in [*lease.reserved, (lease.start, lease.end)] for m in span]
    return Calendar(bucket, zone, min(moments, default=0), max(moments, default=0))


def moment(seconds_since_1970):
    return datetime.fromtimestamp(seconds_since_1970, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
