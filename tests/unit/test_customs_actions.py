"""What an operator may do about a parcel, by the rules alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from contracts.base import Event, order_stream
from contracts.cases import CaseClosed
from contracts.customs import ImportCleared, ImportHeld, ParcelUplifted
from services.customs.domain import actions
from services.customs.domain.actions import NotPossible
from services.customs.domain.cases import attention
from services.customs.domain.decide import INVENTORY
from services.customs.domain.holds import hold_case
from shared.ledger.facts import DecisionContext, Facts
from tests.support.customs_samples import (
    PLACED_AT,
    POLICY,
    erased,
    handed_over,
    order_id,
    packed,
    parcel,
    screened_order,
)

NOW = PLACED_AT + timedelta(days=3)


def known(*events: Event) -> Facts:
    return Facts(order_stream(order_id()), events)


def held() -> ImportHeld:
    return ImportHeld(
        order_id=order_id(), occurred_at=PLACED_AT, parcel=1, reason="inspection", status="500", held_at=PLACED_AT
    )


def uplifted(bill: str = "BILL1", voyage: str = "MU553") -> ParcelUplifted:
    return ParcelUplifted(order_id=order_id(), occurred_at=NOW, parcel=1, bill_number=bill, voyage_number=voyage)


def test_only_a_packed_parcel_is_one() -> None:
    facts = known(packed(parcel(1, (1, 1)), parcel(2, (1, 1))))
    assert [actions.has_parcel(facts, number) for number in (0, 1, 2, 3)] == [False, True, True, False]
    assert not actions.has_parcel(known(), 1)


def test_the_first_uplift_notice_counts() -> None:
    facts = known(handed_over())
    assert actions.uplift(facts, 1, "BILL1", "MU553", None, NOW) == uplifted()
    facts.add(uplifted())
    assert actions.uplift(facts, 1, "BILL1", "MU553", None, NOW) is None
    for bill, voyage in (("BILL2", "MU553"), ("BILL1", "MU554")):
        with pytest.raises(NotPossible, match="another notice"):
            actions.uplift(facts, 1, bill, voyage, None, NOW)


def test_a_notice_that_names_the_conveyance_is_another_than_one_that_does_not() -> None:
    facts = known(handed_over())
    notice = actions.uplift(facts, 1, "BILL1", "MU553", "B-2081", NOW)
    assert notice == uplifted().model_copy(update={"conveyance_number": "B-2081"})
    facts.add(notice)
    assert actions.uplift(facts, 1, "BILL1", "MU553", "B-2081", NOW) is None
    with pytest.raises(NotPossible, match="another notice"):
        actions.uplift(facts, 1, "BILL1", "MU553", None, NOW)


@pytest.mark.parametrize("field", ["trafNo", "voyageNo", "billNo"])
def test_an_inventory_without_a_flight_waits_for_the_notice(field: str) -> None:
    opened, refused = (
        attention(order_id(), INVENTORY, "1", reason, DecisionContext(NOW))
        for reason in (f"CEB621:InventoryHead.{field}:unknown", "CEB621:100")
    )
    assert actions.waits_for_flight(known(opened), 1)
    assert not actions.waits_for_flight(known(opened), 2)
    assert not actions.waits_for_flight(known(opened, opened.closed(NOW, "retried")), 1)
    assert not actions.waits_for_flight(known(refused), 1)


def test_a_parcel_that_was_not_handed_over_does_not_fly() -> None:
    with pytest.raises(NotPossible, match="not handed over"):
        actions.uplift(known(packed()), 1, "BILL1", "MU553", None, NOW)


def test_an_inventory_that_has_left_names_the_parcels_own_number() -> None:
    facts = known(handed_over())
    actions.check_bill(facts, uplifted(handed_over().tracking_number))
    with pytest.raises(NotPossible, match="inventory has left"):
        actions.check_bill(facts, uplifted())


def test_a_hold_is_answered_while_it_is_open() -> None:
    facts = known(held())
    assert actions.hold_to_answer(facts, 1) == held()
    assert actions.job_subject(facts, 1, "hold_answer") == held().subject
    assert actions.job_subject(facts, 1, "inventory") == "1"
    facts.add(
        CaseClosed(
            order_id=order_id(), occurred_at=NOW, case=hold_case(held()), kind="customs_hold", resolution="cleared"
        )
    )
    assert actions.job_subject(facts, 1, "hold_answer") == "1"
    with pytest.raises(NotPossible, match="does not hold"):
        actions.hold_to_answer(facts, 1)


@pytest.mark.parametrize(("released_at", "until"), [(None, 20), (PLACED_AT - timedelta(days=3), 17)])
def test_a_return_is_possible_for_thirty_days_of_beijing_after_the_release_by_customs_time(
    released_at: datetime | None, until: int
) -> None:
    cleared = ImportCleared(order_id=order_id(), occurred_at=PLACED_AT, parcel=1, released_at=released_at)
    facts = known(screened_order(), cleared)
    midnight = datetime(2026, 12, until, 16, tzinfo=UTC)
    actions.check_return(facts, 1, POLICY, midnight - timedelta(seconds=1))
    with pytest.raises(NotPossible) as fault:
        actions.check_return(facts, 1, POLICY, midnight)
    assert fault.value.detail == f"it could be until 2026-12-{until}T15:59Z"


def test_a_hold_is_not_answered_here_once_the_record_is_erased() -> None:
    with pytest.raises(NotPossible, match="erased"):
        actions.hold_to_answer(known(screened_order(), held(), erased()), 1)


def test_a_parcel_that_was_not_released_is_not_returned() -> None:
    with pytest.raises(NotPossible, match="not released"):
        actions.check_return(known(screened_order()), 1, POLICY, NOW)
