"""A broken invariant."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Violation:
    invariant: str
    what: str
    orders: tuple[str, ...] = ()
    """Ids of the orders it is about."""
    sub_orders: tuple[str, ...] = ()
    """Or, where only that is known, the sub-orders."""

    def __str__(self) -> str:
        whose = ", ".join((*self.orders, *self.sub_orders))
        return f"{self.invariant}: {self.what}" + (f" ({whose})" if whose else "")
