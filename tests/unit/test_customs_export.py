"""Export: the numbers, what must be declared, the CN23, the gateway's answers."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from contracts.base import OrderLine, SupportingDocument
from contracts.customs import OrderRefused
from sandbox.bad_answers import PAGE
from services.customs.domain import export
from services.customs.domain.amounts import in_cny, of_order
from services.customs.domain.decide import parcels_declared, shares_of
from services.customs.domain.export import Refused, Released, Unreadable
from services.customs.regimes.base import Refusal
from services.customs.regimes.eu import PostalExport
from services.customs.regimes.parties import valid_eori
from services.customs.regimes.rows import Restriction, Restrictions, Row
from tests.support.customs_model import NOW, World
from tests.support.customs_samples import POLICY, eur, line, order_id, packed, parcel, placed, recorded, screened_order

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
    assert valid_eori(eori) is valid


def test_the_lrn_is_derived_and_short() -> None:
    assert export.lrn(order_id(), 1) == export.lrn(order_id(), 1)
    assert len({export.lrn(order_id(name), number) for name in "abc" for number in (1, 2)}) == 6
    assert len(export.lrn(order_id(), 99)) <= 22


def cop_nos(number: str, *, own_numbers: bool) -> list[str]:
    """Of two parcels each of two marketplaces' orders of one number."""
    orders = [placed(name).model_copy(update={"number": number}) for name in "ab"]
    return [
        export.import_number(order, screened_order(own_numbers=own_numbers), parcel)
        for order in orders
        for parcel in (1, 99)
    ]


@pytest.mark.parametrize("number", ["1", "1" * 18, "A" * 40])
def test_two_marketplaces_with_one_number_declare_under_numbers_of_their_own(number: str) -> None:
    numbers = cop_nos(number, own_numbers=True)
    assert len(set(numbers)) == 4
    assert {len(cop_no) for cop_no in numbers} == {20}
    assert numbers == cop_nos(number, own_numbers=True)


@pytest.mark.parametrize(("number", "derived"), [("1", 0), ("1" * 18, 1), ("1" * 19, 2), ("A" * 40, 2)])
def test_an_order_that_was_screened_before_keeps_its_numbers(number: str, derived: int) -> None:
    numbers = set(cop_nos(number, own_numbers=False))
    assert max(len(cop_no) for cop_no in numbers) <= 20
    assert numbers == set(cop_nos(number, own_numbers=False))
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
    boxes = packed(box, parcel(2, (1, 1)))
    share = shares_of(order, boxes)[0][1]
    declared = parcels_declared(order, boxes, NOW, POLICY)[1]
    form = declared.cn23
    assert [(a.quantity, a.net_weight_g, str(a.unit_value.amount)) for a in form.articles] == [
        (2, 400, "62.00"),
        (2, 400, "11.90"),
    ]
    assert form.gross_weight_g == 950
    assert form.invoice_number == "TM1-1"
    body = export.declaration(order, declared)
    assert sum(Decimal(article["value"]["amount"]) for article in body["articles"]) == share.goods
    assert Decimal(body["total"]["amount"]) == share.goods
    assert json.loads(json.dumps(body)) == body


def test_the_invoice_is_worth_its_goods_whatever_coupon_and_chinas_tax_are() -> None:
    """A handbag of 1,200.00, carriage 18.00 and its insurance 3.00, coupon 50.00, Chinese tax 110.84."""
    order = placed(lines=[line(1, "1200.00", 1, "42022100")], freight="18.00", discount="50.00", tax="110.84")
    order = order.model_copy(update={"insurance": eur("3.00"), "total": order.total + eur("3.00")})
    declared = parcels_declared(order, packed(parcel(1, (1, 1))), NOW, POLICY)[1]
    assert declared.total == order.total
    body = export.declaration(order, declared)
    assert body["total"] == {"amount": "1200.00", "currency": "EUR"}
    assert body["carriage"] == {"amount": "21.00", "currency": "EUR"}


NIGHT_VISION = line(hs_code="90051000", price="60.00", quantity=1)
BAG = line(hs_code="42022100", price="110.00", quantity=1)
CROCODILE = BAG.model_copy(update={"description": "Crocodile-leather handbag"})


@pytest.mark.parametrize(
    ("goods", "documents", "refused", "declared"),
    [
        (NIGHT_VISION, [], True, True),
        (NIGHT_VISION, ["X002"], False, True),
        (NIGHT_VISION, ["C400"], True, True),
        (NIGHT_VISION, ["Y901"], False, False),
        (CROCODILE, [], True, True),
        (CROCODILE, ["C400"], False, True),
        (CROCODILE, ["Y900"], False, False),
        (BAG, [], False, False),
        (line(hs_code="97012100", price="110.00", quantity=1), [], True, True),
        (line(hs_code="97012100", price="110.00", quantity=1), ["Y903"], False, False),
        (line(hs_code="96011000", price="110.00", quantity=1), [], True, True),
        (line(hs_code="88062100", price="110.00", quantity=1), ["X002"], False, True),
        (line(hs_code="4202210010", price="110.00", quantity=1), [], True, True),
        (line(hs_code="4202210090", price="110.00", quantity=1), [], False, False),
    ],
)
def test_goods_that_need_a_permit_are_asked_for_it_before_packing_and_never_deemed(
    goods: OrderLine, documents: list[str], refused: bool, declared: bool
) -> None:
    goods = goods.model_copy(update={"documents": tuple(SupportingDocument(type=kind) for kind in documents)})
    assert POLICY.export.refusal([goods], TODAY) == (Refusal("licence_required", "SKU-1") if refused else None)
    assert POLICY.export.needs_declaration([goods], Decimal("110.00"), TODAY) is declared
    order = placed(lines=[goods], marketplace="postal-shop", tax="0.00")
    verdict = World().consume(order, recorded()).facts.get(OrderRefused)
    assert (verdict is not None) is refused


def test_a_permit_for_crocodile_leather_is_declared_by_its_chinese_code() -> None:
    bag = CROCODILE.model_copy(update={"documents": (SupportingDocument(type="C400", number="FR2600012345"),)})
    sums = in_cny(of_order(placed(lines=[bag])), Decimal("8.3591"))
    assert POLICY.imports["cbec_9610"].codes([bag], sums, TODAY) == {1: "4202210010"}
    assert POLICY.imports["cbec_9610"].codes([BAG], sums, TODAY) == {1: "4202210090"}


@pytest.mark.parametrize(("documents", "missing"), [(["C400"], ["X002"]), (["X002"], ["C400"]), (["X002", "C400"], [])])
def test_each_of_several_permits_is_asked_for(documents: list[str], missing: list[str]) -> None:
    """Of two rows of one heading, whichever comes first."""
    since = Row("9005", date(2016, 5, 1), None, "a sample")
    rows = [
        Restriction(since, frozenset(), permit, statement) for permit, statement in (("X002", "Y901"), ("C400", "Y900"))
    ]
    tables = replace(POLICY.tables, restricted_on_export=Restrictions.of_rows(rows))
    export_rules = PostalExport(tables)
    goods = NIGHT_VISION.model_copy(update={"documents": tuple(SupportingDocument(type=kind) for kind in documents)})
    needed = export_rules.documents([goods], Decimal("60.00"), TODAY)
    assert [document.document for document in needed if document.given is False] == missing
    assert export_rules.refusal([goods], TODAY) == (Refusal("licence_required", "SKU-1") if missing else None)


def test_restrictions_hold_by_day() -> None:
    assert POLICY.export.refusal([NIGHT_VISION], date(2016, 4, 30)) is None


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


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ({"status": "invalidated"}, export.Invalidated()),
        ({"status": "invalidation_requested"}, export.Undecided()),
        ({"status": "refused", "errors": [{"code": "goods_have_left"}]}, export.Refused("goods_have_left")),
        ({"status": "refused"}, export.Refused("unknown")),
    ],
)
def test_what_the_gateway_says_of_an_invalidation(body: dict[str, Any], answer: object) -> None:
    assert export.read_invalidation(json.dumps(body).encode()) == answer


EXITED = {"status": "exited", "exited_at": "2026-11-26T21:30:00+00:00", "exit_reference": "IE599-1"}


def test_what_the_gateway_says_of_an_exit() -> None:
    assert export.read_exit(json.dumps(EXITED).encode()) == export.Exited(
        datetime(2026, 11, 26, 21, 30, tzinfo=UTC), "IE599-1"
    )
    in_paris = export.read_exit(json.dumps(EXITED | {"exited_at": "2026-11-26T22:30:00+01:00"}).encode())
    assert isinstance(in_paris, export.Exited)
    assert in_paris.exited_at.isoformat() == "2026-11-26T21:30:00+00:00"
    for status in ("released", "invalidated"):
        assert export.read_exit(json.dumps({"status": status}).encode()) == export.NotExited()


@pytest.mark.parametrize(
    "body",
    [
        {"status": "lost"},
        EXITED | {"exited_at": "yesterday"},
        EXITED | {"exited_at": "2026-11-26T21:30:00"},
        EXITED | {"exited_at": "0001-01-01T00:00:00+14:00"},
        EXITED | {"exit_reference": ""},
        EXITED | {"exit_reference": "x" * 65},
        [],
    ],
)
def test_an_answer_about_an_exit_that_says_nothing_is_unreadable(body: object) -> None:
    with pytest.raises(export.Unreadable):
        export.read_exit(json.dumps(body).encode())
    with pytest.raises(export.Unreadable):
        export.read_invalidation(json.dumps(body).encode())
