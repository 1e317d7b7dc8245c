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
    """Notes where the consumed topics end now; what it returns says whether everything up to there is consumed."""


@dataclass(frozen=True, slots=True)
class Authority:
    """The connection to a destination's authority, with the jobs and tasks that use it."""

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
    """Whether we send it; otherwise a broker does."""
    status: str | None
    number: str | None
    written_at: datetime
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class Document:
    """A message as it is sent, sealed, for the firm or broker that signs or sends it in our place."""

    body: bytes
    place: str
    """To which it is sealed."""
    media_type: str


@dataclass(frozen=True, slots=True)
class ReceivedReceipt:
    """A receipt of the authority for a message, with what we take it to mean."""

    parcel: int
    type: str
    status: str
    meaning: str
    says: str
    error: str | None
    """The name of the error, where it has one."""
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
    at_once: bool
    """Whether it was given in the answer to the message; else it was polled."""


@dataclass(frozen=True, slots=True)
class SetAsideReceipt:
    """A receipt about no parcel of ours: it answers none of our messages, or is unreadable without a number of ours."""

    id: int
    name: str
    """Of an unreadable receipt its cursor, or the one before it, and a hash of its bytes; of a readable one its type
    and a number in it."""
    reason: str
    """Which bound or rule it breaks."""
    size: int
    """Bytes received."""
    received_at: datetime
    keep_until: datetime
    """Its bytes are kept until then."""


class Destination(Protocol):
    """One country of destination. Nothing else reads the tables that it keeps for itself."""

    @property
    def country(self) -> str:
        """ISO 3166-1 alpha-2."""

    @property
    def counterpart(self) -> str:
        """The name under which an operator pauses its authority."""

    @property
    def flight_unknown(self) -> frozenset[str]:
        """Reasons of the cases about an inventory that waits for the agent's notice; the notice settles them."""

    @property
    def message_types(self) -> tuple[str, ...]:
        """The types of the messages to its authority."""

    @property
    def settings(self) -> type[BaseSettings]: ...

    @property
    def sealed(self) -> tuple[SealedColumn, ...]:
        """Its columns with sealed values."""

    def regimes(self, tables: Tables) -> Sequence[ImportRegime]: ...

    def connect(self, settings: Any, parts: Parts, seconds: float) -> Authority:
        """Connects to the authority, by the destination's settings. `seconds`: real time that a whole call may take."""

    async def declaration_written(self, db: DB, order_id: UUID, parcel: int) -> bool:
        """Whether the declaration that names the parcel's bill is written. Until the transaction ends nobody else
        writes it."""

    async def write_again(self, db: DB, kind: str, order_id: UUID, parcel: int) -> None:
        """Has this kind of job write its messages again, except those that were accepted."""

    async def messages(self, db: DB, order_id: UUID) -> list[Message]: ...

    async def document(self, db: DB, order_id: UUID, parcel: int, message: str) -> Document | None:
        """The parcel's message of this type; None when it is not written."""

    async def receipts(self, db: DB, order_id: UUID) -> list[ReceivedReceipt]: ...

    async def receipt_texts(self, db: DB, order_id: UUID, parcel: int) -> list[ReceiptText]:
        """The parcel's receipts, the latest first, a hundred at the most."""

    async def to_settle(self, db: DB) -> list[SetAsideReceipt]:
        """Receipts that wait for a person, the oldest first, a hundred at the most."""

    async def settle(self, db: DB, receipt_id: int, who: str, now: datetime) -> bool:
        """Records that somebody has looked into it; it may be repeated. False when no such receipt was ever listed."""

    async def on_erased(self, db: DB, order_ids: Sequence[UUID]) -> None:
        """Drops text that may name the person."""

    async def drop_expired(self, db: DB, now: datetime) -> None:
        """Drops what has reached its end date (business time)."""
