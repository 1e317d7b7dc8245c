"""Rules that are read again while the service runs, and what goes on by a row that was missing."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY

from contracts.base import Event
from contracts.cases import CaseOpened
from services.customs import regimes
from services.customs.destinations import import_regimes
from services.customs.destinations.cn.ceb import COUNTRY_CODES, LANES, TARIFF
from services.customs.domain.cases import attention
from services.customs.domain.decide import DOCUMENTS, INVENTORY, RETURN, Policy
from services.customs.domain.gaps import declarable_now, waits_for_rows, waits_for_rule
from services.customs.regimes import tables
from services.customs.regimes.lanes import Lanes
from services.customs.regimes.rows import NoRule
from services.customs.regimes.rule_files import DATA
from services.customs.regimes.tariff import Tariff
from services.customs.settings import Settings
from services.customs.tasks.rules import RulesInForce, release_name
from shared.ledger.facts import DecisionContext, Facts
from tests.support import customs_samples as samples
from tests.support.customs_releases import edited, put
from tests.support.customs_samples import PLACED_AT, POLICY, TABLES

NOW = DecisionContext(PLACED_AT + timedelta(minutes=1))
DAY = PLACED_AT.date()


def started(release: Path, **changed: Any) -> RulesInForce:
    return RulesInForce(Settings(rules_directory=release, **changed))


def refused() -> float | None:
    return REGISTRY.get_sample_value("customs_rules_refused")


def in_force(policy: Policy) -> float | None:
    named = {"release": release_name(policy.tables.versions)}
    return REGISTRY.get_sample_value("customs_rules_in_force", named)


def settle(rules: RulesInForce, release: Path) -> bool:
    """Two looks that find the same."""
    assert not rules.look(release)
    return rules.look(release)


def test_a_release_holds_when_two_looks_have_found_the_same(tmp_path: Path) -> None:
    rules = started(tmp_path)
    before = rules.policy()
    assert before.tables.postal_parcel.on(DAY) == 2000
    assert not settle(rules, tmp_path)  # what the start has read
    edited(tmp_path, "limits.json", put("postal_parcel_cny", 1, value="3000"))
    assert not rules.look(tmp_path)
    edited(tmp_path, "rates.json", put("cny_per_eur", 0, value="8.1"))
    assert not rules.look(tmp_path)  # somebody still writes
    assert rules.policy() is before
    assert rules.look(tmp_path)
    after = rules.policy()
    assert after.tables.postal_parcel.on(DAY) == 3000
    assert after.imports["personal_postal"].changes_at(DAY)["over_postal_limit"] == 3000
    assert before.tables.postal_parcel.on(DAY) == 2000
    assert (in_force(after), in_force(before)) == (1, None)
    assert not rules.look(tmp_path)


def test_what_is_broken_is_refused_and_the_old_set_holds_on(tmp_path: Path) -> None:
    rules = started(edited(tmp_path, "limits.json", put("postal_parcel_cny", 1, value="3000")))
    before = rules.policy()
    edited(tmp_path, "limits.json", put("postal_parcel_cny", 1, value="-1"))
    assert not settle(rules, tmp_path)
    assert refused() == 1
    edited(tmp_path, "limits.json", put("postal_parcel_cny", 1, value="3000"))
    assert not settle(rules, tmp_path)  # mended: what holds already
    assert refused() == 0
    assert rules.policy() is before


@pytest.mark.parametrize("broken", ["csv", "gone", "closed_lane"])
def test_whatever_is_wrong_stops_nobody(tmp_path: Path, broken: str) -> None:
    release = tmp_path / "rules"
    release.mkdir()
    rules = started(release)
    before = rules.policy()
    if broken == "gone":
        release.rmdir()
    elif broken == "csv":
        (release / "tariff.csv").write_text(f'code,name\n1,"{"x" * 200_000}"\n', encoding="utf-8")
    else:
        edited(release, "lanes.json", put("lanes", 0, waybill_filed_by="agreed_firm"))
    assert not settle(rules, release)
    assert refused() == 1
    assert rules.policy() is before


def test_files_that_change_while_they_are_read_are_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = started(tmp_path)
    edited(tmp_path, "limits.json", put("postal_parcel_cny", 1, value="3000"))
    load = tables.load

    def interrupted(release: Path) -> object:
        rules = load(release)
        edited(release, "limits.json", put("postal_parcel_cny", 1, value="4000"))
        return rules

    with monkeypatch.context() as changed:
        changed.setattr(tables, "load", interrupted)
        assert not settle(rules, tmp_path)
    assert settle(rules, tmp_path)
    assert rules.policy().tables.postal_parcel.on(DAY) == 4000


def test_a_copy_of_the_same_files_changes_nothing(tmp_path: Path) -> None:
    shutil.copy(DATA / "limits.json", tmp_path / "limits.json")
    rules = started(tmp_path)
    before = rules.policy()
    assert not settle(rules, tmp_path)
    os.utime(tmp_path / "limits.json")
    assert not settle(rules, tmp_path)
    assert rules.policy() is before


# --- what goes on --------------------------------------------------------------------------------------------


def waiting(*events: Event, **changed: Any) -> Facts:
    placed = samples.placed(**changed)
    return Facts(placed.stream, [placed, samples.screened_order(), *events])


def unwritten(kind: str, lacks: str | None) -> CaseOpened:
    return attention(samples.order_id(), kind, "1", "CEB621:InventoryList.gcode:unknown", NOW, lacks=lacks)


def test_an_order_that_met_a_gap_waits_for_rows() -> None:
    [case, _] = waits_for_rule(waiting(), NoRule("postal_bands", DAY), NOW)
    assert isinstance(case, CaseOpened)
    assert waits_for_rows(waiting(case))
    assert not waits_for_rows(waiting(case, case.closed(NOW.now, "rule_found")))
    assert not waits_for_rows(waiting(case.model_copy(update={"service": "carrier"})))
    assert not declarable_now(waiting(case), POLICY)


@pytest.mark.parametrize(
    ("kind", "lacks", "waits"),
    [
        (INVENTORY, TARIFF, True),
        (DOCUMENTS, COUNTRY_CODES, True),
        (INVENTORY, LANES, True),
        (INVENTORY, None, False),
        (RETURN, TARIFF, False),
    ],
)
def test_a_message_without_its_row_waits_for_it(kind: str, lacks: str | None, *, waits: bool) -> None:
    case = unwritten(kind, lacks)
    assert waits_for_rows(waiting(case)) is waits
    assert declarable_now(waiting(case), POLICY) == ([case] if waits else [])


def test_a_message_is_written_again_when_all_goods_have_their_rows() -> None:
    case = unwritten(INVENTORY, COUNTRY_CODES)
    nowhere = samples.line().model_copy(update={"origin": "XK"})
    assert not declarable_now(waiting(case, lines=(nowhere,)), POLICY)
    rules = replace(TABLES, tariff=Tariff({}))
    without = replace(POLICY, tables=rules, imports=import_regimes(rules), export=regimes.export_regimes(rules)["FR"])
    assert not declarable_now(waiting(case), without)
    no_lane = replace(POLICY, tables=replace(TABLES, lanes=Lanes(())))
    assert not declarable_now(waiting(unwritten(INVENTORY, LANES)), no_lane)
    assert not declarable_now(Facts(samples.placed().stream, [case]), POLICY)
    assert not declarable_now(Facts(samples.placed().stream, [case, samples.placed()]), POLICY)
