"""Units with serials, as they are scanned and shown."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypeAlias
from uuid import UUID

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError
from stdnum import ean
from stdnum.exceptions import ValidationError

from contracts.base import Serial, Sku, Sscc
from contracts.warehouse import PackedLot, UnitKey, UnitsPacked
from services.warehouse.domain.units import Unit, UnitState
from shared.http.models import Body, View


def _gtin(text: str) -> str:
    try:
        return str(ean.validate(text))
    except ValidationError as fault:
        raise PydanticCustomError("gtin", "8, 12, 13 or 14 digits with their GS1 check digit") from fault


Gtin: TypeAlias = Annotated[str, Field(min_length=8, max_length=14), AfterValidator(_gtin)]
"""As handed in: 8, 12, 13 or 14 digits. They are one number with zeros in front left out (GS1 General Specifications,
3.2), so that a look-up compares all 14; what is shown is what was stated, as it is printed on the goods."""


class UnitBody(Body):
    """A unit, as its code says."""

    gtin: Gtin
    """AI 01: 14 digits, or 8, 12 or 13 without the zeros in front."""
    serial: Serial
    """AI 21."""

    def key(self) -> UnitKey:
        return UnitKey(gtin=self.gtin.zfill(14), serial=self.serial)


class UnitView(View):
    """A unit with a serial."""

    gtin: str
    """In 14 digits."""
    serial: str
    sku: Sku | None
    """Null, after a restore, until the unit's receipt is known again."""
    receipt_id: UUID | None
    state: UnitState
    """`received` and `returned` are in stock."""
    order_id: UUID | None
    """Of the order in whose box it lies or left; as parcel and SSCC."""
    parcel: int | None
    sscc: str | None
    since: datetime
    """When it came into its state."""
    flagged: str | None
    """Why it may be a copy, or be copied: it is not packed; null when it is not flagged."""


class UnitsPage(View):
    """A page of units, by GTIN and serial."""

    units: tuple[UnitView, ...]
    next: str | None
    """The cursor of the next page; null on the last."""


class BoxUnits(View):
    """The units with serials, and the lots, in one box."""

    parcel: int
    sscc: Sscc
    """Of the box, for its logistic label."""
    units: tuple[UnitKey, ...]
    lots: tuple[PackedLot, ...]
    """Of goods told apart by lot: as said, or because there was one only."""


def unit_view(unit: Unit) -> UnitView:
    return UnitView(
        gtin=unit.gtin,
        serial=unit.serial,
        sku=unit.sku,
        receipt_id=unit.receipt_id,
        state=unit.state,
        order_id=unit.order_id,
        parcel=unit.parcel,
        sscc=unit.sscc,
        since=unit.since,
        flagged=unit.flagged,
    )


def box_units(packed: UnitsPacked) -> BoxUnits:
    return BoxUnits(parcel=packed.parcel, sscc=packed.sscc, units=packed.units, lots=packed.lots)
