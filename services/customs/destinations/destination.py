"""A destination as the rest of the service calls it: how goods come into one country."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import asyncpg
from pydantic_settings import BaseSettings

from services.customs.domain.decide import InForce
from services.customs.regimes.base import ImportRegime
from services.customs.regimes.tables import Tables
from services.persons.records import Persons
from shared.clock import Clock
from shared.db import DB
from shared.http.client import Counterpart
from shared.jobs.worker import JobKind
from shared.ledger.ledger import Ledger
from shared.sealing import Seal, SealedColumn
from shared.supervise import Task


@dataclass(frozen=True, slots=True)
class Parts:
    """What jobs and tasks of a destination work with."""

    pool: asyncpg.Pool[asyncpg.Record]
    ledger: Ledger
    persons: Persons
    seal: Seal
    clock: Clock
    in_force: InForce
    caught_up: Callable[[], Awaitable[Callable[[], Awaitable[bool]]]]
    """A question that is answered with yes once all that is in the consumed topics now is consumed."""


@dataclass(frozen=True, slots=True)
class Authority:
    """The connection to a destination's authority, and what is asked of it."""

    counterpart: Counterpart
    jobs: tuple[JobKind, ...]
    tasks: tuple[Task, ...]
    flight_required: bool = False
    """Whether a declaration waits for conveyance, voyage and bill."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message to the authority, and the status of its last answer."""

    parcel: int
    type: str
    guid: UUID
    is_ours: bool
    """Ours to send; else a broker sends it."""
    status: str | None
    number: str | None
    written_at: datetime
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class Document:
    """A message as it is sent, sealed: for whoever signs or sends it in our place."""

    body: bytes
    place: str
    """To which it is sealed."""
    media_type: str


@dataclass(frozen=True, slots=True)
class ReceivedReceipt:
    """What the authority has said of a message; `meaning` is ours."""

    parcel: int
    type: str
    status: str
    meaning: str
    says: str
    error: str | None
    """Its name, of an error that has one."""
    paper: str
    """Which message, field or paper it is about."""
    whose: str
    """Who has to act: the operator, the marketplace, or the authority itself."""
    mend: str
    """What they have to do."""
    then: str
    """What happens once it is done."""
    returned_at: datetime | None


@dataclass(frozen=True, slots=True)
class ReceiptText:
    """What the authority has said of a message in its own words, sealed: they may name the person."""

    type: str
    status: str
    returned_at: datetime | None
    recorded_at: datetime
    text: bytes
    """Empty where no words are kept."""
    place: str
    """To which it is sealed."""


@dataclass(frozen=True, slots=True)
class SetAsideReceipt:
    """What the authority sent that is about no parcel of ours, or cannot be read and names none."""

    id: int
    name: str
    """Behind which cursor it stood, and the hash of what was read of it; of one that can be read what it is about."""
    reason: str
    """Which bound or rule it breaks."""
    size: int
    """Bytes of it that came."""
    received_at: datetime
    keep_until: datetime
    """Its bytes are kept until then."""


class Destination(Protocol):
    """One country. What it stores of its own, only it reads."""

    @property
    def country(self) -> str:
        """ISO 3166-1 alpha-2."""

    @property
    def counterpart(self) -> str:
        """The name under which an operator pauses its authority."""

    @property
    def flight_unknown(self) -> frozenset[str]:
        """Reasons of the cases about an inventory that waits for the agent's notice, which settles them."""

    @property
    def message_types(self) -> tuple[str, ...]:
        """Of the messages to its authority, by which each is read."""

    @property
    def settings(self) -> type[BaseSettings]: ...

    @property
    def sealed(self) -> tuple[SealedColumn, ...]:
        """What it stores sealed."""

    def regimes(self, tables: Tables) -> Sequence[ImportRegime]: ...

    def connect(self, settings: Any, parts: Parts, seconds: float) -> Authority:
        """With its settings; a whole call takes so many real seconds at the most."""

    async def declaration_written(self, db: DB, order_id: UUID, parcel: int) -> bool:
        """Whether the declaration that names the parcel's bill is written; none is until the transaction ends."""

    async def write_again(self, db: DB, kind: str, order_id: UUID, parcel: int) -> None:
        """The messages of this kind of job, unless they were accepted, are written anew when it runs."""

    async def messages(self, db: DB, order_id: UUID) -> list[Message]: ...

    async def document(self, db: DB, order_id: UUID, parcel: int, message: str) -> Document | None:
        """The parcel's message of this type; None when it is not written."""

    async def receipts(self, db: DB, order_id: UUID) -> list[ReceivedReceipt]: ...

    async def receipt_texts(self, db: DB, order_id: UUID, parcel: int) -> list[ReceiptText]:
        """The parcel's receipts, the latest first, a hundred at the most."""

    async def to_settle(self, db: DB) -> list[SetAsideReceipt]:
        """Receipts that wait for a person, the oldest first, a hundred at the most."""

    async def settle(self, db: DB, receipt_id: int, who: str, now: datetime) -> bool:
        """Somebody has looked into it; False when there is no such receipt that waits, or waited."""

    async def on_erased(self, db: DB, order_ids: Sequence[UUID]) -> None:
        """Drops text that may name the person."""

    async def drop_expired(self, db: DB, now: datetime) -> None:
        """Drops what has reached its end date (business time)."""
