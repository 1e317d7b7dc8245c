"""How a rule refuses what a person asks for: the kind of refusal, and each fault by its field and rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

RefusalKind = Literal["unknown", "conflict", "invalid"]
"""There is no such thing; its state forbids it; what was reported breaks a rule."""


@dataclass(frozen=True, slots=True)
class Fault:
    field: str
    """Where, as in `parcels[0].weight_g`."""
    rule: str
    """The rule's name, stable for programs."""
    message: str
    """The rule in words."""


class Refusal(Exception):
    """What was asked for is not done."""

    def __init__(
        self, kind: RefusalKind, title: str, *, detail: str | None = None, faults: Sequence[Fault] = ()
    ) -> None:
        super().__init__(title)
        self.kind = kind
        self.title = title
        self.detail = detail
        self.faults = tuple(faults)
