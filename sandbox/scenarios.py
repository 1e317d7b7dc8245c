"""Scenarios of parcels as data: which scans a parcel gets, where and when, and what Chinese customs does.

Hours are hours of business time since the deposit or, after a wait, since its end. The hours of a named scenario are
multiplied by a factor that depends on the sub-order; those of a script are used as written.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

Until = Literal["released", "refused", "step"]
"""`released`, `refused`: until Chinese customs releases the goods or sends them back. `step`: until a scan is made by
`/control`."""


@dataclass(frozen=True, slots=True)
class Scan:
    after_hours: float
    code: str
    country: str | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    until: Until


Step = Scan | Wait


@dataclass(frozen=True, slots=True)
class PlannedReceipt:
    """A receipt that customs will give so many hours after the inventory, or after the answer to a hold."""

    after_hours: float
    status: str
    info: str


@dataclass(frozen=True, slots=True)
class Clearance:
    receipts: tuple[PlannedReceipt, ...]
    after_answer: tuple[PlannedReceipt, ...] = ()
    """Those after the answer to a hold; empty when there is no hold."""
    rejections: tuple[str, ...] = ()
    """What customs says of the first inventories of the parcel, each of which it rejects at once (100)."""


RELEASE = PlannedReceipt(20, "800", "[Code:800;Desc:放行]")
CLEARANCES: dict[str, Clearance] = {
    "released": Clearance((RELEASE,)),
    "reviewed": Clearance((PlannedReceipt(6, "300", "[Code:300;Desc:人工审核]"), replace(RELEASE, after_hours=30))),
    "held": Clearance(
        (PlannedReceipt(8, "500", "[Code:500;Desc:查验]"),),
        after_answer=(replace(RELEASE, after_hours=14),),
    ),
    "rejected_first": Clearance((RELEASE,), rejections=("[Code:100;Desc:商品规格型号申报不规范]",)),
    "sent_back": Clearance(
        (
            PlannedReceipt(6, "300", "[Code:300;Desc:人工审核]"),
            PlannedReceipt(36, "700", "[Code:700;Desc:退货]"),
            PlannedReceipt(60, "899", "[Code:899;Desc:结关]"),
        )
    ),
}


@dataclass(frozen=True, slots=True)
class ParcelScenario:
    name: str
    steps: tuple[Step, ...]
    clearance: Clearance = field(default_factory=lambda: CLEARANCES["released"])
    export_refusal: str | None = None
    """The code with which the French gateway refuses the export declaration."""
    exit_unconfirmed: bool = False
    """Whether the office of exit never says that the goods have left."""
    scaled: bool = True
    """Whether its hours depend on the sub-order, and scans at the door keep to daylight; not so for a script."""

    def time_factor(self, sub_order: str) -> float:
        """What its hours are multiplied by: 0.9 to 1.25, always the same for a sub-order; 1 for a script."""
        return 0.9 + zlib.crc32(sub_order.encode()) % 36 / 100 if self.scaled else 1.0


def scans(country: str, *rows: tuple[float, str]) -> tuple[Step, ...]:
    return tuple(Scan(hours, code, country) for hours, code in rows)


def steps_of(*parts: Step | tuple[Step, ...]) -> tuple[Step, ...]:
    """The parts in one tuple."""
    return tuple(step for part in parts for step in (part if isinstance(part, tuple) else (part,)))


SILENCE_HOURS = 16.5 * 24
"""Long enough for an enquiry even at the smallest time factor, and less than the thirty days that La Poste allows for
claims."""
RELEASED, REFUSED = Wait("released"), Wait("refused")
COLLECTED = scans("FR", (2, "PC1"), (9, "ET1"), (26, "ET1"), (38, "ET2"))
EXPORTED = scans("FR", (44, "DO1"), (52, "DO2"))
FLOWN = scans("CN", (118, "ET3"), (126, "DO1"))
TO_THE_OFFICE = scans("CN", (5, "DO2"), (20, "ET1"), (66, "EP1"))
TO_THE_DOOR = (*TO_THE_OFFICE, *scans("CN", (84, "MD2"), (88, "DI1")))
NOBODY_HOME = (*TO_THE_OFFICE, *scans("CN", (84, "MD2"), (89, "ND1"), (108, "AG1")))

PARCEL_SCENARIOS: dict[str, ParcelScenario] = {
    scenario.name: scenario
    for scenario in (
        ParcelScenario("delivered", steps_of(COLLECTED, EXPORTED, FLOWN, RELEASED, TO_THE_DOOR)),
        ParcelScenario("lost", COLLECTED),
        ParcelScenario(
            "customs_hold",
            steps_of(COLLECTED, EXPORTED, FLOWN, Scan(133, "DO3", "CN"), RELEASED, TO_THE_DOOR),
            clearance=CLEARANCES["held"],
        ),
        ParcelScenario(
            "customs_refused",
            steps_of(
                *(COLLECTED, EXPORTED, FLOWN, REFUSED),
                *(Scan(12, "RE1", "CN"), scans("FR", (130, "ET1"), (168, "DI2"))),
            ),
            clearance=CLEARANCES["sent_back"],
        ),
        ParcelScenario(
            "customs_rejected",
            steps_of(COLLECTED, EXPORTED, FLOWN, RELEASED, TO_THE_DOOR),
            clearance=CLEARANCES["rejected_first"],
        ),
        ParcelScenario(
            "pickup",
            steps_of(COLLECTED, EXPORTED, FLOWN, RELEASED, NOBODY_HOME, Scan(154, "DI1", "CN")),
            clearance=CLEARANCES["reviewed"],
        ),
        ParcelScenario(
            "silent_then_found",
            steps_of(
                *(COLLECTED, EXPORTED),
                *(scans("CN", (52 + SILENCE_HOURS, "ET3"), (60 + SILENCE_HOURS, "DO1")), RELEASED, TO_THE_DOOR),
            ),
        ),
        ParcelScenario(
            "returned",
            steps_of(
                *(COLLECTED, EXPORTED, FLOWN, RELEASED, NOBODY_HOME),
                *(Scan(180, "RE1", "CN"), scans("FR", (300, "ET1"), (330, "DI2"))),
            ),
        ),
        ParcelScenario(
            "minimal",
            steps_of(
                *(scans("FR", (3, "PC1"), (12, "ET1"), (40, "ET2")), Scan(116, "ET3", "CN"), RELEASED),
                *scans("CN", (24, "ET1"), (90, "MD2"), (95, "DI1")),
            ),
        ),
        ParcelScenario("export_refused", (), export_refusal="prohibited_goods"),
        ParcelScenario("exit_unconfirmed", (), exit_unconfirmed=True),
        ParcelScenario("stepwise", (Wait("step"),)),
    )
}
DEFAULT = PARCEL_SCENARIOS["delivered"]


def of_script(script: list[dict[str, object]], clearance: str | None = None) -> ParcelScenario:
    """The scenario of this script. ValueError names the step that is wrong."""
    steps = tuple(_step(index, raw) for index, raw in enumerate(script))
    waits = {step.until for step in steps if isinstance(step, Wait)}
    name = clearance or ("sent_back" if "refused" in waits else "released")
    if name not in CLEARANCES:
        raise ValueError(f"clearance: one of {', '.join(CLEARANCES)}")
    return ParcelScenario("script", steps, clearance=CLEARANCES[name], scaled=False)


def _step(index: int, raw: dict[str, object]) -> Step:
    match raw:
        case {"wait": "released" | "refused" | "step" as until}:
            return Wait(until)
        case {"code": str(code), "after_hours": int() | float() as hours} if hours >= 0 and code:
            country = raw.get("country")
            return Scan(float(hours), code, country if isinstance(country, str) else None)
        case _:
            waits = ", ".join(get_args(Until))
            raise ValueError(f'script/{index}: {{"after_hours", "code", "country"}} or {{"wait": {waits}}}')


class AssignedScenarios:
    """The scenario of each sub-order; `delivered` unless another one is assigned."""

    def __init__(self) -> None:
        self._by_sub_order: dict[str, ParcelScenario] = {}

    def assign(self, sub_order: str, scenario: ParcelScenario) -> None:
        self._by_sub_order[sub_order] = scenario

    def of(self, sub_order: str) -> ParcelScenario:
        return self._by_sub_order.get(sub_order, DEFAULT)
