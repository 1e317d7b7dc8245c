"""The firms behind an order: by marketplace and day, and of exports by vendor."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from contracts.base import Parcel
from services.customs.domain.decide import parcels_declared
from services.customs.regimes import tables
from services.customs.regimes.parties import Agreements, Party
from services.customs.regimes.rule_files import DATA
from tests.support.customs_model import NOW
from tests.support.customs_samples import PARTIES, PLACED_AT, POLICY, packed, parcel, placed

VENDOR, HUB = "FR732829320", "FR900000001"
DATED = {"source": "made up", "from": "2026-11-21", "to": "2026-11-30"}
ALL = {
    **{
        f"{firm}_code": f"310596000{number}" for number, firm in enumerate(("platform", "seller", "agent", "logistics"))
    },
    **{f"{firm}_name": f"The {firm}" for firm in ("platform", "seller", "agent", "logistics")},
    "payment_code": "312226T009",
    "guarantor": "seller",
}


def agreements(tmp_path: Path) -> Agreements:
    body = {
        "parties": [
            {"marketplace": "maison", **ALL, **DATED},
            {
                "marketplace": "maison",
                "seller_code": "3105969999",
                "seller_name": "Later",
                **DATED,
                "from": "2026-12-01",
            }
            | {"to": None},
        ],
        "exporters": [{"vendor": "savonnerie", "eori": VENDOR, **DATED}],
    }
    (tmp_path / "parties.json").write_text(json.dumps(body), encoding="utf-8")
    return tables.load(tmp_path).agreements


def test_the_image_has_no_agreements() -> None:
    assert json.loads((DATA / "parties.json").read_text(encoding="utf-8"))["parties"] == []
    assert PARTIES.agreed(tables.load().agreements.parties("maison", date(2026, 11, 22))) == PARTIES


def test_an_agreement_names_the_firms_of_its_days(tmp_path: Path) -> None:
    agreed = agreements(tmp_path)
    every = PARTIES.agreed(agreed.parties("maison", date(2026, 11, 21)))
    assert (every.platform, every.logistics) == (
        Party("3105960000", "The platform"),
        Party("3105960003", "The logistics"),
    )
    assert (every.agent.code, every.payment_code) == ("3105960002", "312226T009")
    assert every.guarantor == every.seller == Party("3105960001", "The seller")
    assert every.sender == PARTIES.sender
    later = PARTIES.agreed(agreed.parties("maison", date(2026, 12, 1)))
    assert later == replace(PARTIES, seller=Party("3105969999", "Later"))
    assert len(agreed.all_parties) == 2
    assert agreed.parties("maison", date(2026, 11, 20)) is None
    assert agreed.parties("another", date(2026, 11, 21)) is None


def owned(number: int, *owners: str | None) -> Parcel:
    box = parcel(number, *((1, 1) for _ in owners))
    contents = tuple(
        content.model_copy(update={"owner": owner}) for content, owner in zip(box.contents, owners, strict=True)
    )
    return box.model_copy(update={"contents": contents})


@pytest.mark.parametrize(
    ("owners", "eori"),
    [
        (("savonnerie", "savonnerie"), VENDOR),
        (("savonnerie", "parfumerie"), HUB),
        (("savonnerie", None), HUB),
        (("parfumerie",), HUB),
        ((None,), HUB),
    ],
)
def test_a_vendor_exports_what_is_its_own_alone(tmp_path: Path, owners: Sequence[str | None], eori: str) -> None:
    policy = replace(POLICY, tables=replace(POLICY.tables, agreements=agreements(tmp_path)))
    plan = packed(owned(1, *owners), packed_at=PLACED_AT + timedelta(days=2))
    declared = parcels_declared(placed(), plan, NOW, policy)[1]
    assert declared.eori == eori
    named = any(rule.startswith("parties:") for rule in declared.rules)
    assert named == (eori == VENDOR)


def test_before_it_is_agreed_the_hub_exports(tmp_path: Path) -> None:
    policy = replace(POLICY, tables=replace(POLICY.tables, agreements=agreements(tmp_path)))
    assert parcels_declared(placed(), packed(owned(1, "savonnerie"), packed_at=PLACED_AT), NOW, policy)[1].eori == HUB
