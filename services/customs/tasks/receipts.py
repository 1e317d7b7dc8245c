"""The single window's later receipts: read by cursor, each with its effect once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import get_args
from uuid import UUID

import asyncpg
from aiokafka.errors import KafkaError

from contracts.base import Event, order_stream
from services.customs import store
from services.customs.domain import ceb
from services.customs.domain.ceb import MessageType
from services.customs.domain.receipt_facts import receipt_facts
from services.customs.domain.receipts import FAILED, LaterReceipt, Page, SentMessage, meaning
from services.customs.jobs.gateways import ImportGateway
from services.customs.jobs.work import IMPORT_GATEWAY
from services.persons.facts import PersonErased
from shared.clock import Clock
from shared.db import DB, TRANSIENT
from shared.jobs import pauses
from shared.jobs.worker import Retry
from shared.ledger import fact_sets
from shared.ledger.facts import DecisionContext
from shared.ledger.ledger import Ledger
from shared.ledger.timers import CaughtUp
from shared.loop import Loop
from shared.sealing import Seal
from shared.telemetry import log

PAGE = 200
LONGEST_WAIT_SECONDS = 60.0
LOOK_AGAIN_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class ReceiptPoller:
    """Reads the later receipts of one gateway. Waits are real seconds."""

    pool: asyncpg.Pool[asyncpg.Record]
    ledger: Ledger
    clock: Clock
    seal: Seal
    caught_up: CaughtUp
    gateway: ImportGateway
    hold_reasons: Mapping[str, str]
    poll_seconds: float

    async def run(self, loop: Loop) -> None:
        """Page after page, until cancelled. A gateway that does not answer is asked less often each time."""
        failures = 0

        async def step() -> float:
            nonlocal failures
            try:
                more = await self.take_page(loop)
            except Retry as retry:
                failures += 1
                log.warning("receipts cannot be read", reason=retry.reason, failures=failures)
                return retry.after or min(LONGEST_WAIT_SECONDS, self.poll_seconds * 2 ** min(failures, 6))
            failures = 0
            return 0.0 if more else self.poll_seconds

        await loop.repeat(step, self.poll_seconds)

    async def take_page(self, loop: Loop) -> bool:
        """Reads one page behind the cursor; True when another may follow at once."""
        async with self.pool.acquire() as db:
            if await pauses.is_paused(db, IMPORT_GATEWAY):
                return False
            known = await store.cursor(db, IMPORT_GATEWAY)
        page = await loop.while_waiting(self.gateway.later_receipts(known, PAGE))
        if not page.receipts:
            return False
        if await self._has_unknown(page):
            await self._wait_until_consumed(loop)
        try:
            moved = await self._record(page, known)
        except TRANSIENT:
            raise
        except Exception as error:
            log.warning("receipts could not be recorded together", error=error)
            moved = await self._record_alone(page, known, loop)
        return moved and len(page.receipts) >= PAGE

    async def _has_unknown(self, page: Page) -> bool:
        async with self.pool.acquire() as db:
            owners = await _owners(db, page.receipts)
        return any(receipt.guid is not None and receipt.guid not in owners for receipt in page.receipts)

    async def _wait_until_consumed(self, loop: Loop) -> None:
        """Until all that was published by now is consumed: a restored database has still to consume facts of orders
        whose receipts come, and a receipt is read but once."""
        passing = (KafkaError, *TRANSIENT)
        reached = await loop.attempt(lambda: loop.while_waiting(self.caught_up()), passing)
        while not await loop.attempt(reached, passing):
            await loop.sleep(LOOK_AGAIN_SECONDS)

    async def _record(self, page: Page, known: str | None) -> bool:
        """Receipts, the facts that follow and the cursor in one transaction; False when another replica was faster."""
        now = self.clock.now()
        async with self.ledger.transaction() as db:
            if not await self._is_next(db, known):
                return False
            ours = await self._keep(db, page)
            for turn in _turns(ours):
                sets = await self.ledger.lock(db, {order_stream(sent.order_id) for _, sent in turn})
                facts = [
                    fact
                    for receipt, sent in turn
                    for fact in receipt_facts(
                        receipt, sent, sets[sent.order_id], self.hold_reasons, DecisionContext(now)
                    )
                ]
                await self.ledger.publish(db, facts)
            await self._move(db, page, ours, now)
        return True

    async def _record_alone(self, page: Page, known: str | None, loop: Loop) -> bool:
        """The same, each receipt by itself; one at fault holds up no other."""
        last = len(page.receipts) - 1
        for number, receipt in enumerate(page.receipts):
            loop.tick()
            single = Page((receipt,), page.next if number == last else None)
            try:
                moved = await self._record(single, known)
            except TRANSIENT:
                raise
            except Exception as error:
                log.error("receipt could not be recorded", status=receipt.status, guid=str(receipt.guid), error=error)
                moved = await self._park(single, known)
            if not moved:
                return False
            known = receipt.cursor
        return True

    async def _park(self, page: Page, known: str | None) -> bool:
        """Keeps a receipt on which a rule of ours fails: what follows from it is published, if that can be derived,
        and the order becomes a case."""
        now = self.clock.now()
        async with self.ledger.transaction() as db:
            if not await self._is_next(db, known):
                return False
            ours = await self._keep(db, page)
            for receipt, sent in ours:
                for fact in await self._facts_of(db, receipt, sent, DecisionContext(now)):
                    await self.ledger.append(db, fact)
                await self.ledger.undecided(db, order_stream(sent.order_id))
            await self._move(db, page, ours, now)
        return True

    async def _facts_of(
        self, db: DB, receipt: LaterReceipt, sent: SentMessage, context: DecisionContext
    ) -> list[Event]:
        try:
            facts = (await self.ledger.lock(db, [order_stream(sent.order_id)]))[sent.order_id]
            return receipt_facts(receipt, sent, facts, self.hold_reasons, context)
        except TRANSIENT:
            raise
        except Exception as error:
            log.error("no facts follow from a receipt", order_id=str(sent.order_id), error=error)
            return []

    async def _is_next(self, db: DB, known: str | None) -> bool:
        await store.lock_source(db, IMPORT_GATEWAY)
        return await store.cursor(db, IMPORT_GATEWAY) == known

    async def _keep(self, db: DB, page: Page) -> list[tuple[LaterReceipt, SentMessage]]:
        """Stores the receipts: those that are new, and whose they are. Of an erased person, and of nobody we know,
        the office's own words are not kept."""
        owners = await _owners(db, page.receipts)
        erased = await fact_sets.holding(db, {sent.order_id for sent in owners.values()}, PersonErased)
        rows = []
        for receipt in page.receipts:
            sent = owners.get(receipt.guid) if receipt.guid is not None else None
            wordless = sent is None or sent.order_id in erased
            words = b"" if wordless else self.seal.seal(receipt.info.encode(), f"receipt:{receipt.cursor}")
            rows.append((receipt, words))
        new = await store.add_receipts(db, rows, owners)
        return self._ours([receipt for receipt in page.receipts if receipt.cursor in new], owners)

    async def _move(self, db: DB, page: Page, ours: Sequence[tuple[LaterReceipt, SentMessage]], now: datetime) -> None:
        turned_down = [(receipt.guid, receipt.status) for receipt, _ in ours if meaning(receipt.status) in FAILED]
        await store.turned_down(db, turned_down, now)
        await store.move_cursor(db, IMPORT_GATEWAY, page.next or page.receipts[-1].cursor)

    def _ours(
        self, new: Sequence[LaterReceipt], owners: Mapping[UUID, SentMessage]
    ) -> list[tuple[LaterReceipt, SentMessage]]:
        ours: list[tuple[LaterReceipt, SentMessage]] = []
        for receipt in new:
            sent = owners.get(receipt.guid) if receipt.guid is not None else None
            if sent is None:
                log.warning("receipt of an unknown message", status=receipt.status, type=receipt.message_type)
                continue
            if meaning(receipt.status) == "unknown":
                log.warning("unknown receipt status", status=receipt.status, order_id=str(sent.order_id))
            ours.append((receipt, sent))
        return ours


async def _owners(db: DB, receipts: Sequence[LaterReceipt]) -> dict[UUID, SentMessage]:
    """Whose message each guid is. That of a message which a restored database has forgotten is derived again."""
    guids = {receipt.guid for receipt in receipts if receipt.guid is not None}
    owners = await store.whose(db, guids)
    numbers = {receipt.cop_no for receipt in receipts if receipt.guid in guids - owners.keys()}
    if not numbers:
        return owners
    forgotten = {
        ceb.guid(row["order_id"], row["parcel"], message): SentMessage(row["order_id"], row["parcel"], message, None)
        for row in await store.declared_as(db, numbers)
        for message in get_args(MessageType)
    }
    return {guid: sent for guid, sent in forgotten.items() if guid in guids} | owners


def _turns(ours: Sequence[tuple[LaterReceipt, SentMessage]]) -> list[list[tuple[LaterReceipt, SentMessage]]]:
    """Every order's first receipt together, then every second: each is read with the facts of the one before it."""
    turns: list[list[tuple[LaterReceipt, SentMessage]]] = []
    read: Counter[UUID] = Counter()
    for receipt, sent in ours:
        if read[sent.order_id] == len(turns):
            turns.append([])
        turns[read[sent.order_id]].append((receipt, sent))
        read[sent.order_id] += 1
    return turns
