"""The answers of the HTTP interface, filled from what the read tables hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.links import link_secret
from services.orders.domain.cases import freed_by
from services.orders.domain.document import instant_text

LONGEST_FIELDS = ("id", "marketplace", "number", "status", "since", "awaits", "deadline")


@dataclass(frozen=True, slots=True)
class TrackingLinks:
    """Where shoppers follow their orders."""

    base_url: str
    """Of `tracking`, without a slash at the end."""
    link_keys: Mapping[str, bytes]

    def url(self, order_id: UUID) -> str:
        """The page of this order; the secret in it opens its details."""
        return f"{self.base_url}/track/{order_id}?secret={link_secret(self.link_keys, order_id)}"


def order_view(document: Mapping[str, Any], updated_at: datetime, tracking_url: str) -> dict[str, Any]:
    """The order's document, with the time of its last change and its tracking page."""
    return {**document, "updated_at": instant_text(updated_at), "tracking_url": tracking_url}


def standing_view(
    states: Sequence[Mapping[str, Any]],
    kinds: Sequence[Mapping[str, Any]],
    longest: Mapping[str, Any] | None,
    paused: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """The open orders by state, the open cases by kind, the order that has been longest in its state, and the
    operations that are paused."""
    return {
        "states": [{**row, "oldest": instant_text(row["oldest"])} for row in states],
        "longest": {name: longest[name] for name in LONGEST_FIELDS} if longest else None,
        "cases": list(kinds),
        "operations": [paused_operation_view(row) for row in paused],
    }


def paused_operation_view(row: Mapping[str, Any]) -> dict[str, Any]:
    """An operation that is paused: why, since when, what to mend, and the request that ends the pause."""
    counterpart, operation = row["counterpart"], row["operation"]
    return {
        "counterpart": counterpart,
        "operation": operation,
        "contract": row["contract"],
        "reason": row["reason"],
        "mend": row["mend"],
        "since": instant_text(row["paused_at"]),
        "freed_by": f"carrier: POST /counterparts/{counterpart}/operations/{operation}/resume",
    }


def case_view(row: Mapping[str, Any]) -> dict[str, Any]:
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
