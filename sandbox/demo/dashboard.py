"""What the demo prints: a live table on a terminal, plain lines elsewhere, and a timeline at the end."""

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
"""Progress of an order, of 100, before its parcels travel."""
_OTHERS_SECONDS = 3.0
"""How often a plain line counts the orders that have no row of their own."""
_STYLE = {"delivered": "green", "partly_delivered": "yellow", "returned": "yellow", "lost": "red"}


class Dashboard:
    """A context. `draw` shows the current state; a plain line appears only when an order's state has changed."""

    def __init__(self, console: Console, orders: DemoOrders, shown: Sequence[Order]) -> None:
        self._console, self._orders, self._shown = console, orders, shown
        self._live = Live(console=console, auto_refresh=False, transient=False) if console.is_terminal else None
        self._last: dict[str, str] = {}
        self._others_printed_at = 0.0

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
        for order in self._shown:
            state = state_of(self._orders, order, details.get(order.id))
            if self._last.get(order.id) != state:
                self._last[order.id] = state
                self._print(f"{now:%d %b %H:%M}  {order.number}  {order.scenario.title}: {state}")
        others = self._others()
        if others and self._last.get("") != others and time.monotonic() - self._others_printed_at > _OTHERS_SECONDS:
            self._last[""], self._others_printed_at = others, time.monotonic()
            self._print(f"{now:%d %b %H:%M}  the others: {others}")

    def _print(self, text: str) -> None:
        self._console.print(text, highlight=False, soft_wrap=True)

    def _others(self) -> str:
        shown = {order.id for order in self._shown}
        counts = Counter(self._orders.status(order) for order in self._orders.by_id.values() if order.id not in shown)
        return ", ".join(f"{count} {status.replace('_', ' ')}" for status, count in counts.most_common())

    def _table(self, details: Mapping[str, Mapping[str, Any]], now: datetime, speed: float) -> RenderableType:
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
        for heading in ("order", "scenario", "to", "state", ""):
            table.add_column(heading, no_wrap=True)
        for order in self._shown:
            detail = details.get(order.id)
            state = state_of(self._orders, order, detail)
            style = _STYLE.get(self._orders.status(order), "dim" if self._orders.closed(order) else "")
            table.add_row(
                order.number,
                order.scenario.title,
                order.shopper.place.province if order.shopper else "",
                Text(state, style=style),
                ProgressBar(total=100, completed=progress(self._orders, order, detail), width=24),
            )
        all_orders = list(self._orders.by_id.values())
        ended = sum(1 for order in all_orders if self._orders.closed(order))
        foot = Text(
            f"{now:%A %d %B, %H:%M} UTC, {speed:,.0f} times as fast.  {ended} of {len(all_orders)} orders ended."
        )
        bar = Table.grid()
        bar.add_row(ProgressBar(total=max(1, len(all_orders)), completed=ended, width=60))
        return Group(table, Text(self._others(), style="dim"), bar, foot)


def state_of(orders: DemoOrders, order: Order, detail: Mapping[str, Any] | None) -> str:
    """In words: the status of the order, or of each of its parcels."""
    status = orders.status(order)
    if orders.closed(order) or detail is None or status in BEFORE_HAND_OVER:
        return status.replace("_", " ")
    parcels = [parcel["state"].replace("_", " ") for parcel in detail.get("parcels", ())]
    cases = [f"({case['kind'].replace('_', ' ')})" for case in detail.get("cases", ())]
    return " ".join([" + ".join(parcels) or status.replace("_", " "), *cases])


def progress(orders: DemoOrders, order: Order, detail: Mapping[str, Any] | None) -> int:
    """Of 100; that of the slowest parcel."""
    if orders.closed(order):
        return 100
    if before := BEFORE_HAND_OVER.get(orders.status(order)):
        return before
    parcels = detail.get("parcels", ()) if detail else ()
    reached = [100 if parcel["final"] else max(20, RANKS.get(parcel.get("status", ""), 0)) for parcel in parcels]
    return min(reached, default=20)


def print_timeline(console: Console, order: Order, detail: Mapping[str, Any]) -> None:
    """Everything that happened to one order, as tracking shows it."""
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
