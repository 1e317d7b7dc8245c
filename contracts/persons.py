"""The person's record: the only message with personal data between services, always sealed.

On the topic `orders.personal` a record's value is a `PersonRecord`; an empty value erases it. `orders.erasures` keeps
for longer, and without any data of the person, that it was erased.
"""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field

from contracts.base import Instant, Value


class Payment(Value):
    """The payment as the payment firm recorded it (CEB411)."""

    provider: Annotated[str, Field(min_length=1, max_length=60)]
    transaction_id: Annotated[str, Field(min_length=1, max_length=60)]
    paid_at: Instant


Phone = Annotated[str, Field(pattern=r"^\+86[0-9]{10,11}$")]
"""E.164: after the country's code eleven digits for a mobile, ten or eleven for a fixed line with its area code."""


class Contact(Value):
    """Who receives the parcel, and how it was paid. Opened by customs and carrier."""

    name: Annotated[str, Field(min_length=1, max_length=60)]
    name_latin: Annotated[str, Field(min_length=1, max_length=60)] | None = None
    """How the shop spells the name in Latin letters; without it the label has it by its reading."""
    phone: Phone
    province: str
    city: str
    district: str = ""
    street: str
    postcode: Annotated[str, Field(pattern=r"^[0-9]{6}$")]
    country: str = "CN"
    payment: Payment


class NationalId(Value):
    """The buyer's real-name identity (GB 11643). Opened by customs only."""

    name: Annotated[str, Field(min_length=1, max_length=60)]
    number: Annotated[str, Field(pattern=r"^[0-9]{17}[0-9X]$")]
    phone: Phone | None = None
    """The buyer's own: whoever buys a present is not its recipient."""


ContactVersion = Annotated[int, Field(ge=2, le=99)]
"""Of a contact that was changed after the order was placed; the one that it was placed with is version 1."""


class ChangedContact(Value):
    """A later contact of the order. It counts once the warehouse has said order-changed with its version."""

    version: ContactVersion
    contact: str
    """Sealed as `PersonRecord.contact`, bound to its version too."""


class PersonRecord(Value):
    """Two parts sealed with two keys (AES-256-GCM, bound to order and part), in hexadecimal. Every record holds all
    versions of the contact: the topic is compacted, and which one counts is decided elsewhere."""

    order_id: UUID
    contact: str
    national_id: str
    changes: tuple[ChangedContact, ...] = ()


class ErasureMarker(Value):
    """The person's record of this order was erased; who finds it in a restored database erases it again."""

    order_id: UUID
    erased_at: Instant
    """Business time."""
