"""The parts of a payment that a marketplace splits by the parcels of its order."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from pydantic import ValidationError

from contracts.base import Event, Money
from services.customs.domain.actions import NotPossible
from services.customs.domain.decide import shares_of
from services.customs.domain.payment_parts import PaymentPart, faults, paid_under
from services.customs.schemas.payment_parts import PaymentPartBody
from services.orders.schemas.body import PaymentBody
from shared.ledger.facts import Facts
from tests.support.customs_model import TWO_PARCELS
from tests.support.customs_samples import CONTACT, POLICY, closed, erased, eur, handed_over, placed

ORDER = placed()
SHARES = {box.parcel: share.money(share.total) for box, share in shares_of(ORDER, TWO_PARCELS)}
FIRST, SECOND = (PaymentPart(parcel, f"PART-{parcel}", share) for parcel, share in SHARES.items())


def facts(*more: Event, packed: bool = True) -> Facts:
    return Facts(ORDER.stream, [ORDER, *([TWO_PARCELS] if packed else []), *more])


def broken(*parts: PaymentPart) -> list[tuple[str, str]]:
    return [(fault.field, fault.rule) for fault in faults(facts(), parts, POLICY)]


def test_parts_that_are_the_parcels_shares_add_up_to_the_payment() -> None:
    assert broken(FIRST, SECOND) == []
    assert sum(share.amount for share in SHARES.values()) == ORDER.total.amount


@pytest.mark.parametrize(
    ("parts", "faults"),
    [
        ((FIRST,), [("parts", "parcel_missing")]),
        ((FIRST, SECOND, replace(FIRST, parcel=3, transaction_id="X")), [("parts[2].parcel", "parcel_unknown")]),
        ((FIRST, replace(FIRST, transaction_id="X"), SECOND), [("parts[1].parcel", "parcel_repeated")]),
        ((FIRST, replace(SECOND, transaction_id="PART-1")), [("parts[1].transaction_id", "transaction_repeated")]),
        ((replace(FIRST, amount=eur("1.00")), SECOND), [("parts[0].amount", "share_mismatch")]),
        (
            (replace(FIRST, amount=Money(amount=FIRST.amount.amount, currency="CNY")), SECOND),
            [("parts[0].amount", "share_mismatch")],
        ),
    ],
)
def test_a_part_that_breaks_a_rule_is_named(parts: tuple[PaymentPart, ...], faults: list[tuple[str, str]]) -> None:
    assert broken(*parts) == faults


@pytest.mark.parametrize(
    ("known", "rule"),
    [
        (facts(packed=False), "not packed"),
        (Facts(ORDER.stream, [TWO_PARCELS]), "not packed"),
        (facts(closed()), "has ended"),
        (facts(erased()), "erased"),
        (facts(handed_over(1)), "handed over"),
    ],
)
def test_after_the_hand_over_and_before_the_packing_none_is_taken(known: Facts, rule: str) -> None:
    with pytest.raises(NotPossible, match=rule):
        faults(known, [FIRST, SECOND], POLICY)


def test_a_marketplace_that_does_not_split_has_no_parts() -> None:
    with pytest.raises(NotPossible, match="not split"):
        faults(facts(), [FIRST, SECOND], replace(POLICY, split_marketplaces=frozenset()))


def test_of_the_payment_only_the_number_is_the_parts() -> None:
    paid = paid_under(CONTACT, "PART-1")
    assert (paid.payment.transaction_id, paid.payment.provider) == ("PART-1", CONTACT.payment.provider)
    assert paid.model_copy(update={"payment": CONTACT.payment}) == CONTACT


@pytest.mark.parametrize("number", ["PAY1", " 2026 1123-α·支 ", "x" * 60, "", " ", "a\nb", "\u200b", "x" * 61])
def test_the_number_of_a_part_has_the_form_of_that_of_the_whole_payment(number: str) -> None:
    """What `POST /orders` takes as the payment's number is taken of its parts too, and kept alike."""
    money = {"amount": "39.00", "currency": "EUR"}

    def whole() -> str:
        body = {"provider": "a", "transaction_id": number, "paid_at": "2026-11-22T08:00:00Z", "amount": money}
        return PaymentBody.model_validate_json(json.dumps(body)).transaction_id

    def part() -> str:
        return PaymentPartBody.model_validate({"parcel": 1, "transaction_id": number, "amount": money}).transaction_id

    def judged(check: Callable[[], str]) -> object:
        try:
            return check()
        except ValidationError as fault:
            return [(error["loc"], error["type"]) for error in fault.errors()]

    assert judged(part) == judged(whole)
    assert isinstance(judged(part), str) is (number.strip() in {"PAY1", "2026 1123-α·支", "x" * 60})
