"""Stock by status, and movements from one status to another.

Every unit ever received has exactly one status: available, reserved, shipped or written off. A movement takes units out
of one status and into another, so `received = available + reserved + shipped + written_off` holds by construction; the
database checks it again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal
from uuid import UUID

StockStatus = Literal["available", "reserved", "shipped", "written_off"]
MovementKind = Literal[
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

MOVES: dict[MovementKind, tuple[StockStatus | None, StockStatus]] = {
    "received": (None, "available"),
    "reserved": ("available", "reserved"),
    "released": ("reserved", "available"),
    "shipped": ("reserved", "shipped"),
    # The carrier has a parcel of an order whose goods were released already: what is still available went with it.
    "shipped_after_release": ("available", "shipped"),
    "written_off": ("reserved", "written_off"),
    "replaced": ("available", "reserved"),
    "returned_sound": ("shipped", "available"),
    "returned_damaged": ("shipped", "written_off"),
}
"""From which status to which; goods received come from outside."""


@dataclass(frozen=True, slots=True)
class SkuQuantity:
    """Units of one SKU: a line of a goods receipt, or what was counted in a returned parcel."""

    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class LotQuantity:
    """Units of one lot of a SKU that is known."""

    lot: str
    quantity: int


@dataclass(frozen=True, slots=True)
class SkuLot:
    """Units of one lot of one SKU."""

    sku: str
    lot: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Movement:
    """Units of one SKU that change their status. Happens once for its order (or goods receipt), SKU, kind and
    subject."""

    sku: str
    kind: MovementKind
    quantity: int
    order_id: UUID | None = None
    receipt_id: UUID | None = None
    subject: str = ""
    """The parcel's number, or which shortage of the SKU; empty when there is only one."""


_QUANTITIES = ("received", "available", "reserved", "shipped", "written_off")


@dataclass(frozen=True, slots=True)
class StockLevels:
    """How many units of a SKU there are in each status, never negative; and whether they may be reserved."""

    received: int = 0
    available: int = 0
    reserved: int = 0
    shipped: int = 0
    written_off: int = 0
    blocked: str | None = None
    """Why none is reserved, as in `contracts.vocabularies.BlockReason`; None when they may be."""

    @property
    def free(self) -> int:
        """Units that orders to come may get."""
        return 0 if self.blocked else self.available

    def __post_init__(self) -> None:
        if min(self.available, self.reserved, self.shipped, self.written_off) < 0:
            raise ValueError(f"stock would be negative: {self}")
        if self.received != self.available + self.reserved + self.shipped + self.written_off:
            raise ValueError(f"stock does not add up: {self}")

    def after(self, *movements: Movement) -> StockLevels:
        """The levels after all of these movements; ValueError when together they take more than there is."""
        quantities = {status: getattr(self, status) for status in _QUANTITIES}
        for movement in movements:
            source, target = MOVES[movement.kind]
            quantities[target] += movement.quantity
            if source is None:
                quantities["received"] += movement.quantity
            else:
                quantities[source] -= movement.quantity
        return replace(self, **quantities)


def levels_after(levels: Mapping[str, StockLevels], movements: Iterable[Movement]) -> dict[str, StockLevels]:
    """The levels of the SKUs that these movements change, after them. KeyError for a SKU without levels."""
    by_sku: dict[str, list[Movement]] = {}
    for movement in movements:
        by_sku.setdefault(movement.sku, []).append(movement)
    return {sku: levels[sku].after(*moved) for sku, moved in by_sku.items()}


def units_in(movements: Iterable[Movement], status: StockStatus) -> dict[str, int]:
    """What these movements have added to a status less what they took from it, by SKU: of one order, `reserved` is what
    it holds."""
    units: dict[str, int] = {}
    for movement in movements:
        source, target = MOVES[movement.kind]
        change = movement.quantity * ((target == status) - (source == status))
        if change:
            units[movement.sku] = units.get(movement.sku, 0) + change
    return units


@dataclass(frozen=True, slots=True)
class MovementEffect:
    """What one unit of a movement adds (1) to a quantity of the stock, or takes from it (-1)."""

    kind: MovementKind
    quantity: Literal["received"] | StockStatus
    sign: int


def movement_effects() -> list[MovementEffect]:
    """`MOVES` as rows, for a database that sums up the movements."""
    effects = []
    for kind, (source, target) in MOVES.items():
        effects.append(MovementEffect(kind, target, 1))
        effects.append(MovementEffect(kind, "received", 1) if source is None else MovementEffect(kind, source, -1))
    return effects
