"""How far the receipts of one page are recorded."""

from __future__ import annotations

from collections.abc import Sequence

from services.customs.destinations.cn.receipts import PageEntry, ReceiptPage
from services.customs.metrics import RECEIPTS


class PageInProgress:
    """One page, and the cursor up to which its receipts are recorded."""

    def __init__(self, page: ReceiptPage, cursor: str | None) -> None:
        self.page = page
        self.cursor = cursor
        self.outcomes: list[str] = []
        """Of the part that is being recorded; counted once it is recorded."""

    def cursor_behind(self, part: Sequence[PageEntry]) -> str | None:
        """Where to continue after this part: at the cursor of the last message that ends in it; after the whole page,
        at the cursor that the gateway names. If no message ends in it, the cursor stays."""
        if part[-1] is self.page.entries[-1] and self.page.next is not None:
            return self.page.next
        ends = [entry.cursor for entry in part if entry.last and entry.cursor is not None]
        return ends[-1] if ends else self.cursor

    def recorded(self, part: Sequence[PageEntry]) -> None:
        self.cursor = self.cursor_behind(part)
        for outcome in self.outcomes:
            RECEIPTS.labels(outcome).inc()
