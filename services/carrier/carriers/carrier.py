"""A carrier as the rest of the service calls it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from services.carrier.domain.carrier import CodeMeaning, LabelAnswer, LabelOrder, ParcelEvents


class Unreachable(Exception):
    """The carrier gave no answer about any parcel of the request.

    `reason` is one token. `retry_after` is in real seconds, when the carrier named it.
    """

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Carrier:
    """The functions of one carrier."""

    name: str
    counterpart: str
    """The name under which an operator pauses it."""
    group_size: int
    """How many parcels one tracking request may name."""
    make_label: Callable[[LabelOrder], Awaitable[LabelAnswer]]
    track: Callable[[Sequence[str]], Awaitable[Sequence[ParcelEvents]]]
    """Raises Unreachable."""
    read: Callable[[str, str | None], CodeMeaning]
    """The meaning of a code, given the country of the scan if known."""
