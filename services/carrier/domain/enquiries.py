"""Enquiries: a person asks the carrier about a parcel that it has not reported for too long."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from contracts.base import Event
from contracts.carrier import ParcelScanned
from contracts.cases import CaseClosed, CaseOpened
from contracts.orders import OrderClosed
from contracts.warehouse import ParcelHandedOver
from services.carrier.domain.labels import SERVICE
from services.carrier.domain.outcomes import current_end
from services.carrier.domain.silence import SilencePolicy
from shared.ledger.facts import DecisionContext, Facts, Output, Timer

FOUND, ANSWERED_FOUND, LOST = "found", "answered:found", "lost"
"""How an enquiry is closed: by a scan, by the carrier's answer, by the loss."""


def outputs(facts: Facts, context: DecisionContext, policy: SilencePolicy) -> Iterator[Output]:
    """An enquiry for each parcel of which the carrier has reported nothing for too long since its hand-over."""
    if OrderClosed in facts:
        return
    for handed_over in facts.all(ParcelHandedOver):
        parcel, sent = handed_over.parcel, handed_over.occurred_at
        if current_end(facts, parcel) or _has_open_case(facts, parcel):
            continue
        last = last_news(facts, handed_over)
        rule = policy.rule(handed_over.carrier, sent)
        if rule is None:
            continue
        enquire_at = rule.enquire_at(sent, last)
        if not (context.caught_up and context.now >= enquire_at):
            yield Timer(facts.stream, enquire_at)
            continue
        yield CaseOpened(
            order_id=facts.id,
            occurred_at=context.now,
            case=f"enquiry:{parcel}:{last:%Y-%m-%d}",
            service=SERVICE,
            kind="enquiry",
            parcel=parcel,
            since=last,
            reason="silence",
            action="search_with_carrier",
            due_at=rule.claim_ends(sent),
        )


def open_enquiry(facts: Facts, parcel: int) -> CaseOpened | None:
    """The enquiry about this parcel that waits for the carrier's answer."""
    return next((case for case in _open_enquiries(facts) if case.parcel == parcel), None)


def closed(facts: Facts, context: DecisionContext) -> Iterator[Event]:
    """Open enquiries that the facts have settled since."""
    for case in _open_enquiries(facts):
        if case.parcel is not None and (resolution := _resolution(facts, case, case.parcel)) is not None:
            yield case.closed(context.now, resolution)


def _open_enquiries(facts: Facts) -> Iterator[CaseOpened]:
    for case in facts.all(CaseOpened):
        if case.kind == "enquiry" and facts.get(CaseClosed, case.case) is None:
            yield case


def _resolution(facts: Facts, case: CaseOpened, parcel: int) -> str | None:
    end = current_end(facts, parcel)
    if end and end.outcome == "lost":
        return LOST
    handed_over = facts.get(ParcelHandedOver, parcel)
    seen = last_seen(facts, handed_over) if handed_over else None
    if end or (seen and case.since and seen.date() > case.since.date()):
        return FOUND
    return "order_closed" if OrderClosed in facts else None


def _has_open_case(facts: Facts, parcel: int) -> bool:
    """Whether a case about this parcel, or the whole order, is open, so that its deadlines are suspended."""
    return any(
        case.parcel in (parcel, None) and facts.get(CaseClosed, case.case) is None for case in facts.all(CaseOpened)
    )


def last_seen(facts: Facts, handed_over: ParcelHandedOver) -> datetime:
    """When the parcel itself was last seen: at the hand-over, or by a scan."""
    scans = (scan.scanned_at for scan in facts.all(ParcelScanned) if scan.parcel == handed_over.parcel)
    return max((handed_over.occurred_at, *scans))


def last_news(facts: Facts, handed_over: ParcelHandedOver) -> datetime:
    """From when silence counts: the hand-over, a scan, or the end of a case about the parcel other than by a scan."""
    parcel = handed_over.parcel
    return max(
        [
            last_seen(facts, handed_over),
            *(
                closed.occurred_at
                for case in facts.all(CaseOpened)
                if case.parcel in (parcel, None)
                and (closed := facts.get(CaseClosed, case.case)) is not None
                and (case.kind not in ("enquiry", "claim") or closed.resolution != FOUND)
            ),
        ]
    )
