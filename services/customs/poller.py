"""The single window's later receipts: read by cursor, each with its effect once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from contracts.base import Event
from contracts.customs import ImportReturned
from services.customs import domain, receipts, store
from services.customs.cases import attention
from services.customs.gateways import ImportGateway
from services.customs.receipts import LaterReceipt, Page, meaning
from services.customs.work import IMPORT_GATEWAY
from shared.db import TRANSIENT
from shared.facts import Moment
from shared.jobs import Retry
from shared.service import Platform
from shared.telemetry import Loop, log

PAGE = 200
LONGEST_WAIT_SECONDS = 60.0
RETURN_RECEIPT = "CEB626"


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
            new = [receipt for receipt in page.receipts if receipt.cursor in fresh]
            await self.platform.ledger.say(db, self._facts(new, owners, now))
            await store.move_cursor(db, IMPORT_GATEWAY, page.next or page.receipts[-1].cursor)
        return True

    def _facts(
        self, new: Sequence[LaterReceipt], owners: Mapping[UUID, tuple[UUID, int]], now: datetime
    ) -> list[Event]:
        said: list[Event] = []
        for receipt in new:
            owner = owners.get(receipt.guid) if receipt.guid is not None else None
            if owner is None:
                log.warning("receipt of an unknown message", status=receipt.status, type=receipt.message_type)
                continue
            fact = self._fact(receipt, *owner, now)
            if fact is not None:
                said.append(fact)
            elif meaning(receipt.status) == "unknown":
                log.warning("unknown receipt status", status=receipt.status, order_id=str(owner[0]))
        return said

    def _fact(self, receipt: LaterReceipt, order_id: UUID, parcel: int, now: datetime) -> Event | None:
        """What one receipt says. Only inventories and returns get later receipts that move anything."""
        at = receipt.returned_at or now
        if receipt.message_type == RETURN_RECEIPT:
            match meaning(receipt.status):
                case "cleared":
                    return ImportReturned(order_id=order_id, occurred_at=now, parcel=parcel)
                case "refused":
                    return _attention(order_id, domain.RETURN, parcel, receipt, now)
            return None
        if meaning(receipt.status) == "not_sent":
            return _attention(order_id, domain.CLEARANCE, parcel, receipt, now)
        return receipts.fact(order_id, parcel, receipt.status, at, now, self.hold_reasons)


def _attention(order_id: UUID, kind: str, parcel: int, receipt: LaterReceipt, now: datetime) -> Event:
    reason = f"{receipt.message_type or 'receipt'}:{receipt.status.replace('-', 'minus')}"
    return attention(order_id, kind, str(parcel), reason, Moment(now))
