"""The outside work of customs: what each job asks of an authority, and what its answer means."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

import asyncpg

from contracts.base import Event, order_stream
from contracts.customs import ImportDeclared, ImportRefused, ParcelRefused
from contracts.orders import OrderPlaced
from contracts.warehouse import OrderPacked
from services.customs import store
from services.customs.domain import ceb, decide, export, receipts
from services.customs.domain.cases import ORDER_ENDS, attention
from services.customs.domain.ceb import DOCUMENTS, MessageType, Parties, Role
from services.customs.domain.decide import Policy, parcels_declared
from services.customs.domain.export import Refused, Released
from services.customs.domain.receipts import Receipt
from services.customs.domain.shipments import shipment
from services.customs.jobs.gateways import ExportGateway, ImportGateway
from services.persons.facts import PersonErased
from services.persons.records import Persons
from shared.clock import Clock
from shared.db import DB
from shared.jobs.worker import ClaimedJob, Done, JobKind, Retry
from shared.ledger import job_queue
from shared.ledger.facts import DecisionContext, Facts
from shared.ledger.ledger import Ledger
from shared.sealing import Seal

KEEP_YEARS = 4
"""Declarations and their papers are kept for four years (CN23: colissimo.entreprise.laposte.fr)."""
EXPORT_GATEWAY, IMPORT_GATEWAY = "customs.export_gateway", "customs.import_gateway"
SENDS: Mapping[str, tuple[MessageType, ...]] = {
    decide.DOCUMENTS: tuple(DOCUMENTS.values()),
    decide.INVENTORY: (*DOCUMENTS.values(), "CEB621"),
    decide.RETURN: ("CEB625",),
}
"""The messages of each kind of work."""


def keep_until(at: datetime) -> datetime:
    """The same day four years later; the 29th of February becomes the 28th."""
    try:
        return at.replace(year=at.year + KEEP_YEARS)
    except ValueError:
        return at.replace(year=at.year + KEEP_YEARS, day=28)


@dataclass(frozen=True, slots=True)
class ExportWork:
    pool: asyncpg.Pool[asyncpg.Record]
    ledger: Ledger
    clock: Clock
    seal: Seal
    policy: Policy
    gateway: ExportGateway

    async def run(self, job: ClaimedJob) -> Done:
        """Declares a parcel for export: declared with its MRN, or refused. A bad MRN is a case, never a declaration."""
        facts = await facts_of(self.pool, self.ledger, job.stream.id)
        placed, packed = facts.get(OrderPlaced), facts.get(OrderPacked)
        if placed is None or packed is None:
            raise Retry("order not packed here")
        context, number = DecisionContext(self.clock.now()), int(job.subject)
        deemed = parcels_declared(placed, packed, context, self.policy)[number]
        request = export.declaration(placed, number, deemed.cn23, deemed.total, self.policy.eori)
        published: Event
        match await self.gateway.declare(request):
            case Released(mrn) if export.valid_mrn(mrn):
                published = deemed.model_copy(update={"export": "declared", "mrn": mrn})
                save = self._keep(job, request, "released", mrn, context)
            case Released():
                published = attention(job.stream.id, job.kind, job.subject, "bad_mrn", context, _round(job))
                save = self._keep(job, request, "bad_mrn", None, context)
            case Refused(code):
                published = ParcelRefused(
                    order_id=job.stream.id, occurred_at=context.now, parcel=number, reason=f"export:{code}"
                )
                save = self._keep(job, request, f"refused:{code}", None, context)
        return Done(published=[published], save=save, unless=ORDER_ENDS)

    def _keep(
        self, job: ClaimedJob, request: dict[str, object], outcome: str, mrn: str | None, context: DecisionContext
    ) -> Keep:
        body = json.dumps(request, ensure_ascii=False).encode()
        declaration = store.Declaration(
            order_id=job.stream.id,
            parcel=int(job.subject),
            lrn=str(request["lrn"]),
            outcome=outcome,
            mrn=mrn,
            sealed_body=self.seal.seal(body, f"export:{request['lrn']}"),
            answered_at=context.now,
            keep_until=keep_until(context.now),
        )
        return Keep(declaration)


@dataclass(frozen=True, slots=True)
class Keep:
    """Stores a declaration's answer; it is marked where the order had ended meanwhile."""

    declaration: store.Declaration

    async def __call__(self, db: DB, facts: Facts) -> None:
        await store.save_declaration(db, self.declaration, overtaken=any(end in facts for end in ORDER_ENDS))


@dataclass(frozen=True, slots=True)
class ImportWork:
    pool: asyncpg.Pool[asyncpg.Record]
    ledger: Ledger
    clock: Clock
    seal: Seal
    persons: Persons
    policy: Policy
    parties: Parties
    roles: tuple[Role, ...]
    gateway: ImportGateway

    async def send_documents(self, job: ClaimedJob) -> Done:
        """Order, payment and waybill, as far as they are our role. One that is refused is a case."""
        parcel = int(job.subject)
        for role in self.roles:
            receipt = await self._send(job.stream.id, parcel, DOCUMENTS[role])
            if receipt is not None and not receipt.accepted:
                return self._case(job, f"{DOCUMENTS[role]}:{_reason(receipt)}")
        return Done()

    async def declare(self, job: ClaimedJob) -> Done:
        """The inventory, after the documents that it must match, and at once what its receipt says.

        An error of the message is a case. So is a refusal after a first one, which is a fact once a parcel.
        """
        parcel = int(job.subject)
        for role in self.roles:
            await self._send(job.stream.id, parcel, DOCUMENTS[role])
        receipt = await self._send(job.stream.id, parcel, "CEB621")
        if receipt is None:
            return Done()
        if receipt.format_error:
            return self._case(job, f"CEB621:{_reason(receipt)}")
        now = self.clock.now()
        published: list[Event] = []
        if receipt.accepted:
            number = receipt.number or str(ceb.guid(job.stream.id, parcel, "CEB621"))
            published.append(
                ImportDeclared(order_id=job.stream.id, occurred_at=now, parcel=parcel, declaration_number=number)
            )
        verdict = receipts.fact(job.stream.id, parcel, receipt.status, now, now, self.policy.tables.codes.hold_reasons)
        if isinstance(verdict, ImportRefused) and verdict in await facts_of(self.pool, self.ledger, job.stream.id):
            return self._case(job, f"CEB621:{_reason(receipt)}")
        if verdict is not None:
            published.append(verdict)
        return Done(published) if published else self._case(job, f"CEB621:{_reason(receipt)}")

    async def declare_return(self, job: ClaimedJob) -> Done:
        """The return of a released parcel (CEB625); its approval comes as a later receipt."""
        receipt = await self._send(job.stream.id, int(job.subject), "CEB625")
        if receipt is not None and not receipt.accepted:
            return self._case(job, f"CEB625:{_reason(receipt)}")
        return Done()

    async def answer_hold(self, job: ClaimedJob) -> Done:
        """Sends an operator's answer. A parcel that is no longer held needs none."""
        facts = await facts_of(self.pool, self.ledger, job.stream.id)
        placed = facts.get(OrderPlaced)
        async with self.pool.acquire() as db:
            sealed = await store.answer(db, job.stream.id, job.subject)
        if placed is None or sealed is None:
            return Done()
        text = self.seal.open(sealed, answer_place(job.stream.id, job.subject)).decode()
        parcel = int(job.subject.partition(":")[0])
        if await self.gateway.answer_hold(export.sub_order(placed, parcel), text) == "unknown":
            return self._case(job, "unknown_declaration")
        return Done()

    async def _send(self, order_id: UUID, parcel: int, message: MessageType) -> Receipt | None:
        """The message, unless it was accepted before. None when there is no answer to judge.

        It is stored before it leaves, and what is stored is what is sent again. Of a person whose record was erased
        nothing is sent any more.
        """
        body = await self._written(order_id, parcel, message)
        if body is None:
            return None
        receipt = await self.gateway.send(body)
        async with self.pool.acquire() as db:
            await store.message_answered(
                db, ceb.guid(order_id, parcel, message), receipt.status, receipt.number, self.clock.now()
            )
        return receipt

    async def _written(self, order_id: UUID, parcel: int, message: MessageType) -> bytes | None:
        guid = ceb.guid(order_id, parcel, message)
        async with self.pool.acquire() as db, db.transaction():
            if message == "CEB621":
                await store.lock_parcel(db, order_id, parcel)
            found = await store.message(db, order_id, parcel, message)
            if found and message in DOCUMENTS.values() and _settled(found["status"]):
                return None
            facts = (await self.ledger.read(db, [order_stream(order_id)]))[order_id]
            if PersonErased in facts:
                return None
            if found is not None:
                return self.seal.open(found["body"], f"ceb:{guid}")
            contact = await self.persons.contact(db, order_id, message)
            buyer = await self.persons.national_id(db, order_id, message)
            if contact is None or buyer is None:
                return None
            now = self.clock.now()
            declared = shipment(facts, parcel, contact, buyer, self.policy, now)
            body = ceb.build(message, declared, self.parties, self.policy.tables.codes)
            sealed = self.seal.seal(body, f"ceb:{guid}")
            await store.add_message(db, guid, order_id, parcel, message, sealed, now, keep_until(now))
            return body

    def _case(self, job: ClaimedJob, reason: str) -> Done:
        context = DecisionContext(self.clock.now())
        return Done([attention(job.stream.id, job.kind, job.subject, reason, context, _round(job))])


def answer_place(order_id: UUID, subject: str) -> str:
    """Where an operator's answer is sealed to."""
    return f"hold-answer:{order_id}:{subject}"


def _settled(status: str | None) -> bool:
    return status is not None and Receipt(None, status, None).accepted


async def do_again(db: DB, kind: str, order_id: UUID, subject: str, round_: int) -> bool:
    """A person has looked into it: the work is done again, its own messages written anew unless they were accepted.

    `round_` is that of the case which opens if it fails again. False when no such work waits for anyone.
    """
    if not await job_queue.run_again(db, kind, order_stream(order_id), subject, {"round": round_}):
        return False
    parcel = int(subject.partition(":")[0])
    rejected = [
        row["guid"]
        for row in await store.messages_of(db, order_id)
        if row["parcel"] == parcel
        and row["type"] in SENDS.get(kind, ())
        and row["status"] is not None
        and not _settled(row["status"])
    ]
    await store.drop_messages(db, rejected)
    return True


def _round(job: ClaimedJob) -> int:
    """How often a person has had this work done again, and one."""
    return int(job.state.get("round", 1))


def _reason(receipt: Receipt) -> str:
    return "format" if receipt.format_error else receipt.status.replace("-", "minus")


async def facts_of(pool: asyncpg.Pool[asyncpg.Record], ledger: Ledger, order_id: UUID) -> Facts:
    async with pool.acquire() as db:
        return (await ledger.read(db, [order_stream(order_id)]))[order_id]


def kinds(exports: ExportWork, imports: ImportWork) -> tuple[JobKind, ...]:
    """The wiring of the outside work: kind, counterpart, what runs. The last failed try opens a case."""

    def given_up(job: ClaimedJob, _: str) -> Sequence[Event]:
        context = DecisionContext(exports.clock.now())
        return [attention(job.stream.id, job.kind, job.subject, "no_answer", context, _round(job))]

    kind = partial(JobKind, exhausted=given_up)
    return (
        kind(decide.EXPORT, EXPORT_GATEWAY, exports.run),
        kind(decide.DOCUMENTS, IMPORT_GATEWAY, imports.send_documents),
        kind(decide.INVENTORY, IMPORT_GATEWAY, imports.declare),
        kind(decide.RETURN, IMPORT_GATEWAY, imports.declare_return),
        kind(decide.HOLD_ANSWER, IMPORT_GATEWAY, imports.answer_hold),
    )
