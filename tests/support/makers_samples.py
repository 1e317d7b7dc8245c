"""Vendors, brands and products as the rules take them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from contracts.base import vendor_stream
from services.makers.domain.brands import Brand
from services.makers.domain.products import Details, Product, Verdict
from services.makers.domain.vendors import Company, Vendor
from services.makers.domain.vies import Check

GOLDEN = Path(__file__).parents[1] / "golden" / "vies"
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
TODAY = NOW.date()
VENDOR_ID = vendor_stream("vieux-port").id
BRAND_ID = UUID(int=7)
COMPANY = Company(
    name="Savonnerie du Vieux-Port SAS",
    public_name="Vieux-Port",
    street="12 quai du Port",
    postcode="13002",
    city="Marseille",
    country="FR",
    siren="552100554",
    vat="FR96552100554",
    eori="FR55210055400013",
)
DETAILS = Details(
    brand_id=BRAND_ID,
    gtin="03245678901236",
    name_fr="Savon à l'olive",
    name_en="Olive oil soap",
    name_zh="橄榄皂",
    hs_code="34011100",
    origin="FR",
    composition="Sodium olivate, aqua, parfum",
    net_weight_g=300,
    length_mm=90,
    width_mm=60,
    height_mm=40,
    unit_value=Decimal("9.50"),
    currency="EUR",
    content_amount=Decimal("300.00"),
    content_unit="g",
    images=("https://vieux-port.fr/savon.jpg",),
    documents=(("Y900", None), ("C400", "FR-1")),
    identity="serial",
)
ACCEPTED = Verdict(True, None, "cbec_9610", "3401110010", ("positive_list:2022-03-01",))
BANNED = Verdict(False, "prohibited_goods", "cbec_9610", None, ())


def vendor(**changes: Any) -> Vendor:
    values: dict[str, Any] = {
        "id": VENDOR_ID,
        "owner": "vieux-port",
        "state": "verified",
        "since": NOW,
        "company": COMPANY,
        "account": "FR14…2606",
        "people": True,
        "round": 1,
    }
    return Vendor(**values | changes)


def check(**changes: Any) -> Check:
    values: dict[str, Any] = {
        "vendor_id": VENDOR_ID,
        "round": 1,
        "vat": COMPANY.vat,
        "asked_at": NOW,
        "outcome": "valid",
        "answered_at": NOW,
    }
    return Check(**values | changes)


def brand(**changes: Any) -> Brand:
    values: dict[str, Any] = {
        "id": BRAND_ID,
        "vendor_id": VENDOR_ID,
        "name": "Vieux-Port",
        "role": "owner",
        "office": "EUIPO",
        "number": "018692868",
        "territories": ("FR", "CN"),
        "valid_from": date(2020, 1, 1),
        "valid_to": None,
        "delegates_serials": True,
        "document_hash": "ab" * 32,
        "state": "authorised",
    }
    return Brand(**values | changes)


def product(**changes: Any) -> Product:
    values: dict[str, Any] = {
        "sku": "SAVON-OLIVE-300",
        "vendor_id": VENDOR_ID,
        "state": "submitted",
        "version": 1,
        "details": DETAILS,
    }
    return Product(**values | changes)
