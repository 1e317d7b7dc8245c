"""Customs without its database and counterparts: the same pure functions over a set of facts in memory."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from contracts.base import Event, order_stream
from contracts.cases import CaseClosed, CaseOpened
from contracts.customs import ImportCleared, ImportDeclared, ImportHeld, OrderRefused
from services.customs.domain.decide import INVENTORY, Passed, Policy, admit, decide, screen
from shared.ledger.facts import DecisionContext, Facts, Job, Output
from tests.support.customs_samples import PLACED_AT, POLICY, order_id, packed, parcel

NOW = DecisionContext(PLACED_AT + timedelta(days=2))
TWO_PARCELS = packed(parcel(1, (1, 1)), parcel(2, (1, 1)))


def held(number: int = 1, hours: float = 0, status: str = "500") -> ImportHeld:
    held_at = PLACED_AT + timedelta(days=8, hours=hours)
    return ImportHeld(
        order_id=order_id(), occurred_at=held_at, parcel=number, reason="inspection", status=status, held_at=held_at
    )


def cleared(number: int = 1) -> ImportCleared:
    return ImportCleared(order_id=order_id(), occurred_at=PLACED_AT + timedelta(days=9), parcel=number)


class World:
    """A service in memory: facts in, what follows published at once, jobs answered when asked."""

    def __init__(self, policy: Policy = POLICY, year_left: str = "26000.00") -> None:
        self.policy = policy
        self.year_left = Decimal(year_left)
        self.facts = Facts(order_stream(order_id()))
        self.jobs: set[Job] = set()

    def consume(self, *events: Event) -> World:
        news = [event for event in events if self.facts.add(event)]
        while news:
            outputs = self._outputs()
            self.jobs |= {item for item in outputs if isinstance(item, Job)}
            news = [item for item in outputs if isinstance(item, Event) and self.facts.add(item)]
        return self

    def _outputs(self) -> list[Output]:
        outputs = decide(self.facts, NOW, self.policy)
        match screen(self.facts, NOW, self.policy):
            case Passed() as passed:
                outputs.append(admit(passed, None if passed.yearly_limit is None else self.year_left, NOW))
            case OrderRefused() as refused:
                outputs.append(refused)
        return outputs

    def answer_inventories(self) -> None:
        for job in sorted(self.jobs, key=lambda job: job.subject):
            if job.kind == INVENTORY:
                self.consume(
                    ImportDeclared(
                        order_id=job.stream.id,
                        occurred_at=NOW.now,
                        parcel=int(job.subject),
                        declaration_number="22442026I000000001",
                    )
                )

    def has(self, kind: str, subject: str = "1") -> bool:
        return Job(kind, order_stream(order_id()), subject) in self.jobs


def open_cases(world: World) -> set[str]:
    return {case.case for case in world.facts.all(CaseOpened)} - {case.case for case in world.facts.all(CaseClosed)}
