"""`make order`: places an order on the line of `make run` and tells each step as it happens."""

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

from sandbox.show.api import Api, Refused
from sandbox.show.baskets import order_body
from sandbox.show.people import Person, person
from sandbox.show.tales import EVERYDAY_LINES, Tale
from services.tracking.api.words import Words, load
from shared.clock import Clock
from shared.operations import line_file

LOOKS_EVERY = 0.5
_PEOPLE = range(10_000, 500_000)
"""Not those of the show; each year a buyer may only order for so much."""
PLAYED: Mapping[str, str] = {
    "order-placed": "you, the marketplace",
    "order-screened": "customs service",
    "stock-reserved": "warehouse service; now the packer has to pack",
    "order-packed": "the packer, played by make run",
    "parcel-declared": "customs service, with the French gateway played by the sandbox",
    "label-created": "carrier service, with La Poste played by the sandbox; now the dispatcher hands over",
    "parcel-handed-over": "the dispatcher, played by make run",
    "parcel-scanned": "La Poste, played by the sandbox",
    "parcel-uplifted": "the agent at the airport, played by make run",
    "import-declared": "customs service",
    "import-cleared": "Chinese customs, played by the sandbox",
    "import-held": "Chinese customs, played by the sandbox",
    "order-closed": "orders service",
}
"""Who takes each step."""


class Follower:
    """Tells the entries of a timeline that were not told yet."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._told: list[Mapping[str, Any]] = []

    def news(self, timeline: list[dict[str, Any]]) -> list[str]:
        """A line for each entry that is new, wherever in the timeline it appears."""
        fresh = [entry for entry in timeline if entry not in self._told]
        self._told += fresh
        return [f"{entry['at'][:16].replace('T', ' ')}  {self._step(entry)}" for entry in fresh]

    def _step(self, entry: Mapping[str, Any]) -> str:
        by = PLAYED.get(entry["kind"])
        parts = [self._what(entry), self._words.country(entry.get("country")) or "", f"[{by}]" if by else ""]
        return "  ".join(filter(None, parts))

    def _what(self, entry: Mapping[str, Any]) -> str:
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
    """Exit code 0 when the order has ended, or whoever looked on had enough."""
    line = line_file.read()
    clock = Clock.from_file(line.clock_file)

    def say(text: str) -> None:
        console.print(text, highlight=False, markup=False, soft_wrap=True)

    async with Api(line.urls, line.api_keys, patience=5) as api:
        number = f"YOU-{secrets.token_hex(3).upper()}"
        body = order_body(number, Tale("you", "", EVERYDAY_LINES, "delivered"), _anybody(), clock.now())
        made = await api.post("orders", "/orders", "marketplace", body)
        say(f"{number} is placed: two soaps and a box of biscuits, {body['total']['amount']} EUR")
        say(f"its page: {made['tracking_url']}")
        say("(times are business time, UTC)")
        follower, hinted = Follower(load()["en"]), False
        secret = parse_qs(urlsplit(made["tracking_url"]).query)["secret"][0]
        while True:
            with contextlib.suppress(Refused):  # tracking hears of it a moment later
                detail = await api.get("tracking", f"/orders/{made['id']}/tracking", None, secret=secret)
                for news in follower.news(detail["timeline"]):
                    say(news)
            document = await api.get("orders", f"/orders/{made['id']}", "marketplace")
            if document["closed_at"]:
                say(f"{number} has ended: {document['status'].replace('_', ' ')}")
                return 0
            if document["status"] == "handed_over" and not hinted and clock.speed() == 1:
                hinted = True
                say("From here it travels in business time, which runs at real pace: days. In another terminal,")
                say("`make clock SPEED=20000` lets them pass in seconds. Ctrl-C leaves; the order goes on.")
            await asyncio.sleep(LOOKS_EVERY)


def _anybody() -> Person:
    return person(_PEOPLE.start + secrets.randbelow(len(_PEOPLE)))


if __name__ == "__main__":
    try:
        sys.exit(asyncio.run(main(Console())))
    except line_file.NoLine as none:
        sys.exit(str(none))
    except (httpx.TransportError, Refused) as failed:
        sys.exit(f"the line does not take it: {failed or type(failed).__name__}")
    except KeyboardInterrupt:
        sys.exit(0)
