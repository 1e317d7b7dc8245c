"""How far an order is in the warehouse, its rows in the work lists, and what moves when a parcel comes back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from contracts.base import Event, ParcelContent, order_stream
from contracts.customs import OrderRefused
from contracts.warehouse import ParcelHandedOver, ParcelReceivedBack, Shortage, StockRefused
from services.warehouse.domain.movements import returned_movements
from services.warehouse.domain.orders import OrderRow, ParcelRow, Stage, order_row, parcel_rows, stage
from services.warehouse.domain.stock import Movement, MovementKind
from shared.ledger.facts import Facts
from tests.support.warehouse_samples import (
    CLOSED,
    HANDED_OVER,
    LATER,
    NOW,
    ORDER,
    PACKED,
    RESERVED,
    WITHDRAWN,
    known,
    label,
    placed,
)

OUT_OF_STOCK = StockRefused(
    order_id=ORDER, occurred_at=LATER, shortages=(Shortage(sku="SAVON-200", wanted=2, available=1),)
)
BARRED = OrderRefused(order_id=ORDER, occurred_at=LATER, reason="dangerous_goods")


def later(event: Event, occurred_at: datetime = LATER) -> Event:
    return event.model_copy(update={"occurred_at": occurred_at})


def second_hand_over(occurred_at: datetime) -> ParcelHandedOver:
    return ParcelHandedOver(
        order_id=ORDER, occurred_at=occurred_at, parcel=2, carrier="laposte", tracking_number="T1-2"
    )


@pytest.mark.parametrize(
    ("events", "reached", "since"),
    [
        ([later(placed()), label(1)], "waiting", NOW),
        ([placed(), OUT_OF_STOCK], "refused", LATER),
        ([placed(), BARRED], "refused", LATER),
        ([placed(), later(RESERVED[1])], "reserved", LATER),
        ([*RESERVED, later(PACKED[2])], "packed", LATER),
        ([*PACKED, later(label(1))], "packed", NOW),
        ([*PACKED, label(1), later(label(2))], "labelled", LATER),
        ([*PACKED, label(1), label(2), later(HANDED_OVER)], "labelled", NOW),
        ([*PACKED, label(1), label(2), HANDED_OVER, second_hand_over(LATER)], "handed_over", LATER),
        ([*PACKED, later(WITHDRAWN)], "withdrawn", LATER),
        ([*PACKED, HANDED_OVER, second_hand_over(NOW), WITHDRAWN, later(CLOSED)], "closed", LATER),
    ],
)
def test_an_order_is_as_far_as_its_last_parcel_and_since_the_fact_that_brought_it_there(
    events: Sequence[Event], reached: Stage, since: datetime
) -> None:
    assert stage(known(*events)) == (reached, since)


def test_an_order_of_which_nothing_is_known_is_nowhere() -> None:
    with pytest.raises(ValueError, match="empty"):
        stage(known())


def test_the_rows_of_an_order_in_the_work_lists() -> None:
    assert order_row(known(label(1))) == OrderRow(ORDER, None, "waiting", NOW)
    assert parcel_rows(known(*RESERVED)) == []
    facts = known(*PACKED, label(1), HANDED_OVER)
    assert order_row(facts) == OrderRow(ORDER, "T1", "packed", NOW)
    assert parcel_rows(facts) == [ParcelRow(ORDER, 1, "T1-1", True), ParcelRow(ORDER, 2, None, False)]


# --- returns ----------------------------------------------------------------------------------------------------


def moved(kind: MovementKind, quantity: int) -> Movement:
    return Movement("SAVON-200", kind, quantity, order_id=ORDER, subject="1")


def back(sound: int, damaged: int) -> Facts:
    """The first parcel, with its two pieces of soap, was opened."""

    def contents(units: int) -> tuple[ParcelContent, ...]:
        return (ParcelContent(line=1, sku="SAVON-200", quantity=units, net_weight_g=200 * units),) if units else ()

    received_back = ParcelReceivedBack(
        order_id=ORDER,
        occurred_at=NOW + timedelta(days=30),
        parcel=1,
        sound=contents(sound),
        written_off=contents(damaged),
    )
    return Facts(order_stream(ORDER), [*PACKED, HANDED_OVER, received_back])


@pytest.mark.parametrize(
    ("sound", "damaged", "units_shipped", "returned"),
    [
        (2, 0, 2, [moved("returned_sound", 2)]),
        (0, 2, 2, [moved("returned_damaged", 2)]),
        (1, 1, 2, [moved("returned_sound", 1), moved("returned_damaged", 1)]),
        # Of a parcel that left after its goods had been released to another order, less went with it by our records.
        (1, 1, 1, [moved("returned_sound", 1)]),
        (2, 0, 1, [moved("returned_sound", 1)]),
        (1, 1, 0, []),
    ],
)
def test_what_comes_back_is_booked_in_and_never_more_than_has_left(
    sound: int, damaged: int, units_shipped: int, returned: list[Movement]
) -> None:
    shipped = [moved("shipped", units_shipped)] if units_shipped else []
    assert list(returned_movements(back(sound, damaged), shipped)) == returned
    assert list(returned_movements(back(sound, damaged), [*shipped, *returned])) == []


def test_a_parcel_is_booked_in_once() -> None:
    assert list(returned_movements(back(1, 1), [moved("shipped", 2), moved("returned_sound", 1)])) == []
