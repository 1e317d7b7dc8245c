"""The document of an order in the answers of `orders`: made of its facts alone, without any personal data."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from contracts.carrier import LabelCreated
from contracts.cases import CaseOpened
from contracts.orders import CancelRequested, OrderAmended, OrderClosed, OrderPlaced
from services.orders.domain.cases import freed_by, open_cases
from services.orders.domain.changes import Change, changes
from services.orders.domain.deadlines import deadline
from services.orders.domain.decide import ErasureRequested
from services.orders.domain.holds import Hold, holds
from services.orders.domain.pauses import NO_PAUSES, Pause
from services.orders.domain.status import cancel_answer, order_status, parcel_state
from services.orders.domain.supported_actions import supported_actions
from services.persons.facts import PersonErased
from services.plans import plan_of
from shared.ledger.facts import Facts


def document(facts: Facts, pauses: Sequence[Pause] = NO_PAUSES) -> dict[str, Any] | None:
    """The order as its marketplace sees it; None while OrderPlaced is not known. `pauses`: as in `decide`."""
    placed, status = facts.get(OrderPlaced), order_status(facts)
    if placed is None or status is None:
        return None
    closed = facts.get(OrderClosed)
    limit = None if closed else deadline(facts, status, pauses)
    return {
        "id": str(placed.order_id),
        "marketplace": placed.marketplace,
        "number": placed.number,
        "status": closed.outcome if closed else status.state,
        "since": instant_text(status.since),
        "awaits": status.awaits,
        "deadline": instant_text(limit),
        "placed_at": instant_text(placed.placed_at or placed.occurred_at),
        "closed_at": instant_text(closed.occurred_at) if closed else None,
        "reason": closed.reason if closed else None,
        "refund_due": closed.refund_due.model_dump(mode="json") if closed else None,
        "country": placed.country,
        "province": placed.province,
        "language": placed.language,
        "lines": [line.model_dump(mode="json") for line in placed.lines],
        "freight": placed.freight.model_dump(mode="json"),
        "insurance": placed.insurance.model_dump(mode="json") if placed.insurance else None,
        "discount": placed.discount.model_dump(mode="json"),
        "tax": placed.tax.model_dump(mode="json"),
        "total": placed.total.model_dump(mode="json"),
        "cancel": cancellation(facts),
        "holds": [hold_document(hold) for hold in holds(facts)],
        "changes": [change_document(change) for change in changes(facts)],
        "supported_actions": supported_actions(facts, status),
        "parcels": _parcels(facts),
        "cases": [_case(case) for case in open_cases(facts)],
        "amendments": [
            {
                "parcel": amended.parcel,
                "previous": amended.previous,
                "outcome": amended.outcome,
                "since": instant_text(amended.occurred_at),
            }
            for amended in facts.all(OrderAmended)
        ],
        "person": person_state(facts),
    }


def cancellation(facts: Facts) -> dict[str, Any] | None:
    """The request to withdraw the order, and its answer."""
    requested = facts.get(CancelRequested)
    if requested is None:
        return None
    return {
        "reason": requested.reason,
        "requested_at": instant_text(requested.occurred_at),
        "answer": cancel_answer(facts),
    }


def hold_document(hold: Hold) -> dict[str, Any]:
    """A hold, and what became of it."""
    request = hold.request
    return {
        "handle": request.handle,
        "holder": request.holder,
        "reason": request.reason,
        "state": hold.state,
        "requested_at": instant_text(request.occurred_at),
        "ended_at": instant_text(hold.ended_at),
    }


def change_document(change: Change) -> dict[str, Any]:
    """A change of the consignee, and its answer; without the new values, which are personal data."""
    request = change.request
    return {
        "version": request.version,
        "parts": list(request.parts),
        "requested_at": instant_text(request.occurred_at),
        "answer": change.answer,
    }


def person_state(facts: Facts) -> str:
    """Whether the person's record of this order is still kept."""
    if PersonErased in facts:
        return "erased"
    return "erasure_asked" if ErasureRequested in facts else "held"


def instant_text(instant: datetime | None) -> str | None:
    """ISO 8601, with Z for UTC."""
    return instant.isoformat().replace("+00:00", "Z") if instant else None


def _case(case: CaseOpened) -> dict[str, Any]:
    """An open case: why the order waits, since when, until when, and the request that closes it."""
    return {
        "case": case.case,
        "kind": case.kind,
        "parcel": case.parcel,
        "reason": case.reason,
        "since": instant_text(case.occurred_at),
        "due_at": instant_text(case.due_at),
        "action": case.action,
        "freed_by": freed_by(case.action, case.case, str(case.order_id), case.parcel),
    }


def _parcels(facts: Facts) -> list[dict[str, Any]]:
    plan = plan_of(facts)
    parcels = sorted(plan.parcels, key=lambda parcel: parcel.parcel) if plan else []
    return [
        {
            "parcel": parcel.parcel,
            "status": parcel_state(facts, parcel.parcel),
            "tracking_number": label.tracking_number if (label := facts.get(LabelCreated, parcel.parcel)) else None,
            "weight_g": parcel.weight_g,
        }
        for parcel in parcels
    ]
