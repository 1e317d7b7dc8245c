"""A reservation that is only asked about is decided as the order's own is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from contracts.base import Event
from contracts.warehouse import StockRefused, StockReserved
from services.warehouse.domain.allocation import Claims, reservation
from services.warehouse.domain.orders import ordered_units
from shared.ledger.facts import Facts
from tests.support.warehouse_model import NOW, SKUS, UNITS, WarehouseModel, order_id, placed, screened, warehouse


def answer_of(model: WarehouseModel, number: int, units: dict[str, int]) -> StockReserved | StockRefused | None:
    """As a preview asks: with a set of its own, whatever is known of the order."""
    order = placed(number, units)
    facts = Facts(order.stream, [order])
    levels = {sku: model.stock[sku] for sku in ordered_units(facts) if sku in model.stock}
    return reservation(facts, levels, Claims.of(model.pending_restore), NOW)


def decided(model: WarehouseModel, number: int) -> StockReserved | StockRefused | None:
    facts = model.sets[order_id(number)]
    return facts.get(StockReserved) or facts.get(StockRefused)


@given(
    stock=st.dictionaries(st.sampled_from(SKUS), st.integers(0, 9)),
    orders=st.lists(UNITS, min_size=1, max_size=6),
    restored=st.none() | st.tuples(UNITS, st.booleans()),
)
def test_it_is_what_the_order_then_gets(
    stock: dict[str, int], orders: list[dict[str, int]], restored: tuple[dict[str, int], bool] | None
) -> None:
    """Also while a restore has left a reservation whose goods, or whose lines, are not there yet."""
    model = warehouse(stock)
    if restored is not None:
        units, lines_known = restored
        model.restore([StockReserved(order_id=order_id(99), occurred_at=NOW)])
        known: list[Event] = [placed(99, units), screened(99)] if lines_known else []
        model.consume(known)
    for number, units in enumerate(orders):
        answer = answer_of(model, number, units)
        assert answer_of(model, number, units) == answer, "asking changes nothing"
        model.consume([placed(number, units), screened(number)])
        decision = decided(model, number)
        assert (answer and answer.TYPE) == (decision and decision.TYPE)
        if isinstance(answer, StockRefused):
            assert isinstance(decision, StockRefused)
            assert answer.shortages == decision.shortages


def test_what_an_order_of_that_id_holds_already_is_not_free_again() -> None:
    model = warehouse({"MIEL-500": 2})
    model.consume([placed(0, {"MIEL-500": 2}), screened(0)])
    assert isinstance(answer_of(model, 0, {"MIEL-500": 2}), StockRefused)
