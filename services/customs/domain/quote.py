"""What an order would cost at the border, decided by the code that screens it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from contracts.customs import OrderRefused, OrderScreened
from contracts.orders import OrderPlaced
from services.customs.domain.amounts import goods_in_eur, in_cny, of_order, to_cent
from services.customs.domain.decide import Passed, Policy, screen
from services.customs.regimes.base import ImportRegime, NeededDocument, Sums
from services.customs.regimes.lanes import Lane
from services.customs.regimes.rows import Row
from services.customs.regimes.taxes import Tax
from services.persons.facts import PersonRecorded
from shared.ledger.facts import DecisionContext, Facts


@dataclass(frozen=True, slots=True)
class Quote:
    """What would be decided, and why."""

    lane: Lane
    chosen_by: Literal["marketplace", "default"]
    """Whether the marketplace has a regime of its own."""
    changes_at: Mapping[str, Decimal]
    """By rule, the value in CNY above which the verdict or the tax changes."""
    verdict: OrderScreened | OrderRefused
    """What an order would get; the buyer's year is not known here."""
    sums: Sums
    """CNY."""
    tax: Tax | None
    """None of an order that is refused."""
    rate: Row
    documents: tuple[NeededDocument, ...]

    @property
    def landed(self) -> Decimal | None:
        """Goods, freight and insurance less the discount, with the tax that is due, CNY."""
        return None if self.tax is None else self.sums.taxable - self.sums.discount + self.tax.due

    def in_eur(self, amount: Decimal) -> Decimal:
        return to_cent(amount / Decimal(self.rate.value))


def quote(placed: OrderPlaced, context: DecisionContext, policy: Policy) -> Quote:
    """NoRule: the day has no rules."""
    regime = policy.regime_of(placed)
    day = regime.day(placed.occurred_at)
    rate = policy.tables.cny_per_eur.row(day)
    sums = in_cny(of_order(placed), Decimal(rate.value))
    recorded = PersonRecorded(order_id=placed.order_id, occurred_at=placed.occurred_at)
    screening = screen(Facts(placed.stream, [placed, recorded]), context, policy)
    if screening is None:
        raise AssertionError("the order and its person are known")
    verdict = screening.screened if isinstance(screening, Passed) else screening
    tax = regime.judge(placed.lines, sums, day)
    has_own_regime = placed.marketplace in (policy.regimes_by_marketplace or {})
    return Quote(
        lane=policy.lane_of(placed, regime.name),
        chosen_by="marketplace" if has_own_regime else "default",
        changes_at=regime.changes_at(day),
        verdict=verdict,
        sums=sums,
        tax=tax if isinstance(tax, Tax) and isinstance(verdict, OrderScreened) else None,
        rate=rate,
        documents=_documents(placed, Decimal(rate.value), policy, regime),
    )


def _documents(placed: OrderPlaced, rate: Decimal, policy: Policy, regime: ImportRegime) -> tuple[NeededDocument, ...]:
    """By the code that refuses an order without them, or declares it with them; then what the lane asks for."""
    leaving = policy.export.documents(placed.lines, goods_in_eur(placed, rate), policy.export.day(placed.occurred_at))
    return (*leaving, *(NeededDocument(name, regime.name) for name in regime.documents))
