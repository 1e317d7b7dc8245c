"""I8: nothing of a person in the clear in any table, topic, log or metric; after an erasure nothing sealed either."""

from __future__ import annotations

import asyncio
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING
from uuid import UUID

import httpx

from contracts.topics import TOPICS
from sandbox.demo.people import PLACES, Person, person
from services.registry import SERVICES
from shared.messaging.record_batches import Unreadable
from tests.support.faults.violations import Violation

if TYPE_CHECKING:
    from tests.support.faults.busy_stack import BusyStack

_PHONE = re.compile(rb"139\d{8}(?!\d)")
_RESIDENT_ID = re.compile(rb"(?<!\d)\d{17}[\dX]")


class Needles:
    """What would betray one of the shoppers of this run."""

    def __init__(self, people: list[Person]) -> None:
        words = {who.name[1:] for who in people} | {place.street for place in PLACES}
        self._words = sorted({form for word in words for form in _forms(word)})
        self._phones = {who.phone.removeprefix("+86").encode() for who in people}
        self._ids = {who.resident_id.encode() for who in people}

    def hits_in(self, haystack: bytes) -> list[str]:
        words = [word.decode() for word in self._words if word in haystack]
        phones = self._phones.intersection(_PHONE.findall(haystack))
        ids = self._ids.intersection(_RESIDENT_ID.findall(haystack))
        return [*words, *(value.decode() for value in (*phones, *ids))]


def _forms(word: str) -> Iterator[bytes]:
    """As it is, in ASCII-only JSON, and as bytea is printed."""
    yield word.encode()
    yield json.dumps(word)[1:-1].encode()
    yield word.encode().hex().encode()


async def nothing_personal(busy: BusyStack) -> list[Violation]:
    needles = Needles([person(number) for number in range(busy.people)])
    return [
        *await _in_tables(busy, needles),
        *await _on_topics(busy, needles),
        *await _in_logs_and_metrics(busy, needles),
        *await _of_the_erased(busy),
    ]


async def _in_tables(busy: BusyStack, needles: Needles) -> list[Violation]:
    violations = []
    for service in SERVICES:
        for (table,) in await busy.stores.rows(service, "select tablename from pg_tables where schemaname = 'public'"):
            rows = await busy.stores.rows(service, f'select t::text as row from "{table}" as t')
            hits = await asyncio.to_thread(needles.hits_in, "\n".join(row["row"] for row in rows).encode())
            if hits:
                violations.append(Violation("I8", f"{service}.{table} holds {hits[:3]}"))
    return violations


async def _on_topics(busy: BusyStack, needles: Needles) -> list[Violation]:
    """By a reader that passes what cannot be decoded, whose bytes are looked at as they are."""
    ends = await busy.stores.ends()
    names = {topic.name for topic in TOPICS}
    contents: dict[str, list[bytes]] = defaultdict(list)
    async for partition, record in busy.stores.records([end for end in ends if end.topic in names]):
        if isinstance(record, Unreadable):
            contents[partition.topic].append(record.data)
        else:
            contents[partition.topic] += [record.key or b"", record.value or b"", repr(record.headers).encode()]
    violations = []
    for topic, parts in contents.items():
        hits = await asyncio.to_thread(needles.hits_in, b"\n".join(parts))
        if hits:
            violations.append(Violation("I8", f"{topic} holds {hits[:3]}"))
    return violations


async def _in_logs_and_metrics(busy: BusyStack, needles: Needles) -> list[Violation]:
    violations = []
    for log in sorted((busy.stack.run_dir / "logs").iterdir()):
        hits = needles.hits_in(await asyncio.to_thread(log.read_bytes))
        if hits:
            violations.append(Violation("I8", f"{log.name} holds {hits[:3]}"))
    async with httpx.AsyncClient(trust_env=False) as client:
        for service in SERVICES:
            hits = needles.hits_in((await client.get(f"{busy.stack.internal_urls[service]}/metrics")).content)
            if hits:
                violations.append(Violation("I8", f"the metrics of {service} hold {hits[:3]}"))
    return violations


async def _of_the_erased(busy: BusyStack) -> list[Violation]:
    """What an erased person leaves: nothing but what the table of legal grounds names."""
    erased = [UUID(order_id) for order_id in busy.erased]
    remnants = (
        ("orders", "persons", "contact is not null or national_id is not null"),
        ("customs", "persons", "contact is not null or national_id is not null"),
        ("carrier", "persons", "contact is not null or national_id is not null"),
        ("orders", "fingerprints", "digest is not null"),
        ("carrier", "labels", "pdf is not null"),
        ("customs", "hold_answers", "true"),
        ("customs", "payment_parts", "true"),
    )
    violations = []
    for service, table, condition in remnants:
        rows = await busy.stores.rows(
            service, f'select order_id from "{table}" where order_id = any($1) and ({condition})', erased
        )
        violations += [
            Violation("I8", f"{service}.{table} outlives an erasure", (str(row["order_id"]),)) for row in rows
        ]
    numbers = await busy.stores.rows("carrier", "select tracking_number from labels where order_id = any($1)", erased)
    for table in ("raw_scans", "callbacks"):
        rows = await busy.stores.rows(
            "carrier",
            f"select tracking_number from {table} where tracking_number = any($1) and body is not null",
            [row["tracking_number"] for row in numbers],
        )
        violations += [
            Violation("I8", f"carrier.{table} outlives an erasure of {row['tracking_number']}") for row in rows
        ]
    records = await busy.stores.rows(
        "orders",
        "select key from outbox where topic = 'orders.personal' and body is not null and key = any($1)",
        [str(order_id) for order_id in erased],
    )
    return [*violations, *(Violation("I8", "the outbox outlives an erasure", (row["key"],)) for row in records)]
