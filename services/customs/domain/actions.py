"""What an operator may do about a parcel. Pure."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from contracts.cases import CaseOpened
from contracts.customs import ImportCleared, ImportHeld, OrderScreened, ParcelDeclared, ParcelUplifted
from contracts.warehouse import ParcelHandedOver
from services.customs.domain.cases import EXIT_PROOF, open_attentions, open_subject
from services.customs.domain.decide import HOLD_ANSWER, INVENTORY, Policy, return_until
from services.customs.domain.holds import open_hold, post_hold_to_answer
from services.persons.facts import PersonErased
from services.plans import plan_of
from shared.ledger.facts import Facts


class NotPossible(Exception):
    """The facts do not allow it. The message says the rule, `detail` the value that broke it."""

    def __init__(self, rule: str, detail: str | None = None) -> None:
        super().__init__(rule)
        self.detail = detail


def has_parcel(facts: Facts, parcel: int) -> bool:
    """Whether the order has this parcel: in its plan, or given up and with an MRN."""
    packed, declared = plan_of(facts), facts.get(ParcelDeclared, parcel)
    planned = packed is not None and any(box.parcel == parcel for box in packed.parcels)
    return planned or (declared is not None and declared.mrn is not None)


def uplift(
    facts: Facts, parcel: int, bill_number: str, voyage_number: str, conveyance_number: str | None, now: datetime
) -> ParcelUplifted | None:
    """The agent's notice under which bill and voyage the parcel flies; None when the same was given before.

    NotPossible: the parcel was not handed over, or another notice came first.
    """
    if facts.get(ParcelHandedOver, parcel) is None:
        raise NotPossible("the parcel was not handed over")
    earlier = facts.get(ParcelUplifted, parcel)
    if earlier is None:
        return ParcelUplifted(
            order_id=facts.id,
            occurred_at=now,
            parcel=parcel,
            bill_number=bill_number,
            voyage_number=voyage_number,
            conveyance_number=conveyance_number,
        )
    flight = (earlier.bill_number, earlier.voyage_number, earlier.conveyance_number)
    if flight != (bill_number, voyage_number, conveyance_number):
        raise NotPossible("another notice was taken before", "the parcel flies under another bill")
    return None


def waits_for_flight(facts: Facts, parcel: int, reasons: Collection[str]) -> bool:
    """Whether the inventory could not be written since nobody had named the flight, and a case with one of these
    reasons says so."""
    return any(case.reason in reasons for case in open_attentions(facts, INVENTORY, str(parcel)))


def check_bill(facts: Facts, uplifted: ParcelUplifted) -> None:
    """An inventory that is written already names the parcel's own number as bill. NotPossible: the notice names
    another."""
    handed_over = facts.get(ParcelHandedOver, uplifted.parcel)
    if handed_over is None or uplifted.bill_number != handed_over.tracking_number:
        raise NotPossible("the inventory has left already", "it names the parcel's own number as bill")


def hold_to_answer(facts: Facts, parcel: int) -> ImportHeld | CaseOpened:
    """The hold that an operator's answer is about: customs' own, or the case of one that only the post's scans report.
    NotPossible: there is none, or the person's record was erased; an answer that names the person would be kept after
    the erasure.
    """
    if PersonErased in facts:
        raise NotPossible("the person's record was erased", "answer customs directly, and state a resolution in orders")
    held = open_hold(facts, parcel) or post_hold_to_answer(facts, parcel)
    if held is None:
        raise NotPossible("customs does not hold this parcel, or the hold was answered already")
    return held


def check_return(facts: Facts, parcel: int, policy: Policy, now: datetime) -> None:
    """NotPossible: the parcel was not released, or the time for its return has ended."""
    cleared, screened = facts.get(ImportCleared, parcel), facts.get(OrderScreened)
    if cleared is None or screened is None:
        raise NotPossible("customs has not released this parcel")
    until = return_until(policy.imports[screened.regime], cleared)
    if until is not None and now > until:
        raise NotPossible("a return cannot be asked for any more", f"it could be until {until:%Y-%m-%dT%H:%MZ}")


def job_subject(facts: Facts, parcel: int, work: str) -> str:
    """The subject of the job that an operator has run again: of an answer to a hold that hold's, of the question for
    the proof of exit its case's, else the parcel."""
    if work == EXIT_PROOF:
        return open_subject(facts, work, parcel) or str(parcel)
    held = open_hold(facts, parcel)
    return held.subject if work == HOLD_ANSWER and held is not None else str(parcel)
