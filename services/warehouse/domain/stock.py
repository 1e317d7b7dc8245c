"""Stock as piles, and movements between them. Pure.

Every unit ever received lies on exactly one pile: available, reserved, shipped or written off. A movement takes units
from one pile and lays them on another, so `received = available + reserved + shipped + written_off` holds by
construction; the database checks it again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Literal
from uuid import UUID

Pile = Literal["available", "reserved", "shipped", "written_off"]
Kind = Literal[
    "received",
    "reserved",
    "released",
    "shipped",
    "shipped_after_release",
    "written_off",
    "replaced",
    "returned_sound",
    "returned_damaged",
]

MOVES: dict[Kind, tuple[Pile | None, Pile]] = {
    "received": (None, "available"),
    "reserved": ("available", "reserved"),
    "released": ("reserved", "available"),
    "shipped": ("reserved", "shipped"),
    # The carrier has a parcel of an order whose goods were given back already: what is still free went with it.
    "shipped_after_release": ("available", "shipped"),
    "written_off": ("reserved", "written_off"),
    "replaced": ("available", "reserved"),
    "returned_sound": ("shipped", "available"),
    "returned_damaged": ("shipped", "written_off"),
}
"""From which pile to which; goods received come from outside."""


@dataclass(frozen=True, slots=True)
class Movement:
    """Units of one SKU that change piles. Happens once for its order (or receipt), SKU, kind and subject."""

    sku: str
    kind: Kind
    quantity: int
    order_id: UUID | None = None
    receipt_id: UUID | None = None
    subject: str = ""
    """The parcel's number, or which shortage of the SKU; empty when there is only one."""


@dataclass(frozen=True, slots=True)
class Levels:
    """How many units of a SKU lie on each pile. Never negative."""

    received: int = 0
    available: int = 0
    reserved: int = 0
    shipped: int = 0
    written_off: int = 0

    def __post_init__(self) -> None:
        if min(self.available, self.reserved, self.shipped, self.written_off) < 0:
            raise ValueError(f"stock would be negative: {self}")
        if self.received != self.available + self.reserved + self.shipped + self.written_off:
            raise ValueError(f"stock does not add up: {self}")

    def after(self, *movements: Movement) -> Levels:
        """The piles after all of these movements; ValueError when together they take more than there is."""
        piles = asdict(self)
        for movement in movements:
            source, target = MOVES[movement.kind]
            piles[target] += movement.quantity
            if source is None:
                piles["received"] += movement.quantity
            else:
                piles[source] -= movement.quantity
        return Levels(**piles)


def on_pile(movements: Iterable[Movement], pile: Pile) -> dict[str, int]:
    """What the movements of one order have left on this pile, by SKU: `reserved` is what the order holds."""
    units: dict[str, int] = {}
    for movement in movements:
        source, target = MOVES[movement.kind]
        change = movement.quantity * ((target == pile) - (source == pile))
        if change:
            units[movement.sku] = units.get(movement.sku, 0) + change
    return units
