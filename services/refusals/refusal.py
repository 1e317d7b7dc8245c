"""How a rule refuses what is asked for: the kind of refusal, and each fault by its field and rule. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from shared.faults import Fault

RefusalKind = Literal["unknown", "conflict", "invalid", "unavailable"]
"""There is no such thing; its state forbids it; what was stated breaks a rule; who must be asked does not answer."""


class Refusal(Exception):
    """The request is refused."""

    def __init__(
        self, kind: RefusalKind, title: str, *, detail: str | None = None, faults: Sequence[Fault] = ()
    ) -> None:
        super().__init__(title)
        self.kind = kind
        self.title = title
        self.detail = detail
        self.faults = tuple(faults)


def refused(field: str, rule: str, message: str) -> Refusal:
    """The refusal of one fault of what was stated."""
    return Refusal("invalid", "invalid request", faults=[Fault(field, rule, message)])


def conflict(title: str, field: str, rule: str, message: str) -> Refusal:
    """A refusal by one rule, because of the present state."""
    return Refusal("conflict", title, faults=[Fault(field, rule, message)])
