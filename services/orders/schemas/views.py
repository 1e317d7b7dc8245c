"""The answers of the HTTP interface, filled from what the read tables hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from services.orders.domain.cases import freed_by
from services.orders.domain.document import instant_text

LONGEST_FIELDS = ("id", "marketplace", "number", "status", "since", "awaits", "deadline")


def standing(
    states: Sequence[Mapping[str, Any]], kinds: Sequence[Mapping[str, Any]], longest: Mapping[str, Any] | None
) -> dict[str, Any]:
    """The open orders by state, the open cases by kind, and the order that has been longest in its state."""
    return {
        "states": [{**row, "oldest": instant_text(row["oldest"])} for row in states],
        "longest": {name: longest[name] for name in LONGEST_FIELDS} if longest else None,
        "cases": list(kinds),
    }


def listed_case(row: Mapping[str, Any]) -> dict[str, Any]:
    """A case of the list, with the order that it belongs to."""
    return {
        "order_id": str(row["order_id"]),
        "marketplace": row["marketplace"],
        "number": row["number"],
        "order_status": row["order_status"],
        "case": row["name"],
        "kind": row["kind"],
        "parcel": row["parcel"],
        "reason": row["reason"],
        "since": row["opened_at"].isoformat(),
        "due_at": row["due_at"].isoformat() if row["due_at"] else None,
        "action": row["action"],
        "freed_by": freed_by(row["action"], row["name"], str(row["order_id"]), row["parcel"]),
        "closed_at": row["closed_at"].isoformat() if row["closed_at"] else None,
        "resolution": row["resolution"],
    }
