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
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import httpx
import typer
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict
from rich.console import Console
from rich.markup import escape

from services.credentials import SERVICES
from shared.settings import SECRETS
from shared.why import Answer, Finding

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
HELD_BY = frozenset({"unreachable", "blocked", "stopped", "dead_letter", "paused", "case", "server"})
"""What does not pass by waiting a moment."""
AWAITED: Mapping[tuple[str, str | None], str] = {
    ("reserved", "packer"): "warehouse: GET /pick-lists, then POST /orders/{id}/parcels",
    ("labelled", "packer"): "warehouse: GET /hand-overs, then POST /orders/{id}/parcels/{n}/hand-over",
}
"""What a person does for an order that nothing holds up, by its state and whom it awaits."""


class Settings(BaseSettings):
    """Where the services are, as docker-compose.yml publishes them, and the operator's key. A file that names both, as
    `make run` writes while it runs, wins."""

    model_config = SettingsConfigDict(extra="ignore", secrets_dir=SECRETS if SECRETS.is_dir() else None)

    orders_url: str = "http://localhost:8010"
    warehouse_url: str = "http://localhost:8020"
    customs_url: str = "http://localhost:8030"
    carrier_url: str = "http://localhost:8040"
    tracking_url: str = "http://localhost:8050"
    operator_key: SecretStr = SecretStr("")
    operator_key_file: Path | None = Field(default=None, description="where the key stands when it is not given")
    line_file: Path | None = Field(default=None, description='JSON: {"urls": {service: url}, "operator_key": key}')

    def where(self) -> tuple[dict[str, str], str]:
        """The services' addresses and the key."""
        urls = {name: str(getattr(self, f"{name}_url")) for name in SERVICES}
        if self.line_file is None or not self.line_file.is_file():
            return urls, self.operator_key.get_secret_value() or self._filed()
        line = json.loads(self.line_file.read_text())
        return {**urls, **line["urls"]}, line["operator_key"]

    def _filed(self) -> str:
        filed = self.operator_key_file
        return filed.read_text().strip() if filed is not None and filed.is_file() else ""


class NotToBeAsked(Exception):
    """There is no such order, or `orders` cannot tell."""


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
    """Asks all five. `wanted` is an order's id or a marketplace's number. Raises NotToBeAsked."""
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(headers=headers, timeout=10, trust_env=False) as client:
        order = await _order(client, urls["orders"], wanted)
        path = f"/why/{order['id']}"
        outcomes = await asyncio.gather(*(_answer(client, urls[name] + path) for name in SERVICES))
    answers = [outcome for outcome in outcomes if isinstance(outcome, Answer)]
    silent = {name: outcome for name, outcome in zip(SERVICES, outcomes, strict=True) if isinstance(outcome, str)}
    return join(order, answers, silent)


async def _order(client: httpx.AsyncClient, url: str, wanted: str) -> dict[str, Any]:
    try:
        found = await _by_id(client, url, wanted) or await _by_number(client, url, wanted)
    except httpx.HTTPError as error:
        raise NotToBeAsked(f"orders does not answer at {url}: {type(error).__name__}") from None
    if not found:
        raise NotToBeAsked(f"there is no order {wanted}")
    if len(found) > 1:
        same = ", ".join(f"{order['marketplace']} {order['id']}" for order in found)
        raise NotToBeAsked(f"several marketplaces have an order {wanted}: {same}")
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


async def _by_number(client: httpx.AsyncClient, url: str, wanted: str) -> list[dict[str, Any]]:
    response = await client.get(f"{url}/orders", params={"number": wanted})
    if response.status_code == httpx.codes.UNPROCESSABLE_ENTITY:
        return []
    orders: list[dict[str, Any]] = response.raise_for_status().json()["orders"]
    return orders


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
    order: Annotated[str, typer.Argument(metavar="ORDER", help="its id, or the marketplace's number")],
    as_json: Annotated[bool, typer.Option("--json", help="for scripts")] = False,
) -> None:
    """Tells what an order waits for, since when, what was tried, what holds it up, and the next safe command."""
    urls, key = Settings().where()
    try:
        why = asyncio.run(ask(urls, key, order))
    except NotToBeAsked as cause:
        typer.echo(str(cause), err=True)
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
