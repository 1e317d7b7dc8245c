"""The facts that follow from a later receipt of the single window. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from contracts.base import Event
from contracts.customs import ImportDeclared, ImportRefused, ImportReturned
from services.customs.domain import decide, receipts
from services.customs.domain.cases import CLEARANCE, attention, attention_round, hold_refused
from services.customs.domain.ceb import DOCUMENTS
from services.customs.domain.receipts import FAILED, LaterReceipt, SentMessage, meaning, trouble
from shared.ledger.facts import DecisionContext, Facts


def receipt_facts(
    receipt: LaterReceipt, sent: SentMessage, facts: Facts, hold_reasons: Mapping[str, str], context: DecisionContext
) -> list[Event]:
    """What a later receipt of this message says, with what is known of its order.

    Only the inventory's receipts decide about the parcel. One that turns down a document or a return is a case for
    the work that sent it; any other receipt of a document moves nothing.
    """
    what = meaning(receipt.status)
    match sent.type:
        case "CEB621":
            return _of_inventory(receipt, sent, facts, hold_reasons, context)
        case "CEB625" if what == "cleared":
            return [ImportReturned(order_id=sent.order_id, occurred_at=context.now, parcel=sent.parcel)]
        case "CEB625" if what in FAILED:
            return [_attention(decide.RETURN, receipt, sent, facts, context)]
        case _ if sent.type in DOCUMENTS.values() and what in FAILED:
            return [_attention(decide.DOCUMENTS, receipt, sent, facts, context)]
    return []


def _of_inventory(
    receipt: LaterReceipt, sent: SentMessage, facts: Facts, hold_reasons: Mapping[str, str], context: DecisionContext
) -> list[Event]:
    match meaning(receipt.status):
        case "not_sent":
            return [_attention(CLEARANCE, receipt, sent, facts, context)]
        case "error":
            return [_attention(decide.INVENTORY, receipt, sent, facts, context)]
        case "refused" if _declared_again(sent, facts):
            ended = hold_refused(facts, sent.parcel, context)
            return [*ended, _attention(decide.INVENTORY, receipt, sent, facts, context)]
    at = receipt.returned_at or context.now
    fact = receipts.fact(sent.order_id, sent.parcel, receipt.status, at, context.now, hold_reasons)
    return [] if fact is None else [fact]


def _declared_again(sent: SentMessage, facts: Facts) -> bool:
    """The inventory was written anew after a refusal, which is a fact only once a parcel.

    When a forgotten one was written, the fact of its declaration says. That fact is of the first one that customs
    took, so that the refusal which is the fact, when a restore has it told again, is not taken for another.
    """
    refused, declared = facts.get(ImportRefused, sent.parcel), facts.get(ImportDeclared, sent.parcel)
    written_at = sent.written_at or (declared.occurred_at if declared else None)
    return refused is not None and written_at is not None and written_at > refused.occurred_at


def _attention(kind: str, receipt: LaterReceipt, sent: SentMessage, facts: Facts, context: DecisionContext) -> Event:
    subject = str(sent.parcel)
    reason = trouble(receipt.message_type, receipt.status)
    return attention(sent.order_id, kind, subject, reason, context, attention_round(facts, kind, subject))
