"""The stories of the show: what is ordered, what the world does to it, what people do, and how it must end."""

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
class Tale:
    name: str
    title: str
    lines: tuple[tuple[str, int], ...]
    outcome: str
    journeys: tuple[str, ...] = ("delivered",)
    """The sandbox's story for each parcel. With more than one, each line goes into a parcel of its own."""
    cancel: Cancel | None = None
    """When the shopper asks to cancel."""
    trouble: Trouble | None = None
    """What the packer meets."""
    left_open: bool = False
    """Nobody of the show answers its case: it waits for whoever looks on."""


TALES = (
    Tale("delivered", "delivered", (("SOIE-CARRE-90", 1), ("SAVON-OLIVE-300", 3)), "delivered"),
    Tale(
        "split",
        "two parcels, one delivered, one lost",
        (("PORC-TASSE-2", 2), ("PALET-BEURRE", 4)),
        "partly_delivered",
        journeys=("delivered", "lost"),
    ),
    Tale("out_of_stock", "out of stock", ((SOLD_OUT, 3),), "out_of_stock", journeys=()),
    Tale(
        "short_pick",
        "short at picking, no other unit",
        ((COUNTED_WRONG, 1),),
        "out_of_stock",
        journeys=(),
        trouble="short_pick",
    ),
    Tale("damaged", "damaged at packing, replaced", (("TRAIN-BOIS-12", 1),), "delivered", trouble="damaged"),
    Tale(
        "cancelled_early",
        "cancelled before packing",
        (("STYLO-PLUME-M", 1),),
        "cancelled",
        journeys=(),
        cancel="before_packing",
    ),
    Tale(
        "cancelled_late",
        "cancelled after the label",
        (("ECHARPE-LAINE", 2),),
        "cancelled",
        journeys=(),
        cancel="after_label",
    ),
    Tale("cancelled_too_late", "cancelled too late", (("BODY-BEBE-6M", 3),), "delivered", cancel="too_late"),
    Tale("over_limit", "over the limit of 5,000 RMB", (("SAC-CUIR-28", 2),), "refused", journeys=()),
    Tale(
        "customs_hold",
        "held by customs, then released",
        (("CREME-JOUR-50", 2),),
        "delivered",
        journeys=("customs_hold",),
    ),
    Tale(
        "customs_refused",
        "refused by customs, returned",
        (("COCOTTE-FONTE-24", 1),),
        "returned",
        journeys=("customs_refused",),
    ),
    Tale("pickup", "nobody home, collected later", (("GANT-AGNEAU-8", 1),), "delivered", journeys=("pickup",)),
    Tale(
        "silent",
        "long silence, enquiry, found",
        (("SAC-CUIR-28", 1),),
        "delivered",
        journeys=("silent_then_found",),
    ),
)
BY_NAME = {tale.name: tale for tale in TALES}
LEFT_TO_YOU = Tale(
    "left_to_you",
    "held by customs, left to you",
    (("CREME-JOUR-50", 1),),
    "held",
    journeys=("customs_hold",),
    left_open=True,
)
EVERYDAY_LINES = (("SAVON-OLIVE-300", 2), ("PALET-BEURRE", 1))
"""What somebody orders after the show."""

_EVERYDAY = tuple(
    Tale("delivered", "delivered", lines, "delivered", journeys=(journey,))
    for lines, journey in (
        ((("PALET-BEURRE", 3), ("SAVON-OLIVE-300", 2)), "delivered"),
        ((("PORC-TASSE-2", 1),), "minimal"),
        ((("CREME-JOUR-50", 1), ("SAVON-OLIVE-300", 1)), "delivered"),
        ((("BODY-BEBE-6M", 2), ("TRAIN-BOIS-12", 1)), "delivered"),
        ((("STYLO-PLUME-M", 1),), "pickup"),
        ((("ECHARPE-LAINE", 1), ("GANT-AGNEAU-8", 1)), "delivered"),
        ((("SOIE-CARRE-90", 2),), "minimal"),
    )
)
_MIX = (*_EVERYDAY, *_EVERYDAY, *TALES)


def batch(size: int) -> list[Tale]:
    """Every story once, then a mix in which most orders go well. At least one of each, however small the size."""
    more = islice(cycle(_MIX), max(0, size - len(TALES)))
    return [*TALES, *more]


def stock_for(tales: Sequence[Tale]) -> dict[str, int]:
    """The units to receive by SKU, so that each story meets the stock it is about."""
    wanted: Counter[str] = Counter()
    for tale in tales:
        wanted.update(dict(tale.lines))
        if tale.trouble == "damaged":
            wanted[tale.lines[0][0]] += 1
    spare = {sku: units + max(10, units // 10) for sku, units in wanted.items()}
    exact = {COUNTED_WRONG: wanted[COUNTED_WRONG], SOLD_OUT: min(2, wanted[SOLD_OUT])}
    return {sku: units for sku, units in (spare | exact).items() if units}
