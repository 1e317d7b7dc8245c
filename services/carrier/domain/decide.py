"""What the carrier service owes on the facts of an order: labels, ends of parcels, enquiries. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from contracts.base import Event
from contracts.carrier import (
    LabelCreated,
    LabelRefused,
    ParcelDelivered,
    ParcelDestroyed,
    ParcelLost,
    ParcelReturned,
    ParcelScanned,
)
from contracts.cases import CaseClosed, CaseOpened
from contracts.customs import OrderScreened, ParcelDeclared, ParcelRefused
from contracts.orders import OrderClosed
from contracts.warehouse import OrderPacked, OrderWithdrawn, ParcelHandedOver
from services.carrier.domain.silence import Patience
from shared.ledger.facts import DecisionContext, Facts, Job, Output, PersonErased, PersonRecorded, Timer

LET_GO: tuple[type[Event], ...] = (OrderWithdrawn, OrderClosed)
"""After one of these no label is wanted any more."""
NO_LABEL: tuple[type[Event], ...] = (*LET_GO, LabelRefused, ParcelRefused)
"""A refused parcel withdraws its order, so that no other parcel of it gets a label either."""
ENDS: tuple[type[Event], ...] = (ParcelDelivered, ParcelReturned, ParcelLost, ParcelDestroyed)

NAME = "carrier"
"""The service whose cases these are."""
ABOUT_LABEL = "label"
"""What a case about a label is about."""
LABEL = "label"
"""The kind of job that fetches a label; its subject is the parcel, then `parcel:round` after a person said "again"."""
REPEAT, REFUSE = "repeat", "refuse"
"""What a person may answer to a case about a label."""
FOUND, ANSWERED_FOUND, LOST = "found", "answered:found", "lost"
"""How an enquiry ends: by a scan, by the carrier's answer, by the loss."""


def decide(facts: Facts, context: DecisionContext, patience: Patience) -> list[Output]:
    """All that follows from what is known of this order."""
    return [
        *_labels(facts, context),
        *_ends(facts, context),
        *_settled_cases(facts, context),
        *_enquiries(facts, context, patience),
    ]


def _labels(facts: Facts, context: DecisionContext) -> Iterator[Output]:
    """A label for every parcel that is packed, declared and has its addressee, as long as the order goes on."""
    plan = facts.get(OrderPacked)
    if plan is None or any(kind in facts for kind in NO_LABEL):
        return
    for parcel in (box.parcel for box in plan.parcels):
        declared = facts.get(ParcelDeclared, parcel)
        if declared is None or facts.get(LabelCreated, parcel) is not None:
            continue
        if PersonErased in facts:
            yield LabelRefused(order_id=facts.order_id, occurred_at=context.now, parcel=parcel, reason="person_erased")
        elif PersonRecorded in facts and open_label_case(facts, parcel) is None and _priced(facts, declared):
            yield Job(LABEL, facts.order_id, label_job_subject(parcel, label_round(facts, parcel)))


def _priced(facts: Facts, declared: ParcelDeclared) -> bool:
    """Postal charges in CNY wait for the screening's rate: the carrier takes euros."""
    return declared.cn23.postal_charges.currency == "EUR" or OrderScreened in facts


def label_round(facts: Facts, parcel: int) -> int:
    """1, and one more for each time a person said that the label should be asked for again."""
    return 1 + sum(
        closed is not None and closed.resolution == REPEAT
        for case in label_cases(facts, parcel)
        for closed in [facts.get(CaseClosed, case.case)]
    )


def label_job_subject(parcel: int, round_: int) -> str:
    return str(parcel) if round_ == 1 else f"{parcel}:{round_}"


def parcel_and_round(subject: str) -> tuple[int, int]:
    """The reverse of `label_job_subject`."""
    parcel, _, round_ = subject.partition(":")
    return int(parcel), int(round_ or 1)


def label_case(kind: Literal["uncertain_label", "needs_attention"], parcel: int, round_: int) -> str:
    """The name of a case about a label."""
    return f"{kind}:{parcel}:label-{round_}"


def label_cases(facts: Facts, parcel: int) -> list[CaseOpened]:
    """Every case there ever was about this parcel's label."""
    about = (NAME, ABOUT_LABEL, parcel)
    return [case for case in facts.all(CaseOpened) if (case.service, case.matter, case.parcel) == about]


def open_label_case(facts: Facts, parcel: int) -> CaseOpened | None:
    """The case about this parcel's label that waits for a person."""
    return next((case for case in label_cases(facts, parcel) if facts.get(CaseClosed, case.case) is None), None)


def open_enquiry(facts: Facts, parcel: int) -> CaseOpened | None:
    """The enquiry about this parcel that waits for the carrier's answer."""
    return next(
        (
            case
            for case in facts.all(CaseOpened)
            if case.kind == "enquiry" and case.parcel == parcel and facts.get(CaseClosed, case.case) is None
        ),
        None,
    )


def _ends(facts: Facts, context: DecisionContext) -> Iterator[Event]:
    """What the carrier's scans say of a parcel's end; each kind of end once a parcel, by its earliest scan.

    Ends do not exclude each other here: found after lost, delivered and then brought back. Both are said, and
    `orders`, which owns the end, amends.
    """
    published: set[tuple[type[Event], int]] = set()
    for scan in sorted(facts.all(ParcelScanned), key=lambda scan: (scan.scanned_at, scan.code)):
        end = _end(scan, context)
        if end is None or (type(end), scan.parcel) in published or end in facts:
            continue
        published.add((type(end), scan.parcel))
        yield end


def _end(scan: ParcelScanned, context: DecisionContext) -> Event | None:
    order_id, now, parcel = scan.order_id, context.now, scan.parcel
    match scan.status:
        case "delivered":
            return ParcelDelivered(order_id=order_id, occurred_at=now, parcel=parcel, delivered_at=scan.scanned_at)
        case "returned":
            # Why, the carrier does not say; its own code is all there is.
            return ParcelReturned(
                order_id=order_id,
                occurred_at=now,
                parcel=parcel,
                returned_at=scan.scanned_at,
                reason=f"laposte:{scan.code}",
            )
        case "lost":
            return ParcelLost(order_id=order_id, occurred_at=now, parcel=parcel, said_by="carrier")
        case "seized" | "destroyed":
            return ParcelDestroyed(order_id=order_id, occurred_at=now, parcel=parcel, reason=scan.status)
        case _:
            return None


def has_ended(facts: Facts, parcel: int) -> bool:
    """Delivered, returned, lost or destroyed."""
    return any(facts.get(end, parcel) is not None for end in ENDS)


def _settled_cases(facts: Facts, context: DecisionContext) -> Iterator[Event]:
    """Our open cases that the facts have settled since."""
    for case in facts.all(CaseOpened):
        if case.parcel is None or facts.get(CaseClosed, case.case) is not None:
            continue
        if case.kind == "enquiry":
            resolution = _enquiry_settled(facts, case, case.parcel)
        elif case in label_cases(facts, case.parcel):
            resolution = _label_settled(facts, case.parcel)
        else:
            continue
        if resolution is not None:
            yield case.closed(context.now, resolution)


def _enquiry_settled(facts: Facts, case: CaseOpened, parcel: int) -> str | None:
    if facts.get(ParcelLost, parcel) is not None:
        return LOST
    handed_over = facts.get(ParcelHandedOver, parcel)
    seen = last_seen(facts, handed_over) if handed_over else None
    if has_ended(facts, parcel) or (seen and case.since and seen.date() > case.since.date()):
        return FOUND
    return "order_closed" if OrderClosed in facts else None


def _label_settled(facts: Facts, parcel: int) -> str | None:
    if facts.get(LabelCreated, parcel) is not None:
        return "label_created"
    if facts.get(LabelRefused, parcel) is not None:
        return "label_refused"
    return "order_closed" if any(kind in facts for kind in LET_GO) else None


def _enquiries(facts: Facts, context: DecisionContext, patience: Patience) -> Iterator[Output]:
    """An enquiry for each parcel of which the carrier has said nothing for too long since its hand-over."""
    if OrderClosed in facts:
        return
    for handed_over in facts.all(ParcelHandedOver):
        parcel, sent = handed_over.parcel, handed_over.occurred_at
        if has_ended(facts, parcel) or _resting(facts, parcel):
            continue
        last = last_sign(facts, handed_over)
        rule = patience.rule(sent)
        ask_at = rule.asks_at(sent, last)
        if not (context.caught_up and context.now >= ask_at):
            yield Timer(facts.order_id, ask_at)
            continue
        yield CaseOpened(
            order_id=facts.order_id,
            occurred_at=context.now,
            case=f"enquiry:{parcel}:{last:%Y-%m-%d}",
            service=NAME,
            kind="enquiry",
            parcel=parcel,
            since=last,
            reason="silence",
            action="search_with_carrier",
            due_at=rule.claim_ends(sent),
        )


def _resting(facts: Facts, parcel: int) -> bool:
    """A case about this parcel, or the whole order, is open: its deadlines rest."""
    return any(
        case.parcel in (parcel, None) and facts.get(CaseClosed, case.case) is None for case in facts.all(CaseOpened)
    )


def last_seen(facts: Facts, handed_over: ParcelHandedOver) -> datetime:
    """When the parcel itself was last seen: at the hand-over, or by a scan."""
    scans = (scan.scanned_at for scan in facts.all(ParcelScanned) if scan.parcel == handed_over.parcel)
    return max((handed_over.occurred_at, *scans))


def last_sign(facts: Facts, handed_over: ParcelHandedOver) -> datetime:
    """When the parcel was last heard of: hand-over, scan, or the end of a case about it other than by a scan."""
    parcel = handed_over.parcel
    signs = [last_seen(facts, handed_over)]
    signs += [
        closed.occurred_at
        for case in facts.all(CaseOpened)
        if case.parcel in (parcel, None)
        and (closed := facts.get(CaseClosed, case.case)) is not None
        and (case.kind, closed.resolution) != ("enquiry", FOUND)
    ]
    return max(signs)
