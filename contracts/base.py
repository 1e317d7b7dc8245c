"""The base of every contract: events, and the few values they are made of.

Money is Decimal with an ISO 4217 code, weights are grams, lengths are millimetres, instants are aware and in UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha1
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Self
from uuid import UUID, uuid5

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator


def _in_utc(instant: datetime) -> datetime:
    try:
        return instant.astimezone(UTC)
    except OverflowError:  # pydantic takes a ValueError only for a fault of the value
        raise ValueError("lies outside the years 1 to 9999 in UTC") from None


Instant = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""An aware instant, normalised to UTC."""

PARTITIONS = 4
"""Of every topic. Chosen once and never raised: the partition of a key is stored in the outbox."""

Currency = Literal["EUR", "CNY"]
ContentUnit = Literal["g", "ml", "piece"]
CODE_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$"
Code = Annotated[str, Field(pattern=CODE_PATTERN)]
"""A reason, a status or a reference: one token, never free text (free text may hold personal data)."""
Sku = Annotated[str, Field(pattern=r"^[A-Z0-9][A-Z0-9-]{1,39}$")]
HsCode = Annotated[str, Field(pattern=r"^([0-9]{6}|[0-9]{8}|[0-9]{10})$")]
"""6 digits internationally, 8 in the EU's Combined Nomenclature, 10 in China's tariff."""
CountryCode = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
ParcelNumber = Annotated[int, Field(ge=1, le=99)]
"""The parcel's number within its order, from 1; the sub-order it declares is `<order number>-<parcel>`."""


Gtin = Annotated[str, Field(pattern=r"^[0-9]{14}$")]
"""GTIN in 14 digits: one of 8, 12 or 13 with zeros in front (GS1 General Specifications, 3.3.2)."""
_AI_82 = r"""^[!"%&'()*+,\-./0-9:;<=>?A-Z_a-z]{1,20}$"""
Serial = Annotated[str, Field(pattern=_AI_82)]
"""AI 21: up to 20 characters of GS1's set 82, with case (GS1 General Specifications, 3.5.2 and figure 7.11-1)."""
Lot = Annotated[str, Field(pattern=_AI_82)]
"""AI 10: batch or lot, of the same characters."""
Sscc = Annotated[str, Field(pattern=r"^[0-9]{18}$")]
"""AI 00: serial shipping container code, with its check digit. Of a box, whoever carries it."""


class Value(BaseModel):
    """A frozen value inside an event. Unknown fields are ignored, so that a new optional field breaks no consumer."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True, use_attribute_docstrings=True)


class Money(Value):
    """An amount to the cent. Never negative: a reduction has a field of its own (`discount`, `refund_due`)."""

    amount: Annotated[Decimal, Field(ge=0, max_digits=14, decimal_places=2)]
    currency: Currency

    def __add__(self, other: Money) -> Money:
        self._same_currency(other)
        return Money(amount=self.amount + other.amount, currency=self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same_currency(other)
        return Money(amount=self.amount - other.amount, currency=self.currency)

    def __mul__(self, quantity: int) -> Money:
        return Money(amount=self.amount * quantity, currency=self.currency)

    def _same_currency(self, other: Money) -> None:
        if self.currency != other.currency:
            raise ValueError(f"cannot combine {self.currency} with {other.currency}")

    @classmethod
    def zero(cls, currency: Currency) -> Money:
        return cls(amount=Decimal("0.00"), currency=currency)


class NetContent(Value):
    """What one unit holds, as printed on its package. A tax that depends on the price per millilitre needs it."""

    amount: Annotated[Decimal, Field(gt=0, max_digits=9, decimal_places=3)]
    unit: ContentUnit


class SupportingDocument(Value):
    """A document of the goods in the EU's list (TARIC, field 12 03): a permit, or a statement that none is needed."""

    type: Annotated[str, Field(pattern=r"^[A-Z][0-9A-Z][0-9]{2}$")]
    """As C400 (CITES permit), Y900 (no CITES goods), X002 (dual-use authorisation), Y901 (no dual-use goods)."""
    number: Code | None = None
    """Of the permit; a statement has none."""


class OrderLine(Value):
    """One line of an order, with what customs must know about the goods."""

    line: Annotated[int, Field(ge=1, le=99)]
    sku: Sku
    description: Annotated[str, Field(min_length=1, max_length=64)]
    """What the goods are, as on the CN23 (64 characters at most: SLS `article.description`)."""
    hs_code: HsCode
    origin: CountryCode
    quantity: Annotated[int, Field(ge=1, le=999)]
    unit_price: Money
    """Without tax; the value that is declared."""
    content: NetContent | None = None
    documents: Annotated[tuple[SupportingDocument, ...], Field(max_length=5)] = ()
    tax: Money | None = None
    """What was collected of the import tax for the whole line, with its share for carriage; None where only the order's
    sum is known."""


class ParcelContent(Value):
    """The units of an order line that are in a parcel."""

    line: Annotated[int, Field(ge=1, le=99)]
    sku: Sku
    quantity: Annotated[int, Field(ge=1, le=999)]
    net_weight_g: Annotated[int, Field(ge=1)]
    """Of all units together, in grams."""
    owner: Code | None = None
    """The owner's code of the vendor whose goods they are; None where it is not known, as in older facts."""


class Parcel(Value):
    """A closed box, weighed and measured. Its weight on the scale is the weight that is declared."""

    parcel: ParcelNumber
    contents: Annotated[tuple[ParcelContent, ...], Field(min_length=1)]
    weight_g: Annotated[int, Field(ge=1)]
    length_mm: Annotated[int, Field(ge=1)]
    width_mm: Annotated[int, Field(ge=1)]
    height_mm: Annotated[int, Field(ge=1)]


NAMESPACE = UUID("6f4a0f6e-5d0b-5c1e-9b7a-2f6f0c1d8e43")
"""Of stream ids that follow from a natural key. Chosen once."""


class Stream(NamedTuple):
    """What facts are about: a kind of thing, and which one. Kafka's key is the id, `ce_subject` the text."""

    kind: str
    """One word in kebab-case: `order`."""
    id: UUID

    def __str__(self) -> str:
        return f"{self.kind}/{self.id}"

    @classmethod
    def of(cls, kind: str, natural_key: str) -> Stream:
        """The stream of a thing that has no UUID of its own."""
        return cls(kind, uuid5(NAMESPACE, f"{kind}:{natural_key}"))


def fact_id(stream_id: UUID, name: str, subject: str = "") -> UUID:
    """The id of the one fact of this name about this subject of the stream.

    Derived, not random, so that a fact decided twice is one fact. The subject distinguishes two facts of one name: a
    parcel's number, a scan's code and minute, a case's name. The version is not part of it: v1 and v2 of an event
    about one subject are one fact.
    """
    return UUID(int=_uuid5(stream_id, f"{name}|{subject}"))


def with_turn(subject: str, turn: int) -> str:
    """The subject of a fact that may be published again, after it has ceased to hold: the first one's never changes."""
    return subject if turn == 1 else f"{subject}:{turn}"


def minute_of(instant: datetime) -> str:
    """The minute of an instant in UTC, as a subject names it: 20260724T0805. `strftime` takes four times as long, and
    each scan that is read has its subject."""
    day = (instant.year * 100 + instant.month) * 100 + instant.day
    return f"{day:08}T{instant.hour * 100 + instant.minute:04}"


def _uuid5(namespace: UUID, name: str) -> int:
    """The 128 bits of `uuid.uuid5` (RFC 9562, 5.5). Every event that is read is compared with them, and to make a UUID
    of them first costs more than all the rest."""
    digest = sha1(namespace.bytes + name.encode(), usedforsecurity=False).digest()
    return int.from_bytes(digest[:16], "big") & _FREE_BITS | _VERSION_5


_FREE_BITS = (1 << 128) - 1 ^ (0xF << 76 | 0b11 << 62)
"""All but the four bits of the version and the two of the variant."""
_VERSION_5 = 5 << 76 | 0b10 << 62


class Event(Value):
    """A fact about one stream, in the past tense. Its id is derived from its content (`fact_id`)."""

    NAME: ClassVar[str] = ""
    """Kebab-case, in the past tense."""
    VERSION: ClassVar[int] = 1
    TYPE: ClassVar[str] = ""
    """`<NAME>.v<VERSION>`, as on the wire."""
    KIND: ClassVar[str] = ""
    """Of the stream that it is about."""
    BY_TYPE: ClassVar[dict[str, type[Event]]] = {}
    """Every event class by its TYPE."""

    id: UUID = Field(default=UUID(int=0), description="uuid5(stream id, name|subject); filled in when left out")
    occurred_at: Instant

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "TYPE" in cls.__dict__:
            raise TypeError(f"{cls.__qualname__}: declare NAME and VERSION; TYPE follows")
        if "NAME" in cls.__dict__ or "VERSION" in cls.__dict__:
            if not cls.KIND:
                raise TypeError(f"{cls.__qualname__}: a fact is about a stream; declare KIND")
            cls.TYPE = f"{cls.NAME}.v{cls.VERSION}"
            clash = Event.BY_TYPE.setdefault(cls.TYPE, cls)
            if clash is not cls:
                raise TypeError(f"{cls.TYPE} is declared by {clash.__qualname__} and {cls.__qualname__}")

    @property
    def stream_id(self) -> UUID:
        """Which thing of its kind the fact is about."""
        raise NotImplementedError

    @property
    def stream(self) -> Stream:
        return Stream(self.KIND, self.stream_id)

    @property
    def subject(self) -> str:
        """What distinguishes this fact from others of its name about the same stream; empty when there is only one."""
        return ""

    @property
    def publisher(self) -> str | None:
        """The one service that may have published it, where the fact itself names it."""
        return None

    @property
    def id_follows(self) -> bool:
        """Whether the id is the one that is derived from the content."""
        return self.id.int == _uuid5(self.stream_id, f"{self.NAME}|{self.subject}")

    def up(self) -> Event:
        """The same fact in the next version: of an older version's class only. Pure; id, stream, subject and
        `occurred_at` stay."""
        return self

    def down(self) -> Event:
        """The same fact in the version before, for as long as that one may be written. Pure, as `up`."""
        return self

    @model_validator(mode="after")
    def _derive_id(self) -> Self:
        if self.id.int == 0:
            object.__setattr__(self, "id", fact_id(self.stream_id, self.NAME, self.subject))
        return self


def lifted(event: Event) -> Event:
    """The fact in the newest version that is known here."""
    while (newer := event.up()) is not event:
        event = newer
    return event


def parse_fact(event_type: str, body: str | bytes) -> Event:
    """The fact of a body, as it is on the wire. KeyError for a type that is not known here, ValidationError."""
    return Event.BY_TYPE[event_type].model_validate_json(body)


def name_of(event_type: str) -> str:
    """The name in a type, without the version."""
    return event_type.rpartition(".v")[0]


def versions_of(newest: type[Event]) -> dict[str, type[Event]]:
    """By type, the versions in which a fact of this name may come, up to this one."""
    return {
        kind.TYPE: kind
        for kind in (Event.BY_TYPE.get(f"{newest.NAME}.v{version}") for version in range(1, newest.VERSION + 1))
        if kind is not None
    }


ORDER = "order"


class OrderEvent(Event):
    """A fact about one order."""

    KIND: ClassVar[str] = ORDER

    order_id: UUID

    @property
    def stream_id(self) -> UUID:
        return self.order_id


COUNTERPART = "counterpart"
MANIFEST = "manifest"
VENDOR = "vendor"
VENDOR_KEY = "vendor-key"
PRODUCT = "product"
RECEIPT = "receipt"
STOCK = "stock"
WRITE_OFF = "write-off"
UNIT = "unit"


def order_stream(order_id: UUID) -> Stream:
    return Stream(ORDER, order_id)


class ManifestEvent(Event):
    """A fact about one manifest: what goes to a carrier with one truck."""

    KIND: ClassVar[str] = MANIFEST

    manifest_id: UUID

    @property
    def stream_id(self) -> UUID:
        return self.manifest_id


def manifest_stream(manifest_id: UUID) -> Stream:
    return Stream(MANIFEST, manifest_id)


def vendor_stream(owner: str) -> Stream:
    """The stream of the vendor whose goods stand under this owner."""
    return Stream.of(VENDOR, owner)


def vendor_key_stream(sha256: str) -> Stream:
    """The stream of one API key of a vendor, by its SHA-256 in 64 digits."""
    return Stream.of(VENDOR_KEY, sha256)


def product_stream(sku: str) -> Stream:
    return Stream.of(PRODUCT, sku)


def unit_stream(gtin: str, serial: str) -> Stream:
    """The stream of one unit; `gtin` in 14 digits."""
    return Stream.of(UNIT, f"{gtin}.{serial}")


class ParcelEvent(OrderEvent):
    """A fact about one parcel of the order; one per parcel."""

    parcel: ParcelNumber

    @property
    def subject(self) -> str:
        return str(self.parcel)


@dataclass(frozen=True)
class Topic:
    """A row of the topic table."""

    name: str
    producer: str
    consumers: tuple[str, ...]
    events: tuple[type[Event], ...]
    """The newest version of each."""
    retention_days: int | None
    """None: kept by compaction instead (the newest record of each key stays)."""
    compacted: bool = False
    messages: Mapping[str, type[BaseModel]] = field(default_factory=dict)
    """By type, what lies on a topic that carries no events."""
    at_start: bool = False
    """Its consumers read it from its beginning at every start, before they are ready, and at no other time."""

    @property
    def types(self) -> dict[str, type[Event]]:
        """By type, all that may lie on the topic: every version of its events."""
        return {name: kind for newest in self.events for name, kind in versions_of(newest).items()}


def utc(value: datetime) -> datetime:
    """The same instant in UTC; a naive one is refused (ValueError)."""
    if value.tzinfo is None:
        raise ValueError("an instant needs its offset")
    return value.astimezone(UTC)
