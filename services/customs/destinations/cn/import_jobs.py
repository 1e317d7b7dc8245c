"""The jobs of the import: the CEB messages of a parcel, and an operator's answer to a hold."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from contracts.base import order_stream
from contracts.customs import ImportRefused, OrderScreened
from contracts.orders import OrderPlaced
from contracts.persons import Contact
from services.customs.destinations.cn import ceb, message_store, message_versions, receipt_store
from services.customs.destinations.cn.ceb import BEIJING, DOCUMENTS, SIGNED, MessageType, Parties, Undeclarable
from services.customs.destinations.cn.ceb_messages import build, business_keys
from services.customs.destinations.cn.ceb_writer import require_valid
from services.customs.destinations.cn.gateway import ImportGateway
from services.customs.destinations.cn.mandates import Mandate, is_ours
from services.customs.destinations.cn.receipt_events import inventory_events
from services.customs.destinations.cn.receipt_statuses import is_accepted, meaning
from services.customs.destinations.cn.receipts import CustomsReceipt
from services.customs.destinations.cn.shipments import FLIGHT_UNKNOWN, require_flight, shipment
from services.customs.destinations.cn.signing import Signer
from services.customs.destinations.cn.transport import Outgoing
from services.customs.destinations.destination import Parts
from services.customs.domain import export
from services.customs.domain.decide import Policy
from services.customs.domain.payment_parts import paid_under
from services.customs.domain.retention import keep_until
from services.customs.jobs.attention import attention_case
from services.customs.store import hold_answers, payment_parts
from services.persons.facts import PersonErased, contact_version
from shared.db import DB
from shared.jobs.worker import ClaimedJob, Done
from shared.ledger.facts import DecisionContext, Facts

PAID: frozenset[MessageType] = frozenset({"CEB311", "CEB411"})
"""The messages that name the payment."""


@dataclass(frozen=True, slots=True)
class ImportJobs:
    """Each method is the run of one kind of job; all raise Retry."""

    parts: Parts
    parties: Parties
    """Where a marketplace's agreement names no others."""
    mandates: tuple[Mandate, ...]
    signer: Signer | None
    gateway: ImportGateway
    flight_required: bool
    """Whether an inventory waits, as a case, until the agent has named the flight."""

    async def send_documents(self, job: ClaimedJob) -> Done:
        """Order, payment and waybill, as far as they are ours to send. One that is refused is a case."""
        for message in self._documents():
            try:
                receipt = await self._send(job.stream.id, int(job.subject), message)
            except Undeclarable as fault:
                return self._undeclarable(job, message, fault)
            if receipt is not None and not receipt.accepted:
                return self._case(job, f"{message}:{receipt.reason}")
        return Done()

    async def declare(self, job: ClaimedJob) -> Done:
        """The inventory, after the documents that it must match, and at once the events of its receipt.

        An error of the message is a case. So is a refusal, which is a fact too, once a version of the inventory.
        """
        parcel = int(job.subject)
        for message in (*self._documents(), "CEB621"):
            try:
                receipt = await self._send(job.stream.id, parcel, message)
            except Undeclarable as fault:
                return self._undeclarable(job, message, fault)
        if receipt is None:
            return Done()
        context = DecisionContext(self.parts.clock.now())
        hold_reasons = self.parts.in_force().tables.codes.hold_reasons
        version = await self._version(job.stream.id, parcel) if meaning(receipt.status) == "refused" else 1
        events = inventory_events(job.stream.id, parcel, receipt, hold_reasons, context, version)
        refused = next((event for event in events if isinstance(event, ImportRefused)), None)
        if not events:
            return self._case(job, f"CEB621:{receipt.reason}")
        if refused is not None:
            case = attention_case(job, f"CEB621:{receipt.reason}", context.now)
            return Done([case] if refused in await self._facts(job.stream.id) else [refused, case])
        return Done(events)

    async def change_inventory(self, job: ClaimedJob, message: MessageType) -> Done:
        """The cancellation of an inventory (CEB623), or the return of a released parcel (CEB625); the approval comes as
        a polled receipt."""
        try:
            receipt = await self._send(job.stream.id, int(job.subject), message)
        except Undeclarable as fault:
            return self._undeclarable(job, message, fault)
        if receipt is not None and not receipt.accepted:
            return self._case(job, f"{message}:{receipt.reason}")
        return Done()

    async def answer_hold(self, job: ClaimedJob) -> Done:
        """Sends an operator's answer. A parcel that is no longer held needs none."""
        facts = await self._facts(job.stream.id)
        placed, screened = facts.get(OrderPlaced), facts.get(OrderScreened)
        parcel = int(job.subject.partition(":")[0])
        async with self.parts.pool.acquire() as db:
            sealed = await hold_answers.load(db, job.stream.id, job.subject)
            stated = await message_store.stated_numbers(db, job.stream.id, parcel)
        if placed is None or screened is None or sealed is None:
            return Done()
        text = self.parts.seal.open(sealed, hold_answers.sealing_place(job.stream.id, job.subject)).decode()
        cop_no = stated.cop_no or export.import_number(placed, screened, parcel)
        if await self.gateway.answer_hold(cop_no, text) == "unknown":
            return self._case(job, "unknown_declaration")
        return Done()

    async def _version(self, order_id: UUID, parcel: int) -> int:
        """The version of the inventory that was sent."""
        async with self.parts.pool.acquire() as db:
            return (await message_versions.next_version(db, order_id, parcel, "CEB621")).version

    def _documents(self) -> tuple[MessageType, ...]:
        """The documents to send: without a mandate of a payment firm the payment is left out."""
        paid_by_us = any(mandate.message == "CEB411" for mandate in self.mandates)
        return tuple(message for message in DOCUMENTS if message != "CEB411" or paid_by_us)

    def _parties(self, placed: OrderPlaced | None, policy: Policy) -> Parties:
        """The same in every message of an order: those of the day on which it arrived."""
        if placed is None:
            return self.parties
        day = placed.occurred_at.astimezone(BEIJING).date()
        return self.parties.agreed(policy.tables.agreements.parties(placed.marketplace, day))

    def _splits(self, facts: Facts, stated: str | None, policy: Policy) -> bool:
        """Whether the parcel is an order of its own to customs. All its messages have the same order number: that of
        the messages written already (`stated`), whatever the setting is now."""
        placed = facts.get(OrderPlaced)
        if stated is not None and placed is not None:
            return stated != placed.number
        return placed is not None and policy.splits(placed)

    async def _paid(self, db: DB, order_id: UUID, parcel: int, contact: Contact) -> Contact:
        """The contact with the number of the parcel's own part of the payment, where the marketplace has stated it."""
        sealed = await payment_parts.load(db, order_id, parcel)
        if sealed is None:
            return contact
        return paid_under(contact, self.parts.seal.open(sealed, payment_parts.sealing_place(order_id, parcel)).decode())

    def _today(self) -> date:
        return self.parts.clock.now().astimezone(BEIJING).date()

    async def _send(self, order_id: UUID, parcel: int, message: MessageType) -> CustomsReceipt | None:
        """The message, unless it was accepted before or is not ours to send. None when there is no answer to judge.

        It is stored before it leaves, and what is stored is what is sent again. Of a person whose record was erased
        nothing is sent any more. Undeclarable: it cannot be written by the rules of the single window.
        """
        outgoing = await self._written(order_id, parcel, message)
        if outgoing is None:
            return None
        receipt = await self.gateway.send(outgoing)
        if not receipt.accepted or meaning(receipt.status) == "held":
            await self._keep_text(outgoing.guid, order_id, parcel, receipt)
        async with self.parts.pool.acquire() as db:
            await message_store.save_answer(db, outgoing.guid, receipt.status, receipt.number, self.parts.clock.now())
        return receipt

    async def _keep_text(self, guid: UUID, order_id: UUID, parcel: int, receipt: CustomsReceipt) -> None:
        """Stores the receipt with the office's own text, unless the person's record was erased meanwhile."""
        place = receipt_store.sealing_place(receipt_store.answer_key(guid, receipt))
        async with self.parts.ledger.transaction() as db:
            facts = (await self.parts.ledger.lock(db, [order_stream(order_id)]))[order_id]
            info = b"" if PersonErased in facts else self.parts.seal.seal(receipt.info.encode(), place)
            await receipt_store.add_answer(db, guid, order_id, parcel, receipt, info)

    async def _written(self, order_id: UUID, parcel: int, message: MessageType) -> Outgoing | None:
        """The message to send now, by one set of rules; it is written and stored if it was not yet. None: nothing is
        sent."""
        policy = self.parts.in_force()
        async with self.parts.pool.acquire() as db, db.transaction():
            if message == "CEB621":
                await message_store.lock_inventory(db, order_id, parcel)
            stored = await message_store.load(db, order_id, parcel, message)
            if stored and message in DOCUMENTS and is_accepted(stored["status"]):
                return None
            facts = (await self.parts.ledger.read(db, [order_stream(order_id)]))[order_id]
            if PersonErased in facts:
                return None
            parties = self._parties(facts.get(OrderPlaced), policy)
            ours = is_ours(message, self.mandates, parties, self._today())
            if message == "CEB411" and not ours:  # its firm's own from the beginning: it needs no broker
                return None
            if stored is not None:
                guid = stored["guid"]
                body = self.parts.seal.open(stored["body"], message_store.sealing_place(guid))
                return Outgoing(message, guid, body, stored["created_at"]) if stored["is_ours"] else None
            contact = await self.parts.persons.contact(db, order_id, contact_version(facts), message)
            buyer = await self.parts.persons.national_id(db, order_id, message)
            if contact is None or buyer is None:
                return None
            now = self.parts.clock.now()
            stated = await message_store.stated_numbers(db, order_id, parcel)
            split = self._splits(facts, stated.order_no, policy)
            if split and message in PAID:
                contact = await self._paid(db, order_id, parcel, contact)
            following = await message_versions.next_version(db, order_id, parcel, message)
            number = following.number or await message_store.inventory_number(db, order_id, parcel)
            declared = replace(
                shipment(
                    facts,
                    parcel,
                    contact,
                    buyer,
                    policy,
                    now,
                    number,
                    split=split,
                    stated_cop_no=stated.cop_no,
                ),
                version=following.version,
                changes=following.changes,
            )
            if message == "CEB621" and self.flight_required:
                require_flight(declared)
            guid = ceb.guid(order_id, parcel, message, following.version)
            body = build(message, declared, parties, policy.tables.codes)
            if ours and message in SIGNED and self.signer is not None:
                body = self.signer.sign(body)
                require_valid(body, signed=True)
            keys = business_keys(message, declared, parties)
            sealed = self.parts.seal.seal(body, message_store.sealing_place(guid))
            await message_store.add(
                db, guid, order_id, parcel, message, sealed, keys, ours, now, keep_until(now), following.number
            )
            return Outgoing(message, guid, body, now) if ours else None

    async def _facts(self, order_id: UUID) -> Facts:
        async with self.parts.pool.acquire() as db:
            return (await self.parts.ledger.read(db, [order_stream(order_id)]))[order_id]

    def _undeclarable(self, job: ClaimedJob, message: MessageType, fault: Undeclarable) -> Done:
        """Nothing was sent: the case names the field and the rule that it breaks. What waits for the flight is tried
        again when the agent names it."""
        reason = f"{message}:{fault.field}:{fault.rule}"
        case = attention_case(job, reason, self.parts.clock.now(), fault.lacks)
        return Done([case.model_copy(update={"action": "look_into"}) if reason in FLIGHT_UNKNOWN else case])

    def _case(self, job: ClaimedJob, reason: str) -> Done:
        return Done([attention_case(job, reason, self.parts.clock.now())])
