"""Changes of the consignee's phone and address, until the order is packed. The warehouse alone decides whether a change
came in time; customs and carrier use the contact of the last one that did.

The new contact is in the person's record, which holds every version of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from contracts.orders import ChangeRequested
from contracts.persons import Contact
from contracts.vocabularies import ContactPart
from contracts.warehouse import ChangeTooLate, OrderChanged
from services.orders.domain.refusals import Conflict, past_packing
from services.persons.facts import AS_PLACED, PersonErased
from shared.ledger.facts import Facts

MAX_CHANGES = 5
"""Of one order."""

ChangeAnswer = Literal["requested", "changed", "too_late"]
ADDRESS = ("province", "city", "district", "street", "postcode", "country")
"""The fields of a Contact that are its address."""


@dataclass(frozen=True, slots=True)
class Change:
    """A change, and its answer."""

    request: ChangeRequested
    answer: ChangeAnswer
    """`requested` until the warehouse has answered."""


def changes(facts: Facts) -> list[Change]:
    """Every change that was requested, by version."""
    return sorted(
        (Change(request, _answer(facts, request.version)) for request in facts.all(ChangeRequested)),
        key=lambda change: change.request.version,
    )


def _answer(facts: Facts, version: int) -> ChangeAnswer:
    if facts.get(OrderChanged, version):
        return "changed"
    return "too_late" if facts.get(ChangeTooLate, version) else "requested"


def latest_version(facts: Facts) -> int:
    """The version that was requested last: the base of a further change."""
    return max((request.version for request in facts.all(ChangeRequested)), default=AS_PLACED)


def change_refused(facts: Facts) -> Conflict | None:
    """Why nothing can be changed now."""
    if PersonErased in facts:
        return Conflict("the person's data is erased")
    if refused := past_packing(facts):
        return refused
    if len(facts.all(ChangeRequested)) >= MAX_CHANGES:
        return Conflict("the order was changed too often", f"{MAX_CHANGES} times at most: cancel it and order again")
    return None


def changed_parts(before: Contact, after: Contact) -> tuple[ContactPart, ...]:
    """What is different; none when both are the same."""
    parts: list[ContactPart] = []
    if before.phone != after.phone:
        parts.append("phone")
    if any(getattr(before, name) != getattr(after, name) for name in ADDRESS):
        parts.append("address")
    return tuple(parts)


def request_change(facts: Facts, parts: tuple[ContactPart, ...], now: datetime) -> ChangeRequested:
    """The request for the next version."""
    return ChangeRequested(order_id=facts.id, occurred_at=now, version=latest_version(facts) + 1, parts=parts)
