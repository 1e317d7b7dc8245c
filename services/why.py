"""`python -m services.why ORDER`: what an order waits for, joined from the answers of the five services.

`orders` says where the order stands and which cases wait for a person; each service says what it owes, has tried and
cannot do. Exit code 0: the order has ended, or goes on by itself; 1: something holds it up; 2: there is no such order,
or it could not be asked for.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import httpx
import typer
from rich.console import Console
from rich.markup import escape

from services.credentials import SERVICES
from services.where import Where
from shared.operations.why import Answer, Finding

GRAVEST_FIRST = (
    "unreachable",
    "blocked",
    "stopped",
    "dead_letter",
    "paused",
    "case",
    "server",
    "outbox",
    "job",
    "alarm",
)
SHOWN = ("id", "marketplace", "number", "status", "since", "awaits", "deadline", "closed_at", "cases")
CONNECT_SECONDS = 1.0
LISTED = 20
"""So many orders are named when several are meant."""
HELD_BY = frozenset({"unreachable", "blocked", "stopped", "dead_letter", "paused", "case", "server"})
"""What does not pass by waiting a moment."""
AWAITED: Mapping[tuple[str, str | None], str] = {
    ("reserved", "packer"): "warehouse: GET /pick-lists, then POST /orders/{id}/parcels",
    ("labelled", "packer"): "warehouse: GET /hand-overs, then POST /orders/{id}/parcels/{n}/hand-over",
}
"""What a person does for an order that nothing holds up, by its state and whom it awaits."""


class NotToBeAsked(Exception):
    """There is no such order, there are several, or `orders` cannot tell; the message may have several lines."""


class NoAnswer(NotToBeAsked):
    """Nobody answers where `orders` is looked for."""


@dataclass(frozen=True, slots=True)
class Why:
    """The joined answer."""

    order: Mapping[str, Any]
    """As `orders` shows it."""
    findings: Sequence[Finding] = ()
    unreachable: Mapping[str, str] = field(default_factory=dict)
    """The services that gave no answer, with the reason."""

    @property
    def ended(self) -> bool:
        return self.order["closed_at"] is not None

    @property
    def held(self) -> bool:
        holding = [finding for finding in self.findings if finding.holder in HELD_BY]
        return bool(self.unreachable or (holding and not self.ended))

    @property
    def next(self) -> str | None:
        """The next safe command or request; None when there is nothing to do but wait."""
        for name in self.unreachable:
            return f"look at {name}: its process, its log, GET /readyz on its internal port"
        if self.ended:
            return None
        named = [finding.next for finding in self.findings if finding.next]
        todo = AWAITED.get((self.order["status"], self.order["awaits"]))
        return named[0] if named else todo.replace("{id}", self.order["id"]) if todo else None


def join(order: Mapping[str, Any], answers: Sequence[Answer], unreachable: Mapping[str, str]) -> Why:
    """One list of findings, the gravest first. A case is told once, with the request that frees it."""
    freed_by = {case["case"]: case["freed_by"] for case in order["cases"]}
    findings: dict[tuple[str, str], Finding] = {}
    for finding in (finding for answer in answers for finding in answer.findings):
        if finding.holder != "case":
            findings[finding.service, finding.what] = finding
            continue
        told = finding.model_copy(update={"service": "orders", "next": freed_by.get(finding.case or "")})
        findings["orders", finding.what] = told
    letters = [finding for finding in findings.values() if finding.holder == "dead_letter"]
    listed = sorted(findings.values(), key=lambda finding: GRAVEST_FIRST.index(finding.holder))
    if letters:  # they name the command itself; their cases only repeat it
        listed = [finding for finding in listed if finding.holder != "case" or "replay_dead_letter" not in finding.what]
    return Why(order, listed, unreachable)


async def ask(urls: Mapping[str, str], key: str, wanted: str) -> Why:
    """Asks all five. `wanted` is an order's id, a marketplace's number or a tracking number, or a part of one. Raises
    NotToBeAsked."""
    headers = {"Authorization": f"Bearer {key}"}
    timeout = httpx.Timeout(10, connect=CONNECT_SECONDS)
    async with httpx.AsyncClient(headers=headers, timeout=timeout, trust_env=False) as client:
        order = await _order(client, urls["orders"], wanted)
        path = f"/why/{order['id']}"
        outcomes = await asyncio.gather(*(_answer(client, urls[name] + path) for name in SERVICES))
    answers = [outcome for outcome in outcomes if isinstance(outcome, Answer)]
    silent = {name: outcome for name, outcome in zip(SERVICES, outcomes, strict=True) if isinstance(outcome, str)}
    return join(order, answers, silent)


async def _order(client: httpx.AsyncClient, url: str, wanted: str) -> dict[str, Any]:
    try:
        found = await _by_id(client, url, wanted) or await _numbered(client, url, wanted)
        found = found or _exact(await _sought(client, url, wanted), wanted)
    except httpx.HTTPStatusError as error:
        raise NotToBeAsked(f"orders at {url} answers {error.response.status_code}") from None
    except httpx.HTTPError as error:
        raise NoAnswer(f"orders does not answer at {url}: {type(error).__name__}") from None
    if not found:
        raise NotToBeAsked(
            f"there is no order {wanted}: no number, tracking number or order id is or holds that (an id: begins so)"
        )
    if len(found) > 1:
        raise NotToBeAsked(several(wanted, found))
    return found[0]


async def _by_id(client: httpx.AsyncClient, url: str, wanted: str) -> list[dict[str, Any]]:
    try:
        order_id = UUID(wanted)
    except ValueError:
        return []
    response = await client.get(f"{url}/orders/{order_id}")
    if response.status_code == httpx.codes.NOT_FOUND:
        return []
    return [response.raise_for_status().json()]


async def _numbered(client: httpx.AsyncClient, url: str, wanted: str) -> list[dict[str, Any]]:
    """Those of exactly this number; what cannot be a number has none."""
    response = await client.get(f"{url}/orders", params={"number": wanted})
    if response.status_code == httpx.codes.UNPROCESSABLE_ENTITY:
        return []
    orders: list[dict[str, Any]] = response.raise_for_status().json()["orders"]
    return orders


async def _sought(client: httpx.AsyncClient, url: str, wanted: str) -> list[dict[str, Any]]:
    """Those that hold this as a part. Raises NotToBeAsked when it is too little to seek by."""
    response = await client.get(f"{url}/orders", params={"q": wanted, "limit": LISTED + 1})
    if response.status_code == httpx.codes.UNPROCESSABLE_ENTITY:
        rules = ", ".join(error["message"] for error in response.json()["errors"])
        raise NotToBeAsked(f"no order has the number {wanted}, and a part of one is sought by {rules}")
    orders: list[dict[str, Any]] = response.raise_for_status().json()["orders"]
    return orders


def _exact(found: list[dict[str, Any]], wanted: str) -> list[dict[str, Any]]:
    """Of these orders the one that is called so, and not only in part, if there is one."""
    called = [order for order in found if _plain(wanted) in {_plain(name) for name in _names(order)}]
    return called if len(called) == 1 else found


def _names(order: Mapping[str, Any]) -> list[str]:
    return [order["number"], *(parcel["tracking_number"] or "" for parcel in order["parcels"])]


def _plain(text: str) -> str:
    return "".join(character for character in text.upper() if character.isalnum())


def several(wanted: str, found: Sequence[Mapping[str, Any]]) -> str:
    """What to choose from."""
    rows = [(order["marketplace"], order["number"], order["status"], order["id"]) for order in found[:LISTED]]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = ["  " + "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) for row in rows]
    more = "  ... and more" if len(found) > LISTED else ""
    count = f"more than {LISTED}" if more else str(len(found))
    head = f"{count} orders are or hold {wanted}; choose one, by its id if their numbers are the same:"
    return "\n".join(filter(None, [head, *(line.rstrip() for line in lines), more]))


async def _answer(client: httpx.AsyncClient, url: str) -> Answer | str:
    """What the service says, or why it says nothing."""
    try:
        response = await client.get(url)
        response.raise_for_status()
    except httpx.HTTPStatusError as error:
        return f"HTTP {error.response.status_code}"
    except httpx.HTTPError as error:
        return type(error).__name__
    return Answer.model_validate_json(response.content)


def show(console: Console, why: Why) -> None:
    """The answer for people."""
    order = why.order
    console.print(f"[bold]{escape(order['number'])}[/] of {escape(order['marketplace'])}, {order['id']}")
    awaits = f", awaits {order['awaits']}" if order["awaits"] else ""
    limit = f", until {order['deadline']}" if order["deadline"] else ""
    console.print(f"{order['status']} since {order['since']}{awaits}{limit}")
    for name, reason in why.unreachable.items():
        console.print(f"[red]✗[/] {name} gives no answer: {reason}")
    for finding in () if why.ended else why.findings:
        mark = "[red]✗[/]" if finding.holder in HELD_BY else "·"
        console.print(f"{mark} {finding.service}: {escape(finding.what)}{escape(_details(finding))}")
        if finding.next:
            console.print(f"    {escape(finding.next)}", style="cyan", soft_wrap=True)
    if why.ended:
        console.print("It waits for nothing: it has ended.")
    elif why.next:
        console.print(f"[bold]Next:[/] {escape(why.next)}", soft_wrap=True)
    else:
        console.print("Nothing to do: it goes on by itself.")


def _details(finding: Finding) -> str:
    parts = [
        f"since {_text(finding.since)}" if finding.since else "",
        f"tried {finding.tried} times" if finding.tried else "",
        f"last: {finding.reason}" if finding.reason else "",
        f"until {_text(finding.until)}" if finding.until else "",
    ]
    told = ", ".join(filter(None, parts))
    return f" ({told})" if told else ""


def _text(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


def main(
    order: Annotated[
        str, typer.Argument(metavar="ORDER", help="its id, the marketplace's number or a tracking number, or a part")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="for scripts")] = False,
) -> None:
    """Tells what an order waits for, since when, what was tried, what holds it up, and the next safe command."""
    where = Where()
    try:
        why = asyncio.run(ask(where.urls(), where.key(), order))
    except NotToBeAsked as cause:
        typer.echo(f"{cause}; {where.told()}" if isinstance(cause, NoAnswer) else str(cause), err=True)
        raise typer.Exit(2) from None
    if as_json:
        found = [finding.model_dump(mode="json") for finding in why.findings]
        order_said = {name: why.order[name] for name in SHOWN}
        answer = {"order": order_said, "findings": found, "unreachable": why.unreachable, "next": why.next}
        typer.echo(json.dumps(answer, indent=2, ensure_ascii=False))
    else:
        show(Console(highlight=False), why)
    raise typer.Exit(1 if why.held else 0)


if __name__ == "__main__":
    typer.run(main)
