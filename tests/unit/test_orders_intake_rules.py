"""The rules across the fields of a submitted order, and what is made of an accepted one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from contracts.base import Money, NetContent, SupportingDocument
from services.links import check_secret
from services.orders.domain.intake import FUTURE_TOLERANCE, MAX_AGE, LineParts, OrderParts, faults
from services.orders.domain.values import birth_date
from services.orders.schemas.body import OrderBody
from services.orders.schemas.conversion import contact, fingerprint, national_id, order_placed
from services.orders.schemas.intake import check
from services.orders.schemas.views import TrackingLinks
from shared.faults import Fault
from tests.support.order_body import good_body

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
ORDER = UUID(int=7)


def money(amount: str, currency: str = "EUR") -> Money:
    return Money.model_validate({"amount": amount, "currency": currency})


VALID = OrderParts(
    lines=(LineParts("SERUM-30", 2, money("39.90")), LineParts("SAVON-200", 3, money("4.50"))),
    amounts={
        "freight": money("12.00"),
        "discount": money("5.00"),
        "tax": money("7.26"),
        "total": money("107.56"),
        "payment.amount": money("107.56"),
    },
    place=("深圳市", "南山区"),
    names=("王小明", None),
    resident_id="360426199101010071",
    times={"placed_at": NOW, "payment.paid_at": NOW},
)


def rules(parts: OrderParts) -> set[tuple[str, str]]:
    return {(fault.field, fault.rule) for fault in faults(parts, NOW)}


def amounts(**changed: Money | None) -> OrderParts:
    return replace(VALID, amounts={**VALID.amounts, **changed})


def test_a_valid_order_breaks_no_rule() -> None:
    assert rules(VALID) == set()


@pytest.mark.parametrize(
    ("parts", "broken"),
    [
        (
            amounts(total=money("107.57")),
            {("payment.amount.amount", "payment_mismatch"), ("total.amount", "sum_mismatch")},
        ),
        (amounts(discount=money("120.00")), {("discount.amount", "discount_exceeds")}),
        (amounts(freight=money("80.00", "CNY")), {("freight.currency", "currency_mixed")}),
        (replace(VALID, place="city_unknown"), {("consignee.address.city", "city_unknown")}),
        (replace(VALID, place="district_unknown"), {("consignee.address.district", "district_unknown")}),
    ],
)
def test_a_rule_across_fields_names_the_field(parts: OrderParts, broken: set[tuple[str, str]]) -> None:
    assert rules(parts) == broken


def taxed(*taxes: Money | None) -> OrderParts:
    lines = tuple(
        replace(line, tax=tax, states_tax=tax is not None) for line, tax in zip(VALID.lines or (), taxes, strict=True)
    )
    return replace(VALID, lines=lines)


@pytest.mark.parametrize(
    ("parts", "broken"),
    [
        (taxed(money("7.00"), money("0.26")), set()),
        (taxed(money("7.00"), money("0.27")), {("tax.amount", "tax_mismatch")}),
        (taxed(None, money("7.26")), {("lines[0].tax", "tax_not_on_every_line")}),
        (taxed(money("7.00"), money("0.26", "CNY")), {("lines[1].tax.currency", "currency_mixed")}),
        (replace(taxed(money("7.00"), money("1.00")), amounts={**VALID.amounts, "tax": None}), set()),
        (replace(VALID, lines=(LineParts("SERUM-30", None, None, None, states_tax=True),)), set()),
    ],
)
def test_the_tax_by_line_is_on_every_line_and_adds_up(parts: OrderParts, broken: set[tuple[str, str]]) -> None:
    assert rules(parts) == broken


def test_a_sku_may_occur_in_one_line_only() -> None:
    line = LineParts("SERUM-30", 1, None)
    assert rules(replace(VALID, lines=(line, line))) == {("lines[1].sku", "sku_repeated")}


def test_no_sum_is_judged_while_a_part_of_it_is_invalid() -> None:
    wrong_total = {"total": money("1.00"), "payment.amount": money("1.00")}
    assert rules(replace(VALID, amounts={**VALID.amounts, **wrong_total})) == {("total.amount", "sum_mismatch")}
    for lines in (None, (LineParts("SERUM-30", None, money("1.00")),)):
        assert rules(replace(VALID, amounts={**VALID.amounts, **wrong_total}, lines=lines)) == set()
    assert rules(replace(VALID, amounts={**VALID.amounts, **wrong_total, "tax": None})) == set()


@pytest.mark.parametrize("field", ["placed_at", "payment.paid_at"])
def test_a_time_lies_within_its_bounds(field: str) -> None:
    second = timedelta(seconds=1)

    def broken_rules(time: datetime) -> set[tuple[str, str]]:
        return rules(replace(VALID, times={field: time}))

    assert broken_rules(NOW + FUTURE_TOLERANCE) == broken_rules(NOW - MAX_AGE) == set()
    assert broken_rules(NOW + FUTURE_TOLERANCE + second) == {(field, "in_future")}
    assert broken_rules(NOW - MAX_AGE - second) == {(field, "too_old")}


def test_a_date_of_birth_has_come() -> None:
    unborn = "360426" + "20261124" + "0071"
    assert birth_date(unborn) == date(2026, 11, 24)
    assert rules(replace(VALID, resident_id=unborn)) == {("buyer.resident_id", "resident_id_component")}


# --- what is made of an accepted body ---------------------------------------------------------------------------


def accepted(**changed: Any) -> OrderBody:
    body = good_body("A-1") | {"placed_at": "2026-11-23T07:30:00Z"} | changed
    body["payment"]["paid_at"] = "2026-11-23T07:31:00Z"
    order = check(body, NOW)
    assert isinstance(order, OrderBody), order
    return order


def test_the_event_holds_the_goods_and_nothing_of_the_person() -> None:
    body = accepted()
    placed = order_placed(ORDER, "maison", body, NOW)
    assert [(line.line, line.sku, line.quantity) for line in placed.lines] == [(1, "SERUM-30", 2), (2, "SAVON-200", 3)]
    assert (placed.total.amount, placed.province) == (Decimal("107.56"), "CN-GD")
    text = placed.model_dump_json()
    assert not any(part in text for part in (body.buyer.name, body.buyer.phone, body.consignee.address.street))


def test_the_parts_of_the_record_hold_what_their_readers_need() -> None:
    body = accepted()
    assert (contact(body).city, contact(body).payment.provider) == ("深圳市", "Alipay")
    assert body.buyer.resident_id not in contact(body).model_dump_json()
    assert national_id(body).number == body.buyer.resident_id


def test_a_fingerprint_is_of_the_order_whatever_the_order_of_its_lines() -> None:
    turned = list(reversed(good_body()["lines"]))
    assert fingerprint(accepted()) == fingerprint(accepted(lines=turned))
    assert fingerprint(accepted()) != fingerprint(accepted(language="fr"))


def test_a_fingerprint_of_before_the_latin_name_is_still_the_order_s() -> None:
    """Its value as it was stored when a body had no such field."""
    instant = "2026-11-22T08:00:00+00:00"
    body = good_body("A-1") | {"placed_at": instant}
    order = check(body | {"payment": body["payment"] | {"paid_at": instant}}, NOW)
    assert isinstance(order, OrderBody)
    assert fingerprint(order).hex() == "eed80dedfa9fcef74119292c7fb86ba0478f67264fc9f39fb2eb7018b58c449d"


def insured(**changed: Any) -> dict[str, Any]:
    """A body of 107.56 whose carriage is insured for 1.50 more."""
    body, total = good_body("A-1"), {"amount": "109.06", "currency": "EUR"}
    premium = {"amount": "1.50", "currency": "EUR"}
    return body | {"insurance": premium, "total": total, "payment": body["payment"] | {"amount": total}} | changed


def test_insurance_is_part_of_the_sum_and_of_the_event() -> None:
    order = check(insured(), datetime.now(UTC))
    assert isinstance(order, OrderBody), order
    assert order_placed(ORDER, "maison", order, NOW).insurance == money("1.50")
    assert fingerprint(order) != fingerprint(order.model_copy(update={"insurance": None}))


@pytest.mark.parametrize(
    ("body", "broken"),
    [
        (insured(insurance={"amount": "1.49", "currency": "EUR"}), [("total.amount", "sum_mismatch")]),
        (insured(insurance={"amount": "1.50", "currency": "CNY"}), [("insurance.currency", "currency_mixed")]),
        (insured(insurance={"amount": "-1", "currency": "EUR"}), [("insurance.amount", "amount_form")]),
        (insured(discount={"amount": "900.00", "currency": "EUR"}), [("discount.amount", "discount_exceeds")]),
    ],
)
def test_a_fault_of_the_insurance_is_named(body: dict[str, Any], broken: list[tuple[str, str]]) -> None:
    faults = check(body, datetime.now(UTC))
    assert isinstance(faults, list)
    assert [(fault.field, fault.rule) for fault in faults] == broken


def test_the_tax_of_a_line_is_in_the_event_and_counts_when_it_is_there() -> None:
    lines = good_body()["lines"]
    stated = [
        line | {"tax": {"amount": tax, "currency": "EUR"}} for line, tax in zip(lines, ("7.00", "0.26"), strict=True)
    ]
    order = accepted(lines=stated)
    assert [line.tax for line in order_placed(ORDER, "maison", order, NOW).lines] == [money("7.00"), money("0.26")]
    assert fingerprint(order) != fingerprint(accepted())
    wrong = check(
        good_body() | {"lines": [stated[0] | {"tax": {"amount": "-7", "currency": "EUR"}}, stated[1]]},
        datetime.now(UTC),
    )
    assert isinstance(wrong, list)
    assert [(fault.field, fault.rule) for fault in wrong] == [("lines[0].tax.amount", "amount_form")]


def test_content_and_documents_of_a_line_are_in_the_event_and_count_when_they_are_there() -> None:
    plain, body = accepted(), good_body("A-1")
    body["lines"][0] |= {
        "content": {"amount": "30", "unit": "ml"},
        "documents": [{"type": "C400", "number": "FR2600012345"}, {"type": "Y901"}],
    }
    order = accepted(lines=body["lines"])
    [line, other] = order_placed(ORDER, "maison", order, NOW).lines
    assert line.content == NetContent(amount=Decimal("30.00"), unit="ml")
    assert line.documents == (
        SupportingDocument(type="C400", number="FR2600012345"),
        SupportingDocument(type="Y901"),
    )
    assert (other.content, other.documents) == (None, ())
    assert fingerprint(order) != fingerprint(plain)


HOUSE = good_body()["consignee"]["address"] | {"street": "🏠"}


def with_consignee(**changed: Any) -> OrderBody | list[Fault]:
    body = good_body()
    return check(body | {"consignee": body["consignee"] | changed}, datetime.now(UTC))


def test_the_shop_s_spelling_of_a_name_is_in_the_record_and_not_in_the_event() -> None:
    order = with_consignee(name="仇英", name_latin="Chou Ying")
    assert isinstance(order, OrderBody)
    assert contact(order).name_latin == "Chou Ying"
    assert "Chou" not in order_placed(ORDER, "tmall", order, NOW).model_dump_json()
    assert fingerprint(order) != fingerprint(order.model_copy(update={"consignee": accepted().consignee}))


@pytest.mark.parametrize(
    ("changed", "field", "rule"),
    [
        ({"name": "བསྟན་འཛིན"}, "consignee.name_latin", "name_not_spellable"),
        ({"name": "123"}, "consignee.name_latin", "name_not_spellable"),
        ({"name_latin": "李雷"}, "consignee.name_latin", "not_latin"),
        ({"name": "བསྟན་འཛིན", "name_latin": "7"}, "consignee.name_latin", "not_latin"),
        ({"phone": "131 2345 6789"}, "consignee.phone", "phone_counted_up"),
        (
            {"address": good_body()["consignee"]["address"] | {"street": "🏠"}},
            "consignee.address.street",
            "not_spellable",
        ),
    ],
)
def test_what_no_label_can_show_is_refused_with_field_and_rule(changed: dict[str, Any], field: str, rule: str) -> None:
    refused = with_consignee(**changed)
    assert isinstance(refused, list)
    assert [(fault.field, fault.rule) for fault in refused] == [(field, rule)]


def test_a_name_of_a_script_without_a_reading_is_taken_with_the_shop_s_spelling() -> None:
    assert isinstance(with_consignee(name="བསྟན་འཛིན", name_latin="Tenzin"), OrderBody)


def test_a_buyer_s_phone_is_on_no_label_and_may_count_up() -> None:
    body = good_body()
    assert isinstance(check(body | {"buyer": body["buyer"] | {"phone": "131 2345 6789"}}, datetime.now(UTC)), OrderBody)


def test_the_link_of_an_order_opens_it_with_the_newest_key() -> None:
    keys = {"v2": b"2" * 32, "v1": b"1" * 32}
    address, _, secret = TrackingLinks("https://track.example", keys).url(ORDER).partition("?secret=")
    assert address == f"https://track.example/track/{ORDER}"
    assert secret.startswith("v2.")
    assert check_secret(keys, ORDER, secret)
