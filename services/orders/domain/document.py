"""What an order looks like from outside: a document made of its facts alone, without anything of the person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from contracts.carrier import LabelCreated
from contracts.cases import CaseOpened
from contracts.orders import CancelRequested, OrderAmended, OrderClosed, OrderPlaced
from contracts.warehouse import OrderPacked
from services.orders.domain.decide import ErasureAsked, deadline, open_cases
from services.orders.domain.status import cancel_of, life, parcel_state
from shared.ledger.facts import Facts, PersonErased

FREED_BY: Mapping[str, str] = {
    "answer_customs": "customs: POST /orders/{order_id}/parcels/{parcel}/hold-answer",
    "search_with_carrier": "carrier: POST /orders/{order_id}/parcels/{parcel}/enquiry-answer",
    "check_label": "carrier: POST /orders/{order_id}/parcels/{parcel}/label-answer",
    "retry": "customs: POST /orders/{order_id}/parcels/{parcel}/retry",
    "look_into": "orders: POST /orders/{order_id}/cases/{case}/resolution",
    "replay_dead_letter": "the service's command line: dead letters, replay",
}
"""The table of actions: the request that frees an order of a case."""


def document(facts: Facts) -> dict[str, Any] | None:
    """The order as its marketplace sees it; None while its placing is not known."""
    placed, standing = facts.get(OrderPlaced), life(facts)
    if placed is None or standing is None:
        return None
    closed = facts.get(OrderClosed)
    limit = None if closed else deadline(facts, standing)
    return {
        "id": str(placed.order_id),
        "marketplace": placed.marketplace,
        "number": placed.number,
        "status": closed.outcome if closed else standing.state,
        "since": _text(standing.since),
        "awaits": standing.awaits,
        "deadline": _text(limit),
        "placed_at": _text(placed.placed_at or placed.occurred_at),
        "closed_at": _text(closed.occurred_at) if closed else None,
        "reason": closed.reason if closed else None,
        "refund_due": closed.refund_due.model_dump(mode="json") if closed else None,
        "country": placed.country,
        "province": placed.province,
        "language": placed.language,
        "lines": [line.model_dump(mode="json") for line in placed.lines],
        "freight": placed.freight.model_dump(mode="json"),
        "discount": placed.discount.model_dump(mode="json"),
        "tax": placed.tax.model_dump(mode="json"),
        "total": placed.total.model_dump(mode="json"),
        "cancel": cancel(facts),
        "parcels": _parcels(facts),
        "cases": [case_entry(case) for case in open_cases(facts)],
        "amendments": [
            {
                "parcel": amended.parcel,
                "previous": amended.previous,
                "outcome": amended.outcome,
                "since": _text(amended.occurred_at),
            }
            for amended in facts.all(OrderAmended)
        ],
        "person": person(facts),
    }


def standing(
    states: Sequence[Mapping[str, Any]], kinds: Sequence[Mapping[str, Any]], longest: Mapping[str, Any] | None
) -> dict[str, Any]:
    """How the orders under way stand, and the open cases."""
    shown = ("id", "marketplace", "number", "status", "since", "awaits", "deadline")
    return {
        "states": [{**row, "oldest": _text(row["oldest"])} for row in states],
        "longest": {name: longest[name] for name in shown} if longest else None,
        "cases": list(kinds),
    }


def cancel(facts: Facts) -> dict[str, Any] | None:
    """The wish to withdraw the order, and what became of it."""
    requested = facts.get(CancelRequested)
    if requested is None:
        return None
    return {"reason": requested.reason, "requested_at": _text(requested.occurred_at), "answer": cancel_of(facts)}


def person(facts: Facts) -> str:
    """Whether the person's record is still held for this order."""
    if PersonErased in facts:
        return "erased"
    return "erasure_asked" if ErasureAsked in facts else "held"


def case_entry(case: CaseOpened) -> dict[str, Any]:
    """A case: why the order waits, since when, until when, and what frees it."""
    return {
        "case": case.case,
        "kind": case.kind,
        "parcel": case.parcel,
        "reason": case.reason,
        "since": _text(case.occurred_at),
        "due_at": _text(case.due_at),
        "action": case.action,
        "freed_by": freed_by(case.action, case.case, str(case.order_id), case.parcel),
    }


def freed_by(action: str, case: str, order_id: str, parcel: int | None) -> str | None:
    """The request that frees the order; None for an action that is not in the table."""
    template = FREED_BY.get(action)
    return template.format(order_id=order_id, case=case, parcel=parcel or "{parcel}") if template else None


def _parcels(facts: Facts) -> list[dict[str, Any]]:
    packed = facts.get(OrderPacked)
    parcels = sorted(packed.parcels, key=lambda parcel: parcel.parcel) if packed else []
    return [
        {
            "parcel": parcel.parcel,
            "status": parcel_state(facts, parcel.parcel),
            "tracking_number": label.tracking_number if (label := facts.get(LabelCreated, parcel.parcel)) else None,
            "weight_g": parcel.weight_g,
        }
        for parcel in parcels
    ]


def _text(at: datetime | None) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at else None
