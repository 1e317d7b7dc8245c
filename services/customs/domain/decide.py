"""What customs decides on the facts of an order. Pure.

Screening before anything moves, the export when it is packed, the import when it has left, and the cases in between.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TypeAlias

from contracts.base import Money, Parcel
from contracts.carrier import ParcelScanned
from contracts.carriers import route_to
from contracts.customs import (
    ImportCleared,
    ImportDeclared,
    ImportReturned,
    OrderRefused,
    OrderScreened,
    ParcelDeclared,
    ParcelRefused,
    ParcelUplifted,
    TaxFinding,
)
from contracts.orders import OrderPlaced
from contracts.vocabularies import RANKS, Regime
from contracts.warehouse import OrderPacked, OrderWithdrawn, ParcelHandedOver
from services.customs.domain import export
from services.customs.domain.amounts import goods_in_eur, goods_of, in_cny, of_order, split, tax_by_line
from services.customs.domain.cases import CANCELLATION, order_ended, settled_attention, split_payment
from services.customs.domain.export_ends import exits, invalidations, waits_for_invalidation
from services.customs.domain.holds import held_by_post, holds
from services.customs.domain.tax import DIFFERENCES, compare, compare_by_line, parts, tolerance
from services.customs.regimes.base import ExportRegime, ImportRegime, Refusal, Sums
from services.customs.regimes.lanes import Lane
from services.customs.regimes.rows import NoRule
from services.customs.regimes.tables import Tables
from services.customs.regimes.taxes import Finding, Tax
from services.parcel_status import end_evidence
from services.persons.facts import PersonErased, PersonRecorded, contact_recorded
from services.plans import plan_of
from shared.ledger.facts import DecisionContext, Facts, Job, Output

EXPORT, DOCUMENTS, INVENTORY, RETURN, HOLD_ANSWER = "export", "import_documents", "inventory", "return", "hold_answer"
"""Kinds of outside work; the subject begins with the parcel's number."""
NEVER_COMES = frozenset({"returned", "lost"})
"""Ends of a parcel that was not released, after which customs is asked to cancel its inventory."""

MAX_FINDINGS = 100
"""As many as an event may have."""
ORIGIN = "FR"
LEFT_ORIGIN = frozenset(
    {status for status, rank in RANKS.items() if RANKS["departed_origin"] <= rank < RANKS["returning"]} | {"delivered"}
)
"""Scans that only a parcel gets which has left the country of dispatch; `in_transit` occurs on either side."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules in force: the tables, the regimes, and who we are."""

    tables: Tables
    imports: Mapping[Regime, ImportRegime]
    export: ExportRegime
    eori: str
    default_regime: Regime = "personal_postal"
    regimes_by_marketplace: Mapping[str, Regime] | None = None
    split_marketplaces: frozenset[str] = frozenset()
    """Which split the payment of an order by its parcels; `*`: all."""

    def regime_of(self, placed: OrderPlaced) -> ImportRegime:
        """A marketplace sells under one regime: whether its three documents exist is a matter of contracts."""
        name = (self.regimes_by_marketplace or {}).get(placed.marketplace, self.default_regime)
        return self.imports[name]

    def lane_of(self, placed: OrderPlaced, regime: Regime) -> Lane:
        """By the carrier that takes the order. NoRule: the day on which it arrived has none."""
        route = route_to(placed.country, placed.carrier)
        return self.tables.lanes.of(regime, route, self.imports[regime].day(placed.occurred_at))

    def splits(self, placed: OrderPlaced) -> bool:
        """Whether each parcel of the order is an order of its own to customs, with a payment of its own."""
        return bool({"*", placed.marketplace} & self.split_marketplaces)


InForce: TypeAlias = Callable[[], Policy]
"""Returns the policy in force: rules are read again while the service runs. A caller takes it once for everything that
must follow one policy."""


@dataclass(frozen=True, slots=True)
class Passed:
    """The order keeps every rule but the one that needs the buyer's year."""

    screened: OrderScreened
    arrived_at: datetime
    yearly_limit: Decimal | None
    year: int
    """The calendar year in which it counts."""


def screen(facts: Facts, context: DecisionContext, policy: Policy) -> Passed | OrderRefused | None:
    """The verdict on an order that has none yet, as of the day on which it arrived; None while a fact is missing."""
    placed = facts.get(OrderPlaced)
    if placed is None or OrderScreened in facts or OrderRefused in facts or order_ended(facts):
        return None
    if PersonErased in facts:
        return _refused(facts, context, Refusal("person_erased"))
    if PersonRecorded not in facts:
        return None
    regime = policy.regime_of(placed)
    day = regime.day(placed.occurred_at)
    rates = policy.tables.cny_per_eur
    rate = rates.row(day)
    sums = in_cny(of_order(placed), Decimal(rate.value))
    exported_on = policy.export.day(placed.occurred_at)
    rules = _distinct(rates.version(day), *regime.rules(day), *policy.export.rules(exported_on))
    lane = policy.lane_of(placed, regime.name)
    tax = regime.judge(placed.lines, sums, day)
    if isinstance(tax, Refusal):
        return _refused(facts, context, tax, rules)
    refusal = policy.export.refusal(placed.lines, exported_on)
    if refusal is not None:
        return _refused(facts, context, refusal, rules)
    screened = OrderScreened(
        order_id=facts.id,
        occurred_at=context.now,
        regime=regime.name,
        value_cny=Money(amount=regime.value(sums), currency="CNY"),
        rate=Decimal(rate.value),
        rate_date=rate.valid_from,
        tax_cny=Money(amount=tax.due, currency="CNY"),
        findings=tuple(_finding(finding) for finding in _findings(tax, placed, sums, Decimal(rate.value))),
        rules=rules,
        one_parcel=bool(regime.documents) and not policy.splits(placed),
        own_numbers=bool(regime.documents),
        tax_paid_by=lane.tax_paid_by,
    )
    return Passed(screened, placed.occurred_at, regime.yearly_limit(day), day.year)


def _distinct(*versions: str) -> tuple[str, ...]:
    """Without repetitions."""
    return tuple(dict.fromkeys(versions))


def _findings(tax: Tax, placed: OrderPlaced, sums: Sums, rate: Decimal) -> tuple[Finding, ...]:
    """The collected tax is compared line by line where the order states it by line, else as a sum. A hundred findings
    at the most, those about the collected tax first if there are more."""
    by_line, currency = tax_by_line(placed, rate), placed.total.currency
    findings = (
        compare_by_line(tax, by_line, tolerance(1, rate, currency))
        if by_line
        else compare(tax, sums.tax, tolerance(len(placed.lines), rate, currency))
    )
    if len(findings) > MAX_FINDINGS:
        findings = tuple(sorted(findings, key=lambda finding: finding.code not in DIFFERENCES))
    return findings[:MAX_FINDINGS]


def _finding(finding: Finding) -> TaxFinding:
    amount = None if finding.amount is None else Money(amount=finding.amount, currency="CNY")
    return TaxFinding(finding=finding.code, sku=finding.sku, amount=amount)


def admit(passed: Passed, left: Decimal | None, context: DecisionContext) -> OrderScreened | OrderRefused:
    """The buyer's year has the last word; `left` is what remains of it, None where no limit applies."""
    if left is not None and passed.screened.value_cny.amount > left:
        return OrderRefused(
            order_id=passed.screened.order_id,
            occurred_at=context.now,
            reason="over_yearly_limit",
            rules=passed.screened.rules,
        )
    return passed.screened


def decide(facts: Facts, context: DecisionContext, policy: Policy) -> list[Output]:
    """All outputs besides those of screening."""
    placed, screened, packed = facts.get(OrderPlaced), facts.get(OrderScreened), plan_of(facts)
    if placed is None or screened is None or packed is None:
        return []
    outputs: list[Output] = []
    if not order_ended(facts):
        outputs += _exports(facts, placed, packed, screened, context, policy)
    regime = policy.imports[screened.regime]
    for parcel in packed.parcels:
        outputs += _import(facts, parcel.parcel, regime, context)
        outputs += holds(facts, parcel.parcel, context)
        outputs += held_by_post(facts, parcel.parcel, context)
    outputs += split_payment(facts, context)
    outputs += [*invalidations(facts), *exits(facts, context, _left_origin)]
    return [*outputs, *settled_attention(facts, context)]


def _exports(
    facts: Facts,
    placed: OrderPlaced,
    packed: OrderPacked,
    screened: OrderScreened,
    context: DecisionContext,
    policy: Policy,
) -> list[Output]:
    waiting = [
        parcel.parcel
        for parcel in packed.parcels
        if facts.get(ParcelDeclared, parcel.parcel) is None
        and facts.get(ParcelRefused, parcel.parcel) is None
        and not waits_for_invalidation(facts, parcel.parcel)
    ]
    if not waiting:
        return []
    goods_eur = goods_in_eur(placed, screened.rate)
    if policy.export.needs_declaration(placed.lines, goods_eur, policy.export.day(packed.occurred_at)):
        return [Job(EXPORT, facts.stream, str(number)) for number in waiting]
    declared = parcels_declared(placed, packed, context, policy)
    return [declared[number] for number in waiting]


def parcels_declared(
    placed: OrderPlaced, packed: OrderPacked, context: DecisionContext, policy: Policy
) -> dict[int, ParcelDeclared]:
    """The declaration of each parcel where leaving is the declaration: its CN23 and its share of the order's money. A
    vendor is the exporter of a parcel with goods of its own only, where that is agreed; else the hub is."""
    shares, day = shares_of(placed, packed), policy.export.day(packed.occurred_at)
    exporters = {
        parcel.parcel: policy.tables.agreements.exporter([content.owner for content in parcel.contents], day)
        for parcel in packed.parcels
    }
    rules = policy.export.rules(day)
    return {
        parcel.parcel: ParcelDeclared(
            order_id=placed.order_id,
            occurred_at=context.now,
            parcel=parcel.parcel,
            sub_order=export.sub_order(placed, parcel.parcel),
            export="deemed",
            eori=exporter.eori if (exporter := exporters[parcel.parcel]) else policy.eori,
            destination=placed.country,
            carrier=placed.carrier,
            cn23=export.cn23(placed, parcel, share.money(share.freight)),
            goods=share.money(share.goods),
            freight=share.money(share.freight),
            insurance=share.money(share.insurance) if placed.insurance else None,
            discount=share.money(share.discount),
            tax=share.money(share.tax),
            total=share.money(share.total),
            rules=(*rules, policy.tables.versions["parties"]) if exporters[parcel.parcel] else rules,
        )
        for parcel, share in shares
    }


def import_basis(placed: OrderPlaced, screened: OrderScreened, policy: Policy) -> tuple[ImportRegime, Sums, date]:
    """By what the import of a screened order is judged, whenever that is: its regime, its sums in yuan at the rate of
    the screening, and the regime's day on which the order arrived."""
    regime = policy.imports[screened.regime]
    return regime, in_cny(of_order(placed), screened.rate), regime.day(placed.occurred_at)


def tax_by_parcel(facts: Facts, policy: Policy) -> Mapping[int, Decimal]:
    """The part of the order's tax that is due for each parcel, CNY. Empty while the order is not packed, if no tax was
    computed when it was screened, or if the rules of its day were changed since and give no tax."""
    placed, screened, packed = facts.get(OrderPlaced), facts.get(OrderScreened), plan_of(facts)
    if placed is None or screened is None or packed is None or screened.tax_cny is None:
        return {}
    regime, sums, day = import_basis(placed, screened, policy)
    try:
        tax = regime.judge(placed.lines, sums, day)
    except NoRule:
        return {}
    if isinstance(tax, Refusal):
        return {}
    goods = [[_goods_of_line(placed, parcel, line.line) for line in placed.lines] for parcel in packed.parcels]
    return dict(zip((parcel.parcel for parcel in packed.parcels), parts(tax, goods), strict=True))


def _goods_of_line(placed: OrderPlaced, parcel: Parcel, line: int) -> Decimal:
    of_line = tuple(content for content in parcel.contents if content.line == line)
    return goods_of(placed, parcel.model_copy(update={"contents": of_line}))


def shares_of(placed: OrderPlaced, packed: OrderPacked) -> list[tuple[Parcel, Sums]]:
    """Each parcel with its share of the order's money, in the order's currency."""
    return _split(placed, packed, of_order(placed))


def shares_in_cny(placed: OrderPlaced, packed: OrderPacked, rate: Decimal) -> list[tuple[Parcel, Sums]]:
    """The same in yuan; converted before it is split, so that the parts add up in yuan too."""
    return _split(placed, packed, in_cny(of_order(placed), rate))


def _split(placed: OrderPlaced, packed: OrderPacked, sums: Sums) -> list[tuple[Parcel, Sums]]:
    """In the order of the plan, where a new box takes the place of the one that it replaces: it gets the same share,
    and the other boxes keep theirs."""
    return list(zip(packed.parcels, split(sums, [goods_of(placed, box) for box in packed.parcels]), strict=True))


def _import(facts: Facts, parcel: int, regime: ImportRegime, context: DecisionContext) -> list[Output]:
    if facts.get(ParcelHandedOver, parcel) is None:
        return []
    scans = [scan for scan in facts.all(ParcelScanned) if scan.parcel == parcel]
    if not regime.documents:
        if not regime.cleared_by(scans):
            return []
        return [ImportCleared(order_id=facts.id, occurred_at=context.now, parcel=parcel)]
    if PersonErased in facts or not contact_recorded(facts):
        return []
    if facts.get(ImportDeclared, parcel):
        return _taken_back(facts, parcel, regime, context)
    outputs: list[Output] = [Job(DOCUMENTS, facts.stream, str(parcel))]
    if facts.get(ParcelUplifted, parcel) or any(_left_origin(scan) for scan in scans):
        outputs.append(Job(INVENTORY, facts.stream, str(parcel)))
    return outputs


def _taken_back(facts: Facts, parcel: int, regime: ImportRegime, context: DecisionContext) -> list[Output]:
    """Of a declared parcel that does not reach its addressee: before the release its inventory is cancelled, after it
    the return is declared, while it may be (GACC 194/2018)."""
    ended, cleared = end_evidence(facts, parcel), facts.get(ImportCleared, parcel)
    if cleared is None:
        never = OrderWithdrawn in facts or (ended is not None and ended.outcome in NEVER_COMES)
        return [Job(CANCELLATION, facts.stream, str(parcel))] if never else []
    if ended is None or ended.outcome != "returned" or facts.get(ImportReturned, parcel):
        return []
    until = return_until(regime, cleared)
    return [Job(RETURN, facts.stream, str(parcel))] if until is None or context.now <= until else []


def return_until(regime: ImportRegime, cleared: ImportCleared) -> datetime | None:
    """Until when the return of a released parcel may be applied for; None: without limit. It counts from the release as
    customs states it, else from when we learnt of it."""
    return regime.returnable_until(cleared.released_at or cleared.occurred_at)


def _left_origin(scan: ParcelScanned) -> bool:
    """Whether the scan shows that the parcel has left France. `customs` and `customs_released`, which do not say on
    which side, show it when the scan was made abroad."""
    abroad = scan.country not in (None, ORIGIN)
    return scan.status in LEFT_ORIGIN or (abroad and scan.status in ("customs", "customs_released"))


def _refused(facts: Facts, context: DecisionContext, refusal: Refusal, rules: tuple[str, ...] = ()) -> OrderRefused:
    return OrderRefused(
        order_id=facts.id,
        occurred_at=context.now,
        reason=refusal.reason,
        sku=refusal.sku,
        choices=refusal.choices,
        rules=rules,
    )
