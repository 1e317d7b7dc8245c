"""The state of the outside world, in memory, and its business time."""

from __future__ import annotations

import itertools
import secrets
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime

from sandbox.china_customs.customs import DOCUMENTS, Port
from sandbox.laposte.parcels import Post
from sandbox.scenarios import StoryBook
from sandbox.scheduler import Agenda

FIRST_SERIALS = range(10_000_000, 60_000_000)
"""A world begins somewhere in here, so that two worlds hardly ever give out the same numbers."""


class World:
    """Everything the stand-ins know. `advance` first, then look: what is due by now happens there and then."""

    def __init__(
        self,
        now: Callable[[], datetime],
        *,
        first_serial: int | None = None,
        expects: Iterable[str] = tuple(DOCUMENTS),
    ) -> None:
        serial = first_serial if first_serial is not None else secrets.choice(FIRST_SERIALS)
        self._now = now
        self._serials = itertools.count(serial)
        self.agenda = Agenda()
        self.book = StoryBook()
        self.port = Port(self.agenda, self.book, expects)
        self.post = Post(self.agenda, self.book, self.port, serial)
        self.exports: dict[str, dict[str, str]] = {}
        """The answer to each LRN that was released."""
        self.export_account: list[dict[str, str]] = []
        self.requests: Counter[tuple[str, str]] = Counter()
        """What each counterpart answered, and how often: (counterpart, status or fault)."""
        self.callbacks: Counter[str] = Counter()

    def advance(self) -> datetime:
        """Lets everything happen that is due by now; returns the business instant."""
        now = self._now()
        self.agenda.run_until(now)
        return now

    def next_serial(self) -> int:
        return next(self._serials)
