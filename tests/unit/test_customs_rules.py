"""Releases of rules: what every row must be, what a release changes and from when, and orders that wait for a row."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from contracts.base import Event
from contracts.cases import CaseClosed, CaseOpened
from contracts.customs import OrderRefused, OrderScreened, ParcelDeclared
from services.customs import handlers, regimes
from services.customs.destinations import import_regimes
from services.customs.domain.decide import Policy, decide, screen
from services.customs.domain.gaps import LOOK_AGAIN, rule_found, waits_for_rule
from services.customs.main import rules_commands
from services.customs.regimes import tables
from services.customs.regimes.rows import Amounts, NoRule, Row
from services.customs.regimes.rule_diff import changes
from services.customs.regimes.rule_files import DATA, MAX_BYTES, NAMES, BadRules, files_of
from services.customs.settings import Settings
from shared.ledger.facts import DecisionContext, Facts, Timer
from tests.support import customs_samples as samples
from tests.support.customs_releases import edited, put
from tests.support.customs_samples import PLACED_AT, POLICY, TABLES

NOW = DecisionContext(PLACED_AT + timedelta(minutes=1))
RATE = {"value": "8.2345", "from": "2026-12-01", "to": "2026-12-31", "fixed_on": "2026-11-18", "source": "made up"}

AGREED = {
    "marketplace": "maison",
    "seller_code": "3105961111",
    "seller_name": "Maison",
    "from": "2026-01-01",
    "source": "made up",
}
EXPORTER = {"vendor": "savonnerie", "eori": "FR732829320", "from": "2026-11-21", "to": None, "source": "made up"}


def with_text(tmp_path: Path, name: str, old: str, new: str) -> Path:
    text = (DATA / name).read_text(encoding="utf-8")
    assert old in text
    (tmp_path / name).write_text(text.replace(old, new, 1), encoding="utf-8")
    return tmp_path


def test_a_file_of_a_release_stands_in_the_place_of_the_images(tmp_path: Path) -> None:
    release = edited(tmp_path, "limits.json", put("cbec_transaction_cny", 1, value="6000"))
    (release / "..data").mkdir()
    (release / "README.md").write_text("why", encoding="utf-8")
    rules = tables.load(release)
    assert rules.cbec_transaction.on(date(2026, 11, 20)) == 6000
    assert rules.postal_bands == TABLES.postal_bands
    assert rules.versions["limits"] != TABLES.versions["limits"]
    assert rules.versions["tariff"] == TABLES.versions["tariff"]


@pytest.mark.parametrize(
    ("name", "edit", "fault"),
    [
        (
            "limits.json",
            put("postal_parcel_cny", 1, value="-1"),
            "limits.json, row postal_parcel_cny 2, column value: must be an amount of 0 or more, as 5000 or 9.50",
        ),
        ("limits.json", put("postal_parcel_cny", 1, value="two"), "column value: must be an amount"),
        ("limits.json", put("postal_parcel_cny", 1, value="NaN"), "column value: must be an amount"),
        ("limits.json", put("postal_parcel_cny", 1, source=""), "column source: must not be empty"),
        ("limits.json", put("postal_parcel_cny", 1, until="2027"), "column until: is no column of this table"),
        ("limits.json", put("postal_parcel_cny", 1, **{"from": "20241201"}), "column from: must be a day"),
        ("limits.json", put("postal_parcel_cny", 1, to="2026-02-30"), "column to: must be a day"),
        ("limits.json", put("postal_parcel_cny", 1, to="2024-01-01"), "column to: must not be before from"),
        (
            "limits.json",
            put("postal_parcel_cny", 0, to=None),
            "limits.json, row postal_parcel_cny 2, column from: overlaps row postal_parcel_cny 1",
        ),
        ("limits.json", lambda body: body.pop("cbec_yearly_cny"), "row cbec_yearly_cny: the table is missing"),
        ("limits.json", lambda body: body["cbec_yearly_cny"].clear(), "row cbec_yearly_cny: must have a row"),
        (
            "limits.json",
            lambda body: body["cbec_yearly_cny"].append("x"),
            "row cbec_yearly_cny 3: must be an object",
        ),
        ("rates.json", lambda body: body.update(cny_per_eur=[RATE | {"to": None}]), "hold for one whole month"),
        ("goods.json", put("positive_list", 0, code="0406"), "column code: must be a line of 8 digits"),
        ("goods.json", put("restricted_on_export", 0, permit="x"), "column permit: must be a document's type"),
        (
            "list_notes.json",
            put("list_notes", 0, limit="dear"),
            "column limit: must be one of bonded_only, named_goods",
        ),
        ("list_notes.json", put("list_notes", 0, kilograms="2"), "column kilograms: must be stated of yearly_weight"),
        ("list_notes.json", put("list_notes", 1, kilograms=None), "column kilograms: must be stated of yearly_weight"),
        ("lanes.json", put("lanes", 0, regime="by_sea"), "column regime: must be one of cbec_9610, personal_postal"),
        ("list_notes.json", put("list_notes", 0, code="0306361100"), "column code: must be 2 to 8 digits"),
        ("lanes.json", put("lanes", 0, product="EMS"), "column product: must be a product of the row's carrier"),
        ("lanes.json", put("lanes", 0, transport_mode="airship"), "column transport_mode: must be one of codes.json"),
        (
            "parties.json",
            lambda body: body["parties"].append({**AGREED, "seller_name": ""}),
            "parties.json, row parties 1, column seller_code: must be stated with seller_name, or neither",
        ),
        (
            "parties.json",
            lambda body: body["parties"].append({**AGREED, "seller_code": "31059"}),
            "column seller_code: must be a firm's registered code",
        ),
        (
            "parties.json",
            lambda body: body["parties"].append({**AGREED, "seller_name": "x" * 101}),
            "column seller_name: must be text of 100 characters at most",
        ),
        ("parties.json", lambda body: body["parties"].append({**AGREED, "guarantor": "shop"}), "must be one of agent"),
        (
            "parties.json",
            lambda body: body["exporters"].append({**EXPORTER, "eori": "FR123456789"}),
            "column eori: must be FR and the nine digits of a SIREN",
        ),
        ("parties.json", lambda body: body["exporters"].extend([EXPORTER, EXPORTER]), "overlaps row exporters 1"),
        ("codes.json", lambda body: body["country"].update(FR="5"), "codes.json, row country FR: must be a unit's"),
        ("codes.json", lambda body: body["country"].update(France="305"), "row country France: must be two letters"),
        ("codes.json", lambda body: body["country"].update(FR=305), "row country FR: must not be empty"),
        ("codes.json", lambda body: body.pop("country"), "row country: the table is missing"),
    ],
)
def test_a_fault_names_file_row_column_and_rule(
    tmp_path: Path, name: str, edit: Callable[[dict[str, Any]], None], fault: str
) -> None:
    with pytest.raises(BadRules) as bad:
        tables.load(edited(tmp_path, name, edit))
    assert fault in str(bad.value)
    assert len(bad.value.faults) == 1


@pytest.mark.parametrize(
    ("name", "old", "new", "fault"),
    [
        ("tariff.csv", "\n1509200000", "\n15092000", "tariff.csv, row 8, column code: must be ten digits"),
        ("tariff.csv", ",035,", ",35,", "row 2, column unit1: must be a unit's code of three digits"),
        ("tariff.csv", "source,sureness", "source", "row 2, column sureness: must not be empty"),
        ("tariff.csv", "unconfirmed\n", "unconfirmed,more\n", "column beyond the header: is no column"),
        ("postal_bands.csv", ",13,", ",thirteen,", "column percent: must be an amount"),
    ],
)
def test_a_fault_of_a_csv_file_names_its_line(tmp_path: Path, name: str, old: str, new: str, fault: str) -> None:
    with pytest.raises(BadRules) as bad:
        tables.load(with_text(tmp_path, name, old, new))
    assert fault in str(bad.value)


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("limits.json", b"[]", "limits.json: must be an object of tables"),
        ("limits.json", b"{", "limits.json: is not JSON"),
        ("limits.json", b"[" * 100_000, "limits.json: is not JSON"),
        ("tariff.csv", b"\xff", "tariff.csv: is not UTF-8"),
        ("tariff.csv", b"x" * (MAX_BYTES + 1), "tariff.csv: is over 16 MiB"),
        ("tarif.csv", b"", "tarif.csv: is none of limits.json"),
    ],
)
def test_a_file_that_is_none_is_a_fault(tmp_path: Path, name: str, content: bytes, fault: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadRules) as bad:
        tables.load(tmp_path)
    assert str(bad.value).startswith(fault)


def test_all_faults_are_told_up_to_a_hundred(tmp_path: Path) -> None:
    text = (DATA / "tariff.csv").read_text(encoding="utf-8").replace(",035,", ",35,")
    (tmp_path / "tariff.csv").write_text(text, encoding="utf-8")
    with pytest.raises(BadRules) as bad:
        tables.load(tmp_path)
    assert len(bad.value.faults) == 100


def test_the_service_does_not_start_with_a_release_that_is_not_right(tmp_path: Path) -> None:
    release = edited(tmp_path, "lanes.json", put("lanes", 0, regime="by_sea"))
    with pytest.raises(ValueError, match=r"lanes\.json, row lanes 1, column regime: must be one of"):
        Settings(rules_directory=release)
    with pytest.raises(ValueError, match="there is no such directory"):
        Settings(rules_directory=tmp_path / "elsewhere")
    assert Settings(rules_directory=Path("")).rules_directory is None


# --- what a release changes ----------------------------------------------------------------------------------


def copied(tmp_path: Path, name: str) -> Path:
    release = tmp_path / name
    release.mkdir()
    for file in NAMES:
        shutil.copy(DATA / file, release / file)
    return release


def next_limit(table: str, first: str, last: str, value: str) -> Callable[[dict[str, Any]], None]:
    """Ends the last row of the table, and adds one."""

    def edit(body: dict[str, Any]) -> None:
        body[table][-1]["to"] = last
        body[table].append({"value": value, "from": first, "to": None, "source": "made up"})

    return edit


def test_a_change_takes_effect_at_midnight_in_the_country_whose_rule_it_is(tmp_path: Path) -> None:
    new = copied(tmp_path, "new")
    edited(new, "limits.json", next_limit("postal_parcel_cny", "2027-01-01", "2026-12-31", "3000"))
    before, after = files_of(None), files_of(new)
    midnight = "2026-12-31T16:00Z"
    assert [str(change) for change in changes(before, after)] == [
        f"changed limits.json postal_parcel_cny 2024-12-01 (to), from {midnight}",
        f"added   limits.json postal_parcel_cny 2027-01-01, from {midnight}",
    ]
    edited(new, "limits.json", next_limit("eu_deemed_declaration_eur", "2027-07-01", "2027-06-30", "150"))
    [_, added] = changes(before, files_of(new))
    assert added.effective == datetime(2027, 6, 30, 22, tzinfo=UTC)  # summer time in Paris


def test_a_change_of_a_row_that_holds_is_told_from_its_first_day(tmp_path: Path) -> None:
    new = edited(tmp_path, "goods.json", put("positive_list", 0, name="cheese"))
    [change] = changes(files_of(None), files_of(new))
    assert (change.kind, change.key, change.columns) == ("changed", "04069000 2016-04-08", ("name",))
    assert change.effective == datetime(2016, 4, 7, 16, tzinfo=UTC)


def test_rows_and_codes_that_are_left_out_are_told(tmp_path: Path) -> None:
    new = edited(tmp_path, "goods.json", lambda body: body["excise"].pop())
    edited(new, "codes.json", lambda body: body["country"].update(FR="999", XK="998") or body["country"].pop("DE"))
    assert [str(change) for change in changes(files_of(None), files_of(new))] == [
        "removed goods.json excise 2208 1993-01-01, from 1992-12-31T23:00Z",
        "removed codes.json country DE",
        "changed codes.json country FR (code)",
        "added   codes.json country XK",
    ]
    assert not list(changes(files_of(None), files_of(None)))


def test_the_commands_check_and_compare_releases(tmp_path: Path) -> None:
    old, new = copied(tmp_path, "old"), copied(tmp_path, "new")
    edited(new, "limits.json", next_limit("postal_parcel_cny", "2027-01-01", "2026-12-31", "3000"))
    runner = CliRunner()
    checked = runner.invoke(rules_commands(), ["check", str(new)])
    assert checked.exit_code == 0
    assert len(checked.output.splitlines()) == len(NAMES)
    compared = runner.invoke(rules_commands(), ["diff", str(old), str(new)])
    assert "added   limits.json postal_parcel_cny 2027-01-01" in compared.output
    edited(new, "limits.json", put("postal_parcel_cny", 0, source=""))
    refused = runner.invoke(rules_commands(), ["check", str(new)])
    assert refused.exit_code == 1
    assert "limits.json, row postal_parcel_cny 1, column source: must not be empty" in refused.output


# --- decisions by them ---------------------------------------------------------------------------------------


def under(**changed: object) -> Policy:
    rules = replace(TABLES, **changed)  # type: ignore[arg-type]
    return replace(POLICY, tables=rules, imports=import_regimes(rules), export=regimes.export_regimes(rules)["FR"])


def order(arrived_at: datetime, **changed: Any) -> Facts:
    placed = samples.placed(arrived_at=arrived_at, **changed)
    return Facts(placed.stream, [placed, samples.recorded()])


LIMIT = Amounts(
    "postal_parcel_cny",
    (
        Row("2000", date(2024, 12, 1), date(2026, 12, 31), "made up"),
        Row("500", date(2027, 1, 1), None, "made up"),
    ),
)


@pytest.mark.parametrize(("arrived_at", "passes"), [("2026-12-31T15:59", True), ("2026-12-31T16:00", False)])
def test_a_chinese_rule_begins_at_midnight_in_beijing(arrived_at: str, passes: bool) -> None:
    facts = order(datetime.fromisoformat(arrived_at).replace(tzinfo=UTC), marketplace="postal-shop")
    verdict = screen(facts, NOW, under(postal_parcel=LIMIT))
    assert isinstance(verdict, OrderRefused) is not passes
    version = "2024-12-01" if passes else "2027-01-01"
    rules = verdict.rules if isinstance(verdict, OrderRefused) else verdict.screened.rules  # type: ignore[union-attr]
    assert f"postal_parcel_cny:{version}" in rules


DEEMED = Amounts(
    "eu_deemed_declaration_eur",
    (
        Row("1000", date(2016, 5, 1), date(2026, 12, 31), "made up"),
        Row("50", date(2027, 1, 1), None, "made up"),
    ),
)


@pytest.mark.parametrize(("packed_at", "deemed"), [("2026-12-31T22:59", True), ("2026-12-31T23:00", False)])
def test_a_french_rule_begins_at_midnight_in_paris(packed_at: str, deemed: bool) -> None:
    policy, placed = under(eu_deemed=DEEMED), samples.placed()
    [screened] = [event for event in outcome(order(PLACED_AT), policy) if isinstance(event, OrderScreened)]
    packed = samples.packed(packed_at=datetime.fromisoformat(packed_at).replace(tzinfo=UTC))
    outputs = decide(Facts(placed.stream, [placed, samples.recorded(), screened, packed]), NOW, policy)
    declared = [output for output in outputs if isinstance(output, ParcelDeclared)]
    assert bool(declared) is deemed
    assert all("eu_deemed_declaration_eur:2016-05-01" in event.rules for event in declared)


def outcome(facts: Facts, policy: Policy) -> Sequence[Event]:
    verdict = screen(facts, NOW, policy)
    return [verdict.screened] if verdict is not None and not isinstance(verdict, OrderRefused) else []


def test_a_decision_names_every_table_that_it_used() -> None:
    def used(**changed: Any) -> Mapping[str, str]:
        verdict = screen(order(PLACED_AT, **changed), NOW, POLICY)
        assert verdict is not None
        rules = verdict.rules if isinstance(verdict, OrderRefused) else verdict.screened.rules
        assert len(rules) == len(set(rules))
        return dict(rule.split(":") for rule in rules)

    cbec, post = used(), used(marketplace="postal-shop")
    assert cbec.keys() >= {
        "cny_per_eur",
        "cbec_tax_percent",
        "goods",
        "tariff",
        "codes",
        "lanes",
        "eu_deemed_declaration_eur",
    }
    assert post.keys() >= {"cny_per_eur", "postal_parcel_cny", "goods", "postal_bands", "lanes"}
    assert used(lines=(samples.line(hs_code="95030000"),)).keys() == cbec.keys()


async def test_an_order_waits_for_a_missing_row_and_goes_on_when_it_is_there() -> None:
    gap = under(postal_parcel=Amounts("postal_parcel_cny", (Row("2000", date(2024, 12, 1), date(2026, 11, 1), "x"),)))
    facts = order(PLACED_AT, marketplace="postal-shop")
    waiting = await handled(facts, gap)
    [case] = [output for output in waiting if isinstance(output, CaseOpened)]
    [timer] = [output for output in waiting if isinstance(output, Timer)]
    assert (case.reason, case.detail, case.action) == ("rule_missing", "postal_parcel_cny:2026-11-20", "look_into")
    assert timer.at == NOW.now + LOOK_AGAIN
    facts.add(case)
    assert not [output for output in await handled(facts, gap) if isinstance(output, CaseClosed)]
    outputs = await handled(facts, POLICY)
    assert [type(output) for output in outputs] == [OrderScreened, CaseClosed]
    facts.add(outputs[1])
    assert not rule_found(facts, NOW)


async def handled(facts: Facts, policy: Policy) -> list[Any]:
    handler = handlers.Handler(lambda: policy, None, {})  # type: ignore[arg-type]
    return await handler.handle(_NoEntries(), [facts], NOW)  # type: ignore[arg-type]


class _NoEntries:
    """A database in which no order takes anything of a year."""

    async def fetch(self, *_: object) -> list[object]:
        return []

    async def executemany(self, *_: object) -> None: ...

    async def execute(self, *_: object) -> None: ...


def test_the_case_of_a_gap_is_one_for_a_table_and_a_day() -> None:
    [case, _] = waits_for_rule(order(PLACED_AT), NoRule("postal_bands", date(2026, 11, 20)), NOW)
    assert isinstance(case, CaseOpened)
    assert (case.case, case.lacks) == ("needs_attention:rule_missing:postal_bands:2026-11-20", "postal_bands")
