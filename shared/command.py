"""The command line of every service: without a command it serves; the rest is for its operator."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from contracts.base import utc
from shared import dead_letters, jobs, outbox
from shared.service import Make, Platform, build_app, connected, serve
from shared.settings import PlatformSettings

Operation = Callable[[Platform], Awaitable[None]]


def command(make: Make, settings: PlatformSettings, name: str) -> typer.Typer:
    """`python -m services.<name> [command]`; a service may add commands of its own."""
    app = typer.Typer(name=name, add_completion=False, pretty_exceptions_enable=False)
    console = Console()

    def operate(operation: Operation) -> None:
        async def run() -> None:
            async with connected(make, settings) as (platform, _):
                await operation(platform)

        asyncio.run(run())

    @app.callback(invoke_without_command=True)
    def default(context: typer.Context) -> None:
        """Serves until SIGTERM."""
        if context.invoked_subcommand is None:
            serve(make, settings, name)

    @app.command()
    def openapi() -> None:
        """Prints the OpenAPI document of the HTTP interface."""
        platform = Platform(settings)
        document = build_app(platform, make(platform)).openapi()
        json.dump(document, sys.stdout, indent=2, ensure_ascii=False, sort_keys=True)
        sys.stdout.write("\n")

    @app.command("dead-letters")
    def list_dead_letters(
        everything: Annotated[bool, typer.Option("--all", help="replayed ones too")] = False,
    ) -> None:
        """Lists the records that could not be handled, newest first."""

        async def run(platform: Platform) -> None:
            table = Table("id", "died at", "topic", "type", "order", "cause", "replayed at")
            for letter in await dead_letters.find(platform.pool, waiting=not everything):
                replayed = letter.replayed_at.isoformat(timespec="seconds") if letter.replayed_at else ""
                died = letter.died_at.isoformat(timespec="seconds")
                table.add_row(
                    str(letter.id), died, letter.topic, letter.type, str(letter.order_id), letter.cause, replayed
                )
            console.print(table)

        operate(run)

    @app.command("dead-letter")
    def show_dead_letter(letter_id: Annotated[int, typer.Argument(metavar="ID")]) -> None:
        """Shows one dead letter with its body."""

        async def run(platform: Platform) -> None:
            row = await platform.pool.fetchrow("select * from dead_letters where id = $1", letter_id)
            if row is None:
                raise SystemExit(f"there is no dead letter {letter_id}")
            for field, value in dict(row).items():
                text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
                console.print(f"{field:18} {text}", markup=False, highlight=False)

        operate(run)

    @app.command("replay")
    def replay(letters: Annotated[list[int], typer.Argument(metavar="ID...")]) -> None:
        """Handles dead letters again, as if they came now."""

        async def run(platform: Platform) -> None:
            failed = False
            for letter in letters:
                try:
                    await dead_letters.replay(platform, letter)
                    console.print(f"{letter}: replayed")
                except dead_letters.StillDead as still:
                    failed = True
                    console.print(f"{letter}: still dead: {still.cause}")
                except LookupError as missing:
                    failed = True
                    console.print(str(missing.args[0]))
            raise SystemExit(1 if failed else 0)

        operate(run)

    @app.command("republish")
    def republish(since: Annotated[datetime, typer.Option(help="an instant; UTC when it names no zone")]) -> None:
        """Sends again all events recorded since then that the outbox still holds; readers absorb repeats."""
        instant = utc(since if since.tzinfo else since.replace(tzinfo=UTC))

        async def run(platform: Platform) -> None:
            console.print(f"{await outbox.republish(platform.pool, instant)} events will be sent again")

        operate(run)

    @app.command("pause")
    def pause(counterpart: Annotated[str, typer.Argument(help="e.g. carrier.laposte")]) -> None:
        """Stops the calls to a counterpart; what is owed waits."""

        async def run(platform: Platform) -> None:
            async with platform.pool.acquire() as db:
                await jobs.pause(db, counterpart)

        operate(run)

    @app.command("resume")
    def resume(counterpart: Annotated[str, typer.Argument(help="e.g. carrier.laposte")]) -> None:
        """Lets the calls to a counterpart go on."""

        async def run(platform: Platform) -> None:
            async with platform.pool.acquire() as db:
                await jobs.resume(db, counterpart)

        operate(run)

    return app
