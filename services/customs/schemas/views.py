"""An order's facts and papers as customs' interface shows them; nothing of its person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal

import asyncpg

from contracts.base import Money
from contracts.customs import OrderRefused, OrderScreened
from contracts.orders import OrderPlaced
from services.customs.destinations.destination import Message, ReceiptText, ReceivedReceipt
from services.customs.domain.decide import Policy, tax_by_parcel
from services.customs.domain.holds import open_hold
from services.customs.domain.parcels import parcel_rows
from services.customs.schemas.bodies import (
    CustomsMessageView,
    CustomsReceiptView,
    ExportDeclarationView,
    OrderView,
    ParcelDetailView,
    ReceiptTextView,
    ScreeningView,
    TaxFindingView,
)
from shared.ledger.facts import Facts


@dataclass(frozen=True, slots=True)
class Papers:
    """What the tables know of an order besides its facts."""

    messages: list[Message]
    receipts: list[ReceivedReceipt]
    declarations: list[asyncpg.Record]


def order(facts: Facts, papers: Papers, policy: Policy) -> OrderView:
    placed, taxes = facts.get(OrderPlaced), tax_by_parcel(facts, policy)
    return OrderView(
        id=facts.id,
        number=placed.number if placed else None,
        screening=screening(facts),
        parcels=tuple(
            ParcelDetailView.model_validate(
                {
                    **asdict(row),
                    "export": _export(papers, row.parcel),
                    "messages": _messages(papers, row.parcel),
                    "receipts": _receipts(papers, row.parcel),
                    "tax_cny": cny(taxes[row.parcel]) if row.parcel in taxes else None,
                    "held": open_hold(facts, row.parcel) is not None,
                }
            )
            for row in parcel_rows(facts)
        ),
    )


def screening(facts: Facts) -> ScreeningView:
    screened, refused = facts.get(OrderScreened), facts.get(OrderRefused)
    if screened is not None:
        return ScreeningView(
            verdict="screened",
            regime=screened.regime,
            value_cny=screened.value_cny,
            rate=screened.rate,
            rate_date=screened.rate_date,
            tax_cny=screened.tax_cny,
            findings=findings(screened),
            rules=screened.rules,
        )
    if refused is not None:
        return ScreeningView(
            verdict="refused", reason=refused.reason, sku=refused.sku, choices=refused.choices, rules=refused.rules
        )
    return ScreeningView(verdict="waiting")


def receipt_texts(receipts: Sequence[tuple[ReceiptText, str]]) -> tuple[ReceiptTextView, ...]:
    """Receipts with their opened texts, the latest first. One that was given at once and polled later as well stands
    once, as it was polled: type, status and text are the same, and so is the time where both state one."""
    polled = [(receipt, text) for receipt, text in receipts if not receipt.at_once]
    repeated: set[int] = set()
    for place, (receipt, text) in reversed(list(enumerate(receipts))):
        copy = next((entry for entry in polled if _is_copy(*entry, receipt, text)), None) if receipt.at_once else None
        if copy is not None:
            polled.remove(copy)
            repeated.add(place)
    return tuple(
        ReceiptTextView(
            type=receipt.type,
            status=receipt.status,
            returned_at=receipt.returned_at,
            recorded_at=receipt.recorded_at,
            text=text or None,
        )
        for place, (receipt, text) in enumerate(receipts)
        if place not in repeated
    )


def _is_copy(polled: ReceiptText, polled_text: str, receipt: ReceiptText, text: str) -> bool:
    same = (polled.type, polled.status, polled_text) == (receipt.type, receipt.status, text)
    return same and (None in (polled.returned_at, receipt.returned_at) or polled.returned_at == receipt.returned_at)


def findings(screened: OrderScreened) -> tuple[TaxFindingView, ...]:
    return tuple(
        TaxFindingView(finding=finding.finding, sku=finding.sku, amount=finding.amount) for finding in screened.findings
    )


def cny(amount: Decimal) -> Money:
    return Money(amount=amount, currency="CNY")


def _export(papers: Papers, parcel: int) -> ExportDeclarationView | None:
    for row in papers.declarations:
        if row["parcel"] == parcel:
            fields = ExportDeclarationView.model_fields
            return ExportDeclarationView.model_validate({name: row[name] for name in fields})
    return None


def _messages(papers: Papers, parcel: int) -> tuple[CustomsMessageView, ...]:
    sent = (message for message in papers.messages if message.parcel == parcel)
    return tuple(CustomsMessageView.model_validate(message, from_attributes=True) for message in sent)


def _receipts(papers: Papers, parcel: int) -> tuple[CustomsReceiptView, ...]:
    received = (receipt for receipt in papers.receipts if receipt.parcel == parcel)
    return tuple(CustomsReceiptView.model_validate(receipt, from_attributes=True) for receipt in received)
