"""What vendors and persons do, under the vendor's lock: all that is a vendor's is decided under it. The rules are in
`domain`; each raises Refusal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from contracts.base import Event, vendor_stream
from services.makers.domain import accounts, facts
from services.makers.domain.accounts import AccountChange
from services.makers.domain.brands import Brand, authorised, brand_moved
from services.makers.domain.cases import (
    ACTIONS,
    BANK_CHANGE,
    BRAND_DECISION,
    IN_FLIGHT,
    NUMBER_LAPSED,
    PRODUCT_DECISION,
    VENDOR_DECISION,
    Case,
    about_product,
    opened,
    settled,
)
from services.makers.domain.numbers import masked_iban
from services.makers.domain.products import Details, Product, Verdict, approved, in_force, product_moved, stated
from services.makers.domain.vendors import (
    STATED,
    Company,
    Vendor,
    changed,
    closed,
    rejected,
    restored,
    submitted,
    verified,
)
from services.makers.handlers import begin_check, end_brands, suspend
from services.makers.store import brands, cases, checks, products, vendors
from services.refusals.refusal import Refusal, conflict, refused
from shared.clock import Clock
from shared.db import DB
from shared.ledger.ledger import Ledger
from shared.sealing import Seal

MOST_BRANDS = 200
MOST_PRODUCTS = 20_000
BY_PERSON = {IN_FLIGHT: ("go_on", "withdraw")}
"""How a case may be settled, where it is settled by a choice alone."""


@dataclass(frozen=True, slots=True)
class Actions:
    ledger: Ledger
    clock: Clock
    seal: Seal

    # --- vendors ---------------------------------------------------------------------------------------------

    async def add(self, db: DB, owner: str) -> Vendor:
        """A vendor that has stated nothing yet. Refusal when the code is another's."""
        now = self.clock.now()
        vendor = Vendor(vendor_stream(owner).id, owner, "draft", now, None, None, False)
        if not await vendors.add(db, vendor):
            raise conflict("the owner code is taken", "owner", "owner_taken", "Must be no other vendor's")
        return vendor

    async def state_company(self, db: DB, vendor_id: UUID, company: Company) -> Vendor:
        """Of a suspended vendor the number is checked at once."""
        vendor = changed(await self.locked(db, vendor_id), company, self.clock.now())
        if vendor.state == "suspended":
            vendor = await begin_check(db, vendor, self.clock.now())
        return await self._settled(db, vendor)

    async def state_people(self, db: DB, vendor_id: UUID, people: bytes) -> Vendor:
        vendor = await self._locked_open(db, vendor_id)
        await vendors.save_people(db, vendor_id, self.seal.seal(people, vendors.people_place(vendor_id)))
        return await self._settled(db, vendor)

    async def read_people(self, db: DB, vendor_id: UUID, asked_by: str) -> bytes:
        """Opened, and the reading recorded."""
        sealed = await vendors.people(db, vendor_id)
        if sealed is None:
            raise Refusal("unknown", "no people are stated")
        await vendors.record_read(db, vendor_id, "people", "shown", asked_by)
        return self.seal.open(sealed, vendors.people_place(vendor_id))

    async def erase_people(self, db: DB, vendor_id: UUID) -> None:
        """Of a vendor that sells they are kept by law, until it is closed (docs/privacy.md)."""
        vendor = await self.locked(db, vendor_id)
        if vendor.state in ("verified", "suspended"):
            raise Refusal("conflict", f"not while the vendor is {vendor.state}", detail="close it first")
        await vendors.save_people(db, vendor_id, None)
        await checks.drop_evidence(db, vendor_id)

    async def state_account(self, db: DB, vendor_id: UUID, iban: str) -> Vendor:
        """Before the first submission it is stated; afterwards two persons must agree to another one."""
        vendor = await self._locked_open(db, vendor_id)
        sealed, shown = self.seal.seal(iban.encode(), vendors.account_place(vendor_id)), masked_iban(iban)
        if vendor.state in STATED:
            await vendors.save_account(db, vendor_id, sealed, shown)
        else:
            now = self.clock.now()
            await vendors.ask_change(db, AccountChange(vendor_id, shown, now), sealed)
            await cases.open_all(db, [opened(vendor_id, BANK_CHANGE, "account", now)])
        return await self._settled(db, vendor)

    async def agree_to_account(self, db: DB, vendor_id: UUID, by: str, asked_at: datetime) -> AccountChange:
        """To the account that was asked for at `asked_at` and to no other."""
        await self.locked(db, vendor_id)
        change = await self._asked_change(db, vendor_id)
        after = accounts.agreed(change, by, asked_at)
        await vendors.save_consent(db, after)
        if after.agreed:
            await self._settle_cases(db, vendor_id, BANK_CHANGE, "agreed", by)
        return after

    async def refuse_account(self, db: DB, vendor_id: UUID, by: str) -> None:
        await self.locked(db, vendor_id)
        await self._asked_change(db, vendor_id)
        await vendors.drop_change(db, vendor_id)
        await self._settle_cases(db, vendor_id, BANK_CHANGE, "refused", by)

    async def submit(self, db: DB, vendor_id: UUID) -> Vendor:
        vendor = submitted(await self.locked(db, vendor_id), self.clock.now())
        return await self._settled(db, await begin_check(db, vendor, self.clock.now()))

    async def check_again(self, db: DB, vendor_id: UUID) -> Vendor:
        return await self._settled(db, await begin_check(db, await self.locked(db, vendor_id), self.clock.now()))

    async def verify(self, db: DB, vendor_id: UUID, reason: str, by: str) -> Vendor:
        vendor, now = await self.locked(db, vendor_id), self.clock.now()
        after = verified(vendor, await checks.find(db, vendor_id, vendor.round), now)
        await self._settle_cases(db, vendor_id, VENDOR_DECISION, reason, by)
        return await self._settled(db, after, [facts.vendor_verified(after, _company(after), now)])

    async def reject(self, db: DB, vendor_id: UUID, reason: str, by: str) -> Vendor:
        after = rejected(await self.locked(db, vendor_id), self.clock.now())
        await self._settle_cases(db, vendor_id, VENDOR_DECISION, reason, by)
        return await self._settled(db, after)

    async def suspend(self, db: DB, vendor_id: UUID) -> Vendor:
        events = await suspend(db, await self.locked(db, vendor_id), "operator", self.clock.now())
        return await self._settled(db, await self.found(db, vendor_id), events)

    async def restore(self, db: DB, vendor_id: UUID, by: str) -> Vendor:
        """Sells again, as it is stated now."""
        vendor, now = await self.locked(db, vendor_id), self.clock.now()
        after = restored(vendor, await checks.find(db, vendor_id, vendor.round), now)
        await self._settle_cases(db, vendor_id, NUMBER_LAPSED, "restored", by)
        told = [facts.vendor_restored(after, now), facts.vendor_verified(after, _company(after), now)]
        return await self._settled(db, after, told)

    async def close(self, db: DB, vendor_id: UUID, by: str) -> Vendor:
        """For good. One that sells is suspended by it, and its orders in flight are one case."""
        vendor, now = await self.locked(db, vendor_id), self.clock.now()
        events: list[Event] = []
        if vendor.state == "verified":
            events += await suspend(db, vendor, "closed", now)
            vendor = await self.found(db, vendor_id)
        after = closed(vendor, now)
        # Its brands end with it; what becomes of its orders in flight a person still chooses.
        await cases.close_kinds(db, vendor_id, [kind for kind in ACTIONS if kind != IN_FLIGHT], "closed", by, now)
        await vendors.drop_change(db, vendor_id)
        return await self._settled(db, after, events)

    # --- brands ----------------------------------------------------------------------------------------------

    async def add_brand(self, db: DB, brand: Brand) -> Brand:
        vendor = await self._locked_open(db, brand.vendor_id)
        if await brands.count(db, vendor.id) >= MOST_BRANDS:
            raise Refusal("conflict", "too many brands", detail=f"at most {MOST_BRANDS}")
        await brands.add(db, brand)
        return brand

    async def state_document(self, db: DB, vendor_id: UUID, brand_id: UUID, body: bytes, digest: str) -> Brand:
        """Until a person has decided on it."""
        await self._locked_open(db, vendor_id)
        brand = await self.brand_of(db, vendor_id, brand_id)
        if brand.state != "stated":
            raise Refusal("conflict", f"not while the brand is {brand.state}", detail="state it anew")
        sealed = self.seal.seal(body, brands.document_place(brand_id))
        await brands.save_document(db, brand_id, sealed, digest)
        await cases.open_all(db, [opened(vendor_id, BRAND_DECISION, str(brand_id), self.clock.now())])
        return await self.brand_of(db, vendor_id, brand_id)

    async def decide_brand(
        self, db: DB, vendor_id: UUID, brand_id: UUID, *, authorise: bool, reason: str, by: str
    ) -> Brand:
        vendor = await self.locked(db, vendor_id)
        brand = await self.brand_of(db, vendor_id, brand_id)
        after = authorised(brand, self.clock.now().date()) if authorise else brand_moved(brand, "refuse")
        await brands.save_state(db, after)
        await cases.close_about(db, vendor_id, BRAND_DECISION, str(brand_id), reason, by, self.clock.now())
        await self._settled(db, vendor)
        return after

    async def end_brand(self, db: DB, vendor_id: UUID, brand_id: UUID) -> Brand:
        """Before its day: its products are no longer sold."""
        vendor = await self.locked(db, vendor_id)
        brand = await self.brand_of(db, vendor_id, brand_id)
        after = brand_moved(brand, "end")
        await self._settled(db, vendor, await end_brands(db, [brand], self.clock.now()))
        return after

    async def brand_of(self, db: DB, vendor_id: UUID, brand_id: UUID) -> Brand:
        brand = await brands.find(db, brand_id)
        if brand is None or brand.vendor_id != vendor_id:
            raise Refusal("unknown", "no such brand")
        return brand

    # --- products --------------------------------------------------------------------------------------------

    async def state_products(
        self, db: DB, vendor_id: UUID, asked: Sequence[tuple[str, Details]]
    ) -> list[tuple[Product | None, Product | Refusal]]:
        """Each as it was (None: new) and as it is now, or why it is not taken; nothing is written."""
        await self._locked_open(db, vendor_id)
        known = await products.find(db, [sku for sku, _ in asked])
        own = {brand.id for brand in await brands.of_vendor(db, vendor_id)}
        room = MOST_PRODUCTS - await products.count(db, vendor_id)
        results: list[tuple[Product | None, Product | Refusal]] = []
        for sku, details in asked:
            before = known.get(sku)
            try:
                results.append((before, _stated(before, sku, vendor_id, details, own, room)))
                room -= before is None
            except Refusal as refusal:
                results.append((before, refusal))
        return results

    async def save_products(self, db: DB, changed_: Sequence[Product]) -> None:
        """As they were stated: a changed one waits for a person, and for one that was submitted nobody decides any
        more. Refusal when another vendor has stated a SKU just now."""
        # In one order for all: two vendors' lists with the same new SKUs do not wait for each other.
        for product in sorted(changed_, key=lambda one: one.sku):
            if not await products.save(db, product):
                raise _sku_taken()
            if product.state == "changed":
                await cases.open_all(db, [_decision(product, self.clock.now())])
            else:
                await self._decided(db, product, "stated_anew", None)

    async def submit_product(self, db: DB, vendor_id: UUID, sku: str) -> Product:
        await self._locked_open(db, vendor_id)
        after = product_moved(await self.product_of(db, vendor_id, sku), "submit")
        await products.save(db, after)
        await cases.open_all(db, [_decision(after, self.clock.now())])
        return after

    async def approve_product(
        self, db: DB, vendor_id: UUID, product: Product, verdict: Verdict, reason: str, by: str
    ) -> Product:
        """`product` as it was when customs was asked; Refusal when it has changed since."""
        vendor, now = await self.locked(db, vendor_id), self.clock.now()
        before = await self.product_of(db, vendor_id, product.sku)
        if before != product:
            raise Refusal("conflict", "the product has changed meanwhile", detail="read it and decide again")
        brand = await brands.find(db, before.details.brand_id)
        after = approved(before, vendor, brand, verdict, now.date())
        if brand is None:
            raise AssertionError("an approved product has a brand")
        await products.save(db, after, now)
        await self._decided(db, after, reason, by)
        await self._settled(db, vendor, [facts.product_in_force(before, after, vendor, brand, verdict, now)])
        return after

    async def refuse_product(self, db: DB, vendor_id: UUID, sku: str, reason: str, by: str) -> Product:
        await self.locked(db, vendor_id)
        after = product_moved(await self.product_of(db, vendor_id, sku), "refuse")
        await products.save(db, after)
        await self._decided(db, after, reason, by)
        return after

    async def withdraw_product(self, db: DB, vendor_id: UUID, sku: str, reason: str) -> Product:
        vendor = await self.locked(db, vendor_id)
        before = await self.product_of(db, vendor_id, sku)
        after = product_moved(before, "withdraw")
        await products.save_state(db, after)
        await self._decided(db, after, "withdrawn", None)
        if in_force(before):
            await self._settled(db, vendor, [facts.product_withdrawn(after, reason, self.clock.now())])
        return after

    async def product_of(self, db: DB, vendor_id: UUID, sku: str) -> Product:
        product = (await products.find(db, [sku])).get(sku)
        if product is None or product.vendor_id != vendor_id:
            raise Refusal("unknown", "no such product")
        return product

    # --- cases -----------------------------------------------------------------------------------------------

    async def settle(self, db: DB, case_id: UUID, resolution: str, by: str) -> Case:
        """By a person's choice. Refusal for a case that is settled by what is done with its vendor, brand or
        product."""
        case = await cases.find(db, case_id)
        if case is None:
            raise Refusal("unknown", "no such case")
        vendor, now = await self.locked(db, case.vendor_id), self.clock.now()
        case = await cases.find(db, case_id) or case
        choices = BY_PERSON.get(case.kind)
        if choices is None and case.kind in (VENDOR_DECISION, BRAND_DECISION, PRODUCT_DECISION, BANK_CHANGE):
            raise Refusal("conflict", "the case is settled by its action", detail=case.action)
        if choices is not None and resolution not in choices:
            raise refused("resolution", "choice", f"Must be one of {', '.join(choices)}")
        after = settled(case, resolution, by, now)
        await cases.close(db, after)
        if case.kind == IN_FLIGHT:
            await self._settled(db, vendor, [facts.in_flight_decided(vendor, int(case.about), resolution, now)])
        return after

    # --- what they share -------------------------------------------------------------------------------------

    async def found(self, db: DB, vendor_id: UUID) -> Vendor:
        vendor = await vendors.find(db, vendor_id)
        if vendor is None:
            raise Refusal("unknown", "no such vendor")
        return vendor

    async def locked(self, db: DB, vendor_id: UUID) -> Vendor:
        """Read again under the lock. An unknown one is not locked, since that would make its stream."""
        await self.ledger.lock(db, [vendor_stream((await self.found(db, vendor_id)).owner)])
        return await self.found(db, vendor_id)

    async def _settled(self, db: DB, vendor: Vendor, events: Sequence[Event] = ()) -> Vendor:
        """Saved, with what was published and all that follows."""
        await vendors.save(db, vendor)
        await self.ledger.record(db, published=events, reevaluate=[vendor_stream(vendor.owner)])
        return await self.found(db, vendor.id)

    async def _locked_open(self, db: DB, vendor_id: UUID) -> Vendor:
        """As `locked`. Refusal for one that is closed: nothing is stated of it any more."""
        vendor = await self.locked(db, vendor_id)
        if vendor.state == "closed":
            raise Refusal("conflict", "not while the vendor is closed")
        return vendor

    async def _settle_cases(self, db: DB, vendor_id: UUID, kind: str, resolution: str, by: str) -> None:
        await cases.close_kinds(db, vendor_id, (kind,), resolution, by, self.clock.now())

    async def _decided(self, db: DB, product: Product, resolution: str, by: str | None) -> None:
        """Nothing waits any more of this version."""
        about = about_product(product.sku, product.version)
        await cases.close_about(db, product.vendor_id, PRODUCT_DECISION, about, resolution, by, self.clock.now())

    async def _asked_change(self, db: DB, vendor_id: UUID) -> AccountChange:
        change = await vendors.change_of(db, vendor_id)
        if change is None:
            raise Refusal("unknown", "no bank account waits for consent")
        return change


def _company(vendor: Vendor) -> Company:
    if vendor.company is None:
        raise AssertionError("a vendor that was checked has stated its company")
    return vendor.company


def _stated(
    before: Product | None, sku: str, vendor_id: UUID, details: Details, own_brands: set[UUID], room: int
) -> Product:
    if before is not None and before.vendor_id != vendor_id:
        raise _sku_taken()
    if details.brand_id not in own_brands:
        raise refused("brand_id", "own_brand", "Must be a brand of this vendor")
    if before is not None:
        return stated(before, details)
    if room < 1:
        raise conflict("too many products", "sku", "most_products", f"Must be one of {MOST_PRODUCTS} at most")
    return Product(sku, vendor_id, "draft", 1, details)


def _sku_taken() -> Refusal:
    return conflict("the SKU is taken", "sku", "sku_taken", "Must be no other vendor's: a SKU is one vendor's for ever")


def _decision(product: Product, now: datetime) -> Case:
    return opened(product.vendor_id, PRODUCT_DECISION, about_product(product.sku, product.version), now)
