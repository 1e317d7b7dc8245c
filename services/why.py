"""`python -m services.why ORDER`: what an order waits for, joined from the answers of all services.

`orders` knows the order's status and its open cases; each service knows what it still has to do, has tried and cannot
do. Exit code 0: the order has ended, or goes on by itself; 1: something holds it up; 2: there is no such order, or
`orders` did not answer.
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

from services.registry import SERVICES
from services.tracking_numbers import as_printed
from services.where import Where
from shared.operations.why import Finding, OrderFindings

BLOCKING = ("blocked", "stopped", "dead_letter", "paused", "case", "hold", "server")
"""The holders that do not go away by themselves, the most serious first."""
BY_SEVERITY = (*BLOCKING, "outbox", "job", "alarm")
ORDER_FIELDS = ("id", "marketplace", "number", "status", "since", "awaits", "deadline", "closed_at", "cases")
CONNECT_SECONDS = 1.0
MAX_LISTED = 20
"""The most orders that are listed when several match."""
AWAITED_REQUESTS: Mapping[tuple[str, str | None], str] = {
    ("reserved", "packer"): "warehouse: GET /pick-lists, then POST /orders/{id}/parcels",
    ("labelled", "packer"): "warehouse: GET /hand-overs, then POST /orders/{id}/parcels/{n}/hand-over",
}
"""The request of the person that an order waits for when nothing holds it up, by its status and who acts next."""


class OrderNotIdentified(Exception):
    """There is no such order, several match, or `orders` did not answer; the message may have several lines."""


class OrdersUnreachable(OrderNotIdentified):
    """Nothing answers at the address of `orders`."""


@dataclass(frozen=True, slots=True)
class Why:
    """The joined answer."""

    order: Mapping[str, Any]
    """As `orders` answers it."""
    findings: Sequence[Finding] = ()
    unreachable: Mapping[str, str] = field(default_factory=dict)
    """The services that gave no answer, with the reason."""

    @property
    def ended(self) -> bool:
        return self.order["closed_at"] is not None

    @property
    def held(self) -> bool:
        holding = [finding for finding in self.findings if finding.holder in BLOCKING]
        return bool(self.unreachable or (holding and not self.ended))

    @property
    def next(self) -> str | None:
        """The next safe command or request; None when there is nothing to do but wait."""
        for name in self.unreachable:
            return f"look at {name}: its process, its log, GET /readyz on its internal port"
        if self.ended:
            return None
        named = [finding.next for finding in self.findings if finding.next]
        todo = AWAITED_REQUESTS.get((self.order["status"], self.order["awaits"]))
        return named[0] if named else todo.replace("{id}", self.order["id"]) if todo else None


def join(order: Mapping[str, Any], answers: Sequence[OrderFindings], unreachable: Mapping[str, str]) -> Why:
    """One list of findings, the most serious first. A case is listed once, with the request that resolves it."""
    freed_by = {case["case"]: case["freed_by"] for case in order["cases"]}
    findings: dict[tuple[str, str], Finding] = {}
    for finding in (finding for answer in answers for finding in answer.findings):
        if finding.holder != "case":
            findings[finding.service, finding.what] = finding
            continue
        listed_case = {"service": "orders", "next": freed_by.get(finding.case or "")}
        findings["orders", finding.what] = finding.model_copy(update=listed_case)
    listed = sorted(findings.values(), key=lambda finding: BY_SEVERITY.index(finding.holder))
    if any(finding.holder == "dead_letter" for finding in listed):
        # Each names the command to replay it; its case only repeats that.
        listed = [finding for finding in listed if finding.holder != "case" or "replay_dead_letter" not in finding.what]
    return Why(order, listed, unreachable)


async def ask(urls: Mapping[str, str], key: str, query: str) -> Why:
    """Asks all services. `query`: an order's id, number or tracking number, or a part. Raises OrderNotIdentified."""
    headers = {"Authorization": f"Bearer {key}"}
    timeout = httpx.Timeout(10, connect=CONNECT_SECONDS)
    async with httpx.AsyncClient(headers=headers, timeout=timeout, trust_env=False) as client:
        order = await _order(client, urls["orders"], query)
        path = f"/why/{order['id']}"
        outcomes = await asyncio.gather(*(_answer(client, urls[name] + path) for name in SERVICES))
    answers = [outcome for outcome in outcomes if isinstance(outcome, OrderFindings)]
    unreachable = {name: outcome for name, outcome in zip(SERVICES, outcomes, strict=True) if isinstance(outcome, str)}
    return join(order, answers, unreachable)


async def _order(client: httpx.AsyncClient, url: str, query: str) -> dict[str, Any]:
    try:
        matches = await _by_id(client, url, query) or await _by_number(client, url, query)
        matches = matches or exact_match(await _search(client, url, query), query)
    except httpx.HTTPStatusError as error:
        raise OrderNotIdentified(f"orders at {url} answers {error.response.status_code}") from None
    except httpx.HTTPError as error:
        raise OrdersUnreachable(f"orders does not answer at {url}: {type(error).__name__}") from None
    if not matches:
        raise OrderNotIdentified(
            f"there is no order {query}: no number or tracking number contains it, no order id begins with it"
        )
    if len(matches) > 1:
        raise OrderNotIdentified(ambiguity(query, matches))
    return matches[0]


async def _by_id(client: httpx.AsyncClient, url: str, query: str) -> list[dict[str, Any]]:
    try:
        order_id = UUID(query)
    except ValueError:
        return []
    response = await client.get(f"{url}/orders/{order_id}")
    if response.status_code == httpx.codes.NOT_FOUND:
        return []
    return [response.raise_for_status().json()]


async def _by_number(client: httpx.AsyncClient, url: str, query: str) -> list[dict[str, Any]]:
    """Orders with exactly this number; none when it cannot be a number."""
    response = await client.get(f"{url}/orders", params={"number": query})
    if response.status_code == httpx.codes.UNPROCESSABLE_ENTITY:
        return []
    orders: list[dict[str, Any]] = response.raise_for_status().json()["orders"]
    return orders


async def _search(client: httpx.AsyncClient, url: str, query: str) -> list[dict[str, Any]]:
    """Orders that contain this as a part. Raises OrderNotIdentified when the part is too short."""
    response = await client.get(f"{url}/orders", params={"q": query, "limit": MAX_LISTED + 1})
    if response.status_code == httpx.codes.UNPROCESSABLE_ENTITY:
        rules = ", ".join(error["message"] for error in response.json()["errors"])
        raise OrderNotIdentified(f"no order has the number {query}, and a part of one is searched by {rules}")
    orders: list[dict[str, Any]] = response.raise_for_status().json()["orders"]
    return orders


def exact_match(matches: list[dict[str, Any]], query: str) -> list[dict[str, Any]]:
    """The only order of these with exactly this number or tracking number, else all of them."""
    exact = [order for order in matches if _normalised(query) in {_normalised(number) for number in _numbers(order)}]
    return exact if len(exact) == 1 else matches


def _numbers(order: Mapping[str, Any]) -> list[str]:
    return [order["number"], *(parcel["tracking_number"] or "" for parcel in order["parcels"])]


def _normalised(text: str) -> str:
    return "".join(character for character in as_printed(text) if character.isalnum())


def ambiguity(query: str, matches: Sequence[Mapping[str, Any]]) -> str:
    """A list of the orders that match."""
    rows = [(order["marketplace"], order["number"], order["status"], order["id"]) for order in matches[:MAX_LISTED]]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = ["  " + "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) for row in rows]
    more = "  ... and more" if len(matches) > MAX_LISTED else ""
    count = f"more than {MAX_LISTED}" if more else str(len(matches))
    head = f"{count} orders match {query}; choose one, by its id if their numbers are equal:"
    return "\n".join(filter(None, [head, *(line.rstrip() for line in lines), more]))


async def _answer(client: httpx.AsyncClient, url: str) -> OrderFindings | str:
    """What the service answers, or why it does not."""
    try:
        response = await client.get(url)
        response.raise_for_status()
    except httpx.HTTPStatusError as error:
        return f"HTTP {error.response.status_code}"
    except httpx.HTTPError as error:
        return type(error).__name__
    return OrderFindings.model_validate_json(response.content)


def show(console: Console, why: Why) -> None:
    """The answer for people."""
    order = why.order
    console.print(f"[bold]{escape(order['number'])}[/] of {escape(order['marketplace'])}, {order['id']}")
    awaits = f", awaits {order['awaits']}" if order["awaits"] else ""
    limit = f", until {order['deadline']}" if order["deadline"] else ""
    console.print(f"{order['status']} since {order['since']}{awaits}{limit}")
    for name, reason in why.unreachable.items():
        console.print(f"[red]✗[/] {name} does not answer: {reason}")
    for finding in () if why.ended else why.findings:
        mark = "[red]✗[/]" if finding.holder in BLOCKING else "·"
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
    details = ", ".join(filter(None, parts))
    return f" ({details})" if details else ""


def _text(instant: datetime) -> str:
    return instant.isoformat(timespec="seconds").replace("+00:00", "Z")


def main(
    order: Annotated[
        str, typer.Argument(metavar="ORDER", help="its id, the marketplace's number or a tracking number, or a part")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="for scripts")] = False,
) -> None:
    """Shows what an order waits for, since when, what was tried, what holds it up, and the next safe command."""
    where = Where()
    try:
        why = asyncio.run(ask(where.urls(), where.key(), order))
    except OrderNotIdentified as error:
        typer.echo(f"{error}; {where.source()}" if isinstance(error, OrdersUnreachable) else str(error), err=True)
        raise typer.Exit(2) from None
    if as_json:
        findings = [finding.model_dump(mode="json") for finding in why.findings]
        fields = {name: why.order[name] for name in ORDER_FIELDS}
        answer = {"order": fields, "findings": findings, "unreachable": why.unreachable, "next": why.next}
        typer.echo(json.dumps(answer, indent=2, ensure_ascii=False))
    else:
        show(Console(highlight=False), why)
    raise typer.Exit(1 if why.held else 0)


if __name__ == "__main__":
    typer.run(main)
