"""The buyer's year: what an order holds of it and what it has used. Pure.

Both follow from the order's facts, so that whatever order they come in, the sums of a year are the sums over its
orders (Cai Guan Shui [2016] 18: a limit for a person and calendar year, Beijing's).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from contracts.carrier import ParcelDelivered
from contracts.customs import ImportCleared, ImportReturned, OrderScreened
from contracts.orders import OrderClosed, OrderPlaced
from contracts.persons import NationalId
from services.customs.domain.amounts import apportion, goods_of
from services.plans import plan_of
from shared.ledger.facts import Facts

NOTHING = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Share:
    """Of one order in its buyer's year, CNY."""

    held: Decimal
    used: Decimal

    @property
    def taken(self) -> Decimal:
        return self.held + self.used


@dataclass(frozen=True, slots=True)
class Year:
    """One person's calendar year. The person is a keyed hash that begins with the key's prefix: it shows which orders
    are one person's, and nothing else."""

    person: bytes
    year: int


Years: TypeAlias = tuple[Year, ...]
"""One person's calendar year under each of the keys: what was taken under all of them counts, and the next order counts
under the first."""


@dataclass(frozen=True, slots=True)
class QuotaEntry:
    """What one order takes of one year."""

    year: Year
    share: Share


def years_of(national_id: NationalId, year: int, keys: Mapping[bytes, bytes]) -> Years:
    """This person's year under each of `keys`: the key's prefix, then HMAC-SHA256 of the identity number. The same
    person for us, nobody for anyone without the key."""
    number = national_id.number.encode()
    return tuple(Year(prefix + hmac.digest(key, number, hashlib.sha256), year) for prefix, key in keys.items())


def share(facts: Facts) -> Share:
    """What a screened order takes of the year.

    Its value is held from screening on. Each parcel's share, by the value of its goods, is used once the parcel was
    released by customs or delivered; an approved return gives it back. The end of the order gives back what was
    never released.
    """
    placed, screened, packed = facts.get(OrderPlaced), facts.get(OrderScreened), plan_of(facts)
    if placed is None or screened is None:
        return Share(NOTHING, NOTHING)
    value = screened.value_cny.amount
    closed = OrderClosed in facts
    if packed is None:
        return Share(NOTHING if closed else value, NOTHING)
    held = used = NOTHING
    parts = apportion(value, [goods_of(placed, parcel) for parcel in packed.parcels])
    for parcel, part in zip(packed.parcels, parts, strict=True):
        number = parcel.parcel
        if facts.get(ImportReturned, number):
            continue
        if facts.get(ImportCleared, number) or facts.get(ParcelDelivered, number):
            used += part
        elif not closed:
            held += part
    return Share(held, used)
