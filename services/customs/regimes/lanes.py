"""The lanes: on which way goods come in, who files and pays what, by day. Data: an order goes on the lane of its
marketplace's regime and of the carrier that takes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from contracts.carriers import BY_NAME, Route
from contracts.vocabularies import Regime, TaxPayer
from services.customs.regimes.rows import Dated, NoRule
from services.customs.regimes.rule_files import RuleFile

WaybillFiler = Literal["nobody", "agreed_firm"]


@dataclass(frozen=True, slots=True)
class Lane(Dated):
    name: str
    regime: Regime
    carrier: str
    product: str
    """The carrier's own code of it."""
    waybill_filed_by: WaybillFiler
    """`agreed_firm`: a logistics firm that is registered with customs files CEB511, and an agreement names it."""
    transport_mode: str
    """By its name in customs' codes."""
    tax_paid_by: TaxPayer
    tax_collected_by: str
    office: str
    """Of customs, which takes the goods: its code of four digits, or who knows it."""
    valid_from: date
    valid_to: date | None
    source: str

    def is_of(self, regime: Regime, route: Route) -> bool:
        return (self.regime, self.carrier, self.product) == (regime, route.carrier, route.product)


@dataclass(frozen=True, slots=True)
class Lanes:
    rows: tuple[Lane, ...]

    def of(self, regime: Regime, route: Route | None, day: date) -> Lane:
        """The lane of the regime with this product of a carrier on that day. NoRule: there is none."""
        for lane in self.rows:
            if route and lane.is_of(regime, route) and lane.holds(day):
                return lane
        raise NoRule("lanes", day)

    def need_agreement(self, regime: Regime) -> bool:
        """Whether a lane of the regime is open only where an agreement names who files the waybill."""
        return any(lane.regime == regime and lane.waybill_filed_by == "agreed_firm" for lane in self.rows)


def lane_fault(row: Mapping[str, str]) -> tuple[str, str] | None:
    """The column and the rule by which a row is no lane."""
    if row["product"] not in {route.product for route in BY_NAME[row["carrier"]].routes}:
        return "product", "must be a product of the row's carrier"
    return None


def load(file: RuleFile) -> Lanes:
    """The lanes of a file that was checked."""
    return Lanes(tuple(_lane(row.columns) for row in file.rows("lanes")))


def _lane(row: Mapping[str, str]) -> Lane:
    filed_by: WaybillFiler = "agreed_firm" if row["waybill_filed_by"] == "agreed_firm" else "nobody"
    return Lane(
        name=row["name"],
        regime=row["regime"],
        carrier=row["carrier"],
        product=row["product"],
        waybill_filed_by=filed_by,
        transport_mode=row["transport_mode"],
        tax_paid_by=row["tax_paid_by"],
        tax_collected_by=row["tax_collected_by"],
        office=row["office"],
        valid_from=date.fromisoformat(row["from"]),
        valid_to=date.fromisoformat(row["to"]) if row["to"] else None,
        source=row["source"],
    )
