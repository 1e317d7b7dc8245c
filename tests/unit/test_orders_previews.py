"""What the answers of customs and warehouse make of a preview."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from contracts.base import Money, OrderLine
from contracts.customs import OrderRefused
from contracts.orders import OrderPlaced
from contracts.previews import ReservationAnswer, ScreeningAnswer
from contracts.vocabularies import ORDER_REFUSALS
from contracts.warehouse import Shortage, StockRefused
from services.orders.domain.previews import LineStock, Preview, preview
from shared.faults import Fault
from tests.support.orders_samples import ORDER, RESERVED, SCREENED, placed, time_at

SOAP = OrderLine.model_validate(
    {**placed().lines[0].model_dump(), "line": 2, "sku": "SAVON-200", "hs_code": "340111", "quantity": 3}
)
PLACED = placed().model_copy(update={"lines": (*placed().lines, SOAP)})
PASSED = ScreeningAnswer(screened=SCREENED)
IN_STOCK = ReservationAnswer(reserved=RESERVED, dispatch_date=time_at(1).date())
NUMBER = Fault("number", "number_taken", "Must not name another order")


def refused(reason: str, sku: str | None = None) -> ScreeningAnswer:
    return ScreeningAnswer(refused=OrderRefused(order_id=ORDER, occurred_at=time_at(0), reason=reason, sku=sku))


def short(**available: int) -> ReservationAnswer:
    wanted = {line.sku: line.quantity for line in PLACED.lines}
    shortages = tuple(
        Shortage(sku=sku, wanted=wanted[sku], available=units)
        for sku, units in ((name.replace("_", "-"), units) for name, units in available.items())
    )
    return ReservationAnswer(refused=StockRefused(order_id=ORDER, occurred_at=time_at(0), shortages=shortages))


def named_faults(answer: Preview) -> list[tuple[str, str]]:
    return [(fault.field, fault.rule) for fault in answer.faults]


def test_an_order_that_nobody_refuses_is_accepted() -> None:
    answer = preview(PLACED, (), PASSED, IN_STOCK)
    assert answer.accepted is True
    assert (answer.regime, answer.value_cny) == ("cbec_9610", SCREENED.value_cny)
    assert answer.route is not None
    assert (answer.route.carrier, answer.route.product) == ("laposte", "DOS")
    assert answer.stock == (LineStock("SERUM-30", 4, 4), LineStock("SAVON-200", 3, 3))
    assert answer.dispatch_date == time_at(1).date()
    assert (answer.faults, answer.unanswered) == ((), ())


def test_the_tax_that_is_due_is_customs_own() -> None:
    due = Money(amount=Decimal("108.02"), currency="CNY")
    taxed = ScreeningAnswer(screened=SCREENED.model_copy(update={"tax_cny": due}))
    assert preview(PLACED, (), taxed, IN_STOCK).tax_due_cny == due


def test_a_country_to_which_no_carrier_goes_has_no_route() -> None:
    answer = preview(PLACED.model_copy(update={"country": "AQ"}), (), PASSED, IN_STOCK)
    assert answer.route is None


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (refused("over_transaction_limit"), ("total", "over_transaction_limit")),
        (refused("over_postal_limit"), ("total", "over_postal_limit")),
        (refused("over_yearly_limit"), ("total", "over_yearly_limit")),
        (refused("not_on_positive_list", "SAVON-200"), ("lines[1].sku", "not_on_positive_list")),
        (refused("tariff_code_unknown", "SAVON-200"), ("lines[1].hs_code", "tariff_code_unknown")),
        (refused("licence_required", "SAVON-200"), ("lines[1].documents", "licence_required")),
        (refused("dangerous_goods", "SERUM-30"), ("lines[0].sku", "dangerous_goods")),
        (refused("prohibited_goods", "SERUM-30"), ("lines[0].sku", "prohibited_goods")),
        (refused("invented_later"), ("body", "invented_later")),
        (refused("invented_later", "SAVON-200"), ("lines[1].sku", "invented_later")),
    ],
)
def test_a_refusal_of_customs_names_field_and_rule(answer: ScreeningAnswer, fault: tuple[str, str]) -> None:
    answered = preview(PLACED, (), answer, IN_STOCK)
    assert answered.accepted is False
    assert named_faults(answered) == [fault]
    assert (answered.regime, answered.value_cny) == (None, None)


def test_a_code_that_is_not_known_comes_with_the_choices() -> None:
    screening = refused("tariff_code_unknown", "SAVON-200")
    assert screening.refused is not None
    screening = ScreeningAnswer(refused=screening.refused.model_copy(update={"choices": ("6202200000", "6202309000")}))
    [fault] = preview(PLACED, (), screening, IN_STOCK).faults
    assert fault.message == "Must be a code of China's tariff in force: 6202200000 or 6202309000"


def test_every_reason_of_customs_has_words_of_its_own() -> None:
    """But an erased person: whoever asks for a preview has just sent one."""
    messages = {
        preview(PLACED, (), refused(reason, "SERUM-30"), IN_STOCK).faults[0].message
        for reason in ORDER_REFUSALS
        if reason != "person_erased"
    }
    assert len(messages) == len(ORDER_REFUSALS) - 1
    assert "Must be an order that customs lets pass" not in messages


def test_each_shortage_is_a_fault_of_its_line() -> None:
    answer = preview(PLACED, (), PASSED, short(SERUM_30=0, SAVON_200=2))
    assert answer.accepted is False
    assert [(fault.field, fault.rule, fault.message) for fault in answer.faults] == [
        ("lines[0].quantity", "out_of_stock", "Must be in stock"),
        ("lines[1].quantity", "out_of_stock", "Must not be more than there are: 2"),
    ]
    assert answer.stock == (LineStock("SERUM-30", 4, 0), LineStock("SAVON-200", 3, 2))
    assert answer.dispatch_date is None


def test_no_more_stock_is_shown_than_is_wanted() -> None:
    """Even if the warehouse tells more."""
    assert preview(PLACED, (), PASSED, short(SERUM_30=9_000, SAVON_200=2)).stock[0] == LineStock("SERUM-30", 4, 4)


def test_all_faults_are_named_at_once() -> None:
    answer = preview(PLACED, [NUMBER], refused("over_transaction_limit"), short(SAVON_200=1))
    assert named_faults(answer) == [
        ("number", "number_taken"),
        ("total", "over_transaction_limit"),
        ("lines[1].quantity", "out_of_stock"),
    ]


@pytest.mark.parametrize(
    ("screening", "reservation", "accepted", "unanswered"),
    [
        (None, IN_STOCK, None, ("customs",)),
        (PASSED, None, None, ("warehouse",)),
        (None, None, None, ("customs", "warehouse")),
        (None, short(SAVON_200=1), False, ("customs",)),
        (refused("over_transaction_limit"), None, False, ("warehouse",)),
        (ScreeningAnswer(), ReservationAnswer(), None, ("customs", "warehouse")),
    ],
)
def test_who_has_not_answered_leaves_it_open_unless_another_refuses(
    screening: ScreeningAnswer | None,
    reservation: ReservationAnswer | None,
    accepted: bool | None,
    unanswered: tuple[str, ...],
) -> None:
    answer = preview(PLACED, (), screening, reservation)
    assert (answer.accepted, answer.unanswered) == (accepted, unanswered)
    if "warehouse" in unanswered:
        assert (answer.stock, answer.dispatch_date) == ((), None)


def test_an_answer_survives_its_way() -> None:
    for answer in (PASSED, refused("over_yearly_limit"), IN_STOCK, short(SAVON_200=1)):
        assert type(answer).model_validate_json(answer.model_dump_json()) == answer
    assert OrderPlaced.model_validate_json(PLACED.model_dump_json()) == PLACED
    assert replace(preview(PLACED, (), PASSED, IN_STOCK), faults=(NUMBER,)).accepted is False
