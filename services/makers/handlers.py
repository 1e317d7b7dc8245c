"""From the rows of a vendor to what is due by itself: checks, suspensions, warnings, ends."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from contracts.base import Event
from contracts.makers import (
    InFlightDecided,
    ProductApproved,
    ProductChanged,
    ProductEvent,
    VendorEvent,
    VendorKeyEnded,
    VendorKeyEvent,
    VendorPeopleErased,
    VendorRestored,
    VendorSuspended,
    VendorVerified,
)
from services.makers.domain import facts
from services.makers.domain.brands import Brand, brand_moved, ends_at
from services.makers.domain.cases import (
    BANK_CHANGE,
    BRAND_DECISION,
    BRAND_ENDING,
    IN_FLIGHT,
    NUMBER_LAPSED,
    PRODUCT_BARRED,
    PRODUCT_DECISION,
    RESTORED,
    VENDOR_DECISION,
    Case,
    about_product,
    opened,
    settled,
)
from services.makers.domain.due import due
from services.makers.domain.products import Product, in_force, product_moved
from services.makers.domain.restored import NO_BRAND, restored_product, restored_vendor
from services.makers.domain.vendors import Vendor, added, checked_again, suspended
from services.makers.domain.vies import VAT_CHECK, Check
from services.makers.store import brands, cases, checks, products, vendors
from services.vendor_keys import VENDOR_SCOPE, key_name
from shared.clock import Clock
from shared.db import DB
from shared.ledger.facts import DecisionContext, Facts, Job, Output, Timer
from shared.operations.api_keys import HashedKey, keep_hashed

SUBSCRIPTIONS: tuple[type[Event], ...] = ()
"""Makers decides by what vendors, persons and registers say; no other service's facts concern it."""


async def handle_vendors(
    unverified: timedelta, db: DB, sets: Sequence[Facts], context: DecisionContext
) -> list[Output]:
    """What is due for these vendors, under their locks; done twice it changes nothing. `unverified`: how long people of
    a vendor that does not go on are kept."""
    outputs: list[Output] = []
    ids = [facts_.id for facts_ in sets]
    known = await cases.of_vendors(db, ids, (NUMBER_LAPSED, BRAND_ENDING))
    authorised = await brands.authorised_of(db, ids)
    streams = {facts_.id: facts_.stream for facts_ in sets}
    known_facts = {facts_.id: facts_ for facts_ in sets}
    for vendor in await vendors.find_all(db, ids):
        own_cases = [case for case in known if case.vendor_id == vendor.id]
        own_brands = [brand for brand in authorised if brand.vendor_id == vendor.id]
        now_due = due(vendor, own_cases, own_brands, context.now, unverified)
        if now_due.check:
            vendor = await begin_check(db, vendor, context.now)
        if now_due.lapsed is not None:
            await cases.close(db, settled(now_due.lapsed, "suspended", None, context.now))
            outputs += await suspend(db, vendor, "number_lapsed", context.now)
        await cases.open_all(db, [_ending(brand, context.now) for brand in now_due.warned])
        outputs += await end_brands(db, now_due.ended, context.now)
        if now_due.erase:
            outputs += await erase_people(db, vendor, known_facts[vendor.id], context.now)
            await vendors.drop_account(db, vendor.id)
            await vendors.drop_change(db, vendor.id)
            await cases.close_kinds(db, vendor.id, (BANK_CHANGE,), "erased", None, context.now)
        if now_due.next_at is not None:
            outputs.append(Timer(streams[vendor.id], now_due.next_at))
        check = await checks.find(db, vendor.id, vendor.round)
        if check is not None and check.outcome is None and vendor.state != "closed":
            outputs.append(Job(VAT_CHECK, streams[vendor.id], str(check.round)))
    return outputs


async def decide_nothing(_: DB, __: Sequence[Facts], ___: DecisionContext) -> list[Output]:
    """Nothing follows from the facts of a product or of a key: what they say is decided before, under the vendor's lock
    or by whoever changes the key."""
    return []


async def begin_check(db: DB, vendor: Vendor, now: datetime) -> Vendor:
    """One more check of its VAT number; the vendor with it."""
    after = checked_again(vendor)
    if after.company is None:
        raise AssertionError("there is a number to check")
    await vendors.save(db, after)
    await checks.begin(db, Check(after.id, after.round, after.company.vat, now))
    return after


async def erase_people(db: DB, vendor: Vendor, known: Facts, now: datetime) -> list[Event]:
    """Of one whose people are stated; else there is nothing. `known`: its set."""
    if not vendor.people:
        return []
    await drop_people(db, vendor.id)
    return [facts.people_erased(vendor, known, now)]


async def drop_people(db: DB, vendor_id: UUID) -> None:
    """Its people, and what registers have answered about it."""
    await vendors.save_people(db, vendor_id, None)
    await checks.drop_evidence(db, vendor_id)


async def suspend(db: DB, vendor: Vendor, reason: str, now: datetime) -> list[Event]:
    """It may not sell for now; what becomes of its orders in flight is one case."""
    after = suspended(vendor, now)
    await vendors.save(db, after)
    await cases.open_all(db, [opened(after.id, IN_FLIGHT, str(after.suspensions), now, reason=reason)])
    return [facts.vendor_suspended(after, reason, now)]


async def end_brands(db: DB, ended: Sequence[Brand], now: datetime) -> list[Event]:
    """Their products are no longer sold; they come back with another brand, as other versions. Nobody decides any more
    on the brands, nor on what waited of these products."""
    for brand in ended:
        await brands.save_state(db, brand_moved(brand, "end"))
        await cases.close_about(db, brand.vendor_id, BRAND_DECISION, str(brand.id), "ended", None, now)
    events: list[Event] = []
    for product in await products.in_force_of_brands(db, [brand.id for brand in ended]):
        events += await withdraw(db, product, "brand_lapsed", now)
    return events


async def withdraw(db: DB, product: Product, reason: str, now: datetime) -> list[Event]:
    """It is no longer sold, which is published if it was; nobody decides any more on what waited of it."""
    await products.save_state(db, product_moved(product, "withdraw"))
    about = about_product(product.sku, product.version)
    await cases.close_about(db, product.vendor_id, PRODUCT_DECISION, about, "withdrawn", None, now)
    await cases.close_about(db, product.vendor_id, PRODUCT_BARRED, product.sku, "withdrawn", None, now)
    return [facts.product_withdrawn(product, reason, now)] if in_force(product) else []


async def on_restored(clock: Clock, db: DB, events: Sequence[Event]) -> None:
    """Brings vendors, products and keys to what was published about them since the backup: no turn is published twice,
    and what a person has decided is not decided anew. What was stated and not published is lost, so that each vendor
    concerned is a case."""
    now = clock.now()
    of_vendors: dict[UUID, list[VendorEvent]] = {}
    of_products: dict[str, list[ProductEvent]] = {}
    for event in events:
        if isinstance(event, VendorVerified):
            await vendors.add(db, added(event.owner, event.occurred_at))  # where it is not there
        if isinstance(event, ProductApproved):
            await vendors.add(db, added(event.product.owner, event.occurred_at))
        if isinstance(event, VendorEvent):
            of_vendors.setdefault(event.vendor_id, []).append(event)
        if isinstance(event, ProductEvent):
            of_products.setdefault(event.sku, []).append(event)
    await keep_hashed(db, VENDOR_SCOPE, [_key(event) for event in events if isinstance(event, VendorKeyEvent)])
    concerned = set[UUID]()
    for vendor in await vendors.find_all(db, list(of_vendors)):
        await vendors.save(db, restored_vendor(vendor, of_vendors[vendor.id]))
        await _settle_published(db, of_vendors[vendor.id], now)
        concerned.add(vendor.id)
    known = await products.find(db, list(of_products))
    for sku, published in of_products.items():
        product = await _restore_product(db, known.get(sku), published, now)
        concerned |= {product.vendor_id} if product else set()
    await cases.open_all(db, [opened(vendor_id, RESTORED, "backup", now) for vendor_id in sorted(concerned)])


async def _settle_published(db: DB, published: Sequence[VendorEvent], now: datetime) -> None:
    """The cases that a person, or time, had settled; what becomes of orders in flight waits where nobody has chosen.
    People who were erased are erased again."""
    for event in published:
        match event:
            case VendorPeopleErased():
                await drop_people(db, event.vendor_id)
            case VendorVerified():
                await cases.close_kinds(db, event.vendor_id, (VENDOR_DECISION,), "verified", None, now)
            case VendorSuspended():
                await cases.close_kinds(db, event.vendor_id, (NUMBER_LAPSED,), "suspended", None, now)
                turn = opened(event.vendor_id, IN_FLIGHT, str(event.turn), now, reason=event.reason)
                await cases.open_all(db, [turn])
            case VendorRestored():
                await cases.close_kinds(db, event.vendor_id, (NUMBER_LAPSED,), "restored", None, now)
            case InFlightDecided():
                await cases.close_about(db, event.vendor_id, IN_FLIGHT, str(event.turn), event.choice, None, now)


async def _restore_product(
    db: DB, before: Product | None, published: Sequence[ProductEvent], now: datetime
) -> Product | None:
    """As it is now. Where its brand is lost, no version is of a brand that could end."""
    approvals = [event for event in published if isinstance(event, (ProductApproved, ProductChanged))]
    vendor_id = approvals[-1].product.vendor_id if approvals else before.vendor_id if before else None
    after = restored_product(before, published, await brands.of_vendor(db, vendor_id)) if vendor_id else None
    if after is None:
        return None
    has_brand = approvals and after.details.brand_id != NO_BRAND
    await products.save(db, after, approvals[-1].occurred_at if has_brand else None)
    about = about_product(after.sku, after.version)
    await cases.close_about(db, after.vendor_id, PRODUCT_DECISION, about, "restored", None, now)
    await cases.close_about(db, after.vendor_id, PRODUCT_BARRED, after.sku, "restored", None, now)
    return after


def _key(event: VendorKeyEvent) -> HashedKey:
    ends_at = event.ends_at if isinstance(event, VendorKeyEnded) else None
    return HashedKey(bytes.fromhex(event.sha256), key_name(event.vendor_id), ends_at)


def _ending(brand: Brand, now: datetime) -> Case:
    return opened(brand.vendor_id, BRAND_ENDING, str(brand.id), now, ends_at(brand), "brand_ending")
