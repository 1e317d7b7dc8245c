"""Polls the single window's receipts by cursor; each has its effect once. Waits are real time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from aiokafka.errors import KafkaError

from contracts.base import Event, order_stream
from services.customs.destinations.cn import message_store, receipt_store
from services.customs.destinations.cn.gateway import IMPORT_GATEWAY, ImportGateway
from services.customs.destinations.cn.messages import derived_messages
from services.customs.destinations.cn.polling import seconds_after_failure
from services.customs.destinations.cn.receipt_events import receipt_events, receipt_rounds
from services.customs.destinations.cn.receipts import FAILED, PolledReceipt, ReceiptPage, SentMessage, meaning
from services.customs.destinations.destination import Parts
from services.customs.store import parcels
from services.persons.facts import PersonErased
from shared.db import DB, TRANSIENT
from shared.jobs import pauses
from shared.jobs.worker import Retry
from shared.ledger import fact_sets
from shared.ledger.batches import isolate_failures
from shared.ledger.facts import DecisionContext
from shared.loop import Loop
from shared.telemetry import log

PAGE = 200
LOOK_AGAIN_SECONDS = 1.0


class CursorMoved(Exception):
    """Another replica has read on meanwhile."""


class _PageInProgress:
    """One page, and the cursor up to which its receipts are recorded."""

    def __init__(self, page: ReceiptPage, cursor: str | None) -> None:
        self.page = page
        self.cursor = cursor

    def cursor_behind(self, part: Sequence[PolledReceipt]) -> str:
        """The last receipt's own; behind the whole page, the one that the gateway names."""
        last = part[-1]
        return (self.page.next or last.cursor) if last is self.page.receipts[-1] else last.cursor


@dataclass(frozen=True, slots=True)
class ReceiptPoller:
    """Reads the receipts of one gateway."""

    parts: Parts
    gateway: ImportGateway
    poll_seconds: float

    @property
    def _hold_reasons(self) -> Mapping[str, str]:
        return self.parts.policy.tables.codes.hold_reasons

    async def run(self, loop: Loop) -> None:
        """Page after page, until cancelled. While the gateway does not answer the polls wait, longer each time."""
        failures = 0

        async def step() -> float:
            nonlocal failures
            try:
                more = await self.poll(loop)
            except Retry as retry:
                failures += 1
                log.warning("receipts cannot be read", reason=retry.reason, failures=failures)
                return seconds_after_failure(failures, self.poll_seconds, retry.after)
            failures = 0
            return 0.0 if more else self.poll_seconds

        await loop.repeat(step, self.poll_seconds)

    async def poll(self, loop: Loop) -> bool:
        """Records one page behind the cursor; True when another may follow at once. Raises Retry."""
        async with self.parts.pool.acquire() as db:
            if await pauses.is_paused(db, IMPORT_GATEWAY):
                return False
            cursor = await receipt_store.read_cursor(db, IMPORT_GATEWAY)
        page = await loop.while_waiting(self.gateway.receipts_after(cursor, PAGE))
        if not page.receipts:
            return False
        if await self._has_unknown_messages(page):
            await self._wait_until_caught_up(loop)
        progress = _PageInProgress(page, cursor)
        try:
            await isolate_failures(
                page.receipts,
                partial(self._record, progress, loop),
                partial(self._park, progress, loop),
                passing=(*TRANSIENT, CursorMoved),
            )
        except CursorMoved:
            return False
        return len(page.receipts) >= PAGE

    async def _has_unknown_messages(self, page: ReceiptPage) -> bool:
        async with self.parts.pool.acquire() as db:
            sent = await _sent_messages(db, page.receipts)
        return any(receipt.guid is not None and receipt.guid not in sent for receipt in page.receipts)

    async def _wait_until_caught_up(self, loop: Loop) -> None:
        """A restored database has yet to consume the orders whose receipts come, and a receipt is read only once."""
        passing = (KafkaError, *TRANSIENT)
        reached = await loop.attempt(lambda: loop.while_waiting(self.parts.caught_up()), passing)
        while not await loop.attempt(reached, passing):
            await loop.sleep(LOOK_AGAIN_SECONDS)

    async def _record(self, progress: _PageInProgress, loop: Loop, part: Sequence[PolledReceipt]) -> None:
        """Receipts, their events and the cursor in one transaction. Raises CursorMoved."""
        loop.tick()
        context = DecisionContext(self.parts.clock.now())
        behind = progress.cursor_behind(part)
        async with self.parts.ledger.transaction() as db:
            ours = await self._keep(db, progress, part)
            for round_ in receipt_rounds(ours):
                sets = await self.parts.ledger.lock(db, {order_stream(sent.order_id) for _, sent in round_})
                events = [
                    event
                    for receipt, sent in round_
                    for event in receipt_events(receipt, sent, sets[sent.order_id], self._hold_reasons, context)
                ]
                await self.parts.ledger.publish(db, events)
            await self._move_cursor(db, ours, behind, context)
        progress.cursor = behind

    async def _park(self, progress: _PageInProgress, loop: Loop, receipt: PolledReceipt, error: Exception) -> None:
        """Keeps a receipt on which a rule of ours fails: its events are published, if they can be derived, and its
        order gets a case. Raises CursorMoved."""
        log.error("receipt could not be recorded", status=receipt.status, guid=str(receipt.guid), error=error)
        loop.tick()
        context = DecisionContext(self.parts.clock.now())
        behind = progress.cursor_behind([receipt])
        async with self.parts.ledger.transaction() as db:
            ours = await self._keep(db, progress, [receipt])
            for _, sent in ours:
                for event in await self._events_if_derivable(db, receipt, sent, context):
                    await self.parts.ledger.append(db, event)
                await self.parts.ledger.undecided(db, order_stream(sent.order_id))
            await self._move_cursor(db, ours, behind, context)
        progress.cursor = behind

    async def _events_if_derivable(
        self, db: DB, receipt: PolledReceipt, sent: SentMessage, context: DecisionContext
    ) -> list[Event]:
        try:
            facts = (await self.parts.ledger.lock(db, [order_stream(sent.order_id)]))[sent.order_id]
            return receipt_events(receipt, sent, facts, self._hold_reasons, context)
        except TRANSIENT:
            raise
        except Exception as error:
            log.error("no events can be derived from a receipt", order_id=str(sent.order_id), error=error)
            return []

    async def _keep(
        self, db: DB, progress: _PageInProgress, part: Sequence[PolledReceipt]
    ) -> list[tuple[PolledReceipt, SentMessage]]:
        """Stores the receipts, if this replica is the one that reads on; those that are new, with their messages.

        Of an erased person, and of a message that is not ours, the office's own text is not kept.
        """
        await receipt_store.lock_source(db, IMPORT_GATEWAY)
        if await receipt_store.read_cursor(db, IMPORT_GATEWAY) != progress.cursor:
            raise CursorMoved
        sent_messages = await _sent_messages(db, part)
        erased = await fact_sets.holding(db, {sent.order_id for sent in sent_messages.values()}, PersonErased)
        rows = []
        for receipt in part:
            sent = sent_messages.get(receipt.guid) if receipt.guid is not None else None
            without_text = sent is None or sent.order_id in erased
            text = (
                b""
                if without_text
                else self.parts.seal.seal(receipt.info.encode(), receipt_store.sealing_place(receipt.cursor))
            )
            rows.append((receipt, text))
        new = await receipt_store.add(db, rows, sent_messages)
        return _with_messages([receipt for receipt in part if receipt.cursor in new], sent_messages)

    async def _move_cursor(
        self, db: DB, ours: Sequence[tuple[PolledReceipt, SentMessage]], cursor: str, context: DecisionContext
    ) -> None:
        rejected = [(receipt.guid, receipt.status) for receipt, _ in ours if meaning(receipt.status) in FAILED]
        await message_store.save_rejections(db, rejected, context.now)
        await receipt_store.move_cursor(db, IMPORT_GATEWAY, cursor)


def _with_messages(
    new: Sequence[PolledReceipt], sent_messages: Mapping[UUID, SentMessage]
) -> list[tuple[PolledReceipt, SentMessage]]:
    ours: list[tuple[PolledReceipt, SentMessage]] = []
    for receipt in new:
        sent = sent_messages.get(receipt.guid) if receipt.guid is not None else None
        if sent is None:
            log.warning("receipt of an unknown message", status=receipt.status, type=receipt.message_type)
            continue
        if meaning(receipt.status) == "unknown":
            log.warning("unknown receipt status", status=receipt.status, order_id=str(sent.order_id))
        ours.append((receipt, sent))
    return ours


async def _sent_messages(db: DB, page: Sequence[PolledReceipt]) -> dict[UUID, SentMessage]:
    """Our messages by guid. The guid of one that is not restored yet is derived from the parcels of its `copNo`."""
    guids = {receipt.guid for receipt in page if receipt.guid is not None}
    stored = await message_store.by_guid(db, guids)
    numbers = {receipt.cop_no for receipt in page if receipt.guid in guids - stored.keys()}
    if not numbers:
        return stored
    derived = derived_messages((row["order_id"], row["parcel"]) for row in await parcels.declared_as(db, numbers))
    return {guid: sent for guid, sent in derived.items() if guid in guids} | stored
