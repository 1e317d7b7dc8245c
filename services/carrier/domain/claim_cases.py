"""The case that asks a person to send the carrier a claim while it takes one. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from contracts.base import Event
from contracts.cases import CaseClosed, CaseOpened
from contracts.warehouse import ParcelHandedOver
from services.carrier.domain.enquiries import open_enquiry
from services.carrier.domain.labels import SERVICE
from services.carrier.domain.outcomes import current_end
from services.carrier.domain.silence import SilencePolicy
from shared.ledger.facts import DecisionContext, Facts, Output, Timer

KIND = "claim"
SENT, NOT_SENT, FOUND = "sent", "not_sent", "found"
"""How it is closed: by a person's answer, or because the parcel is neither lost nor searched for any more."""


def outputs(facts: Facts, context: DecisionContext, policy: SilencePolicy) -> Iterator[Output]:
    """A case for each parcel that is lost, or whose enquiry is not answered shortly before the carrier takes no claim
    any more. Once a claim was answered for, no other is asked for; after a parcel was found it has another turn."""
    for handed_over in facts.all(ParcelHandedOver):
        parcel, sent = handed_over.parcel, handed_over.occurred_at
        rule = policy.rule(handed_over.carrier, sent)
        cases = [case for case in facts.all(CaseOpened) if (case.kind, case.parcel) == (KIND, parcel)]
        ended = [facts.get(CaseClosed, case.case) for case in cases]
        grounds = _grounds(facts, parcel)
        if rule is None or grounds is None or any(end is None or end.resolution != FOUND for end in ended):
            continue
        ends, claim_at = rule.claim_ends(sent), rule.claim_ends(sent) - timedelta(days=rule.margin_days)
        if context.now >= ends:
            continue
        if grounds == "silence" and not (context.caught_up and context.now >= claim_at):
            yield Timer(facts.stream, claim_at)
            continue
        turn = len(cases) + 1
        yield CaseOpened(
            order_id=facts.id,
            occurred_at=context.now,
            case=f"{KIND}:{parcel}" if turn == 1 else f"{KIND}:{parcel}:{turn}",
            service=SERVICE,
            kind=KIND,
            parcel=parcel,
            turn=turn,
            reason=grounds,
            action="send_claim",
            due_at=ends,
        )


def closed(facts: Facts, context: DecisionContext) -> Iterator[Event]:
    """Open cases whose parcel was found since."""
    for case in facts.all(CaseOpened):
        is_open = case.kind == KIND and facts.get(CaseClosed, case.case) is None
        if is_open and case.parcel is not None and _grounds(facts, case.parcel) is None:
            yield case.closed(context.now, FOUND)


def open_claim(facts: Facts, parcel: int) -> CaseOpened | None:
    """The case about this parcel that waits for a claim to be sent."""
    cases = (case for case in facts.all(CaseOpened) if (case.kind, case.parcel) == (KIND, parcel))
    return next((case for case in cases if facts.get(CaseClosed, case.case) is None), None)


def _grounds(facts: Facts, parcel: int) -> str | None:
    """Why a claim is due: the parcel is lost, or an enquiry about it is open. None while it is under way, or ended."""
    end = current_end(facts, parcel)
    if end is not None:
        return "lost" if end.outcome == "lost" else None
    return "silence" if open_enquiry(facts, parcel) else None
