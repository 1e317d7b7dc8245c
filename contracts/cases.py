"""Cases: what waits for a person. Said by whoever holds the matter, listed by `orders`."""

from __future__ import annotations

from typing import ClassVar, Literal

from contracts.base import Code, Event, Instant, ParcelNumber

CaseKind = Literal[
    "customs_hold",  # import customs holds a parcel
    "enquiry",  # the carrier has been silent for too long
    "uncertain_label",  # an answer was lost: a label may exist that we do not know
    "needs_attention",  # a deadline has passed after the point of no return, a counterpart kept failing, or a rule did
    "dead_letter",  # a record could not be handled
    "amendment",  # the world contradicted an end
]


class CaseOpened(Event):
    """Someone must act. The order's deadlines rest while it is open."""

    NAME: ClassVar[str] = "case-opened"
    case: Code
    """The case's name within its order, e.g. `customs_hold:2` (kind and parcel), `enquiry:1:2026-11-20`."""
    kind: CaseKind
    parcel: ParcelNumber | None = None
    reason: Code
    action: Code
    """What frees it: a word of the glossary's table of actions, e.g. `answer_customs`, `search_with_carrier`."""
    due_at: Instant | None = None

    @property
    def subject(self) -> str:
        return self.case


class CaseClosed(Event):
    """The matter is settled, by a person or by the facts."""

    NAME: ClassVar[str] = "case-closed"
    case: Code
    resolution: Code

    @property
    def subject(self) -> str:
        return self.case
