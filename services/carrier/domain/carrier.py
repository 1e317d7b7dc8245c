"""The requests to any carrier, and the answers that it may give. Values only; no carrier is named here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from contracts.base import Parcel
from contracts.customs import ParcelDeclared
from contracts.persons import Contact
from contracts.vocabularies import Flag, HoldReason, Status
from services.carrier.domain.details import ParcelDetails
from services.carrier.domain.documents import Document


@dataclass(frozen=True, slots=True)
class Sender:
    """The warehouse, as labels name it."""

    company: str
    street: str
    postcode: str
    city: str
    phone: str
    email: str
    country: str = "FR"


@dataclass(frozen=True, slots=True)
class LabelOrder:
    """All that a label shows. Holds the addressee: never logged, never stored."""

    declared: ParcelDeclared
    box: Parcel
    contact: Contact
    product: str
    duty_paid: bool
    deposit_on: date
    """The day on which the parcel is handed over, in the place of dispatch."""
    cny_per_eur: Decimal | None = None
    """The dated rate of the order's screening; needed only when the postal charges are in CNY."""
    number: str | None = None
    """The number for the label, where we print the carrier's labels ourselves. None: its ranges are used up."""


@dataclass(frozen=True, slots=True)
class LabelMade:
    tracking_number: str
    label: Document
    cn23: Document | None
    """The label itself where it bears the CN23."""
    partner_number: str | None = None
    changes: tuple[str, ...] = ()
    """What the request changed, a field and a word each (`line2:split`)."""


@dataclass(frozen=True, slots=True)
class LabelRejected:
    """The carrier will not carry this parcel or its goods; the same request would be refused again."""

    reason: str


@dataclass(frozen=True, slots=True)
class AddressRefused:
    """The carrier refuses the address or the person: with a better one it will carry the parcel."""

    reason: str


@dataclass(frozen=True, slots=True)
class OperationRefused:
    """The carrier refuses our settings or our contract: it would refuse every label."""

    reason: str
    mend: str
    """What to mend: a setting or a part of the contract."""


@dataclass(frozen=True, slots=True)
class Unexplained:
    """A refusal that does not say whose fault it is: never the parcel's."""

    reason: str


@dataclass(frozen=True, slots=True)
class TryLater:
    """No label was made, and the same request may succeed later."""

    reason: str
    retry_after: float | None = None
    """Real seconds, when the carrier named them."""


@dataclass(frozen=True, slots=True)
class AnswerLost:
    """The request left, and its answer was lost or cannot be read: a label may exist that we do not know."""

    reason: str
    tracking_number: str | None = None
    """Set when at least the number could be read."""


@dataclass(frozen=True, slots=True)
class LabelPossible:
    """A label would be made: the carrier has only checked the request."""


Refused = LabelRejected | AddressRefused | OperationRefused | Unexplained
"""Whose fault a refusal is: the parcel's, its address's, ours, or unknown."""
LabelAnswer = LabelMade | Refused | TryLater | AnswerLost
LabelReprint = LabelMade | TryLater | AnswerLost
"""The answer about the label of a known number: received, to be requested later, or not available by its number."""
CheckAnswer = LabelPossible | Refused | TryLater


@dataclass(frozen=True, slots=True)
class Account:
    """The contract under which we call a carrier."""

    reference: str
    """The operator's name for it; its number is never published."""
    pays_duties: bool = False
    """By this contract the carrier bills the hub, not the addressee, for duties and taxes of import."""


class Unreachable(Exception):
    """The carrier gave no answer about any parcel of the request.

    `reason` is one token. `retry_after` is in real seconds, when the carrier named it. `of_all`: it would give none
    about any other parcel now.
    """

    def __init__(self, reason: str, retry_after: float | None = None, *, of_all: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after
        self.of_all = of_all or retry_after is not None


class InvalidReport(ValueError):
    """The content of a call-back is no report of the carrier. Field, rule and message, without the content."""

    def __init__(self, field: str, rule: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.rule = rule
        self.message = message


@dataclass(frozen=True, slots=True)
class CarrierEvent:
    """One event of a parcel, as the carrier reported it."""

    tracking_number: str
    raw: bytes
    """Canonical JSON of the event: equal bytes, equal event."""
    code: str | None
    """None when it could not be read."""
    scanned_at: datetime | None
    """UTC; None when it could not be read."""
    utc_offset_minutes: int
    country: str | None
    city: str | None = None


@dataclass(frozen=True, slots=True)
class ParcelEvents:
    """What the carrier reports of one parcel. Neither events nor details: it does not know the parcel yet."""

    tracking_number: str
    events: tuple[CarrierEvent, ...]
    details: ParcelDetails | None = None
    request_id: str | None = None
    """The id of the answer that reports it, by which the carrier's support finds the call."""


@dataclass(frozen=True, slots=True)
class CodeMeaning:
    """What one code of a carrier means. Without a status the scan is shown and changes nothing."""

    status: Status | None
    sets: tuple[Flag, ...] = ()
    clears: tuple[Flag, ...] = ()
    reason: HoldReason | None = None
