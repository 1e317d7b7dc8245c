"""The label job's own rules: which attempt may have left a ghost, what the label says, where it goes."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from contracts.base import Event
from contracts.customs import OrderScreened, ParcelDeclared
from contracts.persons import Contact
from contracts.warehouse import OrderPacked
from services.carrier.domain.routing import ROUTES, route_to
from services.carrier.jobs import label_order, not_called, settled, unseen_attempts
from shared.jobs.worker import ClaimedJob
from shared.ledger.facts import Facts

SAMPLE = json.loads((Path(__file__).parents[1] / "golden" / "laposte" / "label-order.json").read_text())
ORDER = UUID(SAMPLE["declared"]["order_id"])
NOW = datetime(2026, 11, 11, 23, 30, tzinfo=UTC)


def job(attempt: int, state: dict[str, Any] | None = None) -> ClaimedJob:
    return ClaimedJob("label", ORDER, "1", attempt, state or {})


def test_a_first_attempt_leaves_no_ghost() -> None:
    assert unseen_attempts(job(1)) == []


def test_an_attempt_whose_end_was_seen_leaves_none_either() -> None:
    assert unseen_attempts(job(2, settled(job(1)))) == []


@pytest.mark.parametrize(
    ("attempt", "state", "unseen"), [(2, {}, [1]), (3, {"seen": 1}, [2]), (5, {"seen": 2}, [3, 4])]
)
def test_an_attempt_that_ended_unseen_may_have(attempt: int, state: dict[str, Any], unseen: list[int]) -> None:
    assert unseen_attempts(job(attempt, state)) == unseen


def test_an_attempt_without_a_call_leaves_none_and_hides_none() -> None:
    assert unseen_attempts(job(2, not_called(job(1)))) == []
    after_a_crash = job(3, not_called(job(2)))
    assert unseen_attempts(after_a_crash) == [1]
    assert unseen_attempts(job(4, not_called(after_a_crash))) == [1]
    assert unseen_attempts(job(5, not_called(after_a_crash))) == [1, 4]
    assert unseen_attempts(job(4, settled(after_a_crash))) == []


def facts(tax: str = "2.16") -> Facts:
    declared = {**SAMPLE["declared"], "tax": {"amount": tax, "currency": "EUR"}}
    plan = {"order_id": ORDER, "occurred_at": NOW, "parcels": [SAMPLE["box"]]}
    known: list[Event] = [ParcelDeclared.model_validate(declared), OrderPacked.model_validate(plan)]
    return Facts(ORDER, known)


def test_the_deposit_is_on_the_day_of_the_place_of_dispatch() -> None:
    route = ROUTES[0]
    contact = Contact.model_validate(SAMPLE["contact"])
    order = label_order(facts(), 1, contact, route, NOW)
    assert order.deposit_on == date(2026, 11, 12)
    assert order.cny_per_eur is None


@pytest.mark.parametrize(("tax", "duty_paid"), [("2.16", True), ("0.00", False)])
def test_duty_is_paid_when_the_shopper_has_paid_the_tax(tax: str, duty_paid: bool) -> None:
    contact = Contact.model_validate(SAMPLE["contact"])
    assert label_order(facts(tax), 1, contact, ROUTES[0], NOW).duty_paid is duty_paid


def test_the_screening_s_rate_is_handed_on() -> None:
    known = facts()
    known.add(
        OrderScreened.model_validate(
            {
                "order_id": ORDER,
                "occurred_at": NOW,
                "regime": "cbec_9610",
                "value_cny": {"amount": "100.00", "currency": "CNY"},
                "rate": "7.9",
                "rate_date": "2026-11-10",
            }
        )
    )
    contact = Contact.model_validate(SAMPLE["contact"])
    assert label_order(known, 1, contact, ROUTES[0], NOW).cny_per_eur == Decimal("7.9")


def test_routes() -> None:
    china = route_to("CN")
    assert china is not None
    assert (china.carrier, china.product) == ("laposte", "DOS")
    assert route_to("XX") is None
    assert len({route.country for route in ROUTES}) == len(ROUTES)
