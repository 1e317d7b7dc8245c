"""A quote says what the order then gets, and what it is made of."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from contracts.base import SupportingDocument
from contracts.customs import OrderRefused, OrderScreened
from services.customs.domain.quote import Quote, quote
from services.customs.regimes.base import NeededDocument
from services.customs.regimes.rows import NoRule
from services.customs.schemas.quote import QuoteBody
from services.routing import Routing
from tests.support.customs_golden import GOLDEN, POST, Golden, article, basket, verdict
from tests.support.customs_model import NOW
from tests.support.customs_samples import POLICY, WINE, placed


@pytest.mark.parametrize(
    "case", [case for case in GOLDEN if case.reason != "over_yearly_limit"], ids=lambda case: case.name
)
def test_the_order_is_decided_as_it_was_quoted(case: Golden) -> None:
    assert quote(case.order, NOW, POLICY).verdict == verdict(case.order)


def documents(quoted: Quote) -> list[str]:
    return [document.document for document in quoted.documents]


def test_landed_cost_is_goods_carriage_and_tax_in_both_currencies() -> None:
    order = placed(freight="18.00", discount="5.00", tax="0.00")
    quoted = quote(order, NOW, POLICY)
    assert isinstance(quoted.verdict, OrderScreened)
    assert quoted.tax is not None
    # 1,186.99 - 41.80 and 9.1 % of 1,186.99
    assert (quoted.tax.due, quoted.landed) == (Decimal("108.02"), Decimal("1253.21"))
    assert quoted.in_eur(Decimal("1253.21")) == Decimal("149.92")
    assert (quoted.rate.value, str(quoted.rate.valid_from)) == ("8.3591", "2025-10-01")


def test_of_a_refused_order_there_is_no_cost() -> None:
    quoted = quote(basket(article("2500.01", 2)), NOW, POLICY)
    assert isinstance(quoted.verdict, OrderRefused)
    assert (quoted.tax, quoted.landed) == (None, None)


def test_the_lane_says_who_chose_it_and_what_would_change_it() -> None:
    by_default, by_marketplace = (
        quote(basket(article("100.00")), NOW, POLICY),
        quote(basket(article("9.00"), shop=POST), NOW, POLICY),
    )
    assert (by_default.lane.name, by_default.chosen_by) == ("cbec_9610", "default")
    assert by_default.changes_at == {
        "over_transaction_limit": Decimal(5000),
        "full_tax": Decimal(5000),
        "over_yearly_limit": Decimal(26000),
    }
    assert (by_marketplace.lane.name, by_marketplace.chosen_by) == ("postal", "marketplace")
    assert by_marketplace.changes_at == {"over_postal_limit": Decimal(2000), "tax_not_waived": Decimal(50)}
    nobody = replace(POLICY, regimes_by_marketplace=None)
    assert quote(basket(article("9.00"), shop=POST), NOW, nobody).chosen_by == "default"


@pytest.mark.parametrize(
    ("shop", "lane", "paid_by"), [("shop", "cbec_9610", "guarantor"), (POST, "postal", "addressee")]
)
def test_lane_and_order_are_by_the_carrier_that_takes_it(shop: str, lane: str, paid_by: str) -> None:
    """As a body of a quote, of a marketplace whose orders `orders` routes to EMS."""
    body = {
        "lines": [
            {
                "sku": "SAVON-200",
                "description": "Soap",
                "hs_code": "34011100",
                "origin": "FR",
                "quantity": 1,
                "unit_price": {"amount": "9.00", "currency": "EUR"},
            }
        ],
        "freight": {"amount": "5.00", "currency": "EUR"},
    }
    question, now = QuoteBody.model_validate(body), NOW.now
    by_ems = quote(question.as_order(shop, Routing({f"CN:{shop}": "ems"}), now), NOW, POLICY)
    assert (by_ems.lane.name, by_ems.lane.carrier, by_ems.lane.product) == (lane, "ems", "EMS")
    by_laposte = quote(question.as_order(shop, Routing({"CN:other": "ems"}), now), NOW, POLICY)
    assert (by_laposte.lane.name, by_laposte.lane.carrier, by_laposte.lane.product) == (lane, "laposte", "DOS")
    assert isinstance(by_ems.verdict, OrderScreened)
    assert by_ems.verdict.tax_paid_by == by_ems.lane.tax_paid_by == paid_by


def test_an_order_of_a_carrier_without_a_lane_waits_for_its_row() -> None:
    order = basket(article("100.00")).model_copy(update={"carrier": "pigeon"})
    with pytest.raises(NoRule, match="lanes"):
        verdict(order)


def test_what_is_needed_follows_the_regime_the_value_and_the_goods() -> None:
    retail = ["identity", "order", "payment", "waybill", "inventory"]
    assert documents(quote(placed(), NOW, POLICY)) == ["invoice", "cn23", *retail]
    assert documents(quote(placed(lines=WINE), NOW, POLICY)) == ["invoice", "cn23", "export_declaration", *retail]
    dear = quote(basket(article("4900.00", 2)), NOW, POLICY)
    assert "export_declaration" in documents(dear)


def test_each_document_names_the_rule_that_asks_for_it_and_the_goods() -> None:
    by_post = [NeededDocument("invoice", "by_post"), NeededDocument("cn23", "by_post")]
    order = basket(article("480.00", 1, "90051000"), article("480.00", 1, "22042100"), shop=POST)
    quoted = quote(order, NOW, POLICY)
    assert quoted.documents == (
        *by_post,
        NeededDocument("export_declaration", "licence_required", "S-1"),
        NeededDocument("export_declaration", "excise_goods", "S-2"),
        NeededDocument("X002", "licence_required", "S-1", instead="Y901", given=False),
    )
    assert isinstance(quoted.verdict, OrderRefused)
    assert (quoted.verdict.reason, quoted.verdict.sku) == ("licence_required", "S-1")
    dear = quote(basket(article("8400.00")), NOW, POLICY).documents
    assert dear[2:] == (
        NeededDocument("export_declaration", "over_deemed_limit"),
        *(NeededDocument(name, "cbec_9610") for name in ("identity", "order", "payment", "waybill", "inventory")),
    )


@pytest.mark.parametrize(
    ("given", "permits", "reason"),
    [([], [("X002", False)], "licence_required"), (["X002"], [("X002", True)], None), (["Y901"], [], None)],
)
def test_an_order_is_refused_for_the_permit_that_its_quote_asks_for(
    given: list[str], permits: list[tuple[str, bool]], reason: str | None
) -> None:
    goods = article("480.00", 1, "90051000").model_copy(
        update={"documents": tuple(SupportingDocument(type=kind) for kind in given)}
    )
    quoted = quote(basket(goods, shop=POST), NOW, POLICY)
    needed = [(document.document, document.given) for document in quoted.documents if document.given is not None]
    assert needed == permits
    assert getattr(quoted.verdict, "reason", None) == reason


def test_before_2019_no_article_passed_at_full_tax() -> None:
    assert "full_tax" not in POLICY.imports["cbec_9610"].changes_at(date(2018, 6, 1))
