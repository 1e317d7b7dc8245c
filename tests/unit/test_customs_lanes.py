"""The lanes: what each is, and that 9610 is closed without an agreement on who files the waybill."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from contracts.carriers import CARRIERS, Route, route_to
from services.customs.regimes.rows import NoRule
from services.customs.settings import Settings
from tests.support.customs_samples import TABLES

TODAY = date(2026, 11, 20)
BY_LAPOSTE = route_to("CN", "laposte")


def test_by_post_nobody_files_a_waybill_and_the_addressee_pays() -> None:
    lane = TABLES.lanes.of("personal_postal", BY_LAPOSTE, TODAY)
    assert (lane.name, lane.waybill_filed_by, lane.tax_paid_by) == ("postal", "nobody", "addressee")
    assert not TABLES.lanes.need_agreement("personal_postal")


def test_direct_purchase_needs_a_firm_that_files_the_waybill() -> None:
    lane = TABLES.lanes.of("cbec_9610", BY_LAPOSTE, TODAY)
    assert (lane.name, lane.waybill_filed_by, lane.tax_paid_by) == ("cbec_9610", "agreed_firm", "guarantor")
    assert TABLES.lanes.need_agreement("cbec_9610")


@pytest.mark.parametrize("regime", ["personal_postal", "cbec_9610"])
@pytest.mark.parametrize("carrier", CARRIERS)
def test_each_carrier_has_a_lane_of_each_regime(regime: str, carrier: str) -> None:
    lane = TABLES.lanes.of(regime, route_to("CN", carrier), TODAY)
    assert (lane.regime, lane.carrier) == (regime, carrier)
    assert lane.source
    assert lane.transport_mode in TABLES.codes.transport_mode


def test_a_product_that_no_lane_names_has_none() -> None:
    for route in (None, Route("laposte", "CN", "COLI", ddp=False, source="a test")):
        with pytest.raises(NoRule):
            TABLES.lanes.of("personal_postal", route, TODAY)


def test_there_is_no_lane_before_its_first_day() -> None:
    with pytest.raises(NoRule):
        TABLES.lanes.of("cbec_9610", BY_LAPOSTE, date(2016, 4, 7))


def settings(**stated: Any) -> Settings:
    return Settings.model_validate({"database_url": "postgresql://nowhere", **stated})


def test_goods_go_by_post_unless_something_else_is_stated() -> None:
    assert settings().import_regime == "personal_postal"


@pytest.mark.parametrize(
    "stated",
    [
        {"import_regime": "cbec_9610"},
        {"import_regimes": {"maison": "cbec_9610"}},
        {"import_regime": "cbec_9610", "waybill_agreement": "  "},
    ],
)
def test_9610_without_an_agreement_on_the_waybill_is_refused_at_start(stated: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="WAYBILL_AGREEMENT must name the agreement"):
        settings(**stated)
    assert settings(**stated | {"waybill_agreement": "CN-511"}).waybill_agreement == "CN-511"
