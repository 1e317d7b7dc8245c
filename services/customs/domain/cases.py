"""Cases of customs about outside work that someone must look into. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from contracts.cases import CaseClosed, CaseOpened
from contracts.customs import (
    ExportExited,
    ExportInvalidated,
    ImportCleared,
    ImportDeclared,
    ImportRefused,
    ImportReturned,
    OrderScreened,
    ParcelDeclared,
    ParcelRefused,
)
from contracts.orders import OrderClosed
from contracts.warehouse import OrderPacked, OrderWithdrawn
from services.parcel_status import end_evidence
from services.plans import is_given_up
from shared.ledger.facts import DecisionContext, Facts, Output

NAME = "customs"
"""The service whose cases these are."""
ORDER_ENDS = (OrderWithdrawn, OrderClosed)
ATTENTION_WITHIN = timedelta(days=3)
"""Business time for a look at work that stands still."""
CANCELLATION = "cancellation"
"""Kind of work, and of the case about it: the inventory of a parcel that never comes is cancelled."""
CLEARANCE = "clearance"
"""An answer of customs to an inventory that cannot be settled by sending something again."""
RECEIPT = "receipt"
"""An answer of customs that cannot be read, or whose status we do not know."""
TAX_DIFFERENCE = "tax_difference"
"""The tax bill of a parcel is not what was collected with its order."""
POST_HOLD = "held_by_post"
"""Kind of a case: the post's scans say that customs holds a parcel, and no receipt does. Its reason too, where the scan
gives none."""


INVALIDATION, EXIT_PROOF = "invalidation", "exit_proof"
"""Kinds of outside work, and of cases: an export declaration whose goods never leave, or of which no exit is known."""
SPLIT_PAYMENT, SPLIT_REQUIRED = "split_payment", "split_required"
"""Kind of a case, and its reason: customs takes the order in one parcel only, and it was packed in several."""


def order_ended(facts: Facts) -> bool:
    """Nothing leaves the warehouse any more."""
    return any(end in facts for end in ORDER_ENDS)


def import_end(facts: Facts, parcel: int, since: datetime) -> str | None:
    """What ended the import of a parcel for a matter that was opened at `since`.

    A refusal before `since` does not count: the parcel was declared again. Nor does a release that customs dates before
    `since`: customs may hold a released parcel.
    """
    if release_since(facts, parcel, since):
        return "cleared"
    refused = last_refusal(facts, parcel)
    if refused is not None and refused.occurred_at >= since:
        return "refused"
    return parcel_end(facts, parcel)


def last_refusal(facts: Facts, parcel: int) -> ImportRefused | None:
    """The refusal of the latest version of the declaration that customs has refused."""
    refusals = (refusal for refusal in facts.all(ImportRefused) if refusal.parcel == parcel)
    return max(refusals, key=lambda refusal: refusal.version, default=None)


def release_since(facts: Facts, parcel: int, since: datetime) -> ImportCleared | None:
    """The release, unless customs dates it before `since`."""
    cleared = facts.get(ImportCleared, parcel)
    return None if cleared and cleared.released_at and cleared.released_at < since else cleared


def parcel_end(facts: Facts, parcel: int) -> str | None:
    if end_evidence(facts, parcel):
        return "parcel_ended"
    return "order_closed" if OrderClosed in facts else None


def split_payment(facts: Facts, context: DecisionContext) -> list[Output]:
    """A case for an order that customs takes in one parcel only and that was packed in several: before they leave, its
    marketplace has to have the payment split by parcel. The boxes count as they were packed first: one that replaces
    another changes nothing."""
    screened, packed = facts.get(OrderScreened), facts.get(OrderPacked)
    if screened is None or packed is None or not screened.one_parcel or len(packed.parcels) == 1 or order_ended(facts):
        return []
    second = str(packed.parcels[1].parcel)
    return [needs_attention("look_into", facts.id, SPLIT_PAYMENT, second, 1, SPLIT_REQUIRED, context, ATTENTION_WITHIN)]


def attention(
    order_id: UUID,
    kind: str,
    subject: str,
    reason: str,
    context: DecisionContext,
    round_: int = 1,
    lacks: str | None = None,
) -> CaseOpened:
    """A counterpart kept failing, or gave an impossible answer: a person looks into it and has the work done again.

    `round_`: from 1, and one more for each such case that was closed before. `lacks`: the table whose missing row is
    why.
    """
    action = "look_into" if kind in (CANCELLATION, CLEARANCE, RECEIPT, TAX_DIFFERENCE) else "retry"
    return needs_attention(action, order_id, kind, subject, round_, reason, context, ATTENTION_WITHIN, lacks=lacks)


def exit_unproven(
    order_id: UUID, subject: str, reason: str, context: DecisionContext, within: timedelta, round_: int = 1
) -> CaseOpened:
    """Nobody has confirmed that the goods have left: a person gives customs another proof. `subject`: the parcel and
    how many days have passed."""
    return needs_attention("look_into", order_id, EXIT_PROOF, subject, round_, reason, context, within)


def settled_by_hand(facts: Facts, kind: str, parcel: int) -> bool:
    """Whether a person has stated that this matter is done."""
    closed = (facts.get(CaseClosed, case.case) for case in _about_parcel(facts, kind, parcel))
    return any(end is not None and end.resolution != "retried" for end in closed)


def open_subject(facts: Facts, kind: str, parcel: int) -> str | None:
    """The subject of the work of this kind that waits for a person, if any does."""
    waiting = (case for case in _about_parcel(facts, kind, parcel) if facts.get(CaseClosed, case.case) is None)
    return next((case.detail for case in waiting), None)


def _about_parcel(facts: Facts, kind: str, parcel: int) -> list[CaseOpened]:
    about = (NAME, kind, parcel)
    return [case for case in facts.all(CaseOpened) if (case.service, case.matter, case.parcel) == about]


def needs_attention(
    action: str,
    order_id: UUID,
    kind: str,
    subject: str,
    round_: int,
    reason: str,
    context: DecisionContext,
    within: timedelta,
    since: datetime | None = None,
    lacks: str | None = None,
) -> CaseOpened:
    """A case about a `kind` of work. Its `subject` begins with the parcel's number."""
    name = f"needs_attention:{kind}:{subject}"
    return CaseOpened(
        order_id=order_id,
        occurred_at=context.now,
        case=name if round_ == 1 else f"{name}:{round_}",
        service=NAME,
        kind="needs_attention",
        matter=kind,
        parcel=int(subject.partition(":")[0]),
        detail=subject,
        turn=round_,
        since=since,
        reason=reason,
        lacks=lacks,
        action=action,
        due_at=context.now + within,
    )


def attention_round(facts: Facts, kind: str, subject: str) -> int:
    """1, and one more for each case about this work that was closed."""
    return 1 + sum(facts.get(CaseClosed, case.case) is not None for case in _attentions(facts, kind, subject))


def retried(facts: Facts, kind: str, subject: str, context: DecisionContext) -> list[CaseClosed]:
    """Closes the open case about this work: a person has it done again. If it fails again, that is another case."""
    return [case.closed(context.now, "retried") for case in open_attentions(facts, kind, subject)]


def open_attentions(facts: Facts, kind: str, subject: str) -> list[CaseOpened]:
    """The cases about this work that are not closed."""
    return [case for case in _attentions(facts, kind, subject) if facts.get(CaseClosed, case.case) is None]


def _attentions(facts: Facts, kind: str, subject: str) -> list[CaseOpened]:
    about = (NAME, "needs_attention", kind, subject)
    return [case for case in facts.all(CaseOpened) if (case.service, case.kind, case.matter, case.detail) == about]


def settled_attention(facts: Facts, context: DecisionContext) -> list[Output]:
    """Closes what waited for a person, once the facts say that the work is done or wanted no more."""
    outputs: list[Output] = []
    for opened in facts.all(CaseOpened):
        if (opened.service, opened.kind) != (NAME, "needs_attention") or opened.parcel is None or opened.matter is None:
            continue
        resolution = _settlement(facts, opened.matter, opened.parcel, opened.occurred_at)
        if resolution is not None:
            outputs.append(opened.closed(context.now, resolution))
    return outputs


def _settlement(facts: Facts, kind: str, parcel: int, since: datetime) -> str | None:
    # These are closed elsewhere: by scans, by a void bill or a person, by an approval.
    if kind in (POST_HOLD, TAX_DIFFERENCE, CANCELLATION):
        return None
    match kind:
        case "invalidation":
            return "answered" if facts.get(ExportInvalidated, parcel) else None
        case "exit_proof":
            if facts.get(ExportExited, parcel):
                return "answered"
            later = (case.occurred_at > since for case in _about_parcel(facts, EXIT_PROOF, parcel))
            return "superseded" if any(later) else None
        case "export":
            if facts.get(ParcelDeclared, parcel) or facts.get(ParcelRefused, parcel):
                return "answered"
            if is_given_up(facts, parcel):
                return "given_up"
            return "order_ended" if order_ended(facts) else None
        case "return":
            return "answered" if facts.get(ImportReturned, parcel) else None
        case "split_payment":
            if facts.get(ImportDeclared, parcel):
                return "answered"
            return "order_ended" if order_ended(facts) else None
        case "import_documents" | "inventory":
            declared = facts.get(ImportDeclared, parcel)
            if declared is not None and declared.occurred_at >= since:
                return "answered"
            if kind == "inventory":  # the case is about the refusal
                return "cleared" if facts.get(ImportCleared, parcel) else parcel_end(facts, parcel)
    cleared = facts.get(ImportCleared, parcel)
    # Both are times of our clock, unlike the time that customs states.
    if cleared is not None and cleared.occurred_at >= since:
        return "cleared"
    return import_end(facts, parcel, since)
