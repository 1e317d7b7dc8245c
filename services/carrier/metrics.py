"""What the carrier service measures beyond the platform: call-backs, transit times, scans, unconfirmed labels, and the
results of label calls."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg
from prometheus_client import Counter, Gauge, Histogram

from contracts.base import Event
from contracts.carrier import ParcelDelivered, ParcelDestroyed, ParcelLost, ParcelReturned
from contracts.warehouse import ParcelHandedOver
from services.carrier.carriers import CARRIERS
from services.carrier.carriers.carrier import Connected
from services.carrier.domain.carrier import (
    AddressRefused,
    AnswerLost,
    LabelAnswer,
    LabelMade,
    LabelRejected,
    OperationRefused,
    TryLater,
    Unexplained,
)
from services.carrier.domain.windows import REASONS
from services.carrier.store import allotted_numbers, bordereaux, feed_files, labels, scans, unconfirmed_labels
from shared.ledger.facts import Facts

EVERY_SECONDS = 30.0
DAY = 86_400.0

CALL_BACKS = Counter(
    "carrier_callbacks",
    "call-backs by what became of them: kept, repeated, of no event (ignored), unreadable, or the header for which they"
    " were refused",
    ["outcome"],
)
_REFUSING_HEADERS = (
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
    "aftership-hmac-sha256",
    "x-hmac-signature",
)
for _outcome in ("kept", "repeated", "ignored", "unreadable", *_REFUSING_HEADERS):
    CALL_BACKS.labels(_outcome)
LABEL_ANSWERS = Counter(
    "carrier_label_answers",
    "answers to label calls, by what they mean: made, later, lost, or whose fault a refusal is",
    ["carrier", "meaning"],
)
_MEANINGS: dict[type[LabelAnswer], str] = {
    LabelMade: "made",
    LabelRejected: "parcel",
    AddressRefused: "address",
    OperationRefused: "settings",
    Unexplained: "unexplained",
    TryLater: "later",
    AnswerLost: "lost",
}
for _carrier in CARRIERS:
    for _meaning in _MEANINGS.values():
        LABEL_ANSWERS.labels(_carrier.name, _meaning)
TRANSIT = Histogram(
    "carrier_parcel_transit_seconds",
    "from hand-over to a parcel's end, business time",
    ["outcome"],
    buckets=[days * DAY for days in (3, 5, 7, 9, 11, 14, 18, 22, 28, 35, 45, 60)],
)
UNCONFIRMED = Gauge("carrier_unconfirmed_labels", "labels that may exist at the carrier: an answer was lost")
REFUSED_BORDEREAUX = Gauge("carrier_refused_bordereaux", "lists of handed-over parcels that the carrier does not make")
UNUSED_SCANNED = Gauge("carrier_unused_labels_scanned", "labels that were never shown and yet travel: should be none")
UNPUBLISHED_AGE = Gauge("carrier_scans_oldest_unpublished_age_seconds", "of a scan whose parcel is known; real time")
NUMBERS_LEFT = Gauge("carrier_label_numbers_left", "numbers for labels that we print ourselves", ["carrier"])
FEED_FILES = Gauge("carrier_feed_files_to_settle", "files of a feed that wait for a person", ["carrier"])
FEED_SILENCE = Gauge(
    "carrier_feed_silent_seconds", "since a file was read, while the carrier has parcels; real time", ["carrier"]
)

SET_ASIDE = Counter(
    "carrier_scans_set_aside", "scans, and days of delivery, that are not believed: kept, and not published", ["reason"]
)
EXPECTED_DAY = "expected_day"
for _reason in (*REASONS, EXPECTED_DAY):
    SET_ASIDE.labels(_reason)

ANNOUNCING = [(carrier.name, code) for carrier in CARRIERS for code in carrier.announcing]
_OUTCOMES = {
    ParcelDelivered: "delivered",
    ParcelReturned: "returned",
    ParcelLost: "lost",
    ParcelDestroyed: "destroyed",
}


def count_label_answer(carrier: str, answer: LabelAnswer) -> None:
    LABEL_ANSWERS.labels(carrier, _MEANINGS[type(answer)]).inc()


def observe(facts: Facts, event: Event) -> None:
    """Times a parcel that has come to its end."""
    if (outcome := _OUTCOMES.get(type(event))) is None:
        return
    handed_over = facts.get(ParcelHandedOver, event.subject)
    if handed_over is not None:
        TRANSIT.labels(outcome).observe((event.occurred_at - handed_over.occurred_at).total_seconds())


async def measure(pool: asyncpg.Pool[asyncpg.Record], connected: Sequence[Connected] = ()) -> None:
    async with pool.acquire() as db:
        for carrier, ranges in ((connection.carrier, connection.number_ranges) for connection in connected):
            if ranges:
                NUMBERS_LEFT.labels(carrier.name).set(await allotted_numbers.left(db, carrier.name, ranges))
            if carrier.feed is not None:
                FEED_FILES.labels(carrier.name).set(await feed_files.count_to_settle(db, carrier.name))
                FEED_SILENCE.labels(carrier.name).set(await feed_files.silent_seconds(db, carrier.name))
        UNCONFIRMED.set(await unconfirmed_labels.count(db))
        REFUSED_BORDEREAUX.set(await bordereaux.count_refused(db))
        UNUSED_SCANNED.set(await labels.count_unused_scanned(db, ANNOUNCING))
        UNPUBLISHED_AGE.set(await scans.oldest_unpublished_seconds(db))
