"""Export: the numbers, what must be declared, the CN23, the gateway's answers."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest

from sandbox.bad_answers import PAGE
from services.customs.domain import export
from services.customs.domain.decide import shares_of
from services.customs.domain.export import Refused, Released, Unreadable
from tests.support.customs_samples import POLICY, line, order_id, packed, parcel, placed

TODAY = date(2026, 11, 20)


@pytest.mark.parametrize("mrn", ["99IT9876AB88901209", "18GB0000601001EB15"])
def test_published_mrns_pass(mrn: str) -> None:
    assert export.valid_mrn(mrn)


@pytest.mark.parametrize(
    "mrn", ["19GB0000601001EB15", "18GB0000601001EB1", "18gb0000601001EB15", "18GB0000601001EB155", ""]
)
def test_other_mrns_do_not(mrn: str) -> None:
    assert not export.valid_mrn(mrn)


@pytest.mark.parametrize(
    ("eori", "valid"),
    [
        ("FR900000001", True),
        ("FR732829320", True),
        ("FR732829321", False),
        ("FR73282932000074", False),
        ("DE732829320", False),
        ("732829320", False),
    ],
)
def test_an_eori_is_fr_and_a_siren(eori: str, valid: bool) -> None:
    assert export.valid_eori(eori) is valid


def test_the_lrn_is_derived_and_short() -> None:
    assert export.lrn(order_id(), 1) == export.lrn(order_id(), 1)
    assert len({export.lrn(order_id(name), number) for name in "abc" for number in (1, 2)}) == 6
    assert len(export.lrn(order_id(), 99)) <= 22


@pytest.mark.parametrize(("number", "derived"), [("1", 0), ("1" * 18, 1), ("1" * 19, 2), ("A" * 40, 2)])
def test_a_cop_no_is_short_and_derived_where_the_sub_order_is_too_long(number: str, derived: int) -> None:
    orders = [placed(name).model_copy(update={"number": number}) for name in "ab"]
    numbers = {export.cop_no(order, parcel) for order in orders for parcel in (1, 99)}
    assert max(len(cop_no) for cop_no in numbers) <= 20
    assert numbers == {export.cop_no(order, parcel) for order in orders for parcel in (1, 99)}
    assert len(numbers - {f"{number}-1", f"{number}-99"}) == 2 * derived


@pytest.mark.parametrize(
    ("goods_eur", "hs_code", "needed"),
    [
        ("1000.00", "42022100", False),
        ("1000.01", "42022100", True),
        ("20.00", "22042100", True),
        ("20.00", "2208200000", True),
        ("20.00", "22090000", False),
    ],
)
def test_when_a_declaration_is_needed(goods_eur: str, hs_code: str, needed: bool) -> None:
    assert POLICY.export.needs_declaration([line(hs_code=hs_code)], Decimal(goods_eur), TODAY) is needed


def test_the_cn23_is_an_article_a_line_and_the_scales_weight() -> None:
    order = placed(lines=[line(1, "62.00", 3), line(2, "11.90", 2, "19053100")])
    box = parcel(1, (2, 1), (1, 2), (2, 1))
    share = shares_of(order, packed(box, parcel(2, (1, 1))))[0][1]
    form = export.cn23(order, box, share.money(share.freight))
    assert [(a.quantity, a.net_weight_g, str(a.unit_value.amount)) for a in form.articles] == [
        (2, 400, "62.00"),
        (2, 400, "11.90"),
    ]
    assert form.gross_weight_g == 950
    assert form.invoice_number == "TM1-1"
    body = export.declaration(order, 1, form, share.money(share.total), "FR900000001")
    assert sum(Decimal(article["value"]["amount"]) for article in body["articles"]) == share.goods
    assert json.loads(json.dumps(body)) == body


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ({"lrn": "x", "mrn": "18GB0000601001EB15", "status": "released"}, Released("18GB0000601001EB15")),
        ({"status": "refused", "errors": [{"code": "net_over_gross", "pointer": "/x"}]}, Refused("net_over_gross")),
        ({"status": "refused", "errors": [{"code": "Wang-13800138000", "pointer": "/x"}]}, Refused("unknown")),
        ({"status": "refused", "errors": [{"code": "not a code!"}]}, Refused("unknown")),
        ({"status": "refused", "errors": []}, Refused("unknown")),
        ({"status": "refused"}, Refused("unknown")),
    ],
)
def test_answers(body: object, answer: Released | Refused) -> None:
    assert export.read_answer(json.dumps(body).encode()) == answer


@pytest.mark.parametrize(
    "body", [b"", PAGE, b"[]", b'{"status": "released"}', b'{"status": 1}', b"\xff", b"[" * 60_000]
)
def test_other_answers_are_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        export.read_answer(body)
