"""The cases of an order: which are open, and what closes them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from contracts.cases import CaseClosed, CaseOpened
from shared.ledger.facts import Facts

SERVICE = "orders"
"""The service that opens these cases."""
LOOK_INTO = "look_into"
"""The action of a case that a person closes by recording a resolution."""
CASE_DUE_AFTER = timedelta(days=3)
"""A case that this service opens is due after this, in business time."""

FREED_BY: Mapping[str, str] = {
    "answer_customs": "customs: POST /orders/{order_id}/parcels/{parcel}/hold-answer",
    "await_customs": "customs' decision, as a receipt or the post's scans tell it",
    "search_with_carrier": "carrier: POST /orders/{order_id}/parcels/{parcel}/enquiry-answer",
    "send_claim": "carrier: POST /orders/{order_id}/parcels/{parcel}/claim-answer",
    "check_label": "carrier: POST /orders/{order_id}/parcels/{parcel}/label-answer",
    "retry": "customs: POST /orders/{order_id}/parcels/{parcel}/retry",
    "ask_shop": "carrier: POST /orders/{order_id}/parcels/{parcel}/label-answer",
    "look_into": "orders: POST /orders/{order_id}/cases/{case}/resolution",
    "replay_dead_letter": "the service's command line: dead letters, replay",
}
"""By the action of a case, the request that closes it."""


def open_cases(facts: Facts) -> list[CaseOpened]:
    """The cases of the order, of any service, that are not closed."""
    return [case for case in facts.all(CaseOpened) if facts.get(CaseClosed, case.case) is None]


def closed_by_a_person(case: CaseOpened) -> bool:
    """Whether a person's resolution closes the case; any other is closed by the request that its action names."""
    return case.action == LOOK_INTO


def freed_by(action: str, case: str, order_id: str, parcel: int | None) -> str | None:
    """The request that closes the case; None for an action that is not in the table."""
    template = FREED_BY.get(action)
    return template.format(order_id=order_id, case=case, parcel=parcel or "{parcel}") if template else None


def erasure_failed(order_id: UUID, now: datetime) -> CaseOpened:
    """The case of a person's record that could not be erased."""
    return CaseOpened(
        order_id=order_id,
        occurred_at=now,
        case="needs_attention:erasure",
        service=SERVICE,
        kind="needs_attention",
        matter="erasure",
        reason="erasure_failed",
        action=LOOK_INTO,
        due_at=now + CASE_DUE_AFTER,
    )
