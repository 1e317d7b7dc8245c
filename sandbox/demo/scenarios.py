"""The scenarios of the demo: what is ordered, what the counterparts do with it, what people do, and how it must end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Literal

from sandbox.demo.goods import COUNTED_WRONG, SOLD_OUT

Cancel = Literal["before_packing", "after_label", "too_late"]
Trouble = Literal["short_pick", "damaged"]


@dataclass(frozen=True)
class Scenario:
    name: str
    title: str
    lines: tuple[tuple[str, int], ...]
    outcome: str
    parcel_scenarios: tuple[str, ...] = ("delivered",)
    """The name of the sandbox's scenario for each parcel. With more than one, each line has a parcel of its own."""
    cancel: Cancel | None = None
    """When the shopper asks to cancel."""
    trouble: Trouble | None = None
    """What the packer finds."""
    left_open: bool = False
    """No actor answers its case: it is left to the user."""


SCENARIOS = (
    Scenario("delivered", "delivered", (("SOIE-CARRE-90", 1), ("SAVON-OLIVE-300", 3)), "delivered"),
    Scenario(
        "split",
        "two parcels, one delivered, one lost",
        (("PORC-TASSE-2", 2), ("PALET-BEURRE", 4)),
        "partly_delivered",
        parcel_scenarios=("delivered", "lost"),
    ),
    Scenario("out_of_stock", "out of stock", ((SOLD_OUT, 3),), "out_of_stock", parcel_scenarios=()),
    Scenario(
        "short_pick",
        "short at picking, no other unit",
        ((COUNTED_WRONG, 1),),
        "out_of_stock",
        parcel_scenarios=(),
        trouble="short_pick",
    ),
    Scenario("damaged", "damaged at packing, replaced", (("TRAIN-BOIS-12", 1),), "delivered", trouble="damaged"),
    Scenario(
        "cancelled_early",
        "cancelled before packing",
        (("STYLO-PLUME-M", 1),),
        "cancelled",
        parcel_scenarios=(),
        cancel="before_packing",
    ),
    Scenario(
        "cancelled_late",
        "cancelled after the label",
        (("ECHARPE-LAINE", 2),),
        "cancelled",
        parcel_scenarios=(),
        cancel="after_label",
    ),
    Scenario("cancelled_too_late", "cancelled too late", (("BODY-BEBE-6M", 3),), "delivered", cancel="too_late"),
    Scenario("over_limit", "over the limit of 5,000 RMB", (("SAC-CUIR-28", 2),), "refused", parcel_scenarios=()),
    Scenario(
        "customs_hold",
        "held by customs, then released",
        (("CREME-JOUR-50", 2),),
        "delivered",
        parcel_scenarios=("customs_hold",),
    ),
    Scenario(
        "customs_refused",
        "refused by customs, returned",
        (("COCOTTE-FONTE-24", 1),),
        "returned",
        parcel_scenarios=("customs_refused",),
    ),
    Scenario(
        "customs_rejected",
        "rejected by customs, declared again",
        (("STYLO-PLUME-M", 2),),
        "delivered",
        parcel_scenarios=("customs_rejected",),
    ),
    Scenario(
        "pickup", "nobody home, collected later", (("GANT-AGNEAU-8", 1),), "delivered", parcel_scenarios=("pickup",)
    ),
    Scenario(
        "silent",
        "long silence, enquiry, found",
        (("SAC-CUIR-28", 1),),
        "delivered",
        parcel_scenarios=("silent_then_found",),
    ),
)
BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}
LEFT_TO_YOU = Scenario(
    "left_to_you",
    "held by customs, left to you",
    (("CREME-JOUR-50", 1),),
    "held",
    parcel_scenarios=("customs_hold",),
    left_open=True,
)
BY_POST = Scenario("by_post", "by post, of another shop", (("TRAIN-BOIS-12", 1), ("SAVON-OLIVE-300", 2)), "delivered")
"""Of a marketplace whose goods come in as personal articles; all others declare them parcel by parcel (9610)."""
EVERYDAY_LINES = (("SAVON-OLIVE-300", 2), ("PALET-BEURRE", 1))
"""What `make order` orders."""

_EVERYDAY = tuple(
    Scenario("delivered", "delivered", lines, "delivered", parcel_scenarios=(parcel_scenario,))
    for lines, parcel_scenario in (
        ((("PALET-BEURRE", 3), ("SAVON-OLIVE-300", 2)), "delivered"),
        ((("PORC-TASSE-2", 1),), "minimal"),
        ((("CREME-JOUR-50", 1), ("SAVON-OLIVE-300", 1)), "delivered"),
        ((("BODY-BEBE-6M", 2), ("TRAIN-BOIS-12", 1)), "delivered"),
        ((("STYLO-PLUME-M", 1),), "pickup"),
        ((("ECHARPE-LAINE", 1), ("GANT-AGNEAU-8", 1)), "delivered"),
        ((("SOIE-CARRE-90", 2),), "minimal"),
    )
)
_MIX = (*_EVERYDAY, *_EVERYDAY, *SCENARIOS)


def batch(size: int) -> list[Scenario]:
    """Every scenario once, then a mix in which most orders go well. At least one of each, however small the size."""
    more = islice(cycle(_MIX), max(0, size - len(SCENARIOS)))
    return [*SCENARIOS, *more]


def stock_for(scenarios: Sequence[Scenario]) -> dict[str, int]:
    """The units to receive by SKU, so that each scenario finds the stock it is about."""
    needed: Counter[str] = Counter()
    for scenario in scenarios:
        needed.update(dict(scenario.lines))
        if scenario.trouble == "damaged":
            needed[scenario.lines[0][0]] += 1
    spare = {sku: units + max(10, units // 10) for sku, units in needed.items()}
    exact = {COUNTED_WRONG: needed[COUNTED_WRONG], SOLD_OUT: min(2, needed[SOLD_OUT])}
    return {sku: units for sku, units in (spare | exact).items() if units}
