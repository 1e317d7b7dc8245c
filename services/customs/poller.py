"""The single window's later receipts: read by cursor, each with its effect once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from contracts.base import Event
from contracts.customs import ImportRefused, ImportReturned
from services.customs import domain, receipts, store
from services.customs.cases import CLEARANCE, attention, attention_round, hold_refused
from services.customs.ceb import DOCUMENTS
from services.customs.gateways import ImportGateway
from services.customs.receipts import FAILED, LaterReceipt, Page, meaning, trouble
from services.customs.store import Sent
from services.customs.work import IMPORT_GATEWAY
from shared.db import TRANSIENT
from shared.facts import Facts, Moment
from shared.jobs import Retry
from shared.service import Platform
from shared.telemetry import Loop, log

PAGE = 200
LONGEST_WAIT_SECONDS = 60.0


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
                more = await self.take_page()
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

    async def take_page(self) -> bool:
        """Reads one page behind the cursor; True when another may follow at once."""
        async with self.platform.pool.acquire() as db:
            if await store.is_paused(db, IMPORT_GATEWAY):
                return False
            known = await store.cursor(db, IMPORT_GATEWAY)
        page = await self.gateway.later_receipts(known, PAGE)
        if not page.receipts:
            return False
        return await self._record(page, known) and len(page.receipts) >= PAGE

    async def _record(self, page: Page, known: str | None) -> bool:
        """Receipts, what they say and the cursor in one transaction; False when another replica was faster."""
        now = self.platform.clock.now()
        async with self.platform.ledger.transaction() as db:
            await store.lock_source(db, IMPORT_GATEWAY)
            if await store.cursor(db, IMPORT_GATEWAY) != known:
                return False
            owners = await store.whose(db, {r.guid for r in page.receipts if r.guid is not None})
            sealed = [(r, self.platform.seal.seal(r.info.encode(), f"receipt:{r.cursor}")) for r in page.receipts]
            fresh = await store.add_receipts(db, sealed, owners)
            ours = self._ours([receipt for receipt in page.receipts if receipt.cursor in fresh], owners)
            for turn in _turns(ours):
                sets = await self.platform.ledger.lock(db, {sent.order_id for _, sent in turn})
                facts = [
                    fact
                    for receipt, sent in turn
                    for fact in said(receipt, sent, sets[sent.order_id], self.hold_reasons, Moment(now))
                ]
                await self.platform.ledger.say(db, facts)
            turned_down = [(receipt.guid, receipt.status) for receipt, _ in ours if meaning(receipt.status) in FAILED]
            await store.turned_down(db, turned_down, now)
            await store.move_cursor(db, IMPORT_GATEWAY, page.next or page.receipts[-1].cursor)
        return True

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


def said(
    receipt: LaterReceipt, sent: Sent, facts: Facts, hold_reasons: Mapping[str, str], moment: Moment
) -> list[Event]:
    """What a later receipt of this message says, with what is known of its order. Pure.

    Only the inventory's receipts decide about the parcel. One that turns down a document or a return is a case for
    the work that sent it; any other receipt of a document moves nothing.
    """
    what = meaning(receipt.status)
    match sent.type:
        case "CEB621":
            return _of_inventory(receipt, sent, facts, hold_reasons, moment)
        case "CEB625" if what == "cleared":
            return [ImportReturned(order_id=sent.order_id, occurred_at=moment.now, parcel=sent.parcel)]
        case "CEB625" if what in FAILED:
            return [_attention(domain.RETURN, receipt, sent, facts, moment)]
        case _ if sent.type in DOCUMENTS.values() and what in FAILED:
            return [_attention(domain.DOCUMENTS, receipt, sent, facts, moment)]
    return []


def _of_inventory(
    receipt: LaterReceipt, sent: Sent, facts: Facts, hold_reasons: Mapping[str, str], moment: Moment
) -> list[Event]:
    match meaning(receipt.status):
        case "not_sent":
            return [_attention(CLEARANCE, receipt, sent, facts, moment)]
        case "error":
            return [_attention(domain.INVENTORY, receipt, sent, facts, moment)]
        case "refused" if _declared_again(sent, facts):
            ended = hold_refused(facts, sent.parcel, moment)
            return [*ended, _attention(domain.INVENTORY, receipt, sent, facts, moment)]
    at = receipt.returned_at or moment.now
    fact = receipts.fact(sent.order_id, sent.parcel, receipt.status, at, moment.now, hold_reasons)
    return [] if fact is None else [fact]


def _declared_again(sent: Sent, facts: Facts) -> bool:
    """The inventory was written anew after a refusal, which is a fact only once a parcel."""
    refused = facts.get(ImportRefused, sent.parcel)
    return refused is not None and sent.written_at > refused.occurred_at


def _attention(kind: str, receipt: LaterReceipt, sent: Sent, facts: Facts, moment: Moment) -> Event:
    subject = str(sent.parcel)
    reason = trouble(receipt.message_type, receipt.status)
    return attention(sent.order_id, kind, subject, reason, moment, attention_round(facts, kind, subject))
