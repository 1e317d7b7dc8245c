"""How a rule refuses what a person asks for: the kind of refusal, and each fault by its field and rule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from shared.faults import Fault

RefusalKind = Literal["unknown", "conflict", "invalid"]
"""There is no such thing; its state forbids it; what was reported breaks a rule."""


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
