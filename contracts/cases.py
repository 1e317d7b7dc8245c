"""Cases: what waits for a person. Published by the service concerned, listed by `orders`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar

from pydantic import Field

from contracts.base import Code, Instant, OrderEvent, ParcelNumber
from contracts.vocabularies import CaseAction, CaseKind


class CaseOpened(OrderEvent):
    """Someone must act. The order's deadlines are suspended while it is open."""

    NAME: ClassVar[str] = "case-opened"
    case: Code
    """The case's name within its order, e.g. `customs_hold:2`. An identifier only: its meaning is in the fields."""
    service: Code
    """Who opened it."""
    kind: CaseKind
    matter: Code | None = None
    """What it is about, in the terms of the service that opened it: a state, a kind of work, `label`."""
    parcel: ParcelNumber | None = None
    detail: Code | None = None
    """More exactly, where kind, matter and parcel do not suffice: the work's subject, the record's place."""
    turn: Annotated[int, Field(ge=1)] = 1
    """1 for the first case about the same thing, one more for each later one."""
    since: Instant | None = None
    """When the situation began, where that was before the case was opened."""
    reason: Code
    action: CaseAction
    """What settles it: an action of the glossary's table."""
    due_at: Instant | None = None

    @property
    def subject(self) -> str:
        return self.case

    @property
    def publisher(self) -> str | None:
        return self.service

    def closed(self, now: datetime, resolution: str) -> CaseClosed:
        """The fact that this case is settled."""
        return CaseClosed(
            order_id=self.order_id, occurred_at=now, case=self.case, kind=self.kind, resolution=resolution
        )


class CaseClosed(OrderEvent):
    """The case is settled, by a person or by a later fact."""

    NAME: ClassVar[str] = "case-closed"
    case: Code
    kind: CaseKind
    """As in its case-opened."""
    resolution: Code

    @property
    def subject(self) -> str:
        return self.case
