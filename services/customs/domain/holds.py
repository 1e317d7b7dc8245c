"""Holds of customs and of the post: whose answer frees the parcel, and when the case about it ends. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from contracts.base import Event
from contracts.carrier import ParcelScanned
from contracts.cases import CaseClosed, CaseOpened
from contracts.customs import ImportCleared, ImportHeld
from services.customs.domain.cases import (
    NAME,
    POST_HOLD,
    import_end,
    last_refusal,
    needs_attention,
    parcel_end,
    release_since,
)
from shared.ledger.facts import DecisionContext, Facts, Output

HOLD_WITHIN = timedelta(days=7)
"""Business time for the papers that customs asks for."""
ANSWERABLE = frozenset(
    {
        "missing_declaration",
        "wrong_declaration",
        "missing_invoice",
        "wrong_invoice",
        "missing_origin_certificate",
        "wrong_origin_certificate",
        "missing_return_certificate",
        "missing_importer_id",
        "content_query",
        "count_mismatch",
        "licence_required",
    }
)
"""Reasons of the post's holds that a person answers with papers or numbers. For any other reason a person first finds
out what is wanted."""
AWAIT_CUSTOMS = "await_customs"
"""Answered: nobody but customs can free the parcel now."""


def hold_case(held: ImportHeld) -> str:
    """One case a hold; customs may hold a parcel more than once."""
    return f"customs_hold:{held.subject}"


def holds(facts: Facts, parcel: int, context: DecisionContext) -> list[Output]:
    holds = sorted((held for held in facts.all(ImportHeld) if held.parcel == parcel), key=_by_hold)
    outputs: list[Output] = []
    for number, held in enumerate(holds, start=1):
        outputs.append(
            CaseOpened(
                order_id=facts.id,
                occurred_at=context.now,
                case=hold_case(held),
                service=NAME,
                kind="customs_hold",
                parcel=parcel,
                detail=held.status,
                since=_held_at(held),
                reason=held.reason,
                action="answer_customs",
                due_at=context.now + HOLD_WITHIN,
            )
        )
        resolution = "superseded" if number < len(holds) else import_end(facts, parcel, _held_at(held))
        if resolution is not None:
            outputs.append(_hold_closed(held, resolution, context))
    return outputs


def _held_at(held: ImportHeld) -> datetime:
    """When customs held it: never after we recorded it, whatever customs' clock shows."""
    return min(held.held_at, held.occurred_at)


def open_hold(facts: Facts, parcel: int) -> ImportHeld | None:
    """The hold of the parcel that waits for an answer now."""
    holds = [
        held
        for held in facts.all(ImportHeld)
        if held.parcel == parcel and facts.get(CaseClosed, hold_case(held)) is None
    ]
    return max(holds, key=lambda held: held.held_at, default=None)


def hold_ended(facts: Facts, parcel: int, resolution: str, context: DecisionContext) -> list[CaseClosed]:
    """Closes the open hold after a refusal, or release, that is later than the one known as a fact."""
    held = open_hold(facts, parcel)
    return [] if held is None else [_hold_closed(held, resolution, context)]


def held_by_post(facts: Facts, parcel: int, context: DecisionContext) -> list[Output]:
    """The cases of a parcel that customs holds by the post's scans, and not by a receipt of its own: a person answers
    what the scan says is wanted, or finds out what is.

    Each such scan has a case. That of the last one, or its second case, which waits for customs after the answer, is
    open until a later scan or the parcel's end closes it. While a hold of customs' own is open, that hold's case is
    enough: none is opened here, and one that was opened before is closed.
    """
    scans = [scan for scan in facts.all(ParcelScanned) if scan.parcel == parcel]
    held: dict[datetime, str | None] = {}
    for scan in sorted(scans, key=lambda scan: (scan.scanned_at, scan.code)):
        if "customs_held" in scan.sets:
            held[scan.scanned_at] = held.get(scan.scanned_at) or scan.reason
    outputs: list[Output] = []
    for number, (held_at, reason) in enumerate(held.items(), start=1):
        subject = f"{parcel}:{held_at:%Y%m%dT%H%M}"
        action = "answer_customs" if reason in ANSWERABLE else "look_into"
        first = needs_attention(
            action, facts.id, POST_HOLD, subject, 1, reason or POST_HOLD, context, HOLD_WITHIN, since=held_at
        )
        waiting = _waiting(first, context)
        case = waiting if waiting in facts else first
        if _held_since(facts, parcel, held_at):
            if case in facts:
                outputs.append(case.closed(context.now, "superseded"))
            continue
        outputs.append(case)
        if number < len(held):
            resolution: str | None = "superseded"
        elif any("customs_held" in scan.clears and scan.scanned_at > held_at for scan in scans):
            resolution = "released"
        else:
            resolution = parcel_end(facts, parcel)
        if resolution is not None:
            outputs.append(case.closed(context.now, resolution))
    return outputs


def post_hold_to_answer(facts: Facts, parcel: int) -> CaseOpened | None:
    """The open case about a hold of the post that nobody has answered."""
    return next(
        (
            case
            for case in facts.all(CaseOpened)
            if (case.service, case.matter, case.parcel, case.turn) == (NAME, POST_HOLD, parcel, 1)
            and facts.get(CaseClosed, case.case) is None
        ),
        None,
    )


def post_hold_answered(case: CaseOpened, context: DecisionContext) -> list[Event]:
    """What follows from a person's answer to the post: the case waits for customs, which alone frees the parcel."""
    return [case.closed(context.now, "answered"), _waiting(case, context)]


def _waiting(case: CaseOpened, context: DecisionContext) -> CaseOpened:
    return needs_attention(
        AWAIT_CUSTOMS,
        case.order_id,
        POST_HOLD,
        case.detail or "",
        2,
        case.reason,
        context,
        HOLD_WITHIN,
        since=case.since,
    )


def _held_since(facts: Facts, parcel: int, instant: datetime) -> bool:
    """Whether a hold of customs' own was open at that instant, or began later."""
    last = max((held for held in facts.all(ImportHeld) if held.parcel == parcel), key=_by_hold, default=None)
    if last is None:
        return False
    cleared, refused = release_since(facts, parcel, _held_at(last)), last_refusal(facts, parcel)
    ends = [] if cleared is None else [cleared.occurred_at]
    refused_before = refused is not None and refused.occurred_at < _held_at(last)
    if refused is not None and not refused_before:
        ends.append(refused.occurred_at)
    if refused_before or (cleared is None and facts.get(ImportCleared, parcel)):
        # This decision is from before the hold. A later decision is known only by the end of the hold's case.
        closed = facts.get(CaseClosed, hold_case(last))
        ends += [closed.occurred_at] if closed is not None and closed.resolution in ("refused", "cleared") else []
    return all(end >= instant for end in ends)


def _by_hold(held: ImportHeld) -> tuple[datetime, str]:
    return held.held_at, held.status


def _hold_closed(held: ImportHeld, resolution: str, context: DecisionContext) -> CaseClosed:
    return CaseClosed(
        order_id=held.order_id,
        occurred_at=context.now,
        case=hold_case(held),
        kind="customs_hold",
        resolution=resolution,
    )
