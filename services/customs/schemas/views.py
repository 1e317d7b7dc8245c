"""An order's facts and papers as customs' interface shows them; nothing of its person."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import asyncpg

from contracts.customs import OrderRefused, OrderScreened
from contracts.orders import OrderPlaced
from services.customs.destinations.destination import Message, ReceivedReceipt
from services.customs.domain.cases import open_hold
from services.customs.domain.parcels import parcel_rows
from services.customs.schemas.bodies import (
    CustomsMessageView,
    CustomsReceiptView,
    ExportDeclarationView,
    OrderView,
    ParcelDetailView,
    ScreeningView,
)
from shared.ledger.facts import Facts


@dataclass(frozen=True, slots=True)
class Papers:
    """What the tables know of an order besides its facts."""

    messages: list[Message]
    receipts: list[ReceivedReceipt]
    declarations: list[asyncpg.Record]


def order(facts: Facts, papers: Papers) -> OrderView:
    placed = facts.get(OrderPlaced)
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
        )
    if refused is not None:
        return ScreeningView(verdict="refused", reason=refused.reason, sku=refused.sku)
    return ScreeningView(verdict="waiting")


def _export(papers: Papers, parcel: int) -> ExportDeclarationView | None:
    for row in papers.declarations:
        if row["parcel"] == parcel:
            return ExportDeclarationView(
                lrn=row["lrn"], outcome=row["outcome"], mrn=row["mrn"], overtaken=row["overtaken"]
            )
    return None


def _messages(papers: Papers, parcel: int) -> tuple[CustomsMessageView, ...]:
    sent = (message for message in papers.messages if message.parcel == parcel)
    return tuple(CustomsMessageView.model_validate(message, from_attributes=True) for message in sent)


def _receipts(papers: Papers, parcel: int) -> tuple[CustomsReceiptView, ...]:
    received = (receipt for receipt in papers.receipts if receipt.parcel == parcel)
    return tuple(CustomsReceiptView.model_validate(receipt, from_attributes=True) for receipt in received)
