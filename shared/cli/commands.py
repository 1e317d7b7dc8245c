"""The command line of every service: without a command it serves; the rest is for its operator."""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from contracts.base import Stream, utc
from shared.cli.connecting import operated, settings_of
from shared.cli.key_commands import add_key_commands
from shared.jobs import pauses
from shared.ledger import outbox
from shared.messaging import dead_letters
from shared.messaging.restore import NotRestorable
from shared.operations import api_keys
from shared.operations.provision import keep_api_key
from shared.operations.why import why
from shared.platform import Make, Platform, Service, composed, restore_of, serve
from shared.scopes import Scope
from shared.settings import PlatformSettings

Operation = Callable[[Platform, Service], Awaitable[None]]


def command(make: Make, kind: type[PlatformSettings], name: str) -> typer.Typer:
    """`python -m services.<name> [command]`; a service may add commands of its own. `kind`: its settings."""
    app = typer.Typer(name=name, add_completion=False, pretty_exceptions_enable=False)
    console = Console()

    def operate(operation: Operation, *, broker: bool = False) -> None:
        async def run() -> None:
            async with operated(make, settings_of(kind, name), broker=broker) as (platform, service):
                await operation(platform, service)

        asyncio.run(run())

    @app.callback(invoke_without_command=True)
    def default(context: typer.Context) -> None:
        """Serves until SIGTERM."""
        if context.invoked_subcommand is None:
            serve(make, kind(), name)

    @app.command()
    def openapi() -> None:
        """Prints the OpenAPI document of the HTTP interface."""
        document = composed(make, kind()).openapi()
        json.dump(document, sys.stdout, indent=2, ensure_ascii=False, sort_keys=True)
        sys.stdout.write("\n")

    @app.command("dead-letters")
    def list_dead_letters(
        everything: Annotated[bool, typer.Option("--all", help="replayed ones too")] = False,
    ) -> None:
        """Lists the records that could not be handled, newest first."""

        async def run(platform: Platform, _: Service) -> None:
            table = Table("id", "died at", "topic", "type", "stream", "cause", "replayed at")
            for letter in await dead_letters.find(platform.pool, waiting=not everything):
                replayed = letter.replayed_at.isoformat(timespec="seconds") if letter.replayed_at else ""
                died = letter.died_at.isoformat(timespec="seconds")
                table.add_row(
                    str(letter.id),
                    died,
                    letter.topic,
                    letter.type,
                    f"{letter.stream_kind}/{letter.stream_id}",
                    letter.cause,
                    replayed,
                )
            console.print(table)

        operate(run)

    @app.command("dead-letter")
    def show_dead_letter(letter_id: Annotated[int, typer.Argument(metavar="ID")]) -> None:
        """Shows one dead letter with its body."""

        async def run(platform: Platform, _: Service) -> None:
            try:
                letter, body = await platform.letters.look(letter_id)
            except dead_letters.NoLetter as missing:
                raise SystemExit(str(missing)) from None
            shown = "a person's record: not shown" if body.withheld else body.text
            for field, value in {**asdict(letter), "bytes": body.size, "body": shown}.items():
                console.print(f"{field:18} {value}", markup=False, highlight=False)

        operate(run)

    @app.command("replay")
    def replay(letters: Annotated[list[int], typer.Argument(metavar="ID...")]) -> None:
        """Handles dead letters again, as if they came now."""

        async def run(platform: Platform, _: Service) -> None:
            failed = False
            for letter in letters:
                try:
                    replayed = await platform.letters.replay(letter)
                    console.print(f"{letter}: replayed at {replayed.replayed_at:%Y-%m-%dT%H:%M:%SZ}")
                except dead_letters.StillDead as still:
                    failed = True
                    console.print(f"{letter}: still dead: {still.cause}", markup=False)
                except dead_letters.NoLetter as missing:
                    failed = True
                    console.print(str(missing))
            raise SystemExit(1 if failed else 0)

        operate(run)

    @app.command("republish")
    def republish(since: Annotated[datetime, typer.Option(help="an instant; UTC when it names no zone")]) -> None:
        """Sends again all events recorded since then that the outbox still holds; consumers absorb repeats."""
        instant = utc(since if since.tzinfo else since.replace(tzinfo=UTC))

        async def run(platform: Platform, _: Service) -> None:
            console.print(f"{await outbox.republish(platform.pool, instant)} events will be sent again")

        operate(run)

    @app.command("pause")
    def pause(counterpart: Annotated[str, typer.Argument(help="e.g. carrier.laposte")]) -> None:
        """Stops the calls to a counterpart; its jobs wait."""

        async def run(platform: Platform, service: Service) -> None:
            _require_called(counterpart, service)
            async with platform.pool.acquire() as db:
                await pauses.pause(db, counterpart)
            console.print(f"{counterpart}: paused; its jobs wait")

        operate(run)

    @app.command("resume")
    def resume(counterpart: Annotated[str, typer.Argument(help="e.g. carrier.laposte")]) -> None:
        """Lets the calls to a counterpart go on."""

        async def run(platform: Platform, service: Service) -> None:
            _require_called(counterpart, service)
            async with platform.pool.acquire() as db:
                await pauses.resume(db, counterpart)
            console.print(f"{counterpart}: calls go on")

        operate(run)

    @app.command("why")
    def show_why(
        order: Annotated[UUID, typer.Argument(metavar="ID")],
        kind: Annotated[str, typer.Option(help="of what: `order`")] = "order",
    ) -> None:
        """Prints, as JSON, what an order waits for as far as this service knows; `python -m services.why` asks all."""

        async def run(platform: Platform, service: Service) -> None:
            answer = await why(
                service.name, Stream(kind, order), platform.pool, platform.ledger, platform.state, service.findings
            )
            console.print_json(answer.model_dump_json())

        operate(run)

    @app.command("restore-from-topics")
    def restore_from_topics() -> None:
        """After a restore from a backup: reads from the service's own topics the facts that the database lacks, and
        lets the service go on. Read the runbook first."""

        async def run(platform: Platform, service: Service) -> None:
            try:
                restored = await restore_of(platform, service).run()
            except NotRestorable as cause:
                raise SystemExit(f"not taken over: {cause}") from None
            console.print(
                f"{restored.records} records read, {restored.facts} facts taken over, of {restored.streams} streams"
            )

        operate(run, broker=True)

    add_key_commands(app, operate, console)

    keys = typer.Typer(help="API keys: only their SHA-256 is stored.", no_args_is_help=True)
    app.add_typer(keys, name="api-key")

    @keys.command("add")
    def add_key(
        holder: Annotated[str, typer.Argument(metavar="NAME", help="whose it is; a marketplace's own name")],
        scope: Annotated[Scope, typer.Option(help="what it opens")],
    ) -> None:
        """Makes a key and prints it, once."""

        async def run(platform: Platform, _: Service) -> None:
            key = secrets.token_urlsafe(32)
            async with platform.pool.acquire() as db:
                try:
                    await keep_api_key(db, key=key, name=holder, scope=scope)
                except ValueError:
                    raise SystemExit("a name has up to 64 letters, digits and _ . : -") from None
            typer.echo(key)

        operate(run)

    @keys.command("list")
    def list_keys() -> None:
        """Lists the keys by the beginning of their SHA-256."""

        async def run(platform: Platform, _: Service) -> None:
            table = Table("sha-256", "name", "scope", "ends")
            async with platform.pool.acquire() as db:
                keys = await api_keys.list_keys(db)
            for key in keys:
                ends = key.not_after.isoformat(timespec="seconds") if key.not_after else ""
                table.add_row(key.id, key.name, key.scope, ends)
            console.print(table)

        operate(run)

    @keys.command("end")
    def end_key(
        digest: Annotated[str, typer.Argument(metavar="SHA-256", help="its first 12 digits or more")],
        hours: Annotated[float, typer.Option(min=0, help="how long it still works")] = 0,
    ) -> None:
        """Ends a key, now or in some hours."""

        async def run(platform: Platform, _: Service) -> None:
            if len(digest) < api_keys.SHOWN:
                raise SystemExit(f"{api_keys.SHOWN} digits at least; see `api-key list`")
            async with platform.pool.acquire() as db:
                ended = await api_keys.end_key(db, digest, hours)
            if ended is None:
                raise SystemExit("no such key; see `api-key list`")
            console.print(f"{ended}: ends in {hours:g} hours")

        operate(run)

    return app


def _require_called(counterpart: str, service: Service) -> None:
    if counterpart not in service.counterparts:
        raise SystemExit(f"{service.name} calls: {', '.join(sorted(service.counterparts)) or 'nobody'}")
