"""`make order`: places an order on the stack of `make run` and prints each step as it happens."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import sys
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from rich.console import Console

from sandbox.demo.api import Api, Refused
from sandbox.demo.order_request import order_body
from sandbox.demo.people import Person, person
from sandbox.demo.scenarios import EVERYDAY_LINES, Scenario
from services.tracking.api.words import TrackingWords, load
from shared.clock import Clock
from shared.operations import stack_file

POLL_SECONDS = 0.5
_SHOPPERS = range(10_000, 500_000)
"""Not those of the demo: a buyer has a yearly limit."""
WHO: Mapping[str, str] = {
    "order-placed": "you, the marketplace",
    "order-screened": "customs service",
    "stock-reserved": "warehouse service; now the packer has to pack",
    "order-packed": "the packer, played by make run",
    "parcel-declared": "customs service, with the French gateway simulated by the sandbox",
    "label-created": "carrier service, with La Poste simulated by the sandbox; now the dispatcher hands over",
    "parcel-handed-over": "the dispatcher, played by make run",
    "parcel-scanned": "La Poste, simulated by the sandbox",
    "parcel-uplifted": "the agent at the airport, played by make run",
    "import-declared": "customs service",
    "import-cleared": "Chinese customs, simulated by the sandbox",
    "import-held": "Chinese customs, simulated by the sandbox",
    "order-closed": "orders service",
}
"""Who takes each step, by kind of event."""


class TimelinePrinter:
    """Turns the entries of a timeline into lines of text, each once."""

    def __init__(self, words: TrackingWords) -> None:
        self._words = words
        self._printed: list[Mapping[str, Any]] = []

    def new_lines(self, order: Mapping[str, Any]) -> list[str]:
        """A line for each new entry, wherever in the timeline of the order's document it appears."""
        carrier = next((parcel["carrier"] for parcel in order.get("parcels", ()) if parcel.get("carrier")), None)
        self._words = self._words.of_carrier(carrier)
        new = [entry for entry in order["timeline"] if entry not in self._printed]
        self._printed += new
        return [f"{entry['at'][:16].replace('T', ' ')}  {self._step(entry)}" for entry in new]

    def _step(self, entry: Mapping[str, Any]) -> str:
        who = WHO.get(entry["kind"])
        parts = [self._event(entry), self._words.country(entry.get("country")) or "", f"[{who}]" if who else ""]
        return "  ".join(filter(None, parts))

    def _event(self, entry: Mapping[str, Any]) -> str:
        words = self._words
        if entry["kind"] == "order-closed":
            return f"{words.of('events', 'order-closed')}: {words.of('outcomes', entry['outcome'])}"
        if entry["kind"] != "parcel-scanned":
            reason = words.reason(entry.get("reason"))
            return words.of("events", entry["kind"]) + (f": {reason}" if reason else "")
        if entry.get("sets"):
            return words.of("flags", entry["sets"][0])
        if entry.get("status"):
            return words.of("scans", entry["status"])
        return words.of("flags_cleared", entry["clears"][0]) if entry.get("clears") else words.of("unknown_scan", "")


async def main(console: Console) -> int:
    """Exit code 0 when the order has ended."""
    stack = stack_file.read()
    clock = Clock.from_file(stack.clock_file)

    def say(text: str) -> None:
        console.print(text, highlight=False, markup=False, soft_wrap=True)

    async with Api(stack.urls, stack.api_keys, patience=5) as api:
        number = f"YOU-{secrets.token_hex(3).upper()}"
        body = order_body(number, Scenario("you", "", EVERYDAY_LINES, "delivered"), _shopper(), clock.now())
        placed = await api.post("orders", "/orders", "marketplace", body)
        say(f"{number} is placed: two soaps and a box of biscuits, {body['total']['amount']} EUR")
        say(f"its page: {placed['tracking_url']}")
        say("(times are business time, UTC)")
        printer, hint_given = TimelinePrinter(load()["en"]), False
        secret = parse_qs(urlsplit(placed["tracking_url"]).query)["secret"][0]
        while True:
            order: dict[str, Any] = {"timeline": []}
            with contextlib.suppress(Refused):  # tracking knows it a moment later
                order = await api.get("tracking", f"/orders/{placed['id']}/tracking", None, secret=secret)
            for line in printer.new_lines(order):
                say(line)
            kinds = {entry["kind"] for entry in order["timeline"]}
            if "order-closed" in kinds:
                document = await api.get("orders", f"/orders/{placed['id']}", "marketplace")
                say(f"{number} has ended: {document['status'].replace('_', ' ')}")
                return 0
            if "parcel-handed-over" in kinds and not hint_given and clock.speed() == 1:
                hint_given = True
                say("From here it travels for days of business time, which runs at real pace. In another terminal,")
                say("`make clock SPEED=20000` lets them pass in seconds. Ctrl-C leaves; the order goes on.")
            await asyncio.sleep(POLL_SECONDS)


def _shopper() -> Person:
    return person(_SHOPPERS.start + secrets.randbelow(len(_SHOPPERS)))


if __name__ == "__main__":
    try:
        sys.exit(asyncio.run(main(Console())))
    except stack_file.NoStack as error:
        sys.exit(str(error))
    except (httpx.TransportError, Refused) as error:
        sys.exit(f"the order cannot be placed or followed: {error or type(error).__name__}")
    except KeyboardInterrupt:
        sys.exit(0)
