"""An order of a day for which a table has no row: it waits, with a case, and goes on by itself once the row is there.
Pure."""

from __future__ import annotations

from datetime import timedelta

from contracts.cases import CaseClosed, CaseOpened
from services.customs.domain.cases import ATTENTION_WITHIN, NAME
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
        action="look_into",
        due_at=context.now + ATTENTION_WITHIN,
    )
    return [case, Timer(facts.stream, context.now + LOOK_AGAIN)]


def rule_found(facts: Facts, context: DecisionContext) -> list[CaseClosed]:
    """Closes what waited, once the order is decided without a gap."""
    return [
        case.closed(context.now, "rule_found")
        for case in facts.all(CaseOpened)
        if (case.service, case.matter) == (NAME, RULE_MISSING) and facts.get(CaseClosed, case.case) is None
    ]
