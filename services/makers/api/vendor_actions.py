"""What vendors state of themselves, what persons decide on them, and how cases are settled, under the vendor's lock.
The rules are in `domain`; each raises Refusal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from contracts.base import Event
from contracts.makers import VendorPeopleErased
from services.makers.api.vendor_lock import VendorLock
from services.makers.domain import accounts, facts
from services.makers.domain.accounts import AccountChange
from services.makers.domain.cases import (
    ACTIONS,
    BANK_CHANGE,
    IN_FLIGHT,
    NUMBER_LAPSED,
    VENDOR_DECISION,
    Case,
    opened,
    settled_by_choice,
)
from services.makers.domain.numbers import masked_iban
from services.makers.domain.vendors import (
    CHECKS_COUNTED,
    STATED,
    Company,
    Vendor,
    added,
    changed,
    closed,
    rejected,
    require_erasable,
    require_few_checks,
    require_few_erasures,
    restored,
    stated,
    submitted,
    verified,
)
from services.makers.handlers import begin_check, erase_people, suspend
from services.makers.store import cases, checks, vendors
from services.refusals.refusal import Refusal, conflict
from shared.db import DB
from shared.sealing import Seal


@dataclass(frozen=True, slots=True)
class VendorActions:
    lock: VendorLock
    seal: Seal

    async def add(self, db: DB, owner: str) -> Vendor:
        """A vendor that has stated nothing yet. Refusal when the code is another's."""
        vendor = added(owner, self.lock.now())
        if not await vendors.add(db, vendor):
            raise conflict("the owner code is taken", "owner", "owner_taken", "Must be no other vendor's")
        return vendor

    async def state_company(self, db: DB, vendor_id: UUID, company: Company) -> Vendor:
        """Of a suspended vendor, and of a verified one that states again what was lost, the number is checked at
        once."""
        vendor = changed(await self.lock.take(db, vendor_id), company, self.lock.now())
        if vendor.state in ("suspended", "verified"):
            vendor = await self._checked_again(db, vendor)
        return await self.lock.save(db, vendor)

    async def state_people(self, db: DB, vendor_id: UUID, people: bytes) -> Vendor:
        vendor = await self.lock.take_open(db, vendor_id)
        require_few_erasures(len((await self.lock.facts(db, vendor)).all(VendorPeopleErased)))
        await vendors.save_people(db, vendor_id, self.seal.seal(people, vendors.people_place(vendor_id)))
        return await self.lock.save(db, stated(vendor, self.lock.now()))

    async def read_people(self, db: DB, vendor_id: UUID, asked_by: str) -> bytes:
        """Opened, and the reading recorded."""
        sealed = await vendors.people(db, vendor_id)
        if sealed is None:
            raise Refusal("unknown", "no people are stated")
        await vendors.record_read(db, vendor_id, "people", "shown", asked_by)
        return self.seal.open(sealed, vendors.people_place(vendor_id))

    async def erase_people(self, db: DB, vendor_id: UUID) -> None:
        vendor = await self.lock.take(db, vendor_id)
        require_erasable(vendor)
        await self.lock.save(
            db, vendor, await erase_people(db, vendor, await self.lock.facts(db, vendor), self.lock.now())
        )

    async def state_account(self, db: DB, vendor_id: UUID, iban: str) -> Vendor:
        """Before the first submission it is stated; afterwards two persons must agree to another one."""
        vendor = await self.lock.take_open(db, vendor_id)
        sealed, shown = self.seal.seal(iban.encode(), vendors.account_place(vendor_id)), masked_iban(iban)
        if vendor.state in STATED:
            await vendors.save_account(db, vendor_id, sealed, shown)
        else:
            now = self.lock.now()
            await vendors.ask_change(db, AccountChange(vendor_id, shown, now), sealed)
            await cases.open_all(db, [opened(vendor_id, BANK_CHANGE, "account", now)])
        return await self.lock.save(db, stated(vendor, self.lock.now()))

    async def agree_to_account(self, db: DB, vendor_id: UUID, by: str, asked_at: datetime) -> AccountChange:
        """To the account that was asked for at `asked_at` and to no other."""
        await self.lock.take(db, vendor_id)
        change = await self._waiting_change(db, vendor_id)
        after = accounts.agreed(change, by, asked_at)
        await vendors.save_consent(db, after)
        if after.agreed:
            await self._settle_cases(db, vendor_id, BANK_CHANGE, "agreed", by)
        return after

    async def refuse_account(self, db: DB, vendor_id: UUID, by: str) -> None:
        await self.lock.take(db, vendor_id)
        await self._waiting_change(db, vendor_id)
        await vendors.drop_change(db, vendor_id)
        await self._settle_cases(db, vendor_id, BANK_CHANGE, "refused", by)

    async def submit(self, db: DB, vendor_id: UUID) -> Vendor:
        vendor = submitted(await self.lock.take(db, vendor_id), self.lock.now())
        return await self.lock.save(db, await self._checked_again(db, vendor))

    async def check_again(self, db: DB, vendor_id: UUID) -> Vendor:
        return await self.lock.save(db, await self._checked_again(db, await self.lock.take(db, vendor_id)))

    async def verify(self, db: DB, vendor_id: UUID, reason: str, by: str) -> Vendor:
        vendor, now = await self.lock.take(db, vendor_id), self.lock.now()
        after = verified(vendor, await checks.find(db, vendor_id, vendor.round), now)
        await self._settle_cases(db, vendor_id, VENDOR_DECISION, reason, by)
        return await self.lock.save(db, after, [facts.vendor_verified(after, _company(after), now)])

    async def reject(self, db: DB, vendor_id: UUID, reason: str, by: str) -> Vendor:
        after = rejected(await self.lock.take(db, vendor_id), self.lock.now())
        await self._settle_cases(db, vendor_id, VENDOR_DECISION, reason, by)
        return await self.lock.save(db, after)

    async def suspend(self, db: DB, vendor_id: UUID) -> Vendor:
        events = await suspend(db, await self.lock.take(db, vendor_id), "operator", self.lock.now())
        return await self.lock.save(db, await self.lock.read(db, vendor_id), events)

    async def restore(self, db: DB, vendor_id: UUID, by: str) -> Vendor:
        """Sells again, as it is stated now."""
        vendor, now = await self.lock.take(db, vendor_id), self.lock.now()
        after = restored(vendor, await checks.find(db, vendor_id, vendor.round), now)
        await self._settle_cases(db, vendor_id, NUMBER_LAPSED, "restored", by)
        events = [facts.vendor_restored(after, now), facts.vendor_verified(after, _company(after), now)]
        return await self.lock.save(db, after, events)

    async def close(self, db: DB, vendor_id: UUID, by: str) -> Vendor:
        """For good. One that sells is suspended by it, and its orders in flight are one case."""
        vendor, now = await self.lock.take(db, vendor_id), self.lock.now()
        events: list[Event] = []
        if vendor.state == "verified":
            events += await suspend(db, vendor, "closed", now)
            vendor = await self.lock.read(db, vendor_id)
        after = closed(vendor, now)
        # Its brands end with it; what becomes of its orders in flight a person still chooses.
        await cases.close_kinds(db, vendor_id, [kind for kind in ACTIONS if kind != IN_FLIGHT], "closed", by, now)
        await vendors.drop_change(db, vendor_id)
        return await self.lock.save(db, after, events)

    async def settle(self, db: DB, case_id: UUID, resolution: str, by: str) -> Case:
        """By a person's choice."""
        case = await cases.find(db, case_id)
        if case is None:
            raise Refusal("unknown", "no such case")
        vendor, now = await self.lock.take(db, case.vendor_id), self.lock.now()
        case = await cases.find(db, case_id) or case
        after = settled_by_choice(case, resolution, by, now)
        await cases.close(db, after)
        if case.kind == IN_FLIGHT:
            await self.lock.save(db, vendor, [facts.in_flight_decided(vendor, int(case.about), resolution, now)])
        return after

    async def _checked_again(self, db: DB, vendor: Vendor) -> Vendor:
        """Somebody asks for it. Refusal when that was done too often of late."""
        now = self.lock.now()
        require_few_checks(await checks.count_since(db, vendor.id, now - CHECKS_COUNTED))
        return await begin_check(db, vendor, now)

    async def _settle_cases(self, db: DB, vendor_id: UUID, kind: str, resolution: str, by: str) -> None:
        await cases.close_kinds(db, vendor_id, (kind,), resolution, by, self.lock.now())

    async def _waiting_change(self, db: DB, vendor_id: UUID) -> AccountChange:
        change = await vendors.change_of(db, vendor_id)
        if change is None:
            raise Refusal("unknown", "no bank account waits for consent")
        return change


def _company(vendor: Vendor) -> Company:
    if vendor.company is None:
        raise AssertionError("a vendor that was checked has stated its company")
    return vendor.company
