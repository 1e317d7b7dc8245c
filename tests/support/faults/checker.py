"""The invariants I1 to I9, checked from outside: public APIs, databases, topics, logs and the sandbox's account.

`now` is what must hold at any moment when nothing is behind; `at_the_end` is everything, once journeys are over. Both
return what is violated and for which orders; neither asks a service's code what it believes.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any
from uuid import UUID

from contracts.base import Event, lifted, name_of, parse_fact, versions_of
from contracts.carrier import LabelCreated
from contracts.topics import CARRIER, TOPICS, subscribed_by
from contracts.warehouse import ParcelHandedOver
from services.registry import SERVICES
from tests.support.faults.customs_checks import customs_in_order
from tests.support.faults.label_checks import labels_known, labels_on_record, one_label_scanned
from tests.support.faults.manifest_checks import (
    bordereaux_match,
    closed_manifests,
    manifests_match_facts,
    other_bordereaux,
)
from tests.support.faults.privacy_checks import nothing_personal
from tests.support.faults.violations import Violation

if TYPE_CHECKING:
    from tests.support.faults.busy_stack import BusyStack
    from tests.support.faults.witness import Answered

SUBSCRIPTIONS: Mapping[str, Sequence[type[Event]]] = {
    service: import_module(f"services.{service}.handlers").SUBSCRIPTIONS for service in SERVICES
}
CARRIER_READERS = tuple(service for service in SERVICES if CARRIER in subscribed_by(service))
"""Who reads the topic of the carrier service."""
PILES = ("available", "reserved", "shipped", "written_off")
_HAND_OVER = re.compile(r"/orders/([0-9a-f-]{36})/parcels/(\d+)/hand-over")
_PACK = re.compile(r"/orders/([0-9a-f-]{36})/parcels")
_CANCEL = re.compile(r"/orders/([0-9a-f-]{36})/cancel")


async def now(busy: BusyStack) -> list[Violation]:
    """I2, I3 at the first scan and of manifests, I5's single effect, I7's promises."""
    account = await busy.api.get("sandbox", "/control/account", None)
    manifests = await manifests_match_facts(busy)
    violations = [*await stock_adds_up(busy), *one_label_scanned(account), *manifests, *await each_fact_once(busy)]
    return [*violations, *await promises_kept(busy), *await callbacks_kept(busy, account)]


async def at_the_end(busy: BusyStack) -> list[Violation]:
    """All of them. Meant for when every order had the time to come to its end and nothing is behind."""
    account = await busy.api.get("sandbox", "/control/account", None)
    facts = {service: await facts_of(busy, service) for service in SERVICES}
    return [
        *await now(busy),
        *await every_order_ends(busy),
        *labels_on_record(account, await labels_known(busy)),
        *bordereaux_match(account, await closed_manifests(busy), await other_bordereaux(busy)),
        *await timelines_are_the_events(busy, facts["carrier"]),
        *await consumed_is_what_was_published(busy),
        *customs_in_order(account, facts["customs"], _numbers(busy)),
        *await nothing_personal(busy),
    ]


async def facts_of(busy: BusyStack, service: str) -> dict[UUID, list[Event]]:
    """The sets of facts of the orders that we placed."""
    ours = [UUID(order_id) for order_id in busy.orders.by_id]
    rows = await busy.stores.rows(
        service, "select stream_id as order_id, type, body from facts where stream_id = any($1)", ours
    )
    facts_by_order: dict[UUID, list[Event]] = defaultdict(list)
    for row in rows:
        facts_by_order[row["order_id"]].append(lifted(parse_fact(row["type"], row["body"])))
    return facts_by_order


def _numbers(busy: BusyStack) -> dict[str, str]:
    return {order.number: order.id for order in busy.orders.by_id.values()}


# --- I1 ---


async def every_order_ends(busy: BusyStack) -> list[Violation]:
    """An order that was accepted is there, and has ended as its scenario says or waits where a person sees it."""
    documents = {
        document["id"]: document
        async for document in busy.api.pages("orders", "/orders", "orders", "operator", limit=200)
    }
    waiting = defaultdict(list)
    async for case in busy.api.pages("orders", "/cases", "cases", "operator", status="open", limit=200):
        waiting[case["order_id"]].append(case)
    broken = []
    for order in busy.orders.by_id.values():
        document = documents.get(order.id)
        if document is None:
            broken.append(Violation("I1", "was accepted and is not there", (order.id,)))
        elif document["closed_at"] is None:
            if not any(case["freed_by"] for case in waiting[order.id]):
                broken.append(Violation("I1", f"neither ends nor waits in a case: {document['status']}", (order.id,)))
        elif document["status"] != order.scenario.outcome and order.id not in busy.lawful:
            reason = f"{document['status']} ({document['reason']}) instead of {order.scenario.outcome}"
            broken.append(Violation("I1", f"ended as {reason}", (order.id,)))
    return broken


# --- I2 ---


async def stock_adds_up(busy: BusyStack) -> list[Violation]:
    """By the public list, and by the sum of all movements."""
    violations = []
    rows = {row["sku"]: row async for row in busy.api.pages("warehouse", "/stock", "stock", "warehouse", limit=100)}
    for sku, row in rows.items():
        if min(row[pile] for pile in ("received", *PILES)) < 0:
            violations.append(Violation("I2", f"{sku} is negative: {row}"))
        if row["received"] != sum(row[pile] for pile in PILES):
            violations.append(Violation("I2", f"{sku} does not add up: {row}"))
    moved = await busy.stores.rows(
        "warehouse", "select sku, sum(quantity) as units from movements where kind = 'received' group by sku"
    )
    violations += [
        Violation("I2", f"{row['sku']}: {row['units']} units came in, the stock list shows another number")
        for row in moved
        if row["sku"] in rows and rows[row["sku"]]["received"] != row["units"]
    ]
    twice = await busy.stores.rows(
        "warehouse",
        """select order_id, sku from movements where order_id is not null
           group by order_id, sku, kind, subject having count(*) > 1""",
    )
    return [*violations, *(Violation("I2", f"{row['sku']} was moved twice", (str(row["order_id"]),)) for row in twice)]


# --- I4 ---


async def timelines_are_the_events(busy: BusyStack, carrier: Mapping[UUID, Sequence[Event]]) -> list[Violation]:
    """The timeline of tracking is what the carrier knows of the parcels: each event once, none more, by event time."""
    violations = []
    for order in busy.orders.by_id.values():
        labels = [event for event in carrier.get(UUID(order.id), ()) if isinstance(event, LabelCreated)]
        if not labels:
            continue
        happened: set[tuple[int, str, str]] = set()
        for label in labels:
            parcel = await busy.api.get("sandbox", f"/control/parcels/{label.tracking_number}", None)
            happened |= {(label.parcel, event["code"], _minute(event["at"])) for event in parcel["events"]}
        timeline = (await busy.api.get("tracking", f"/orders/{order.id}/tracking", None, secret=order.secret))[
            "timeline"
        ]
        scans = [(e["parcel"], e["code"], _minute(e["at"])) for e in timeline if e["kind"] == "parcel-scanned"]
        if len(scans) != len(set(scans)):
            violations.append(Violation("I4", "an event is shown twice", (order.id,)))
        if set(scans) != happened:
            words = f"not shown: {sorted(happened - set(scans))}, invented: {sorted(set(scans) - happened)}"
            violations.append(Violation("I4", words, (order.id,)))
        instants = [datetime.fromisoformat(entry["at"]) for entry in timeline]
        if instants != sorted(instants):
            violations.append(Violation("I4", "not in the order of time", (order.id,)))
    return violations


def _minute(instant: str) -> str:
    return f"{datetime.fromisoformat(instant).timestamp() // 60:.0f}"


# --- I5 ---


async def each_fact_once(busy: BusyStack) -> list[Violation]:
    """No fact counts twice, and no dead letter waits that no test has made."""
    violations = []
    for service in SERVICES:
        twice = await busy.stores.rows(
            service,
            """select stream_id as order_id, type, count(*) as n from facts
               group by stream_id, id, type having count(*) > 1""",
        )
        violations += [
            Violation("I5", f"{service} counts {row['type']} {row['n']} times", (str(row["order_id"]),))
            for row in twice
        ]
        dead = await busy.stores.rows(
            service, "select stream_id as order_id, type, cause from dead_letters where replayed_at is null"
        )
        violations += [
            Violation("I5", f"{service} holds a dead {row['type']}: {row['cause']}", (str(row["order_id"]),))
            for row in dead
            if (service, row["type"], str(row["order_id"])) not in busy.dead_lettered
        ]
    return violations


async def consumed_is_what_was_published(busy: BusyStack) -> list[Violation]:
    """Every published fact was consumed by everyone who subscribes to it, and nobody consumed what nobody published."""
    violations = []
    published: dict[str, dict[UUID, tuple[str, str]]] = {}
    for service in SERVICES:
        rows = await busy.stores.rows(service, "select event_id, key, type, topic from outbox")
        for row in rows:
            published.setdefault(row["topic"], {})[row["event_id"]] = (row["type"], row["key"])
    types = {name for topic in TOPICS for name in topic.types}
    everything = {event for topic in published.values() for event in topic}
    for service in SERVICES:
        rows = await busy.stores.rows(service, "select id, stream_id as order_id, type from facts where not published")
        consumed = {row["id"] for row in rows}
        kinds = {name for kind in SUBSCRIPTIONS[service] for name in versions_of(kind)}
        dead = await busy.stores.rows(
            service, "select stream_id as order_id, type from dead_letters where replayed_at is null"
        )
        dead_lettered = {
            (row["type"], str(row["order_id"]))
            for row in dead
            if (service, row["type"], str(row["order_id"])) in busy.dead_lettered
        }
        for topic in subscribed_by(service):
            for event, (kind, order_id) in published.get(topic.name, {}).items():
                if kind in kinds and event not in consumed and (kind, order_id) not in dead_lettered:
                    violations.append(Violation("I5", f"{service} never consumed {kind} of {topic.name}", (order_id,)))
        violations += [
            Violation("I5", f"{service} consumed a {row['type']} that nobody published", (str(row["order_id"]),))
            for row in rows
            if row["type"] in types and row["id"] not in everything
        ]
    return violations


# --- I7 ---


async def promises_kept(busy: BusyStack) -> list[Violation]:
    """What was answered with 2xx is in the database."""
    promise_readers: Mapping[str, Callable[[Answered], tuple[str, str] | None]] = {
        "orders": _said_by_orders,
        "warehouse": _said_by_warehouse,
    }
    violations = []
    for service, reads in promise_readers.items():
        wanted = {promise for answered in busy.api.promises if (promise := reads(answered)) is not None}
        ids = sorted({UUID(order_id) for order_id, _ in wanted})
        rows = await busy.stores.rows(
            service, "select stream_id as order_id, type, body from facts where published and stream_id = any($1)", ids
        )
        there = {(str(row["order_id"]), _short(row["type"], row["body"])) for row in rows}
        violations += [
            Violation("I7", f"{service} answered 2xx and holds no {kind}", (order_id,))
            for order_id, kind in sorted(wanted - there)
        ]
    return violations


def _said_by_orders(promise: Answered) -> tuple[str, str] | None:
    if promise.path == "/orders":
        return promise.answer["id"], "order-placed.v1"
    cancelled = _CANCEL.fullmatch(promise.path)
    return (cancelled[1], "cancel-requested.v1") if cancelled else None


def _said_by_warehouse(promise: Answered) -> tuple[str, str] | None:
    if packed := _PACK.fullmatch(promise.path):
        return packed[1], "order-packed.v1"
    handed = _HAND_OVER.fullmatch(promise.path)
    return (handed[1], f"parcel-handed-over {handed[2]} {promise.sent['tracking_number']}") if handed else None


def _short(kind: str, body: str) -> str:
    if name_of(kind) != ParcelHandedOver.NAME:
        return kind
    event: Any = parse_fact(kind, body)
    return f"{event.NAME} {event.parcel} {event.tracking_number}"


async def callbacks_kept(busy: BusyStack, account: Mapping[str, Any]) -> list[Violation]:
    """A call-back that was answered with 2xx lies in the database."""
    stored = await busy.stores.value("carrier", "select count(*) from callbacks")
    repeated = account["faults"].get("webhook", {}).get("duplicate", 0)
    sent = account["callbacks"]["sent"] - repeated
    return [Violation("I7", f"{sent} call-backs were answered 2xx, {stored} are kept")] if stored < sent else []


def about(violations: Iterable[Violation], busy: BusyStack) -> dict[str, list[Violation]]:
    """By the id of the order that each is about; those about none under the empty id."""
    numbers = _numbers(busy)
    violations_by_order: dict[str, list[Violation]] = defaultdict(list)
    for violation in violations:
        ids = [*violation.orders, *(numbers.get(sub.rpartition("-")[0], "") for sub in violation.sub_orders)]
        violations_by_order[ids[0] if ids else ""].append(violation)
    return violations_by_order
