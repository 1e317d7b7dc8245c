"""What waits for a missing row of the rules: an order, where a table has no row for its day, and a declaration, where
the tariff or customs' table of countries lacks its goods. Each has a case, and goes on by itself once the row is there.
Pure."""

from __future__ import annotations

from datetime import timedelta

from contracts.cases import CaseClosed, CaseOpened
from contracts.customs import OrderScreened
from contracts.orders import OrderPlaced
from services.customs.domain.cases import ATTENTION_WITHIN, NAME
from services.customs.domain.decide import DOCUMENTS, INVENTORY, Policy, import_basis
from services.customs.regimes.rows import NoRule
from shared.ledger.facts import DecisionContext, Facts, Output, Timer

RULE_MISSING = "rule_missing"
LOOK_AGAIN = timedelta(hours=1)
"""Business time after which the order is decided again."""


def waits_for_rule(facts: Facts, gap: NoRule, context: DecisionContext) -> list[Output]:
    """The case names the table and the day; nobody has to touch the order when the row has come."""
    missing = f"{gap.table}:{gap.day}"
    case = CaseOpened(
        order_id=facts.id,
        occurred_at=context.now,
        case=f"needs_attention:{RULE_MISSING}:{missing}",
        service=NAME,
        kind="needs_attention",
        matter=RULE_MISSING,
        detail=missing,
        reason=RULE_MISSING,
        lacks=gap.table,
        action="look_into",
        due_at=context.now + ATTENTION_WITHIN,
    )
    return [case, Timer(facts.stream, context.now + LOOK_AGAIN)]


def rule_found(facts: Facts, context: DecisionContext) -> list[CaseClosed]:
    """Closes what waited, once the order is decided without a gap."""
    return [case.closed(context.now, "rule_found") for case in _open(facts) if case.matter == RULE_MISSING]


def waits_for_rows(facts: Facts) -> bool:
    """Whether something of the order goes on when a table gets a row."""
    return any(case.matter == RULE_MISSING or _is_unwritten(case) for case in _open(facts))


def declarable_now(facts: Facts, policy: Policy) -> list[CaseOpened]:
    """The cases about messages that lacked a row, where the tables have by now what all goods of the order need."""
    placed, screened = facts.get(OrderPlaced), facts.get(OrderScreened)
    waiting = [case for case in _open(facts) if _is_unwritten(case)]
    if not waiting or placed is None or screened is None:
        return []
    try:
        policy.lane_of(placed, screened.regime)
    except NoRule:
        return []
    regime, sums, day = import_basis(placed, screened, policy)
    return waiting if regime.declarable(placed.lines, sums, day) else []


def _is_unwritten(case: CaseOpened) -> bool:
    """About a message that could not be written, since a table lacks a row."""
    return case.matter in (DOCUMENTS, INVENTORY) and case.lacks is not None


def _open(facts: Facts) -> list[CaseOpened]:
    """Those of customs."""
    return [case for case in facts.all(CaseOpened) if case.service == NAME and facts.get(CaseClosed, case.case) is None]
