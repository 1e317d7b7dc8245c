"""The payment of an order that its marketplace splits by the parcels. Pure.

Direct purchase (9610) knows one order, one payment, one waybill and one parcel of it: each parcel is a sub-order with a
payment of its own then, under the payment firm's number of that part. The parts add up to the payment, since each is
the parcel's share of the total, by which order and payment are declared.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from contracts.base import Money
from contracts.orders import OrderPlaced
from contracts.persons import Contact
from contracts.warehouse import ParcelHandedOver
from services.customs.domain.actions import NotPossible
from services.customs.domain.cases import order_ended
from services.customs.domain.decide import Policy, shares_of
from services.persons.facts import PersonErased
from services.plans import plan_of
from shared.faults import Fault
from shared.ledger.facts import Facts


@dataclass(frozen=True, slots=True)
class PaymentPart:
    """What of the payment is for one parcel."""

    parcel: int
    transaction_id: str
    """The payment firm's number of this part."""
    amount: Money


def faults(facts: Facts, parts: Sequence[PaymentPart], policy: Policy) -> list[Fault]:
    """Every rule that these parts break. NotPossible: the order takes no parts, or no longer: its documents are written
    when its first parcel is handed over."""
    placed, packed = facts.get(OrderPlaced), plan_of(facts)
    if placed is None or packed is None or order_ended(facts):
        raise NotPossible("the order is not packed, or has ended")
    if PersonErased in facts:
        raise NotPossible("the person's record was erased")
    if not policy.splits(placed):
        raise NotPossible("the payment of this marketplace's orders is not split")
    if ParcelHandedOver in facts:
        raise NotPossible("a parcel was handed over", "its order and payment are declared as they were known then")
    shares = {box.parcel: share.money(share.total) for box, share in shares_of(placed, packed)}
    return [*_of_parts(parts, shares), *_of_the_whole(parts, shares)]


def _of_parts(parts: Sequence[PaymentPart], shares: dict[int, Money]) -> Iterator[Fault]:
    for place, part in enumerate(parts):
        before, share = parts[:place], shares.get(part.parcel)
        if share is None:
            yield Fault(f"parts[{place}].parcel", "parcel_unknown", "Must be a parcel of the order")
        elif any(earlier.parcel == part.parcel for earlier in before):
            yield Fault(f"parts[{place}].parcel", "parcel_repeated", "Must have one part only")
        elif part.amount != share:
            message = f"Must be the parcel's share of the total, which is {share.amount} {share.currency}"
            yield Fault(f"parts[{place}].amount", "share_mismatch", message)
        if any(earlier.transaction_id == part.transaction_id for earlier in before):
            yield Fault(f"parts[{place}].transaction_id", "transaction_repeated", "Must be of one part only")


def _of_the_whole(parts: Sequence[PaymentPart], shares: dict[int, Money]) -> Iterator[Fault]:
    without = sorted(shares.keys() - {part.parcel for part in parts})
    if without:
        yield Fault(
            "parts", "parcel_missing", f"Must have a part of each parcel: of {', '.join(map(str, without))} too"
        )


def paid_under(contact: Contact, transaction_id: str) -> Contact:
    """The contact, with the number of a part as that of the payment."""
    return contact.model_copy(update={"payment": contact.payment.model_copy(update={"transaction_id": transaction_id})})
