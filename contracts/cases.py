"""Cases: what waits for a person. Said by whoever holds the matter, listed by `orders`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar

from pydantic import Field

from contracts.base import Code, Event, Instant, ParcelNumber
from contracts.vocabularies import CaseAction, CaseKind


class CaseOpened(Event):
    """Someone must act. The order's deadlines rest while it is open."""

    NAME: ClassVar[str] = "case-opened"
    case: Code
    """The case's name within its order, e.g. `customs_hold:2`. A name only: what it tells stands in the fields."""
    service: Code
    """Who opened it."""
    kind: CaseKind
    matter: Code | None = None
    """What of this kind it is about, in the words of the service that opened it: a state, a kind of work, `label`."""
    parcel: ParcelNumber | None = None
    detail: Code | None = None
    """What exactly, where kind, matter and parcel do not say: the work's subject, the record's place."""
    turn: Annotated[int, Field(ge=1)] = 1
    """One more for each case about the same thing before it."""
    since: Instant | None = None
    """Since when that lasts which the case tells of, where it began before the case."""
    reason: Code
    action: CaseAction
    """What frees it: a word of the glossary's table of actions."""
    due_at: Instant | None = None

    @property
    def subject(self) -> str:
        return self.case

    def closed(self, at: datetime, resolution: str) -> CaseClosed:
        """The fact that this case is settled."""
        return CaseClosed(order_id=self.order_id, occurred_at=at, case=self.case, kind=self.kind, resolution=resolution)


class CaseClosed(Event):
    """The matter is settled, by a person or by the facts."""

    NAME: ClassVar[str] = "case-closed"
    case: Code
    kind: CaseKind
    """As in its case-opened."""
    resolution: Code

    @property
    def subject(self) -> str:
        return self.case
