"""What waits for a row of the rules: an order of a day that a table does not have, and a declaration of goods that the
tariff, or customs' table of countries, does not have. Each is a case, and goes on by itself once the row is there.
Pure."""

from __future__ import annotations

import re
from datetime import timedelta

from contracts.cases import CaseClosed, CaseOpened
from contracts.customs import OrderScreened
from contracts.orders import OrderPlaced
from services.customs.domain.cases import ATTENTION_WITHIN, NAME
from services.customs.domain.decide import DOCUMENTS, INVENTORY, Policy, declared_codes
from services.customs.regimes.rows import NoRule
from shared.ledger.facts import DecisionContext, Facts, Output, Timer

RULE_MISSING = "rule_missing"
LOOK_AGAIN = timedelta(hours=1)
"""Business time after which the order is decided again."""
_NO_ROW = re.compile(r"CEB[0-9]{3}:[A-Za-z]+\.(gcode|country):[a-z]+")
"""The reason of a case about a message that could not be written, since a table lacks a row."""


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
    return [case.closed(context.now, "rule_found") for case in _open(facts) if case.matter == RULE_MISSING]


def waits_for_rows(facts: Facts) -> bool:
    """Whether something of the order goes on when a table gets a row."""
    return any(case.matter == RULE_MISSING or _has_no_row(case) for case in _open(facts))


def declarable_now(facts: Facts, policy: Policy) -> list[CaseOpened]:
    """The cases about messages that lacked a row, where the tables have by now what all goods of the order need."""
    placed, screened = facts.get(OrderPlaced), facts.get(OrderScreened)
    waiting = [case for case in _open(facts) if _has_no_row(case)]
    if not waiting or placed is None or screened is None:
        return []
    codes, tables = declared_codes(placed, screened, policy), policy.tables
    day = policy.imports[screened.regime].day(placed.occurred_at)
    whole = all(
        tables.tariff.line(codes.get(line.line, ""), day) and line.origin in tables.codes.country
        for line in placed.lines
    )
    return waiting if whole else []


def _has_no_row(case: CaseOpened) -> bool:
    return case.matter in (DOCUMENTS, INVENTORY) and _NO_ROW.fullmatch(case.reason) is not None


def _open(facts: Facts) -> list[CaseOpened]:
    """Those of customs."""
    return [case for case in facts.all(CaseOpened) if case.service == NAME and facts.get(CaseClosed, case.case) is None]
