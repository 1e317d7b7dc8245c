"""The rules of the label job: which attempt may have left a label, what the label shows, which route it takes."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from contracts.base import Event, order_stream
from contracts.carriers import DECLARED, route_to
from contracts.customs import OrderScreened, ParcelDeclared
from contracts.persons import Contact
from contracts.warehouse import OrderPacked
from services.carrier.domain.carrier import Account
from services.carrier.domain.labels import (
    LABEL_CASE_DUE,
    address_case,
    attempt_paused,
    attempt_seen,
    attempt_without_call,
    exhausted_case,
    label_order,
    label_round,
    superseded,
    uncertain_label_case,
    unconfirmed,
    unexplained_case,
    unseen_attempts,
    was_paused,
    was_superseded,
)
from shared.ledger.facts import Facts

SAMPLE = json.loads((Path(__file__).parents[1] / "golden" / "laposte" / "label-order.json").read_text())
ORDER = UUID(SAMPLE["declared"]["order_id"])
NOW = datetime(2026, 11, 11, 23, 30, tzinfo=UTC)
ROUTE = DECLARED[0].routes[0]
ACCOUNT, BILLED = Account("main"), Account("main", pays_duties=True)


def test_a_first_attempt_leaves_no_unconfirmed_label() -> None:
    assert unseen_attempts(1, {}) == []


def test_an_attempt_whose_end_was_seen_leaves_none_either() -> None:
    assert unseen_attempts(2, attempt_seen(1, {})) == []


@pytest.mark.parametrize(
    ("attempt", "state", "unseen"), [(2, {}, [1]), (3, {"seen": 1}, [2]), (5, {"seen": 2}, [3, 4])]
)
def test_an_attempt_that_ended_unseen_may_have(attempt: int, state: dict[str, Any], unseen: list[int]) -> None:
    assert unseen_attempts(attempt, state) == unseen


def test_an_attempt_without_a_call_leaves_none_and_hides_none() -> None:
    assert unseen_attempts(2, attempt_without_call(1, {})) == []
    after_a_crash = attempt_without_call(2, {})
    assert unseen_attempts(3, after_a_crash) == [1]
    assert unseen_attempts(4, attempt_without_call(3, after_a_crash)) == [1]
    assert unseen_attempts(5, attempt_without_call(3, after_a_crash)) == [1, 4]
    assert unseen_attempts(4, attempt_seen(3, {})) == []


def test_the_case_of_a_lost_answer_names_parcel_round_and_the_last_reason() -> None:
    lost = [unconfirmed(ORDER, "2:3", 1, "sls:unseen"), unconfirmed(ORDER, "2:3", 2, "sls:http_504", "CY123456785FR")]
    case = uncertain_label_case(lost, NOW)
    assert (case.case, case.parcel, case.turn) == ("uncertain_label:2:label-3", 2, 3)
    assert (case.reason, case.due_at) == ("sls:http_504", NOW + LABEL_CASE_DUE)


@pytest.mark.parametrize(("reason", "published"), [("sls:30000", "sls:30000"), ("KeyError: 'x'", "label_failed")])
def test_the_case_after_the_last_attempt_publishes_only_reasons_of_the_carrier(reason: str, published: str) -> None:
    case = exhausted_case(ORDER, "1", reason, "sls", NOW)
    assert (case.case, case.kind, case.reason) == ("needs_attention:1:label-1", "needs_attention", published)


def facts(tax: str = "2.16") -> Facts:
    declared = {**SAMPLE["declared"], "tax": {"amount": tax, "currency": "EUR"}}
    plan = {"order_id": ORDER, "occurred_at": NOW, "parcels": [SAMPLE["box"]]}
    known: list[Event] = [ParcelDeclared.model_validate(declared), OrderPacked.model_validate(plan)]
    return Facts(order_stream(ORDER), known)


def test_the_deposit_is_on_the_day_of_the_place_of_dispatch() -> None:
    route = ROUTE
    contact = Contact.model_validate(SAMPLE["contact"])
    order = label_order(facts(), 1, contact, route, ACCOUNT, NOW)
    assert order.deposit_on == date(2026, 11, 12)
    assert order.cny_per_eur is None


@pytest.mark.parametrize("kind", [ParcelDeclared, OrderPacked])
def test_a_label_is_made_only_of_a_parcel_that_is_packed_and_declared(kind: type[Event]) -> None:
    contact = Contact.model_validate(SAMPLE["contact"])
    incomplete = Facts(order_stream(ORDER), [event for event in facts() if not isinstance(event, kind)])
    with pytest.raises(LookupError):
        label_order(incomplete, 1, contact, ROUTE, ACCOUNT, NOW)


@pytest.mark.parametrize(
    ("regime", "tax", "account", "duty_paid"),
    [
        ("personal_postal", "2.16", BILLED, True),
        ("personal_postal", "2.16", ACCOUNT, False),
        ("personal_postal", "0.00", BILLED, False),
        ("cbec_9610", "2.16", BILLED, False),
        (None, "2.16", BILLED, False),
    ],
)
def test_duties_are_paid_by_us_only_where_the_contract_says_so_and_never_under_9610(
    regime: str | None, tax: str, account: Account, duty_paid: bool
) -> None:
    known = facts(tax)
    if regime is not None:
        known.add(screened(regime))
    contact = Contact.model_validate(SAMPLE["contact"])
    assert label_order(known, 1, contact, ROUTE, account, NOW).duty_paid is duty_paid


@pytest.mark.parametrize(("payer", "duty_paid"), [("addressee", True), ("guarantor", False)])
@pytest.mark.parametrize("regime", ["personal_postal", "cbec_9610"])
def test_duties_are_paid_by_us_where_the_lane_has_the_addressee_pay_them(
    payer: str, duty_paid: bool, regime: str
) -> None:
    known = facts("2.16")
    known.add(screened(regime).model_copy(update={"tax_paid_by": payer}))
    contact = Contact.model_validate(SAMPLE["contact"])
    assert label_order(known, 1, contact, ROUTE, BILLED, NOW).duty_paid is duty_paid


def screened(regime: str = "cbec_9610") -> OrderScreened:
    return OrderScreened.model_validate(
        {
            "order_id": ORDER,
            "occurred_at": NOW,
            "regime": regime,
            "value_cny": {"amount": "100.00", "currency": "CNY"},
            "rate": "7.9",
            "rate_date": "2026-11-10",
        }
    )


def test_the_screening_s_rate_is_handed_on() -> None:
    known = facts()
    known.add(screened())
    contact = Contact.model_validate(SAMPLE["contact"])
    assert label_order(known, 1, contact, ROUTE, ACCOUNT, NOW).cny_per_eur == Decimal("7.9")


def test_a_job_remembers_that_it_has_met_a_fault_of_ours() -> None:
    paused_attempt = attempt_paused(1)
    assert was_paused(paused_attempt)
    assert was_paused(attempt_seen(2, paused_attempt))
    assert was_paused(attempt_without_call(3, paused_attempt))
    assert unseen_attempts(2, paused_attempt) == []
    assert not was_paused(attempt_seen(1, {}))


@pytest.mark.parametrize(
    ("case", "name", "action"),
    [
        (address_case, "address_refused:1:label-1", "ask_shop"),
        (unexplained_case, "needs_attention:1:label-1", "check_label"),
    ],
)
def test_a_refused_label_that_is_not_the_parcel_s_fault_is_a_case(case: Any, name: str, action: str) -> None:
    opened = case(ORDER, "1", "sls:30204", NOW)
    assert (opened.case, opened.action, opened.reason, opened.matter) == (name, action, "sls:30204", "label")


def test_a_pause_takes_over_the_parcel_s_own_case_and_asks_again_later() -> None:
    known = facts()
    assert superseded(known, 1, "sls:http_422", NOW) == []
    known.add(unexplained_case(ORDER, "1", "sls:http_422", NOW))
    assert superseded(known, 1, "sls:http_400", NOW) == []
    (closed,) = superseded(known, 1, "sls:http_422", NOW)
    assert not was_superseded(known, 1)
    known.add(closed)
    assert was_superseded(known, 1)
    assert label_round(known, 1) == 2


def test_routes() -> None:
    china = route_to("CN")
    assert china is not None
    assert (china.carrier, china.product) == ("laposte", "DOS")
    assert route_to("XX") is None
    for carrier in DECLARED:
        assert all(route.carrier == carrier.name and route.source for route in carrier.routes)
