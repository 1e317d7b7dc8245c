"""Cases of customs: a hold that someone must answer, outside work that someone must look into. Pure."""

from __future__ import annotations

from uuid import UUID

from contracts.carrier import ParcelDelivered, ParcelDestroyed, ParcelLost, ParcelReturned
from contracts.cases import CaseClosed, CaseOpened
from contracts.customs import (
    ImportCleared,
    ImportDeclared,
    ImportHeld,
    ImportRefused,
    ImportReturned,
    ParcelDeclared,
    ParcelRefused,
)
from contracts.orders import OrderClosed
from contracts.warehouse import OrderWithdrawn
from shared.facts import Facts, Moment, Owed

PARCEL_ENDS = (ParcelDelivered, ParcelReturned, ParcelLost, ParcelDestroyed)
ORDER_ENDS = (OrderWithdrawn, OrderClosed)


def order_ended(facts: Facts) -> bool:
    """Nothing leaves the warehouse any more."""
    return any(end in facts for end in ORDER_ENDS)


def hold_case(held: ImportHeld) -> str:
    """One case a hold; customs may hold a parcel more than once."""
    return f"customs_hold:{held.subject}"


def holds(facts: Facts, parcel: int, moment: Moment) -> list[Owed]:
    holds = sorted(
        (held for held in facts.all(ImportHeld) if held.parcel == parcel), key=lambda held: (held.held_at, held.status)
    )
    owed: list[Owed] = []
    for number, held in enumerate(holds, start=1):
        owed.append(
            CaseOpened(
                order_id=facts.order_id,
                occurred_at=moment.now,
                case=hold_case(held),
                kind="customs_hold",
                parcel=parcel,
                reason=held.reason,
                action="answer_customs",
            )
        )
        resolution = "superseded" if number < len(holds) else _import_end(facts, parcel)
        if resolution is not None:
            owed.append(
                CaseClosed(order_id=facts.order_id, occurred_at=moment.now, case=hold_case(held), resolution=resolution)
            )
    return owed


def _import_end(facts: Facts, parcel: int) -> str | None:
    if facts.get(ImportCleared, parcel):
        return "cleared"
    if facts.get(ImportRefused, parcel):
        return "refused"
    if any(facts.get(end, parcel) for end in PARCEL_ENDS):
        return "parcel_ended"
    return "order_closed" if OrderClosed in facts else None


def open_hold(facts: Facts, parcel: int) -> ImportHeld | None:
    """The hold of the parcel that waits for an answer now."""
    holds = [
        held
        for held in facts.all(ImportHeld)
        if held.parcel == parcel and facts.get(CaseClosed, hold_case(held)) is None
    ]
    return max(holds, key=lambda held: held.held_at, default=None)


def attention(order_id: UUID, kind: str, subject: str, reason: str, moment: Moment) -> CaseOpened:
    """A counterpart kept failing, or said what cannot be: a person looks into it and has the work done again."""
    return CaseOpened(
        order_id=order_id,
        occurred_at=moment.now,
        case=_attention_case(kind, subject),
        kind="needs_attention",
        parcel=int(subject.partition(":")[0]),
        reason=reason,
        action="look_into",
    )


def _attention_case(kind: str, subject: str) -> str:
    return f"needs_attention:{kind}:{subject}"


def settled_attention(facts: Facts, moment: Moment) -> list[Owed]:
    """Closes what waited for a person, once the facts say that the work is done or wanted no more."""
    owed: list[Owed] = []
    for opened in facts.all(CaseOpened):
        if opened.kind != "needs_attention" or opened.parcel is None:
            continue
        resolution = _settlement(facts, opened.case.split(":")[1], opened.parcel)
        if resolution is not None:
            owed.append(
                CaseClosed(order_id=facts.order_id, occurred_at=moment.now, case=opened.case, resolution=resolution)
            )
    return owed


def _settlement(facts: Facts, kind: str, parcel: int) -> str | None:
    match kind:
        case "export":
            if facts.get(ParcelDeclared, parcel) or facts.get(ParcelRefused, parcel):
                return "answered"
            return "order_ended" if order_ended(facts) else None
        case "return":
            return "answered" if facts.get(ImportReturned, parcel) else None
        case "import_documents" | "inventory" if facts.get(ImportDeclared, parcel):
            return "answered"
    return _import_end(facts, parcel)
