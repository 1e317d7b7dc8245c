"""Products in force are judged again: when it is due, what follows, how makers reads a release of customs' rules."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.customs.destinations import import_regimes
from services.customs.domain.quote import quote
from services.customs.regimes import tables
from services.customs.regimes.rule_files import DATA
from services.customs.schemas.quote import QuoteBody, quote_view
from services.makers.domain.judgements import JUDGED_AGAIN, Judgement, is_due, judged, newly_barred
from services.makers.domain.products import Details, Permit, Verdict
from services.makers.jobs.customs import question, read
from services.routing import Routing
from shared.http.counterpart_answer import Answer
from shared.ledger.facts import DecisionContext
from tests.support.customs_samples import POLICY
from tests.support.makers_samples import ACCEPTED, BANNED, DETAILS, NOW, VENDOR_ID

RULES = ACCEPTED.rules
SOAP = Judgement("SAVON-200", VENDOR_ID, 1, DETAILS, NOW, RULES)


@pytest.mark.parametrize(
    ("judgement", "rules", "after", "due"),
    [
        (SOAP, RULES, timedelta(0), False),
        (SOAP, RULES, JUDGED_AGAIN - timedelta(seconds=1), False),
        (SOAP, RULES, JUDGED_AGAIN, True),
        (SOAP, ("positive_list:2026-12-01",), timedelta(0), True),
        (SOAP, None, timedelta(0), True),
        (replace(SOAP, judged_at=None), RULES, timedelta(0), True),
    ],
)
def test_a_product_is_judged_again_by_other_rules_and_each_day(
    judgement: Judgement, rules: tuple[str, ...] | None, after: timedelta, due: bool
) -> None:
    assert is_due(judgement, rules, NOW + after) is due


def test_a_person_learns_of_each_reason_once() -> None:
    barred = judged(SOAP, BANNED, NOW + JUDGED_AGAIN)
    assert barred == replace(SOAP, judged_at=NOW + JUDGED_AGAIN, rules=(), barred_by="prohibited_goods")
    unnamed = judged(SOAP, Verdict(False, None, "cbec_9610", None, RULES), NOW)
    assert unnamed.barred_by == "customs"
    assert newly_barred(SOAP, barred)
    assert not newly_barred(barred, judged(barred, BANNED, NOW))
    assert newly_barred(unnamed, barred)
    assert not newly_barred(barred, judged(barred, ACCEPTED, NOW))


def verdict_by(release: Path, details: Details = DETAILS) -> Verdict:
    """What makers reads of customs' answer on its own question."""
    rules = tables.load(release)
    policy = replace(POLICY, tables=rules, imports=import_regimes(rules))
    order = QuoteBody.model_validate(question("SAVON-200", details)).as_order("makers", Routing(), NOW)
    view = quote_view(quote(order, DecisionContext(NOW), policy), collected=False)
    return read(Answer(200, "application/json", view.model_dump_json().encode()))


def delisted(goods: dict[str, Any]) -> None:
    goods["positive_list"] = [row for row in goods["positive_list"] if row["code"] != "34011100"]


def banned(goods: dict[str, Any]) -> None:
    row = {"code": "3401", "name": "soap", "from": "2026-11-01", "to": None, "source": "made up"}
    goods["prohibited"].append(row)


def banned_tomorrow(goods: dict[str, Any]) -> None:
    row = {"code": "3401", "name": "soap", "from": "2026-11-24", "to": None, "source": "made up"}
    goods["prohibited"].append(row)


@pytest.mark.parametrize(
    ("edit", "reason"),
    [(delisted, "not_on_positive_list"), (banned, "prohibited_goods"), (banned_tomorrow, None)],
)
def test_a_release_of_rules_is_seen_by_its_versions_and_bars_what_it_no_longer_lets_in(
    edit: Callable[[dict[str, Any]], None], reason: str | None, tmp_path: Path
) -> None:
    before = judged(SOAP, verdict_by(tmp_path), NOW)
    assert before.barred_by is None
    goods = json.loads((DATA / "goods.json").read_text(encoding="utf-8"))
    edit(goods)
    (tmp_path / "goods.json").write_text(json.dumps(goods), encoding="utf-8")
    verdict = verdict_by(tmp_path)
    assert is_due(before, verdict.rules, NOW)
    after = judged(before, verdict, NOW)
    assert (after.barred_by, newly_barred(before, after)) == (reason, reason is not None)


def test_what_the_vendor_may_state_is_read_of_customs_own_answer(tmp_path: Path) -> None:
    """By the rules of customs: a code that the tariff does not have, and crocodile without a permit."""
    unknown = verdict_by(tmp_path, replace(DETAILS, hs_code="4202210000", name_en="Handbag"))
    assert (unknown.barred_by, unknown.choices) == ("tariff_code_unknown", ("4202210010", "4202210090"))
    bag = replace(DETAILS, hs_code="42022100", name_en="Crocodile handbag", documents=())
    lacking = verdict_by(tmp_path, bag)
    assert (lacking.barred_by, lacking.permits) == ("licence_required", (Permit("C400", "Y900"),))
    assert verdict_by(tmp_path, replace(bag, documents=(("C400", "FR-1"),))).permits == ()


ANSWER: dict[str, Any] = {
    "accepted": False,
    "refused": {"reason": "prohibited_goods", "choices": []},
    "documents": [],
    "lane": {"regime": "cbec_9610"},
    "tax": {"lines": [{"hs_code": "3401110010"}]},
    "rules": ["positive_list:2022-03-01"],
}


@pytest.mark.parametrize(
    "spoilt",
    [
        {"refused": {"reason": "王小明 13800138000", "choices": []}},
        {"refused": {"reason": "\ud800", "choices": []}},
        {"refused": {"reason": None, "choices": []}},
        {"refused": {"reason": "tariff_code_unknown", "choices": ["42022100"] * 21}},
        {"refused": {"reason": "tariff_code_unknown", "choices": ["x"]}},
        {"documents": [{"document": "C400", "instead": None, "given": False}]},
        {"documents": [{"document": "a letter", "instead": "Y900", "given": False}]},
        {"documents": 7},
        {"lane": {"regime": "A\0"}},
        {"tax": {"lines": [{"hs_code": "not a code"}]}},
        {"rules": ["\0"]},
        {"rules": ["a:1"] * 21},
        {"rules": 7},
    ],
)
def test_an_answer_that_could_not_be_published_or_kept_is_no_answer(spoilt: dict[str, Any]) -> None:
    def answer(**changes: Any) -> Answer:
        return Answer(200, "application/json", json.dumps(ANSWER | changes).encode())

    assert read(answer()).barred_by == "prohibited_goods"
    with pytest.raises(ValueError, match="unreadable"):
        read(answer(**spoilt))
