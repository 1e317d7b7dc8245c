"""Polls the single window's receipts by cursor; each has its effect once. Waits are in real time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from aiokafka.errors import KafkaError

from contracts.base import Event, order_stream
from services.customs.destinations.cn import (
    answered_messages,
    message_store,
    receipt_parsing,
    receipt_store,
    tax_bill_store,
    unreadable_receipts,
)
from services.customs.destinations.cn.gateway import IMPORT_GATEWAY, ImportGateway, UnreadablePage
from services.customs.destinations.cn.polling import seconds_after_failure
from services.customs.destinations.cn.receipt_events import receipt_events, receipt_rounds
from services.customs.destinations.cn.receipt_matching import Match, about, keys_of, match, match_all
from services.customs.destinations.cn.receipt_progress import PageInProgress
from services.customs.destinations.cn.receipt_statuses import FAILED, meaning
from services.customs.destinations.cn.receipts import (
    PageEntry,
    PolledReceipt,
    ReceiptPage,
    SentMessage,
    TaxBill,
    UnreadableReceipt,
)
from services.customs.destinations.destination import Parts
from services.customs.domain.retention import keep_until
from services.customs.metrics import FAILED_POLLS
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
SMALLER = 8
"""A page that cannot be read is requested again, smaller by this factor: of 200 messages 25, then 3, then 1."""
LOOK_AGAIN_SECONDS = 1.0


class CursorMoved(Exception):
    """Another replica has read on meanwhile."""


@dataclass(frozen=True, slots=True)
class ReceiptPoller:
    """Reads the receipts of one gateway."""

    parts: Parts
    gateway: ImportGateway
    poll_seconds: float

    @property
    def _hold_reasons(self) -> Mapping[str, str]:
        return self.parts.in_force().tables.codes.hold_reasons

    async def run(self, loop: Loop) -> None:
        """Page after page, until cancelled. While the gateway does not answer the polls wait, longer each time."""
        failures = 0

        async def step() -> float:
            nonlocal failures
            try:
                more = await self.poll(loop)
            except Retry as retry:
                failures += 1
                FAILED_POLLS.set(failures)
                log.warning("receipts cannot be read", reason=retry.reason, failures=failures)
                return seconds_after_failure(failures, self.poll_seconds, retry.after)
            failures = 0
            FAILED_POLLS.set(failures)
            return 0.0 if more else self.poll_seconds

        await loop.repeat(step, self.poll_seconds)

    async def poll(self, loop: Loop) -> bool:
        """Records one page behind the cursor; True when another may follow at once. Raises Retry."""
        async with self.parts.pool.acquire() as db:
            if await pauses.is_paused(db, IMPORT_GATEWAY):
                return False
            cursor = await receipt_store.read_cursor(db, IMPORT_GATEWAY)
        page = await self._read_page(cursor, loop)
        if not page.entries:
            return False
        if await self._has_unknown_messages(page):
            await self._wait_until_caught_up(loop)
        progress = PageInProgress(page, cursor)
        try:
            await isolate_failures(
                page.entries,
                partial(self._record, progress, loop),
                partial(self._park, progress, loop),
                passing=(*TRANSIENT, CursorMoved),
            )
        except CursorMoved:
            return False
        return page.full

    async def _read_page(self, cursor: str | None, loop: Loop) -> ReceiptPage:
        """The page behind the cursor. If it cannot be read, smaller pages are requested, down to the one unreadable
        message, which becomes an entry. Raises Retry: there is no answer, or it has no cursor.

        The one message is requested twice: if the answers differ, the fault is the connection's and not the receipt's.
        """
        size = PAGE
        seen: bytes | None = None
        while True:
            try:
                return await loop.while_waiting(self.gateway.receipts_after(cursor, size))
            except UnreadablePage as fault:
                cursors = receipt_parsing.cursors_in(fault.body)
                if not cursors or (size == 1 and (len(cursors) > 1 or seen not in (None, fault.body))):
                    raise
                if seen is not None:
                    return ReceiptPage((receipt_parsing.unreadable_alone(cursors[0], fault.body),), None, full=True)
                seen = fault.body if size == 1 else None
                size = max(1, size // SMALLER)

    async def _has_unknown_messages(self, page: ReceiptPage) -> bool:
        receipts = [entry for entry in page.entries if not isinstance(entry, UnreadableReceipt)]
        keys = keys_of(receipts)
        async with self.parts.pool.acquire() as db:
            sent = await answered_messages.by_keys(db, keys)
        return any(key not in sent for key in keys)

    async def _wait_until_caught_up(self, loop: Loop) -> None:
        """After a restore the database may not have consumed the orders of these receipts yet, and a receipt is read
        only once."""
        passing = (KafkaError, *TRANSIENT)
        reached = await loop.attempt(lambda: loop.while_waiting(self.parts.caught_up()), passing)
        while not await loop.attempt(reached, passing):
            await loop.sleep(LOOK_AGAIN_SECONDS)

    async def _record(self, progress: PageInProgress, loop: Loop, part: Sequence[PageEntry]) -> None:
        """Receipts, their events and the cursor in one transaction. Raises CursorMoved."""
        loop.tick()
        context, hold_reasons = DecisionContext(self.parts.clock.now()), self._hold_reasons
        async with self.parts.ledger.transaction() as db:
            ours = await self._keep(db, progress, part, context)
            for round_ in receipt_rounds(ours):
                sets = await self.parts.ledger.lock(db, {order_stream(sent.order_id) for _, sent in round_})
                events = [
                    event
                    for entry, sent in round_
                    for event in receipt_events(entry, sent, sets[sent.order_id], hold_reasons, context)
                ]
                await self.parts.ledger.publish(db, events)
            await self._move_cursor(db, progress, part, ours, context)
        progress.recorded(part)

    async def _park(self, progress: PageInProgress, loop: Loop, entry: PageEntry, error: Exception) -> None:
        """Keeps a receipt on which a rule of ours fails: its events are published, if they can be derived, and its
        order gets a case. Raises CursorMoved."""
        log.error("receipt could not be recorded", cursor=entry.cursor, error=error)
        loop.tick()
        context = DecisionContext(self.parts.clock.now())
        async with self.parts.ledger.transaction() as db:
            ours = await self._keep(db, progress, [entry], context)
            for _, sent in ours:
                for event in await self._events_if_derivable(db, entry, sent, context):
                    await self.parts.ledger.append(db, event)
                await self.parts.ledger.undecided(db, order_stream(sent.order_id))
            await self._move_cursor(db, progress, [entry], ours, context)
        progress.recorded([entry])

    async def _events_if_derivable(
        self, db: DB, entry: PageEntry, sent: SentMessage, context: DecisionContext
    ) -> list[Event]:
        try:
            facts = (await self.parts.ledger.lock(db, [order_stream(sent.order_id)]))[sent.order_id]
            return receipt_events(entry, sent, facts, self._hold_reasons, context)
        except TRANSIENT:
            raise
        except Exception as error:
            log.error("no events can be derived from a receipt", order_id=str(sent.order_id), error=error)
            return []

    async def _keep(
        self, db: DB, progress: PageInProgress, part: Sequence[PageEntry], context: DecisionContext
    ) -> list[tuple[PageEntry, SentMessage]]:
        """Stores polled entries; the new ones with the messages of ours that they are about. Raises CursorMoved:
        another replica has read on."""
        await receipt_store.lock_source(db, IMPORT_GATEWAY)
        if await receipt_store.read_cursor(db, IMPORT_GATEWAY) != progress.cursor:
            raise CursorMoved
        progress.outcomes = []
        readable = [entry for entry in part if isinstance(entry, PolledReceipt)]
        new = await self._keep_readable(db, progress, readable, context)
        ours: list[tuple[PageEntry, SentMessage]] = []
        for entry in part:
            if isinstance(entry, UnreadableReceipt):
                ours += await self._set_aside(db, progress, entry, context)
            elif isinstance(entry, TaxBill):
                ours += await self._keep_bill(db, progress, entry, context)
            elif matching := new.get(entry.key):
                ours += _with_messages(entry, matching)
        return ours

    async def _keep_readable(
        self, db: DB, progress: PageInProgress, receipts: Sequence[PolledReceipt], context: DecisionContext
    ) -> dict[str, Match]:
        """Stores receipts; returns the matches of the new ones, by the receipts' keys. Those that answer no message of
        ours are listed for a person.

        The office's own text is not kept where the person is erased, or the message is not ours.
        """
        sent = await answered_messages.by_keys(db, keys_of(receipts))
        matches = match_all(receipts, sent)
        answered = {key: ours for key, matching in matches.items() if (ours := matching.stored_with) is not None}
        erased = await fact_sets.holding(db, {message.order_id for message in answered.values()}, PersonErased)
        rows = [
            (
                receipt,
                self.parts.seal.seal(receipt.info.encode(), receipt_store.sealing_place(receipt.key))
                if receipt.key in answered and answered[receipt.key].order_id not in erased
                else b"",
            )
            for receipt in receipts
        ]
        new = await receipt_store.add(db, rows, answered)
        for receipt in receipts:
            repeated = receipt.key not in new
            progress.outcomes.append("repeated" if repeated else _outcome(receipt, matches[receipt.key]))
        unmatched = [receipt for receipt in receipts if receipt.key in new and matches[receipt.key] == Match(None)]
        await unreadable_receipts.add_unmatched(db, {about(receipt) for receipt in unmatched}, context.now)
        return {key: matching for key, matching in matches.items() if key in new}

    async def _keep_bill(
        self, db: DB, progress: PageInProgress, bill: TaxBill, context: DecisionContext
    ) -> list[tuple[PageEntry, SentMessage]]:
        """Stores what is new of a tax bill; returns the bill as it is stored now, with the inventory that it is for."""
        sent = match(bill, await answered_messages.by_keys(db, keys_of([bill]))).message
        order_id, parcel = (sent.order_id, sent.parcel) if sent else (None, None)
        now = context.now
        stored_bill = await tax_bill_store.save(db, bill, order_id, parcel, now, keep_until(now))
        if stored_bill is None:
            progress.outcomes.append("repeated")
            return []
        if sent is None:
            await unreadable_receipts.add_unmatched(db, {about(bill)}, now)
        progress.outcomes.append("recorded" if sent else "unmatched")
        return [(stored_bill, sent)] if sent else []

    async def _set_aside(
        self, db: DB, progress: PageInProgress, receipt: UnreadableReceipt, context: DecisionContext
    ) -> list[tuple[PageEntry, SentMessage]]:
        """Stores what cannot be read; if it is new, returns it with one message of each parcel whose number stands in
        it."""
        parcels = await answered_messages.parcels_named(db, receipt.keys)
        orders = {sent.order_id for sent in parcels}
        erased = await fact_sets.holding(db, orders, PersonErased)
        kept = replace(receipt, body=b"") if erased else receipt
        if not await unreadable_receipts.add(db, kept, progress.cursor, orders, self.parts.seal, context.now):
            return []
        log.error("unreadable receipt set aside", reason=receipt.reason, size=receipt.size, parcels=len(parcels))
        progress.outcomes.append("unreadable")
        return [(receipt, sent) for sent in parcels]

    async def _move_cursor(
        self,
        db: DB,
        progress: PageInProgress,
        part: Sequence[PageEntry],
        ours: Sequence[tuple[PageEntry, SentMessage]],
        context: DecisionContext,
    ) -> None:
        verdicts, numbers = [], {}
        for entry, sent in ours:
            if isinstance(entry, PolledReceipt):
                if meaning(entry.status, entry.message_type) in {*FAILED, "approved"}:
                    verdicts.append((sent.guid, entry.status))
                if (number := entry.keys.better_number(sent.number)) is not None:
                    numbers[sent.guid] = number
        await message_store.save_verdicts(db, verdicts, context.now)
        await message_store.save_numbers(db, numbers)
        if (cursor := progress.cursor_behind(part)) is not None:
            await receipt_store.move_cursor(db, IMPORT_GATEWAY, cursor)


def _with_messages(receipt: PolledReceipt, matching: Match) -> list[tuple[PageEntry, SentMessage]]:
    if matching.message is not None:
        return [(receipt, matching.message)]
    unassigned = UnreadableReceipt.unassigned(receipt, matching.doubt or "")
    return [(unassigned, candidate) for candidate in matching.candidates]


def _outcome(receipt: PolledReceipt, matching: Match) -> str:
    if matching.message is None:
        log.warning("receipt of no message of ours", status=receipt.status, type=receipt.message_type)
        return "unmatched"
    if meaning(receipt.status, receipt.message_type) == "unknown":
        log.warning("unknown receipt status", status=receipt.status, order_id=str(matching.message.order_id))
        return "unknown_status"
    return "recorded"
