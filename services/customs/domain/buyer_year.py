"""Verdicts on orders whose buyer's year is limited, and what each order takes of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from uuid import UUID

from contracts.carrier import ParcelDelivered
from contracts.customs import ImportCleared, ImportReturned, OrderScreened
from contracts.orders import OrderClosed
from services.customs.domain.decide import Passed, admit
from services.customs.domain.quota import NOTHING, QuotaEntry, Share, Year, Years, share
from shared.ledger.facts import DecisionContext, Facts, Output

CHANGE_A_SHARE = (ImportCleared, ImportReturned, ParcelDelivered, OrderClosed)


@dataclass(frozen=True, slots=True)
class Change:
    """An order whose facts give another share than is stored."""

    before: Share
    entry: QuotaEntry


def may_change_share(facts: Facts) -> bool:
    """Whether the order may take another share now than when it was screened."""
    return OrderScreened in facts and any(kind in facts for kind in CHANGE_A_SHARE)


def changes(stored: Mapping[UUID, QuotaEntry], orders: Mapping[UUID, Facts]) -> dict[UUID, Change]:
    """The stored entries that differ from what the facts of their order give now."""
    current = {order_id: replace(entry, share=share(orders[order_id])) for order_id, entry in stored.items()}
    return {
        order_id: Change(stored[order_id].share, entry)
        for order_id, entry in current.items()
        if entry != stored[order_id]
    }


def settle(
    passed: Iterable[Passed],
    buyers: Mapping[UUID, Years],
    changed: Mapping[UUID, Change],
    taken: Mapping[Year, Decimal],
    context: DecisionContext,
) -> tuple[list[Output], dict[UUID, QuotaEntry]]:
    """The verdicts on orders whose buyer's year is limited, in the order of their arrival, and the entries to store.

    `taken`: what is held and used of each year, before the changes, which count first. An order without a buyer gets
    no verdict: the person was erased a moment ago, which refuses the order by itself.
    """
    sums = dict(taken)
    entries: dict[UUID, QuotaEntry] = {}
    for order_id, change in changed.items():
        sums[change.entry.year] += change.entry.share.taken - change.before.taken
        entries[order_id] = change.entry
    outputs: list[Output] = []
    for candidate in sorted(passed, key=lambda order: (order.arrived_at, order.screened.order_id)):
        order_id, limit = candidate.screened.order_id, candidate.yearly_limit
        years = buyers.get(order_id)
        if years is None or limit is None:
            continue
        verdict = admit(candidate, limit - sum(sums[year] for year in years), context)
        outputs.append(verdict)
        if isinstance(verdict, OrderScreened):
            value = verdict.value_cny.amount
            sums[years[0]] += value
            entries[order_id] = QuotaEntry(years[0], Share(value, NOTHING))
    return outputs, entries
