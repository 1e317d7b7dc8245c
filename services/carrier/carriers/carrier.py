"""What the service asks of any carrier, and what it may be told. Values only; no carrier is named here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from contracts.base import Parcel
from contracts.customs import ParcelDeclared
from contracts.persons import Contact
from contracts.vocabularies import Flag, Status


@dataclass(frozen=True, slots=True)
class LabelOrder:
    """All that a label says. Holds the addressee: never logged, never stored."""

    declared: ParcelDeclared
    box: Parcel
    contact: Contact
    product: str
    duty_paid: bool
    deposit_on: date
    """The day on which the parcel is handed over, in the place of dispatch."""
    cny_per_eur: Decimal | None = None
    """The dated rate of the order's screening; needed only when the postal charges are in CNY."""


@dataclass(frozen=True, slots=True)
class LabelMade:
    tracking_number: str
    pdf: bytes
    cn23: bytes | None
    partner_number: str | None = None


@dataclass(frozen=True, slots=True)
class LabelRejected:
    """The carrier will not make this label; the same request would be refused again."""

    reason: str


@dataclass(frozen=True, slots=True)
class TryLater:
    """No label was made, and the same request may succeed later."""

    reason: str
    after: float | None = None
    """Real seconds, when the carrier named them."""


@dataclass(frozen=True, slots=True)
class AnswerLost:
    """The request left, and what came back cannot be read: a label may exist that we do not know."""

    reason: str
    tracking_number: str | None = None
    """Set when at least the number could be read."""


LabelAnswer = LabelMade | LabelRejected | TryLater | AnswerLost


@dataclass(frozen=True, slots=True)
class CarrierEvent:
    """One event of a parcel, as the carrier said it."""

    tracking_number: str
    raw: bytes
    """Canonical JSON of what was said: equal bytes, equal event."""
    code: str | None
    """None when it could not be read."""
    at: datetime | None
    """UTC; None when it could not be read."""
    utc_offset_minutes: int
    country: str | None


@dataclass(frozen=True, slots=True)
class Tracked:
    """What the carrier knows of one parcel. No events: it does not know the parcel yet."""

    tracking_number: str
    events: tuple[CarrierEvent, ...]


class Unreachable(Exception):
    """The carrier gave no answer about any parcel of the question.

    `reason` is one token. `after` is in real seconds, when the carrier named it.
    """

    def __init__(self, reason: str, after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.after = after


@dataclass(frozen=True, slots=True)
class Reading:
    """What one code of a carrier means to us. No status: the scan is shown and moves nothing."""

    status: Status | None
    sets: tuple[Flag, ...] = ()
    clears: tuple[Flag, ...] = ()


@dataclass(frozen=True, slots=True)
class Carrier:
    """A carrier as the rest of the service sees it."""

    name: str
    group_size: int
    """How many parcels one question may name."""
    make_label: Callable[[LabelOrder], Awaitable[LabelAnswer]]
    track: Callable[[Sequence[str]], Awaitable[Sequence[Tracked]]]
    """Raises Unreachable."""
    read: Callable[[str, str | None], Reading]
    """The meaning of a code, given the country of the scan if known."""
