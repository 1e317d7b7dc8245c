"""The events that follow from receipts of the single window. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from contracts.base import Event
from contracts.customs import ImportCleared, ImportDeclared, ImportHeld, ImportRefused, ImportReturned
from services.customs.destinations.cn.ceb import DOCUMENTS, guid
from services.customs.destinations.cn.receipt_statuses import FAILED, case_reason, is_accepted, meaning
from services.customs.destinations.cn.receipts import (
    CustomsReceipt,
    PageEntry,
    PolledReceipt,
    SentMessage,
    TaxBill,
    UnreadableReceipt,
    inventory_event,
    is_inventory_number,
)
from services.customs.destinations.cn.tax_bills import tax_events
from services.customs.domain import decide
from services.customs.domain.cases import (
    CANCELLATION,
    CLEARANCE,
    RECEIPT,
    attention,
    attention_round,
    last_refusal,
    open_attentions,
)
from services.customs.domain.holds import hold_ended
from services.customs.domain.stated_times import believed
from shared.ledger.facts import DecisionContext, Facts

MOST_HOLDS = 50
"""Of one parcel: each status and minute of a hold is a fact of its own. A parcel is held once or twice; of one that is
held more often the receipts are kept, and a person looks into it."""


def inventory_events(
    order_id: UUID,
    parcel: int,
    receipt: CustomsReceipt,
    hold_reasons: Mapping[str, str],
    context: DecisionContext,
    version: int = 1,
) -> list[ImportDeclared | ImportHeld | ImportCleared | ImportRefused]:
    """The events that follow from the receipt given at once to an inventory; none when a person has to look into it.

    While customs has given the declaration no number, the message's guid is published as its number.
    """
    if receipt.format_error:
        return []
    events: list[ImportDeclared | ImportHeld | ImportCleared | ImportRefused] = []
    if receipt.accepted:
        number = receipt.number or str(guid(order_id, parcel, "CEB621"))
        events.append(
            ImportDeclared(order_id=order_id, occurred_at=context.now, parcel=parcel, declaration_number=number)
        )
    now = context.now
    verdict = inventory_event(order_id, parcel, receipt.status, now, now, hold_reasons, stated=False, version=version)
    return events if verdict is None else [*events, verdict]


def receipt_rounds(ours: Sequence[tuple[PageEntry, SentMessage]]) -> list[list[tuple[PageEntry, SentMessage]]]:
    """The first receipt of each order, then the second of each, and so on: a receipt is judged after the events of the
    one before it."""
    rounds: list[list[tuple[PageEntry, SentMessage]]] = []
    read: Counter[UUID] = Counter()
    for entry, sent in ours:
        if read[sent.order_id] == len(rounds):
            rounds.append([])
        rounds[read[sent.order_id]].append((entry, sent))
        read[sent.order_id] += 1
    return rounds


def receipt_events(
    entry: PageEntry, sent: SentMessage, facts: Facts, hold_reasons: Mapping[str, str], context: DecisionContext
) -> list[Event]:
    """The events that follow from a polled receipt of this message and the facts of its order.

    Only receipts of the inventory decide about the parcel. A receipt that rejects a document or a return opens a case
    about the job that sent it; other receipts of documents have no effect. A receipt that cannot be read, or whose
    status is unknown, opens a case of its own.
    """
    if isinstance(entry, UnreadableReceipt):
        return [_case(RECEIPT, f"receipt:{entry.reason}", sent, facts, context)]
    if isinstance(entry, TaxBill):
        return tax_events(entry, sent.parcel, facts, context)
    what = meaning(entry.status, entry.message_type)
    if what == "unknown":
        return [_attention(RECEIPT, entry, sent, facts, context)]
    match sent.type:
        case "CEB621":
            return _of_inventory(entry, sent, facts, hold_reasons, context)
        case "CEB625" if what == "approved":
            return [ImportReturned(order_id=sent.order_id, occurred_at=context.now, parcel=sent.parcel)]
        case "CEB625" if what in FAILED:
            return [_attention(decide.RETURN, entry, sent, facts, context)]
        case "CEB623" if what == "approved":
            cases = open_attentions(facts, CANCELLATION, str(sent.parcel))
            return [case.closed(context.now, "answered") for case in cases]
        case "CEB623" if what in FAILED:
            return [_attention(CANCELLATION, entry, sent, facts, context)]
        case _ if sent.type in DOCUMENTS and what in FAILED:
            return [_attention(decide.DOCUMENTS, entry, sent, facts, context)]
    return []


def _of_inventory(
    receipt: PolledReceipt, sent: SentMessage, facts: Facts, hold_reasons: Mapping[str, str], context: DecisionContext
) -> list[Event]:
    declared = _declared_by_others(receipt, sent, facts, context)
    match meaning(receipt.status, receipt.message_type):
        case "not_sent":
            return [_attention(CLEARANCE, receipt, sent, facts, context)]
        case "error":
            return [_attention(decide.INVENTORY, receipt, sent, facts, context)]
        case "refused":
            case = _attention(decide.INVENTORY, receipt, sent, facts, context)
            if _is_of_unknown_version(sent, facts):
                return [*hold_ended(facts, sent.parcel, "refused", context), case]
            verdict = _verdict(receipt, sent, facts, hold_reasons, context)
            return verdict if all(event in facts for event in verdict) else [*verdict, case]
        case "cleared" if facts.get(ImportCleared, sent.parcel):
            return [*hold_ended(facts, sent.parcel, "cleared", context)]
    return [*declared, *_verdict(receipt, sent, facts, hold_reasons, context)]


def _declared_by_others(
    receipt: PolledReceipt, sent: SentMessage, facts: Facts, context: DecisionContext
) -> list[Event]:
    """`ImportDeclared` of an inventory that a broker has sent: only a polled receipt shows that customs has it, once
    customs has numbered it."""
    number = receipt.keys.invt_no
    taken = is_accepted(receipt.status) and is_inventory_number(number)
    if not taken or facts.get(ImportDeclared, sent.parcel):
        return []
    return [
        ImportDeclared(order_id=sent.order_id, occurred_at=context.now, parcel=sent.parcel, declaration_number=number)
    ]


def _verdict(
    receipt: PolledReceipt, sent: SentMessage, facts: Facts, hold_reasons: Mapping[str, str], context: DecisionContext
) -> list[Event]:
    decided_at = _stated_time(receipt, sent, facts, context.now)
    stated = decided_at == receipt.returned_at
    event = inventory_event(
        sent.order_id,
        sent.parcel,
        receipt.status,
        decided_at,
        context.now,
        hold_reasons,
        stated=stated,
        version=sent.version,
    )
    if event is None:
        return []
    if isinstance(event, ImportHeld) and event not in facts and len(_holds(facts, sent.parcel)) >= MOST_HOLDS:
        return [_case(RECEIPT, "receipt:too_many_holds", sent, facts, context)]
    return [event]


def _holds(facts: Facts, parcel: int) -> list[ImportHeld]:
    return [held for held in facts.all(ImportHeld) if held.parcel == parcel]


def _is_of_unknown_version(sent: SentMessage, facts: Facts) -> bool:
    """Whether nobody can say which version of the inventory was refused, so that this refusal becomes no fact: the
    message is not restored yet, and customs accepted an inventory after the refusal that is known.

    The fact of the declaration is about the first inventory that customs accepted. So the known refusal, read again
    after a restore, is not taken for a later one.
    """
    refused, declared = last_refusal(facts, sent.parcel), facts.get(ImportDeclared, sent.parcel)
    known = refused is not None and declared is not None and declared.occurred_at > refused.occurred_at
    return sent.written_at is None and known


def _written_at(sent: SentMessage, facts: Facts) -> datetime | None:
    declared = facts.get(ImportDeclared, sent.parcel)
    return sent.written_at or (declared.occurred_at if declared else None)


def _stated_time(receipt: PolledReceipt, sent: SentMessage, facts: Facts, now: datetime) -> datetime:
    """The time of the receipt that customs states. Where it states none, or one that is before the answered message or
    after now, the time of that message counts, which is the same whenever the receipt is read again."""
    written_at = _written_at(sent, facts)
    return believed(receipt.returned_at, written_at, now) or written_at or now


def _attention(kind: str, receipt: PolledReceipt, sent: SentMessage, facts: Facts, context: DecisionContext) -> Event:
    return _case(kind, case_reason(receipt.message_type, receipt.status), sent, facts, context)


def _case(kind: str, reason: str, sent: SentMessage, facts: Facts, context: DecisionContext) -> Event:
    subject = str(sent.parcel)
    return attention(sent.order_id, kind, subject, reason, context, attention_round(facts, kind, subject))
