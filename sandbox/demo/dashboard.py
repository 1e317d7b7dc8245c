"""What the show looks like: a live table on a terminal, plain lines elsewhere, and a timeline at the end."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from contracts.vocabularies import RANKS
from sandbox.demo.orders import DemoOrders, Order

BEFORE_HAND_OVER = {
    "placed": 2,
    "screened": 5,
    "reserved": 8,
    "packed": 11,
    "declared": 14,
    "labelled": 17,
    "handed_over": 20,
}
"""How far along an order is, of 100, before its parcels travel."""
_OTHERS_EVERY = 3.0
_MOOD = {"delivered": "green", "partly_delivered": "yellow", "returned": "yellow", "lost": "red"}


class Dashboard:
    """A context. `show` draws the present state; a plain line appears only when an order's state has changed."""

    def __init__(self, console: Console, orders: DemoOrders, told: Sequence[Order]) -> None:
        self._console, self._orders, self._told = console, orders, told
        self._live = Live(console=console, auto_refresh=False, transient=False) if console.is_terminal else None
        self._last: dict[str, str] = {}
        self._told_others = 0.0

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def draw(self, details: Mapping[str, Mapping[str, Any]], now: datetime, speed: float) -> None:
        """`details`: the tracking documents by order id, as far as they are known."""
        if self._live:
            self._live.update(self._table(details, now, speed), refresh=True)
        else:
            self._lines(details, now)

    def _lines(self, details: Mapping[str, Mapping[str, Any]], now: datetime) -> None:
        for order in self._told:
            state = state_of(self._orders, order, details.get(order.id))
            if self._last.get(order.id) != state:
                self._last[order.id] = state
                self._deployment(f"{now:%d %b %H:%M}  {order.number}  {order.scenario.title}: {state}")
        others = self._others()
        if others and self._last.get("") != others and time.monotonic() - self._told_others > _OTHERS_EVERY:
            self._last[""], self._told_others = others, time.monotonic()
            self._deployment(f"{now:%d %b %H:%M}  the others: {others}")

    def _deployment(self, text: str) -> None:
        self._console.print(text, highlight=False, soft_wrap=True)

    def _others(self) -> str:
        told = {order.id for order in self._told}
        counted = Counter(self._orders.status(order) for order in self._orders.by_id.values() if order.id not in told)
        return ", ".join(f"{count} {status.replace('_', ' ')}" for status, count in counted.most_common())

    def _table(self, details: Mapping[str, Mapping[str, Any]], now: datetime, speed: float) -> RenderableType:
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
        for heading in ("order", "story", "to", "state", ""):
            table.add_column(heading, no_wrap=True)
        for order in self._told:
            detail = details.get(order.id)
            state = state_of(self._orders, order, detail)
            mood = _MOOD.get(self._orders.status(order), "dim" if self._orders.closed(order) else "")
            table.add_row(
                order.number,
                order.scenario.title,
                order.shopper.place.province if order.shopper else "",
                Text(state, style=mood),
                ProgressBar(total=100, completed=progress(self._orders, order, detail), width=24),
            )
        everyone = list(self._orders.by_id.values())
        ended = sum(1 for order in everyone if self._orders.closed(order))
        foot = Text(f"{now:%A %d %B, %H:%M} UTC, {speed:,.0f} times as fast.  {ended} of {len(everyone)} orders ended.")
        bar = Table.grid()
        bar.add_row(ProgressBar(total=max(1, len(everyone)), completed=ended, width=60))
        return Group(table, Text(self._others(), style="dim"), bar, foot)


def state_of(orders: DemoOrders, order: Order, detail: Mapping[str, Any] | None) -> str:
    """In words: where the order stands, or where each of its parcels is."""
    status = orders.status(order)
    if orders.closed(order) or detail is None or status in BEFORE_HAND_OVER:
        return status.replace("_", " ")
    parcels = [parcel["state"].replace("_", " ") for parcel in detail.get("parcels", ())]
    waits = [f"({case['kind'].replace('_', ' ')})" for case in detail.get("cases", ())]
    return " ".join([" + ".join(parcels) or status.replace("_", " "), *waits])


def progress(orders: DemoOrders, order: Order, detail: Mapping[str, Any] | None) -> int:
    """Of 100: as far as the slowest parcel."""
    if orders.closed(order):
        return 100
    if before := BEFORE_HAND_OVER.get(orders.status(order)):
        return before
    parcels = detail.get("parcels", ()) if detail else ()
    far = [100 if parcel["final"] else max(20, RANKS.get(parcel.get("status", ""), 0)) for parcel in parcels]
    return min(far, default=20)


def print_timeline(console: Console, order: Order, detail: Mapping[str, Any]) -> None:
    """Everything that happened to one order, as tracking tells it."""
    console.print(f"\n[bold]{order.number}[/bold], {order.scenario.title}:", highlight=False)
    for entry in detail["timeline"]:
        parcel = f"parcel {entry['parcel']}" if "parcel" in entry else "order"
        words = [entry["kind"].replace("-", " ")]
        words += [
            str(entry[name]) for name in ("code", "status", "country", "case", "outcome", "reason") if name in entry
        ]
        console.print(
            f"  {entry['at'][:16].replace('T', ' ')}  {parcel:<9} {', '.join(words)}", highlight=False, soft_wrap=True
        )
