"""What vendors and persons do with brands and products, under the vendor's lock. The rules are in `domain`; each raises
Refusal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.makers.api.vendor_lock import VendorLock
from services.makers.domain import facts
from services.makers.domain.brands import Brand, authorised, brand_moved, require_few_brands, require_undecided
from services.makers.domain.cases import (
    BRAND_DECISION,
    PRODUCT_BARRED,
    PRODUCT_DECISION,
    Case,
    about_product,
    opened,
)
from services.makers.domain.judgements import Judgement, judged
from services.makers.domain.products import Details, Product, Verdict, approved, product_moved, stated
from services.makers.handlers import end_brands, withdraw
from services.makers.store import brands, cases, judgements, products
from services.refusals.refusal import Refusal, conflict, refused
from shared.db import DB
from shared.sealing import Seal

MOST_PRODUCTS = 20_000


@dataclass(frozen=True, slots=True)
class GoodsActions:
    lock: VendorLock
    seal: Seal

    async def add_brand(self, db: DB, brand: Brand) -> Brand:
        vendor = await self.lock.take_open(db, brand.vendor_id)
        require_few_brands(await brands.count(db, vendor.id))
        await brands.add(db, brand)
        return brand

    async def state_document(self, db: DB, vendor_id: UUID, brand_id: UUID, body: bytes, digest: str) -> Brand:
        await self.lock.take_open(db, vendor_id)
        require_undecided(await self.brand_of(db, vendor_id, brand_id))
        sealed = self.seal.seal(body, brands.document_place(brand_id))
        await brands.save_document(db, brand_id, sealed, digest)
        await cases.open_all(db, [opened(vendor_id, BRAND_DECISION, str(brand_id), self.lock.now())])
        return await self.brand_of(db, vendor_id, brand_id)

    async def decide_brand(
        self, db: DB, vendor_id: UUID, brand_id: UUID, *, authorise: bool, reason: str, by: str
    ) -> Brand:
        vendor = await self.lock.take(db, vendor_id)
        brand = await self.brand_of(db, vendor_id, brand_id)
        after = authorised(brand, self.lock.now().date()) if authorise else brand_moved(brand, "refuse")
        await brands.save_state(db, after)
        await cases.close_about(db, vendor_id, BRAND_DECISION, str(brand_id), reason, by, self.lock.now())
        await self.lock.save(db, vendor)
        return after

    async def end_brand(self, db: DB, vendor_id: UUID, brand_id: UUID) -> Brand:
        """Before its day: its products are no longer sold."""
        vendor = await self.lock.take(db, vendor_id)
        brand = await self.brand_of(db, vendor_id, brand_id)
        after = brand_moved(brand, "end")
        await self.lock.save(db, vendor, await end_brands(db, [brand], self.lock.now()))
        return after

    async def brand_of(self, db: DB, vendor_id: UUID, brand_id: UUID) -> Brand:
        brand = await brands.find(db, brand_id)
        if brand is None or brand.vendor_id != vendor_id:
            raise Refusal("unknown", "no such brand")
        return brand

    async def state_products(
        self, db: DB, vendor_id: UUID, statements: Sequence[tuple[str, Details]]
    ) -> list[tuple[Product | None, Product | Refusal]]:
        """Each as it was (None: new) and as it is now, or why it is not taken; nothing is written."""
        await self.lock.take_open(db, vendor_id)
        known = await products.find(db, [sku for sku, _ in statements])
        brand_ids = {brand.id for brand in await brands.of_vendor(db, vendor_id)}
        room = MOST_PRODUCTS - await products.count(db, vendor_id)
        results: list[tuple[Product | None, Product | Refusal]] = []
        for sku, details in statements:
            before = known.get(sku)
            try:
                results.append((before, _stated(before, sku, vendor_id, details, brand_ids, room)))
                room -= before is None
            except Refusal as refusal:
                results.append((before, refusal))
        return results

    async def save_products(self, db: DB, changed_: Sequence[Product]) -> None:
        """As they were stated: a changed one waits for a person, and for one that was submitted nobody decides any
        more. Refusal when another vendor has stated a SKU just now."""
        # In one order for all: two vendors' lists with the same new SKUs do not wait for each other.
        for product in sorted(changed_, key=lambda product: product.sku):
            if not await products.save(db, product):
                raise _sku_taken()
            if product.state == "changed":
                await cases.open_all(db, [_decision(product, self.lock.now())])
            else:
                await self._decided(db, product, "stated_anew", None)

    async def submit_product(self, db: DB, vendor_id: UUID, sku: str) -> Product:
        await self.lock.take_open(db, vendor_id)
        after = product_moved(await self.product_of(db, vendor_id, sku), "submit")
        await products.save(db, after)
        await cases.open_all(db, [_decision(after, self.lock.now())])
        return after

    async def approve_product(
        self, db: DB, vendor_id: UUID, product: Product, verdict: Verdict, reason: str, by: str
    ) -> Product:
        """`product` as it was when customs was asked; Refusal when it has changed since."""
        vendor, now = await self.lock.take(db, vendor_id), self.lock.now()
        before = await self.product_of(db, vendor_id, product.sku)
        if before != product:
            raise Refusal("conflict", "the product has changed meanwhile", detail="read it and decide again")
        brand = await brands.find(db, before.details.brand_id)
        after = approved(before, vendor, brand, verdict, now.date())
        if brand is None:
            raise AssertionError("an approved product has a brand")
        await products.save(db, after, now)
        await judgements.save(db, judged(Judgement(after.sku, vendor_id, after.version, after.details), verdict, now))
        await self._decided(db, after, reason, by)
        await cases.close_about(db, vendor_id, PRODUCT_BARRED, after.sku, "approved", by, now)
        await self.lock.save(db, vendor, [facts.product_in_force(before, after, vendor, brand, verdict, now)])
        return after

    async def refuse_product(self, db: DB, vendor_id: UUID, sku: str, reason: str, by: str) -> Product:
        await self.lock.take(db, vendor_id)
        after = product_moved(await self.product_of(db, vendor_id, sku), "refuse")
        await products.save(db, after)
        await self._decided(db, after, reason, by)
        return after

    async def withdraw_product(self, db: DB, vendor_id: UUID, sku: str, reason: str) -> Product:
        vendor = await self.lock.take(db, vendor_id)
        product = await self.product_of(db, vendor_id, sku)
        await self.lock.save(db, vendor, await withdraw(db, product, reason, self.lock.now()))
        return await self.product_of(db, vendor_id, sku)

    async def product_of(self, db: DB, vendor_id: UUID, sku: str) -> Product:
        product = (await products.find(db, [sku])).get(sku)
        if product is None or product.vendor_id != vendor_id:
            raise Refusal("unknown", "no such product")
        return product

    async def _decided(self, db: DB, product: Product, resolution: str, by: str | None) -> None:
        """Nothing waits any more of this version."""
        about = about_product(product.sku, product.version)
        await cases.close_about(db, product.vendor_id, PRODUCT_DECISION, about, resolution, by, self.lock.now())


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
