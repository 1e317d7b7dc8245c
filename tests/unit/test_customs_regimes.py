"""The regimes: every rule by its day, and the tables that hold them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pycountry
import pytest

from contracts.base import NetContent, OrderLine
from contracts.vocabularies import Regime
from services.customs.destinations import import_regimes
from services.customs.domain.decide import Policy
from services.customs.regimes.base import Refusal, Sums
from services.customs.regimes.list_notes import ListNote, ListNotes
from services.customs.regimes.rows import NoRule
from services.customs.regimes.rule_files import files_of
from services.customs.regimes.tariff import MAX_HELD
from services.customs.regimes.taxes import Tax
from tests.support.customs_samples import POLICY, TABLES, line, scanned

TODAY = date(2026, 11, 20)
NONE = Decimal("0.00")


def worth(value: str) -> Sums:
    """Of goods that are worth so much, in yuan."""
    return Sums(Decimal(value), NONE, NONE, NONE, NONE, "CNY")


def refusal(regime: Regime, lines: Sequence[OrderLine], value: str, day: date = TODAY) -> Refusal | None:
    judgement = POLICY.imports[regime].judge(lines, worth(value), day)
    return judgement if isinstance(judgement, Refusal) else None


@pytest.mark.parametrize(
    ("lines", "value", "reason"),
    [
        ([line()], "5000.00", None),
        ([line()], "5000.01", "over_transaction_limit"),
        ([line(quantity=1)], "9000.00", None),
        ([line(quantity=1), line(2, quantity=1)], "9000.00", "over_transaction_limit"),
        ([line(hs_code="33030010")], "100.00", "dangerous_goods"),
        ([line(hs_code="330430")], "100.00", "dangerous_goods"),
        ([line(hs_code="24022000")], "100.00", "prohibited_goods"),
        ([line(hs_code="84713000")], "100.00", "not_on_positive_list"),
        ([line(hs_code="3304990019")], "100.00", "tariff_code_unknown"),
        ([line(hs_code="3304990039")], "100.00", None),
        ([line(hs_code="3304991000")], "100.00", "not_on_positive_list"),
        ([line(hs_code="33049911")], "100.00", None),
        ([line(hs_code="330499")], "100.00", None),
    ],
)
def test_cross_border_retail(lines: Sequence[OrderLine], value: str, reason: str | None) -> None:
    refused = refusal("cbec_9610", lines, value)
    assert (refused.reason if refused else None) == reason


@pytest.mark.parametrize(
    ("hs_code", "value", "reason"),
    [
        ("33049900", "2000.00", None),
        ("33049900", "2000.01", "over_postal_limit"),
        ("040690", "100.00", "prohibited_goods"),
        ("84713000", "100.00", None),
        ("33030010", "100.00", "dangerous_goods"),
    ],
)
def test_personal_articles_by_post(hs_code: str, value: str, reason: str | None) -> None:
    refused = refusal("personal_postal", [line(hs_code=hs_code)], value)
    assert (refused.reason if refused else None) == reason


def test_a_refusal_names_the_goods() -> None:
    lines = [line(1), line(2, hs_code="36050000", sku="MATCHES")]
    assert refusal("cbec_9610", lines, "10.00") == Refusal("dangerous_goods", "MATCHES")


@pytest.mark.parametrize(
    ("day", "limit"),
    [(date(2018, 12, 31), "2000"), (date(2019, 1, 1), "5000"), (date(2030, 1, 1), "5000")],
)
def test_limits_are_those_of_the_day(day: date, limit: str) -> None:
    assert TABLES.cbec_transaction.on(day) == Decimal(limit)


def test_the_postal_limit_doubled_in_december_2024() -> None:
    assert refusal("personal_postal", [line()], "1500.00", date(2024, 11, 30)) == Refusal("over_postal_limit")
    assert refusal("personal_postal", [line()], "1500.00", date(2024, 12, 1)) is None


def test_an_article_above_the_limit_did_not_pass_before_2019() -> None:
    assert refusal("cbec_9610", [line(quantity=1)], "2500.00", date(2018, 6, 1)) == Refusal("over_transaction_limit")


def test_the_legal_day_is_beijings_there_and_paris_here() -> None:
    instant = datetime(2026, 12, 31, 17, tzinfo=UTC)
    assert POLICY.imports["cbec_9610"].day(instant) == date(2027, 1, 1)
    assert POLICY.export.day(instant) == date(2026, 12, 31)


def test_no_rule_before_the_first_row() -> None:
    with pytest.raises(NoRule):
        TABLES.cbec_transaction.on(date(2016, 1, 1))


def test_a_return_is_applied_for_within_thirty_days_of_the_release() -> None:
    released = datetime(2026, 11, 20, 17, tzinfo=UTC)
    assert POLICY.imports["cbec_9610"].returnable_until(released) == datetime(
        2026, 12, 21, 15, 59, 59, 999999, tzinfo=UTC
    )
    assert POLICY.imports["personal_postal"].returnable_until(released) is None


def test_every_row_has_a_source() -> None:
    for amounts in (
        *(TABLES.cbec_transaction, TABLES.cbec_yearly, TABLES.cbec_return_days),
        *(TABLES.postal_parcel, TABLES.cny_per_eur),
    ):
        assert all(row.source for row in amounts.rows)


@pytest.mark.parametrize(
    ("hs_code", "declared"),
    [("330499", {1: "3304990099"}), ("33049911", {1: "3304990099"}), ("3304990019", {}), ("3304990000", {})],
)
def test_the_declared_code_has_ten_digits_and_is_one_of_the_tariff(hs_code: str, declared: dict[int, str]) -> None:
    assert POLICY.imports["cbec_9610"].codes([line(hs_code=hs_code)], worth("100.00"), TODAY) == declared


def test_every_line_of_the_positive_list_has_a_code_of_the_tariff() -> None:
    tariff = TABLES.tariff.lines
    for hs6, rows in TABLES.positive_list.lines.items():
        for row in rows:
            if row.holds(TODAY):
                codes = [code.code for code in tariff[hs6] if code.holds(TODAY)]
                assert [code for code in codes if code.startswith(row.value)], row.value


def test_codes_that_replace_an_ended_one_are_in_the_tariff() -> None:
    lines = [line for rows in TABLES.tariff.lines.values() for line in rows]
    codes = {line.code for line in lines}
    assert all(set(line.replaced_by) <= codes for line in lines)
    assert len(codes) == len(lines)


def test_no_band_before_its_first_day() -> None:
    with pytest.raises(NoRule):
        TABLES.postal_bands.of(line(), Decimal("100.00"), date(2019, 4, 8))


def test_by_post_a_release_counts_after_the_arrival_only() -> None:
    postal = POLICY.imports["personal_postal"]
    in_france = [scanned("customs", hours=44), scanned("customs_released", hours=52)]
    assert not postal.cleared_by(in_france)
    assert not postal.cleared_by([*in_france, scanned("arrived_destination", hours=100)])
    in_china = [scanned("arrived_destination", hours=100), scanned("customs_released", hours=120)]
    assert postal.cleared_by(in_china)
    assert postal.cleared_by([scanned("out_for_delivery", hours=130)])
    assert not postal.cleared_by([scanned("in_transit", hours=130), scanned("returning", hours=150)])


def test_what_we_declare_is_released_by_customs_alone_and_never_by_a_scan() -> None:
    scans = [scanned("arrived_destination", hours=100), scanned("import_cleared", hours=120), scanned("delivered")]
    assert not POLICY.imports["cbec_9610"].cleared_by(scans)
    assert POLICY.imports["personal_postal"].cleared_by(scans)


def found_by(policy_line: OrderLine) -> list[tuple[str, str | None]]:
    tax = POLICY.imports["cbec_9610"].judge([policy_line], worth("100.00"), TODAY)
    assert isinstance(tax, Tax)
    return [(finding.code, finding.sku) for finding in tax.findings]


def test_what_the_inventory_must_state_and_the_order_does_not_is_told_at_screening() -> None:
    """Wine is declared in litres; the table has no code for South Sudan."""
    wine = line(hs_code="22042100")
    assert found_by(wine) == [("content_missing", "SKU-1")]
    assert found_by(wine.model_copy(update={"description": "Red wine 75 cl"})) == []
    assert found_by(wine.model_copy(update={"content": NetContent(amount=Decimal(750), unit="ml")})) == []
    cream = line(hs_code="34011100").model_copy(update={"origin": "SS"})
    assert found_by(cream) == [("origin_without_code", "SKU-1")]
    assert found_by(line(hs_code="22082000")) == [("content_missing", "SKU-1")]  # for its tax too: told once


def noted(limit: str, kilograms: str | None = None, code: str = "3401", **days: date | None) -> Policy:
    """Rules under which soap has a note on the positive list."""
    note = ListNote(
        code=code,
        limit=limit,
        kilograms=Decimal(kilograms) if kilograms else None,
        valid_from=days.get("valid_from") or date(2022, 3, 1),
        valid_to=days.get("valid_to"),
    )
    changed = replace(TABLES, list_notes=ListNotes((note,)))
    return replace(POLICY, tables=changed, imports=import_regimes(changed))


def soap(number: int = 1, grams: str | None = "100", quantity: int = 2, unit: str = "g") -> OrderLine:
    content = NetContent.model_validate({"amount": grams, "unit": unit}) if grams else None
    return line(number, hs_code="34011100", quantity=quantity).model_copy(update={"content": content})


def judged(
    policy: Policy, *lines: OrderLine, day: date = TODAY
) -> tuple[str, str | None] | list[tuple[str, str | None]]:
    """The refusal with its article, else what is found."""
    judgement = policy.imports["cbec_9610"].judge(lines, worth("100.00"), day)
    if isinstance(judgement, Refusal):
        return judgement.reason, judgement.sku
    return [(finding.code, finding.sku) for finding in judgement.findings]


def test_goods_for_bonded_warehouses_only_do_not_come_in_by_direct_purchase() -> None:
    bag, bar = line(1, hs_code="42022100"), soap(2)
    assert judged(noted("bonded_only"), bag, bar) == ("not_on_positive_list", "SKU-2")
    assert judged(POLICY, bag, bar) == judged(noted("bonded_only", code="1701"), bag, bar) == []


def test_goods_that_a_note_names_are_a_finding() -> None:
    assert judged(noted("named_goods"), line(1, hs_code="42022100"), soap(2)) == [("list_note", "SKU-2")]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([soap(1, "100", 19)], [("list_note", "SKU-1")]),
        ([soap(1, "100", 20)], [("list_note", "SKU-1")]),
        ([soap(1, "100.1", 20)], ("not_on_positive_list", "SKU-1")),
        ([soap(1, "100", 19), soap(2, "101", 1)], ("not_on_positive_list", "SKU-1")),
        ([soap(1, None, 999)], [("list_note", "SKU-1")]),
        ([soap(1, "5000", 1, unit="ml")], [("list_note", "SKU-1")]),
    ],
)
def test_an_order_may_not_alone_be_over_the_weight_of_a_year(lines: Sequence[OrderLine], expected: object) -> None:
    assert judged(noted("yearly_weight", "2"), *lines) == expected


def test_a_note_counts_on_its_days_only() -> None:
    policy = noted("bonded_only", valid_from=TODAY, valid_to=TODAY)
    for day, expected in ((-1, []), (0, ("not_on_positive_list", "SKU-1")), (1, [])):
        assert judged(policy, soap(), day=TODAY + timedelta(days=day)) == expected


def test_the_notes_of_the_image_are_those_that_are_told_and_each_is_unconfirmed() -> None:
    rows = list(files_of(None)["list_notes.json"].rows("list_notes"))
    notes = {(row.columns["code"], row.columns["limit"], row.columns["kilograms"]) for row in rows}
    assert notes == {
        ("03", "bonded_only", ""),
        ("1006", "yearly_weight", "20"),
        ("1701", "yearly_weight", "2"),
        ("32151900", "named_goods", ""),
    }
    assert {row.columns["sureness"] for row in rows} == {"unconfirmed"}


def test_every_country_of_iso_3166_has_a_code_of_customs_or_is_named_as_having_none() -> None:
    known, without = set(TABLES.codes.country), set(TABLES.codes.country_without_code)
    assert not known & without
    assert known | without == {country.alpha_2 for country in pycountry.countries}
    assert all(TABLES.codes.country_without_code.values())
    codes = list(TABLES.codes.country.values())
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize(
    ("country", "code"),
    [
        ("MA", "232"),
        ("MU", "231"),
        ("TN", "249"),
        ("MG", "227"),
        ("CI", "223"),
        ("CZ", "352"),
        ("TW", "143"),
        ("RS", "358"),
        ("ME", "359"),
    ],
)
def test_codes_of_countries_that_were_wrong_or_missing(country: str, code: str) -> None:
    """As in public copies of JGS-20."""
    assert TABLES.codes.country[country] == code


@pytest.mark.parametrize("hs_code", ["87100000", "89061000", "93010000"])
@pytest.mark.parametrize("regime", ["cbec_9610", "personal_postal"])
def test_military_goods_move_on_no_lane(regime: Regime, hs_code: str) -> None:
    assert refusal(regime, [line(hs_code=hs_code)], "100.00") == Refusal("prohibited_goods", "SKU-1")


@pytest.mark.parametrize(("regime", "declarable"), [("cbec_9610", False), ("personal_postal", True)])
def test_only_what_is_declared_by_documents_needs_their_rows(regime: Regime, *, declarable: bool) -> None:
    assert POLICY.imports[regime].declarable([line()], worth("100.00"), TODAY)
    assert POLICY.imports[regime].declarable([line(hs_code="999999")], worth("100.00"), TODAY) is declarable


def test_the_lines_of_many_days_are_found_and_not_all_kept() -> None:
    tariff = replace(TABLES.tariff, _held={})
    days = [TODAY + timedelta(days=n) for n in range(MAX_HELD + 1)]
    assert all(tariff.line("3304990099", day) == TABLES.tariff.line("3304990099", day) for day in days)
    assert len(tariff._held) == 1
