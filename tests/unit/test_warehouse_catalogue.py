"""Vendors and products as facts tell them: what is blocked, what is recalled, what PUT /products says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.base import Event, product_stream, vendor_stream
from contracts.makers import (
    InFlightDecided,
    ProductApproved,
    ProductChanged,
    ProductWithdrawn,
    VendorRestored,
    VendorSuspended,
    VendorVerified,
)
from contracts.makers import Product as ValidatedProduct
from contracts.warehouse import OrderRecalled, OrderWithdrawn, StockRefused, StockReserved, StockWrittenOff
from services.refusals.refusal import Refusal
from services.warehouse.domain.actions import pack
from services.warehouse.domain.allocation import Claims, reservation
from services.warehouse.domain.catalogue import (
    Recall,
    first_vendor_fact,
    product_facts,
    product_of,
    recalled,
    recalls,
    vendor_of,
)
from services.warehouse.domain.decisions import decide
from services.warehouse.domain.goods import GoodsReceipt, Product, check_receipt
from services.warehouse.domain.movements import returns_written_off
from services.warehouse.domain.stock import Movement, SkuQuantity, StockLevels
from shared.ledger.facts import DecisionContext, Facts
from tests.support.unknown_words import some_invented
from tests.support.warehouse_samples import BOXES, HANDED_OVER, NET, NOW, ORDER, PACKED, RESERVED, known, placed

AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
VENDOR = vendor_stream("savonnerie")
SKU = "SAVON-200"
PRODUCT = Product(SKU, "3245678901236", "340111", "FR", 200, 90, 60, 30, Decimal("12.50"), "EUR", "savonnerie")


def vendor(*events: Event) -> Facts:
    return Facts(VENDOR, events)


def suspended(turn: int = 1) -> VendorSuspended:
    return VendorSuspended(vendor_id=VENDOR.id, occurred_at=AT, turn=turn, reason="operator")


def restored(turn: int = 1) -> VendorRestored:
    return VendorRestored(vendor_id=VENDOR.id, occurred_at=AT, turn=turn)


def decided(choice: str, turn: int = 1) -> InFlightDecided:
    return InFlightDecided(vendor_id=VENDOR.id, occurred_at=AT + timedelta(hours=1), turn=turn, choice=choice)


@pytest.mark.parametrize(
    ("events", "is_suspended", "awaits"),
    [
        ((), False, False),
        ((suspended(),), True, True),
        ((suspended(), decided("go_on")), True, False),
        ((suspended(), decided("withdraw")), True, False),
        ((suspended(), decided("split")), True, True),
        ((restored(), suspended()), False, False),
        ((suspended(), restored(), suspended(2), decided("go_on")), True, True),
        ((suspended(), suspended(2), restored(2), decided("go_on")), True, False),
    ],
)
def test_a_suspension_ends_with_the_restoration_of_its_turn(
    events: tuple[Event, ...], is_suspended: bool, awaits: bool
) -> None:
    """And a choice that this version does not know is none."""
    state = vendor_of(vendor(*events))
    assert (state.vendor_id, state.suspended, state.awaits_choice) == (VENDOR.id, is_suspended, awaits)


def test_only_a_choice_to_withdraw_a_known_suspension_recalls() -> None:
    assert recalls(vendor(suspended(), decided("go_on"))) == []
    assert recalls(vendor(decided("withdraw"))) == []
    assert recalls(vendor(decided("withdraw"), suspended(2))) == []
    [recall] = recalls(vendor(decided("withdraw"), suspended()))
    assert recall == Recall(1, AT + timedelta(hours=1))
    event = recalled(VENDOR.id, recall, ORDER, NOW)
    assert event == OrderRecalled(order_id=ORDER, occurred_at=NOW, vendor_id=VENDOR.id, turn=1)


def test_a_recalled_order_is_withdrawn_whole_or_answered_as_too_late() -> None:
    recall = recalled(VENDOR.id, Recall(1, AT), ORDER, NOW)
    [withdrawn] = decide(known(*PACKED, recall), DecisionContext(NOW))
    assert withdrawn == OrderWithdrawn(order_id=ORDER, occurred_at=NOW, reason="vendor_suspended")
    [too_late] = decide(known(*PACKED, HANDED_OVER, recall), DecisionContext(NOW))
    assert (too_late.NAME, too_late.subject) == ("cancel-too-late", "vendor_suspended")


def test_an_order_is_not_packed_while_a_person_is_to_choose() -> None:
    with pytest.raises(Refusal, match="suspended") as raised:
        pack(known(*RESERVED), BOXES, NET, NOW, waiting_skus=[SKU])
    assert raised.value.kind == "conflict"
    assert SKU in (raised.value.detail or "")
    assert pack(known(*PACKED), BOXES, NET, NOW, waiting_skus=[SKU]) == PACKED[-1]


def test_blocked_stock_is_not_reserved_and_the_shortage_says_why() -> None:
    facts = known(placed())
    levels = {
        SKU: StockLevels(received=5, available=5, blocked="vendor_suspended"),
        "MIEL-500": StockLevels(received=5, available=5),
    }
    refused = reservation(facts, levels, Claims.of({}), NOW)
    assert isinstance(refused, StockRefused)
    [shortage] = refused.shortages
    assert (shortage.sku, shortage.wanted, shortage.available, shortage.reason) == (SKU, 2, 0, "vendor_suspended")
    free = {sku: replace(row, blocked=None) for sku, row in levels.items()}
    assert isinstance(reservation(facts, free, Claims.of({}), NOW), StockReserved)


def test_a_block_stays_while_goods_move() -> None:
    levels = StockLevels(received=3, available=3, blocked="product_withdrawn").after(Movement(SKU, "received", 2))
    assert (levels.available, levels.free, levels.blocked) == (5, 0, "product_withdrawn")


def test_what_does_not_come_back_sound_is_written_off() -> None:
    moved = [
        Movement(SKU, "returned_sound", 1, order_id=ORDER, subject="2"),
        Movement(SKU, "returned_damaged", 3, order_id=ORDER, subject="2"),
        Movement(SKU, "returned_damaged", 1, receipt_id=UUID(int=9), subject="2"),
    ]
    assert list(returns_written_off(moved, NOW)) == [
        StockWrittenOff(order_id=ORDER, occurred_at=NOW, sku=SKU, quantity=3, reason="returned", number=2)
    ]


# --- products ---------------------------------------------------------------------------------------------------


def stated(product: Product = PRODUCT, *before: Event) -> ValidatedProduct:
    [event] = product_facts(Facts(product_stream(SKU), before), product, AT)
    return event.product


def approved(turn: int = 1, version: int = 1) -> ProductApproved:
    product = stated().model_copy(update={"version": version})
    return ProductApproved(sku=SKU, occurred_at=AT, turn=turn, product=product)


def changed(version: int, **fields: object) -> ProductChanged:
    product = stated().model_copy(update={"version": version, **fields})
    return ProductChanged(sku=SKU, occurred_at=AT + timedelta(hours=version), product=product)


def withdrawn(turn: int = 1) -> ProductWithdrawn:
    return ProductWithdrawn(sku=SKU, occurred_at=AT, turn=turn, reason="vendor")


def test_a_product_is_its_highest_version_and_withdrawn_until_it_is_approved_again() -> None:
    def now(*events: Event) -> tuple[int, bool] | None:
        known = product_of(Facts(product_stream(SKU), events))
        return None if known is None else (known.product.net_weight_g, known.withdrawn)

    assert now() is None
    assert now(withdrawn()) is None
    assert now(approved()) == (200, False)
    assert now(changed(3, net_weight_g=210), approved(), changed(2, net_weight_g=205)) == (210, False)
    assert now(changed(2, net_weight_g=205)) == (205, False)
    assert now(approved(), withdrawn()) == (200, True)
    assert now(withdrawn(), approved(2, 2), approved()) == (200, False)
    assert now(withdrawn(), withdrawn(2), approved(2, 2), approved()) == (200, True)


def test_a_sku_is_its_first_vendors_for_ever() -> None:
    known = product_of(Facts(product_stream(SKU), [approved(), changed(2, owner="other", net_weight_g=999)]))
    assert known is not None
    assert (known.product.owner, known.product.net_weight_g, known.vendor_id) == ("savonnerie", 200, VENDOR.id)


@given(st.permutations([approved(), changed(2, net_weight_g=205), withdrawn(), approved(2, 3), changed(4)]))
def test_a_product_depends_on_the_set_alone(events: list[Event]) -> None:
    known = product_of(Facts(product_stream(SKU), [*events, *events]))
    assert known is not None
    assert (known.product.net_weight_g, known.withdrawn) == (200, False)


@given(st.permutations([suspended(), restored(), suspended(2), decided("go_on"), decided("withdraw", 2)]))
def test_a_vendor_depends_on_the_set_alone(events: list[Event]) -> None:
    facts = vendor(*events, *events)
    assert (vendor_of(facts).suspended, vendor_of(facts).awaits_choice) == (True, False)
    assert [recall.turn for recall in recalls(facts)] == [2]


@given(st.data())
def test_a_vendor_and_a_product_are_known_by_words_that_this_version_does_not_know(data: st.DataObject) -> None:
    """A suspension for a reason that nobody knows is one, a choice that nobody knows is none, and units that are told
    apart in a way that nobody knows are not told apart here."""
    chosen = decided("withdraw", 2)
    of_vendor = data.draw(st.permutations([suspended(), restored(), suspended(2), chosen]).flatmap(some_invented))
    facts, is_known = vendor(*of_vendor), chosen in of_vendor
    assert (vendor_of(facts).suspended, vendor_of(facts).awaits_choice) == (True, not is_known)
    assert [recall.turn for recall in recalls(facts)] == ([2] if is_known else [])
    of_product = data.draw(
        st.permutations([approved(), changed(2, identity="serial"), withdrawn()]).flatmap(some_invented)
    )
    known = product_of(Facts(product_stream(SKU), of_product))
    assert known is not None
    assert (known.product.serialised, known.withdrawn) == (changed(2, identity="serial") in of_product, True)
    assert not known.product.by_lot


# --- without makers ---------------------------------------------------------------------------------------------


def test_a_product_that_is_stated_is_approved_then_changed_and_published_once() -> None:
    facts = Facts(product_stream(SKU))
    [first] = product_facts(facts, PRODUCT, AT)
    assert isinstance(first, ProductApproved)
    assert (first.product.gtin, first.product.version, first.product.identity) == ("03245678901236", 1, "none")
    facts.add(first)
    assert product_facts(facts, PRODUCT, AT) == []
    [second] = product_facts(facts, replace(PRODUCT, net_weight_g=210), AT)
    assert isinstance(second, ProductChanged)
    assert (second.product.version, second.product.net_weight_g) == (2, 210)
    known = product_of(Facts(product_stream(SKU), [second, first]))
    assert known is not None
    assert known.product == replace(PRODUCT, gtin="03245678901236", net_weight_g=210)


def test_what_makers_says_of_a_product_counts_before_what_was_stated_to_the_warehouse() -> None:
    facts = Facts(product_stream(SKU))
    for grams in (200, 210, 220):
        [event] = product_facts(facts, replace(PRODUCT, net_weight_g=grams), AT)
        facts.add(event)

    def of_makers(version: int, weight: int) -> ValidatedProduct:
        return stated().model_copy(update={"version": version, "net_weight_g": weight})

    def weight() -> int:
        known = product_of(facts)
        assert known is not None
        return known.product.net_weight_g

    assert weight() == 220
    assert facts.add(ProductApproved(sku=SKU, occurred_at=AT, product=of_makers(1, 300)))
    assert weight() == 300
    assert facts.add(ProductChanged(sku=SKU, occurred_at=AT, product=of_makers(2, 310)))
    assert weight() == 310
    with pytest.raises(Refusal, match="products come from makers") as raised:
        product_facts(facts, PRODUCT, AT)
    assert raised.value.kind == "conflict"


def test_a_product_does_not_change_past_its_last_version() -> None:
    last = ProductChanged(
        sku=SKU, occurred_at=AT, product=stated().model_copy(update={"version": 9999}), stated_to_warehouse=True
    )
    facts = Facts(product_stream(SKU), [last])
    assert product_facts(facts, PRODUCT, AT) == [], "the same again says nothing new"
    with pytest.raises(Refusal, match="cannot change any more") as raised:
        product_facts(facts, replace(PRODUCT, net_weight_g=210), AT)
    assert (raised.value.kind, raised.value.detail) == ("conflict", "it has 9999 versions at most")


def test_a_vendor_that_the_warehouse_told_of_is_told_again_by_makers() -> None:
    facts = vendor(*first_vendor_fact(vendor(), "savonnerie", AT))
    assert facts.add(
        VendorVerified(vendor_id=VENDOR.id, occurred_at=AT, owner="savonnerie", public_name="Savonnerie", country="FR")
    )
    assert first_vendor_fact(facts, "savonnerie", AT) == []


def test_who_states_a_product_is_a_vendor_published_once() -> None:
    [first] = first_vendor_fact(vendor(), "savonnerie", AT)
    assert first == VendorVerified(
        vendor_id=VENDOR.id,
        occurred_at=AT,
        owner="savonnerie",
        public_name="savonnerie",
        country=None,
        stated_to_warehouse=True,
    )
    assert first_vendor_fact(vendor(first), "savonnerie", AT) == []


def test_a_receipt_of_a_withdrawn_product_is_refused_at_its_line() -> None:
    receipt = GoodsReceipt("savonnerie", "BL-1", (SkuQuantity(SKU, 1),), AT)
    check_receipt(receipt, {SKU: PRODUCT})
    with pytest.raises(Refusal) as raised:
        check_receipt(receipt, {SKU: PRODUCT}, {SKU})
    [fault] = raised.value.faults
    assert (fault.field, fault.rule) == ("lines[0].sku", "approved_product")


def test_a_receipt_is_published_with_every_line() -> None:
    receipt = GoodsReceipt("savonnerie", "BL-1", (SkuQuantity(SKU, 4), SkuQuantity("MIEL-500", 1)), AT)
    event = receipt.received({SKU: PRODUCT, "MIEL-500": PRODUCT})
    assert (event.receipt_id, event.occurred_at) == (receipt.id, AT)
    assert [(line.sku, line.quantity) for line in event.lines] == [(SKU, 4), ("MIEL-500", 1)]
