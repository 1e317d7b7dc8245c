"""`python -m services.status`: the state of all services, on one screen.

Exit code 0: all is well; 1: something needs a person; 2: a service did not answer.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.markup import escape

from services.registry import SERVICES
from services.where import Where
from shared.operations.status import StatusView

AWAY_SECONDS = 1.0
"""A service that has not answered by then is shown as away; real time."""


@dataclass(frozen=True, slots=True)
class Status:
    """What all services answer."""

    services: Mapping[str, StatusView]
    away: Mapping[str, str] = field(default_factory=dict)
    """The services that did not answer, with the reason."""
    standing: Mapping[str, Any] | None = None
    """What `orders` answers to `GET /standing`; None when it does not answer."""
    set_aside: Sequence[Mapping[str, Any]] = ()
    """What `customs` answers to `GET /set-aside-receipts`."""
    feed_files: Sequence[Mapping[str, Any]] = ()
    """What `carrier` answers to `GET /feed-files`."""
    vendors: Mapping[str, Any] | None = None
    """What `makers` answers to `GET /standing`; None when it does not answer."""
    units: Mapping[str, Any] | None = None
    """What `provenance` answers to `GET /standing`; None when it does not answer."""

    @property
    def findings(self) -> list[str]:
        """What needs a person."""
        texts = []
        for name, view in self.services.items():
            troubles = [f"{check}: {trouble}" for check, trouble in view.checks.items() if trouble != "ok"]
            if view.blocked or not view.ready or troubles:
                texts.append(f"{name} is {_state(view)}: {', '.join(troubles) or 'see its log'}")
            if view.store is None:
                continue
            if view.store.dead_letters:
                texts.append(
                    f"{name} has {_count(view.store.dead_letters, 'dead letter')}: "
                    f"python -m services.{name} dead-letters, or GET /dead-letters"
                )
            texts += [
                f"{job.counterpart} is paused: python -m services.{name} resume {job.counterpart}"
                for job in view.store.jobs
                if job.paused_since
            ]
        for service, standing in (("orders", self.standing), ("makers", self.vendors), ("provenance", self.units)):
            for case in standing["cases"] if standing else ():
                late = f", {case['overdue']} overdue" if case["overdue"] else ""
                texts.append(f"{_count(case['cases'], 'open case')} {case['kind']}{late}: {service}: GET /cases")
        for paused in self.standing["operations"] if self.standing else ():
            texts.append(
                f"{paused['operation']} of {paused['counterpart']} are paused since {paused['since']}: "
                f"{paused['reason']}, mend {paused['mend']}: see OperationPaused in the runbook"
            )
        if self.set_aside:
            receipts = _count(len(self.set_aside), "receipt")
            texts.append(f"{receipts} of customs are about no parcel of ours: customs: GET /set-aside-receipts")
        if self.feed_files:
            files = _count(len(self.feed_files), "file")
            texts.append(f"{files} of a carrier's events cannot be read whole: carrier: GET /feed-files")
        overdue = sum(state["overdue"] for state in self.standing["states"]) if self.standing else 0
        if overdue:
            texts.append(f"{_count(overdue, 'order')} past the deadline: see OrderPastDeadline in the runbook")
        return texts

    @property
    def exit_code(self) -> int:
        return 2 if self.away else 1 if self.findings else 0


async def ask(urls: Mapping[str, str], key: str) -> Status:
    """Asks all services at the same time."""
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(headers=headers, trust_env=False) as client:
        *answers, standing, vendors, units, receipts, files = await asyncio.gather(
            *(_get(client, f"{urls[name]}/status") for name in SERVICES),
            *(_get(client, f"{urls[name]}/standing") for name in ("orders", "makers", "provenance")),
            _get(client, f"{urls['customs']}/set-aside-receipts"),
            _get(client, f"{urls['carrier']}/feed-files"),
        )
    replies = dict(zip(SERVICES, answers, strict=True))
    return Status(
        services={name: StatusView.model_validate(reply) for name, reply in replies.items() if isinstance(reply, dict)},
        away={name: f"{urls[name]}: {reply}" for name, reply in replies.items() if isinstance(reply, str)},
        standing=standing if isinstance(standing, dict) else None,
        set_aside=receipts["receipts"] if isinstance(receipts, dict) else (),
        feed_files=files["files"] if isinstance(files, dict) else (),
        vendors=vendors if isinstance(vendors, dict) else None,
        units=units if isinstance(units, dict) else None,
    )


async def _get(client: httpx.AsyncClient, url: str) -> dict[str, Any] | str:
    """The answer, or why there is none."""
    try:
        async with asyncio.timeout(AWAY_SECONDS):
            response = await client.get(url, timeout=None)
            response.raise_for_status()
    except httpx.HTTPStatusError as error:
        return f"HTTP {error.response.status_code} {_title(error.response)}".rstrip()
    except httpx.HTTPError as error:
        return type(error).__name__
    except TimeoutError:
        return f"no answer within {AWAY_SECONDS:g} s"
    answer: dict[str, Any] = response.json()
    return answer


def _title(response: httpx.Response) -> str:
    try:
        return str(response.json()["title"])
    except (ValueError, KeyError, TypeError):
        return ""


def show(console: Console, status: Status, origin: str) -> None:
    """One screen for people. `origin`: where the addresses come from."""

    def say(text: str) -> None:
        console.print(text, highlight=False, soft_wrap=True)

    for name in SERVICES:
        if name in status.away:
            say(f"[red]✗[/] {name:<10} away        {escape(status.away[name])}")
        else:
            say(_service(name, status.services[name]))
    if times := [(view.business_time, view.speed) for view in status.services.values()]:
        instant, speed = times[0]
        say(f"\nBusiness time {instant:%Y-%m-%d %H:%M} UTC, " + ("at real pace" if speed == 1 else f"{speed:,.0f} x"))
    if status.standing is not None:
        for line in _standing(status.standing):
            say(escape(line))
    for finding in status.findings:
        say(f"[yellow]![/] {escape(finding)}")
    if not status.services:
        say(f"No service answers: {escape(origin)}.")
    elif not status.exit_code:
        say("All is well.")


def _service(name: str, view: StatusView) -> str:
    well = view.ready and not view.blocked and all(trouble == "ok" for trouble in view.checks.values())
    mark = "[green]✓[/]" if well else "[red]✗[/]"
    lag = "?" if view.lag is None else f"{view.lag:,}"
    text = f"{mark} {name:<10} {_state(view):<10}  lag {lag:<6}"
    if view.store is None:
        return text
    text += f"  to send {view.store.outbox:<5}  dead letters {view.store.dead_letters:<4}"
    calls = [
        f"{job.counterpart}: {job.waiting} waiting"
        + (f" since {_age(job.oldest_seconds)}" if job.waiting else "")
        + (", paused" if job.paused_since else "")
        + (f", {job.exhausted_last_day} given up today" if job.exhausted_last_day else "")
        for job in view.store.jobs
    ]
    return f"{text}  {escape('; '.join(calls))}".rstrip()


def _state(view: StatusView) -> str:
    return "blocked" if view.blocked else "ready" if view.ready else "not ready"


def _standing(standing: Mapping[str, Any]) -> Sequence[str]:
    states = ", ".join(f"{state['orders']} {state['state'].replace('_', ' ')}" for state in standing["states"])
    lines = [f"Orders under way: {states or 'none'}"]
    if longest := standing["longest"]:
        waits = f" for {longest['awaits']}" if longest["awaits"] else ""
        until = f", until {longest['deadline'][:16].replace('T', ' ')}" if longest["deadline"] else ""
        since = longest["since"][:16].replace("T", " ")
        where = longest["status"].replace("_", " ")
        lines.append(
            f"Longest waiting: {longest['number']} of {longest['marketplace']}: {where} since {since}, "
            f"waits{waits}{until}; make why ORDER={longest['number']}"
        )
    return lines


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _age(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))


def main(as_json: Annotated[bool, typer.Option("--json", help="for scripts")] = False) -> None:
    """Shows the state of all services: ready or why not, lag, what waits, cases, dead letters, the business clock."""
    where = Where()
    status = asyncio.run(ask(where.urls(), where.key()))
    if as_json:
        services = {name: view.model_dump(mode="json") for name, view in status.services.items()}
        answer = asdict(status) | {"services": services, "wanted": status.findings}
        typer.echo(json.dumps(answer, indent=2, ensure_ascii=False))
    else:
        show(Console(highlight=False), status, where.source())
    raise typer.Exit(status.exit_code)


if __name__ == "__main__":
    typer.run(main)
