"""Goods receipts and the sums of stock: the rules by themselves."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.refusals.refusal import Refusal
from services.warehouse.domain.goods import GoodsReceipt, Product, check_receipt, check_repeated
from services.warehouse.domain.stock import (
    MOVES,
    Movement,
    MovementKind,
    SkuQuantity,
    StockLevels,
    levels_after,
    movement_effects,
)

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
SOAP, HONEY = SkuQuantity("SAVON-200", 10), SkuQuantity("MIEL-500", 5)


def receipt(*lines: SkuQuantity, owner: str = "savonnerie", reference: str = "BL-1") -> GoodsReceipt:
    return GoodsReceipt(owner, reference, lines, NOW)


def product(sku: str, owner: str) -> Product:
    return Product(sku, "3245678901236", "340111", "FR", 200, 90, 60, 30, Decimal("12.50"), "EUR", owner)


def test_a_goods_receipt_is_the_same_by_owner_and_reference_and_its_lines_in_any_order() -> None:
    first = receipt(SOAP, HONEY)
    assert first.id == receipt(HONEY).id
    assert first.id not in {receipt(SOAP, owner="miellerie").id, receipt(SOAP, reference="BL-2").id}
    check_repeated(receipt(HONEY, SOAP), first)
    for lines in ((SOAP,), (SOAP, SkuQuantity("MIEL-500", 6)), (SkuQuantity("SAVON-200", 5), HONEY)):
        with pytest.raises(Refusal) as raised:
            check_repeated(receipt(*lines), first)
        assert (raised.value.kind, raised.value.faults[0].rule) == ("conflict", "once")


def test_each_fault_of_a_goods_receipt_is_named_at_its_line() -> None:
    products = {"SAVON-200": product("SAVON-200", "savonnerie"), "MIEL-500": product("MIEL-500", "miellerie")}
    with pytest.raises(Refusal) as raised:
        check_receipt(receipt(SOAP, HONEY, SkuQuantity("THE-100", 1), SOAP), products)
    assert raised.value.kind == "invalid"
    assert [(fault.field, fault.rule) for fault in raised.value.faults] == [
        ("lines[0].sku", "once"),
        ("lines[1].sku", "owner_of_sku"),
        ("lines[2].sku", "known_sku"),
        ("lines[3].sku", "once"),
    ]
    check_receipt(receipt(SOAP), products)


def test_a_goods_receipt_makes_its_units_available() -> None:
    movements = receipt(SOAP, HONEY).movements()
    levels = levels_after({"SAVON-200": StockLevels(), "MIEL-500": StockLevels(received=1, available=1)}, movements)
    assert levels == {
        "SAVON-200": StockLevels(received=10, available=10),
        "MIEL-500": StockLevels(received=6, available=6),
    }
    assert {movement.receipt_id for movement in movements} == {receipt().id}


@given(st.lists(st.tuples(st.sampled_from(list(MOVES)), st.integers(0, 9)), max_size=20))
def test_the_sum_of_the_effects_is_what_the_movements_make_of_the_stock(
    moved: list[tuple[MovementKind, int]],
) -> None:
    """The database sums up effects; the rules apply movements."""
    start = StockLevels(received=1_000, available=400, reserved=300, shipped=200, written_off=100)
    after = start.after(*(Movement("S", kind, units) for kind, units in moved))
    sums = Counter[str]()
    for kind, units in moved:
        for effect in movement_effects():
            if effect.kind == kind:
                sums[effect.quantity] += effect.sign * units
    for name in ("received", "available", "reserved", "shipped", "written_off"):
        assert getattr(start, name) + sums[name] == getattr(after, name)


@pytest.mark.parametrize(
    ("kind", "effects"),
    [
        ("received", {"received": 1, "available": 1}),
        ("reserved", {"available": -1, "reserved": 1}),
        ("shipped", {"reserved": -1, "shipped": 1}),
        ("returned_damaged", {"shipped": -1, "written_off": 1}),
    ],
)
def test_a_unit_leaves_one_status_for_another_and_only_a_received_one_comes_from_outside(
    kind: MovementKind, effects: dict[str, int]
) -> None:
    assert {effect.quantity: effect.sign for effect in movement_effects() if effect.kind == kind} == effects
