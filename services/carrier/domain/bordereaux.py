"""Bordereaux: a carrier's own lists of the parcels that were handed over with one manifest. Pure.

La Poste calls its list a bordereau. The carrier knows no idempotency key: as with labels, each attempt whose end we did
not see may have left a list there, which is recorded; only the one that was published is shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from contracts.carrier import BordereauCreated
from contracts.warehouse import ManifestClosed
from services.carrier.domain.carrier import AnswerLost, TryLater
from shared.ledger.facts import Facts, Job

SOON = 3
"""So many attempts follow each other as those of any other job."""
FIRST_WAIT_SECONDS = 60.0
LONGEST_WAIT_SECONDS = 3600.0
"""Real time between two later attempts: the first, and the longest."""


@dataclass(frozen=True, slots=True)
class BordereauMade:
    number: str
    pdf: bytes


@dataclass(frozen=True, slots=True)
class BordereauRefused:
    """The carrier makes no such list: a fault of our settings, or of a parcel's number. The parcels are there all the
    same."""

    reason: str


BordereauAnswer = BordereauMade | BordereauRefused | TryLater | AnswerLost


@dataclass(frozen=True, slots=True)
class UnconfirmedBordereau:
    """A list that may exist at the carrier: the answer to this attempt never reached us, or could not be read."""

    manifest_id: UUID
    part: int
    attempt: int
    reason: str


@dataclass(frozen=True, slots=True)
class BordereauPart:
    """A list that a manifest needs, and what has become of it."""

    part: int
    carrier: str
    tracking_numbers: tuple[str, ...]
    created: BordereauCreated | None


def bordereau_job(carrier: str) -> str:
    """The kind of job that asks this carrier for a list. Its subject is the part."""
    return f"bordereau.{carrier}"


Sizes: TypeAlias = Mapping[str, int | None]
"""Of each carrier, how many parcels one of its lists may have; none where it makes no lists."""


def parts(facts: Facts, sizes: Sizes) -> list[BordereauPart]:
    """The lists that a manifest needs; none where the carrier makes no lists, or before the manifest is closed."""
    closed = facts.get(ManifestClosed)
    size = sizes.get(closed.carrier) if closed is not None else None
    if closed is None or size is None:
        return []
    numbers = [parcel.tracking_number for parcel in closed.parcels]
    return [
        BordereauPart(part, closed.carrier, tuple(numbers[first : first + size]), facts.get(BordereauCreated, part))
        for part, first in enumerate(range(0, len(numbers), size), start=1)
    ]


def outputs(facts: Facts, sizes: Sizes) -> Iterator[Job]:
    """A call for each list that is missing."""
    for part in parts(facts, sizes):
        if part.created is None:
            yield Job(bordereau_job(part.carrier), facts.stream, str(part.part))


def orders_of(facts: Facts, tracking_numbers: Sequence[str]) -> list[UUID]:
    """The orders whose parcels have these numbers, each once."""
    closed = facts.get(ManifestClosed)
    wanted = set(tracking_numbers)
    parcels = closed.parcels if closed is not None else ()
    return sorted({parcel.order_id for parcel in parcels if parcel.tracking_number in wanted})


def created(manifest_id: UUID, part: BordereauPart, number: str, now: datetime) -> BordereauCreated:
    return BordereauCreated(
        manifest_id=manifest_id,
        occurred_at=now,
        part=part.part,
        carrier=part.carrier,
        number=number,
        tracking_numbers=part.tracking_numbers,
    )


def seconds_after(attempt: int) -> float | None:
    """How long to wait after an attempt that was refused, or may have left a list: in real time, None for the usual
    back-off. A setting may be mended at any moment, but no answer is worth a list at the carrier every minute."""
    if attempt <= SOON:
        return None
    return min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * float(1 << min(attempt - SOON - 1, 16)))
