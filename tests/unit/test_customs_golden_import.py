"""Verdict, tax by tax and findings of orders that were worked out by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest

from contracts.base import Money
from contracts.customs import OrderRefused, OrderScreened
from contracts.orders import OrderPlaced
from services.customs.domain.amounts import in_cny, of_order, tax_by_line
from services.customs.regimes.taxes import Tax
from tests.support.customs_golden import COGNAC, CREAM, GOLDEN, POST, RETAIL, Golden, article, basket, cny, verdict
from tests.support.customs_samples import POLICY


def taxes(order: OrderPlaced) -> tuple[str, str, str, str]:
    """Duty, consumption tax, VAT (or the one tax by post), and what is due, CNY, over the lines."""
    regime = POLICY.regime_of(order)
    tax = regime.judge(order.lines, in_cny(of_order(order), Decimal(1)), regime.day(order.occurred_at))
    assert isinstance(tax, Tax)
    sums = [sum((getattr(line, name) for line in tax.lines), Decimal("0.00")) for name in ("duty", "consumption")]
    last = sum((line.vat + line.postal for line in tax.lines), Decimal("0.00"))
    duty, consumption = map(str, sums)
    return duty, consumption, str(last), str(tax.due)


@pytest.mark.parametrize("case", GOLDEN, ids=[case.name for case in GOLDEN])
def test_golden(case: Golden) -> None:
    decision = verdict(case.order)
    if case.reason:
        assert isinstance(decision, OrderRefused)
        assert decision.reason == case.reason
        return
    assert isinstance(decision, OrderScreened), decision
    assert str(decision.value_cny.amount) == case.value
    assert taxes(case.order) == case.tax
    assert decision.tax_cny == cny(case.tax[-1])


def test_there_are_sixty_golden_cases_each_with_its_source() -> None:
    assert len(GOLDEN) >= 60
    assert len({case.name for case in GOLDEN}) == len(GOLDEN)
    assert all(case.source for case in GOLDEN)


def findings(order: OrderPlaced) -> list[tuple[str, str | None]]:
    screened = verdict(order)
    assert isinstance(screened, OrderScreened)
    return [(finding.finding, str(finding.amount.amount) if finding.amount else None) for finding in screened.findings]


@pytest.mark.parametrize(
    ("collected", "expected"),
    [
        ("455.00", []),
        ("0.00", [("tax_missing", "455.00")]),
        ("455.02", []),
        ("454.97", [("tax_missing", "0.03")]),
        ("500.00", [("tax_excess", "45.00")]),
    ],
)
def test_a_tax_that_was_not_collected_is_a_finding(collected: str, expected: list[tuple[str, str]]) -> None:
    assert findings(basket(article("2500.00", 2, CREAM), collected=collected)) == expected


def taxed(*collected: str | None, shop: str = RETAIL, price: str = "100.00") -> OrderPlaced:
    """A line for each, the second twice as dear as the first, and so on; what is collected for it, where it is said."""
    lines = [
        article(str(Decimal(price) * number), 1, CREAM).model_copy(update={"tax": cny(tax) if tax else None})
        for number, tax in enumerate(collected, start=1)
    ]
    return basket(*lines, collected=str(sum(map(Decimal, (tax for tax in collected if tax)), Decimal(0))), shop=shop)


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (taxed("9.10", "18.20"), []),
        (taxed("9.12", "18.18"), []),
        (taxed("18.20", "9.10"), [("tax_excess", "S-1", "9.10"), ("tax_missing", "S-2", "9.10")]),
        (taxed("27.30", None), []),
        (taxed("0.00", shop=POST), []),
        (taxed("20.00", shop=POST), [("tax_excess", "S-1", "20.00")]),
    ],
)
def test_the_tax_is_compared_by_line_where_the_order_says_it(
    order: OrderPlaced, expected: list[tuple[str, str, str]]
) -> None:
    """By post these taxes are waived."""
    screened = verdict(order)
    assert isinstance(screened, OrderScreened)
    assert [
        (finding.finding, finding.sku, str(finding.amount.amount)) for finding in screened.findings if finding.amount
    ] == expected


def test_a_tax_of_a_line_in_euros_counts_at_the_rate() -> None:
    line = article("10.00").model_copy(update={"tax": Money(amount=Decimal("1.00"), currency="EUR")})
    assert tax_by_line(basket(line), Decimal("8.3591")) == {1: Decimal("8.36")}


def test_of_many_findings_a_hundred_are_told() -> None:
    lines = [article("10.00", 1, CREAM).model_copy(update={"tax": cny("0.00"), "origin": "SS"})] * 99
    assert len(findings(basket(*lines))) == 100


def test_the_composite_rate_may_be_a_fen_away() -> None:
    """930.00 at 23.0588 % is 214.45; each tax by itself gives 214.44."""
    assert findings(basket(article("900.00", 1, "33049900", "50 ml"), freight="30.00", collected="214.45")) == []


def test_a_cent_of_the_orders_currency_may_be_what_lies_between() -> None:
    order = basket(article("248.00", 2, CREAM), freight="30.00")
    euros = order.model_copy(
        update={
            "lines": tuple(
                line.model_copy(update={"unit_price": Money(amount=line.unit_price.amount, currency="EUR")})
                for line in order.lines
            ),
            **{
                name: Money(amount=getattr(order, name).amount, currency="EUR")
                for name in ("freight", "discount", "total")
            },
            "tax": Money(amount=Decimal("47.86"), currency="EUR"),
        }
    )
    assert findings(euros) == []


def test_a_content_on_which_the_tax_depends_is_asked_for() -> None:
    assert findings(basket(article("600.00", 1, COGNAC), collected="173.25")) == [("content_missing", None)]
    assert findings(basket(article("400.00", 1, "33049900"), shop=POST, collected="80.00")) == [
        ("content_missing", None)
    ]


def test_a_year_of_26000_is_full_to_the_fen() -> None:
    """Five orders of 5,000.00 leave 1,000.00."""
    last = basket(article("1000.00", 1, CREAM))
    assert isinstance(verdict(last, year_left="1000.00"), OrderScreened)
    assert isinstance(verdict(last, year_left="999.99"), OrderRefused)


@pytest.mark.parametrize(
    ("hs_code", "choices"),
    [
        ("6202100000", ("6202200000", "6202309000", "6202409000", "6202900000")),
        ("150910", ("1509200000", "1509300000", "1509400000")),
        ("2208200000", ("2208200010", "2208200090")),
        ("6105100000", ("6105100019", "6105100090")),
        ("4202210000", ("4202210010", "4202210090")),
    ],
)
def test_an_ended_or_unknown_code_asks_with_the_choices(hs_code: str, choices: tuple[str, ...]) -> None:
    """Of those that may come in: of 6202, two lines are not on the positive list."""
    refused = verdict(basket(article("100.00", 1, hs_code)))
    assert isinstance(refused, OrderRefused)
    assert (refused.reason, refused.choices, refused.sku) == ("tariff_code_unknown", choices, "S-1")


@pytest.mark.parametrize(
    ("hs_code", "content", "price", "declared"),
    [
        ("33049900", "", "100.00", "3304990099"),
        ("33049900", "50 ml", "100.00", "3304990039"),
        ("33049900", "50 ml", "500.00", "3304990031"),
        ("33049900", "50 g", "500.00", "3304990021"),
        ("3304990039", "50 ml", "500.00", "3304990031"),
        ("3304990091", "50 ml", "100.00", "3304990099"),
        ("33041000", "3 g", "200.00", "3304100091"),
        ("33041000", "", "200.00", "3304100092"),
        ("33042000", "1 piece", "200.00", "3304200093"),
        ("22082000", "700 ml", "500.00", "2208200090"),
        ("42022100", "", "900.00", "4202210090"),
        ("61051000", "", "100.00", "6105100090"),
        ("620230", "", "100.00", "6202309000"),
    ],
)
def test_the_declared_code_is_the_split_that_the_goods_fall_into(
    hs_code: str, content: str, price: str, declared: str
) -> None:
    order = basket(article(price, 1, hs_code, content))
    regime = POLICY.regime_of(order)
    codes = regime.codes(order.lines, in_cny(of_order(order), Decimal(1)), regime.day(order.occurred_at))
    assert codes == {1: declared}


def test_by_post_the_code_is_the_orders() -> None:
    order = basket(article("100.00", 1, "33049900"), shop=POST)
    regime = POLICY.regime_of(order)
    assert regime.codes(order.lines, of_order(order), regime.day(order.occurred_at)) == {1: "33049900"}


def test_a_decision_names_the_versions_that_it_used() -> None:
    screened = verdict(basket(article("100.00", 1, CREAM)))
    assert isinstance(screened, OrderScreened)
    assert screened.rules == (
        "cny_per_eur:2025-10-01",
        "cbec_transaction_cny:2019-01-01",
        "cbec_yearly_cny:2019-01-01",
        "cbec_tax_percent:2016-04-08",
        *(POLICY.tables.versions[file] for file in ("goods", "list_notes", "tariff", "codes", "lanes")),
        "eu_deemed_declaration_eur:2016-05-01",
    )
