"""The single window's later receipts: read by cursor, each with its effect once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import get_args
from uuid import UUID

from aiokafka.errors import KafkaError

from contracts.base import Event
from contracts.customs import ImportDeclared, ImportRefused, ImportReturned
from services.customs import store
from services.customs.domain import ceb, receipts
from services.customs.domain.cases import CLEARANCE, attention, attention_round, hold_refused
from services.customs.domain.ceb import DOCUMENTS, MessageType
from services.customs.domain import decide
from services.customs.domain.receipts import FAILED, LaterReceipt, Page, meaning, trouble
from services.customs.jobs.gateways import ImportGateway
from services.customs.jobs.work import IMPORT_GATEWAY
from services.customs.store import Sent
from shared.db import DB, TRANSIENT
from shared.jobs import pauses
from shared.jobs.worker import Retry
from shared.ledger import fact_sets
from shared.ledger.facts import DecisionContext, Facts, PersonErased
from shared.loop import Loop
from shared.platform import Platform
from shared.telemetry import log

PAGE = 200
LONGEST_WAIT_SECONDS = 60.0
LOOK_AGAIN_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Receipts:
    """Follows the receipts of one gateway. Waits are real seconds."""

    platform: Platform
    gateway: ImportGateway
    hold_reasons: Mapping[str, str]
    poll_seconds: float

    async def follow(self, loop: Loop) -> None:
        """Page after page, until cancelled. A gateway that does not answer is left in peace for longer each time."""
        failures = 0
        while True:
            loop.tick()
            try:
                more = await self.take_page(loop)
                failures = 0
                wait = 0.0 if more else self.poll_seconds
            except Retry as retry:
                failures += 1
                wait = retry.after or min(LONGEST_WAIT_SECONDS, self.poll_seconds * 2 ** min(failures, 6))
                log.warning("receipts cannot be read", reason=retry.reason, failures=failures)
            except TRANSIENT as error:
                await loop.back_off(error)
                continue
            loop.healthy()
            await loop.sleep(wait)

    async def take_page(self, loop: Loop) -> bool:
        """Reads one page behind the cursor; True when another may follow at once."""
        async with self.platform.pool.acquire() as db:
            if await pauses.is_paused(db, IMPORT_GATEWAY):
                return False
            known = await store.cursor(db, IMPORT_GATEWAY)
        page = await loop.while_waiting(self.gateway.later_receipts(known, PAGE))
        if not page.receipts:
            return False
        if await self._has_strangers(page):
            await self._all_heard(loop)
        try:
            moved = await self._record(page, known)
        except TRANSIENT:
            raise
        except Exception as error:
            log.warning("receipts could not be recorded together", error=error)
            moved = await self._record_alone(page, known, loop)
        return moved and len(page.receipts) >= PAGE

    async def _has_strangers(self, page: Page) -> bool:
        async with self.platform.pool.acquire() as db:
            owners = await _owners(db, page.receipts)
        return any(receipt.guid is not None and receipt.guid not in owners for receipt in page.receipts)

    async def _all_heard(self, loop: Loop) -> None:
        """Waits until all is heard that was said by now: a restored database has still to hear of orders whose
        receipts come, and a receipt is read but once."""
        while True:
            try:
                reached = await loop.while_waiting(self.platform.caught_up())
                loop.healthy()
                while not await reached():
                    await loop.sleep(LOOK_AGAIN_SECONDS)
                return
            except (KafkaError, *TRANSIENT) as error:
                await loop.back_off(error)

    async def _record(self, page: Page, known: str | None) -> bool:
        """Receipts, what they say and the cursor in one transaction; False when another replica was faster."""
        now = self.platform.clock.now()
        async with self.platform.ledger.transaction() as db:
            if not await self._is_next(db, known):
                return False
            ours = await self._keep(db, page)
            for turn in _turns(ours):
                sets = await self.platform.ledger.lock(db, {sent.order_id for _, sent in turn})
                facts = [
                    fact
                    for receipt, sent in turn
                    for fact in receipt_facts(
                        receipt, sent, sets[sent.order_id], self.hold_reasons, DecisionContext(now)
                    )
                ]
                await self.platform.ledger.publish(db, facts)
            await self._move(db, page, ours, now)
        return True

    async def _record_alone(self, page: Page, known: str | None, loop: Loop) -> bool:
        """The same, each receipt by itself; one at fault holds up no other."""
        last = len(page.receipts) - 1
        for number, receipt in enumerate(page.receipts):
            loop.tick()
            own = Page((receipt,), page.next if number == last else None)
            try:
                moved = await self._record(own, known)
            except TRANSIENT:
                raise
            except Exception as error:
                log.error("receipt could not be recorded", status=receipt.status, guid=str(receipt.guid), error=error)
                moved = await self._park(own, known)
            if not moved:
                return False
            known = receipt.cursor
        return True

    async def _park(self, page: Page, known: str | None) -> bool:
        """Keeps a receipt on which a rule of ours fails: what it says is said, if it can be worked out, and the order
        is a case."""
        now = self.platform.clock.now()
        async with self.platform.ledger.transaction() as db:
            if not await self._is_next(db, known):
                return False
            ours = await self._keep(db, page)
            for receipt, sent in ours:
                for fact in await self._worked_out(db, receipt, sent, DecisionContext(now)):
                    await self.platform.ledger.append(db, fact)
                await self.platform.ledger.undecided(db, sent.order_id)
            await self._move(db, page, ours, now)
        return True

    async def _worked_out(self, db: DB, receipt: LaterReceipt, sent: Sent, context: DecisionContext) -> list[Event]:
        try:
            facts = (await self.platform.ledger.lock(db, [sent.order_id]))[sent.order_id]
            return receipt_facts(receipt, sent, facts, self.hold_reasons, context)
        except TRANSIENT:
            raise
        except Exception as error:
            log.error("receipt says nothing that can be told", order_id=str(sent.order_id), error=error)
            return []

    async def _is_next(self, db: DB, known: str | None) -> bool:
        await store.lock_source(db, IMPORT_GATEWAY)
        return await store.cursor(db, IMPORT_GATEWAY) == known

    async def _keep(self, db: DB, page: Page) -> list[tuple[LaterReceipt, Sent]]:
        """Stores the receipts: those that are new, and whose they are. Of an erased person, and of nobody we know,
        the office's own words are not kept."""
        owners = await _owners(db, page.receipts)
        gone = await fact_sets.holding(db, {sent.order_id for sent in owners.values()}, PersonErased)
        rows = []
        for receipt in page.receipts:
            sent = owners.get(receipt.guid) if receipt.guid is not None else None
            wordless = sent is None or sent.order_id in gone
            words = b"" if wordless else self.platform.seal.seal(receipt.info.encode(), f"receipt:{receipt.cursor}")
            rows.append((receipt, words))
        fresh = await store.add_receipts(db, rows, owners)
        return self._ours([receipt for receipt in page.receipts if receipt.cursor in fresh], owners)

    async def _move(self, db: DB, page: Page, ours: Sequence[tuple[LaterReceipt, Sent]], now: datetime) -> None:
        turned_down = [(receipt.guid, receipt.status) for receipt, _ in ours if meaning(receipt.status) in FAILED]
        await store.turned_down(db, turned_down, now)
        await store.move_cursor(db, IMPORT_GATEWAY, page.next or page.receipts[-1].cursor)

    def _ours(self, new: Sequence[LaterReceipt], owners: Mapping[UUID, Sent]) -> list[tuple[LaterReceipt, Sent]]:
        ours: list[tuple[LaterReceipt, Sent]] = []
        for receipt in new:
            sent = owners.get(receipt.guid) if receipt.guid is not None else None
            if sent is None:
                log.warning("receipt of an unknown message", status=receipt.status, type=receipt.message_type)
                continue
            if meaning(receipt.status) == "unknown":
                log.warning("unknown receipt status", status=receipt.status, order_id=str(sent.order_id))
            ours.append((receipt, sent))
        return ours


async def _owners(db: DB, receipts: Sequence[LaterReceipt]) -> dict[UUID, Sent]:
    """Whose message each guid is. That of a message which a restored database has forgotten is derived again."""
    guids = {receipt.guid for receipt in receipts if receipt.guid is not None}
    owners = await store.whose(db, guids)
    numbers = {receipt.cop_no for receipt in receipts if receipt.guid in guids - owners.keys()}
    if not numbers:
        return owners
    forgotten = {
        ceb.guid(row["order_id"], row["parcel"], message): Sent(row["order_id"], row["parcel"], message, None)
        for row in await store.declared_as(db, numbers)
        for message in get_args(MessageType)
    }
    return {guid: sent for guid, sent in forgotten.items() if guid in guids} | owners


def _turns(ours: Sequence[tuple[LaterReceipt, Sent]]) -> list[list[tuple[LaterReceipt, Sent]]]:
    """Every order's first receipt together, then every second: each is read with what the one before it said."""
    turns: list[list[tuple[LaterReceipt, Sent]]] = []
    read: Counter[UUID] = Counter()
    for receipt, sent in ours:
        if read[sent.order_id] == len(turns):
            turns.append([])
        turns[read[sent.order_id]].append((receipt, sent))
        read[sent.order_id] += 1
    return turns


def receipt_facts(
    receipt: LaterReceipt, sent: Sent, facts: Facts, hold_reasons: Mapping[str, str], context: DecisionContext
) -> list[Event]:
    """What a later receipt of this message says, with what is known of its order. Pure.

    Only the inventory's receipts decide about the parcel. One that turns down a document or a return is a case for
    the work that sent it; any other receipt of a document moves nothing.
    """
    what = meaning(receipt.status)
    match sent.type:
        case "CEB621":
            return _of_inventory(receipt, sent, facts, hold_reasons, context)
        case "CEB625" if what == "cleared":
            return [ImportReturned(order_id=sent.order_id, occurred_at=context.now, parcel=sent.parcel)]
        case "CEB625" if what in FAILED:
            return [_attention(decide.RETURN, receipt, sent, facts, context)]
        case _ if sent.type in DOCUMENTS.values() and what in FAILED:
            return [_attention(decide.DOCUMENTS, receipt, sent, facts, context)]
    return []


def _of_inventory(
    receipt: LaterReceipt, sent: Sent, facts: Facts, hold_reasons: Mapping[str, str], context: DecisionContext
) -> list[Event]:
    match meaning(receipt.status):
        case "not_sent":
            return [_attention(CLEARANCE, receipt, sent, facts, context)]
        case "error":
            return [_attention(decide.INVENTORY, receipt, sent, facts, context)]
        case "refused" if _declared_again(sent, facts):
            ended = hold_refused(facts, sent.parcel, context)
            return [*ended, _attention(decide.INVENTORY, receipt, sent, facts, context)]
    at = receipt.returned_at or context.now
    fact = receipts.fact(sent.order_id, sent.parcel, receipt.status, at, context.now, hold_reasons)
    return [] if fact is None else [fact]


def _declared_again(sent: Sent, facts: Facts) -> bool:
    """The inventory was written anew after a refusal, which is a fact only once a parcel.

    When a forgotten one was written, the fact of its declaration says. That fact is of the first one that customs
    took, so that the refusal which is the fact, when a restore has it told again, is not taken for another.
    """
    refused, declared = facts.get(ImportRefused, sent.parcel), facts.get(ImportDeclared, sent.parcel)
    written_at = sent.written_at or (declared.occurred_at if declared else None)
    return refused is not None and written_at is not None and written_at > refused.occurred_at


def _attention(kind: str, receipt: LaterReceipt, sent: Sent, facts: Facts, context: DecisionContext) -> Event:
    subject = str(sent.parcel)
    reason = trouble(receipt.message_type, receipt.status)
    return attention(sent.order_id, kind, subject, reason, context, attention_round(facts, kind, subject))
