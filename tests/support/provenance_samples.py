"""Events, keys and bundles of one unit, for tests."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from contracts.base import order_stream
from contracts.warehouse import GoodsReceived, PackedLot, ReceivedLine, UnitsPacked, UnitsReturned
from services.provenance.domain.bundles import LoggedEvent, LoggedKey, write_bundle
from services.provenance.domain.epcis import (
    Fields,
    Place,
    commissioned,
    delivered,
    packed,
    received_back,
    shipped,
    unpacked,
    written_off,
)
from services.provenance.domain.leaves import KeyLeaf, event_leaf, name_of
from services.provenance.domain.log.notes import SignerKey
from services.provenance.domain.lot_events import of_order, of_receipt
from services.provenance.domain.signing import IssuerKey, sign_event
from shared.ledger.facts import Facts
from tests.support.provenance_log import MemoryLog, witness_key

PLACE = Place("https://id.silkpost.example", "3012345000000")
ISSUER = "did:web:silkpost.example"
GTIN, SERIAL, SSCC = "03012345678919", "7K2M4N8P0Q1R3S5T", "030123450000000017"
OTHER_SSCC = "030123450000000024"
UNIT = PLACE.unit(GTIN, SERIAL)
AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
WITNESS = witness_key()


def issuer_key(number: int = 1) -> IssuerKey:
    return IssuerKey(ISSUER, Ed25519PrivateKey.from_private_bytes(random.Random(f"issuer{number}").randbytes(32)))


def history() -> list[Fields]:
    """From the shelf to the door."""
    hour = timedelta(hours=1)
    return [
        commissioned(PLACE, AT, GTIN, SERIAL),
        packed(PLACE, AT + hour, SSCC, GTIN, SERIAL),
        shipped(PLACE, AT + 2 * hour, SSCC),
        delivered(PLACE, AT + 200 * hour, SSCC),
    ]


def every_event() -> list[Fields]:
    """One of each kind that we make."""
    return [
        *history(),
        unpacked(PLACE, AT, SSCC, GTIN, SERIAL),
        received_back(PLACE, AT, GTIN, SERIAL),
        written_off(PLACE, AT, GTIN, SERIAL),
    ]


def every_lot_event() -> list[Fields]:
    """One of each kind of quantities of a lot."""
    order = UUID(int=7)
    lots = (PackedLot(gtin=GTIN, lot="L-26.10", quantity=2, sku="SAVON"),)
    line = ReceivedLine(sku="SAVON", quantity=5, lot="L-26.10", gtin=GTIN)
    came_in = GoodsReceived(receipt_id=order, occurred_at=AT, lines=(line,))
    box = UnitsPacked(order_id=order, occurred_at=AT, parcel=1, sscc=SSCC, lots=lots)
    back = UnitsReturned(
        order_id=order, occurred_at=AT, parcel=1, sscc=SSCC, reason="returned", lots=lots, written_off_lots=lots
    )
    events = [*of_receipt(came_in, PLACE), *of_order(Facts(order_stream(order), [box, back]), PLACE)]
    return [event.fields for event in events]


@dataclass
class UnitLog:
    """A log that holds keys and a unit's events among others."""

    log: MemoryLog = field(default_factory=lambda: MemoryLog.of(40))
    keys: list[tuple[int, KeyLeaf]] = field(default_factory=list)
    events: list[tuple[int, str, bytes]] = field(default_factory=list)
    previous: str | None = None

    def key(self, leaf: KeyLeaf) -> None:
        self.keys.append((self.log.edge.size, leaf))
        self.log.append([str(leaf).encode()])

    def event(self, event: Fields, key: IssuerKey, *, of_unit: bool, previous: str | None = None) -> None:
        jws = sign_event(event, key, (previous or self.previous) if of_unit else None)
        salt = random.Random(f"{self.log.edge.size}").randbytes(32)
        leaf = event_leaf(jws, salt)
        self.events.append((self.log.edge.size, jws, salt))
        self.log.append([leaf, b"another"])
        if of_unit:
            self.previous = name_of(leaf)

    def bundle(self, witnesses: Sequence[SignerKey] = (WITNESS,), unit: str = UNIT) -> bytes:
        indexes = [*(index for index, _ in self.keys), *(index for index, _, _ in self.events)]
        proofs = {index: self.log.proof(index, witnesses) for index in indexes}
        return write_bundle(
            unit,
            str(self.log.checkpoint(witnesses=witnesses)),
            [LoggedKey(leaf, proofs[index]) for index, leaf in self.keys],
            [LoggedEvent(jws, salt, proofs[index]) for index, jws, salt in self.events],
        )


def unit_log() -> UnitLog:
    log, key = UnitLog(), issuer_key()
    log.key(KeyLeaf("added", key.kid, key.public))
    for event in history():
        log.event(event, key, of_unit=UNIT in {*event.get("epcList", ()), *event.get("childEPCs", ())})
    return log
