"""The operator's commands for keys that rotate."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from shared.operations import keys
from shared.operations.keys import Count
from shared.platform import Platform, Service, keyed_of
from shared.sealing import Seal, SealedColumn


class Operate(Protocol):
    def __call__(self, operation: Callable[[Platform, Service], Awaitable[None]], /) -> None:
        """Runs the operation on the connected service."""


def add_key_commands(app: typer.Typer, operate: Operate, console: Console) -> None:
    """Adds `keys` and `reseal`."""

    @app.command("keys")
    def list_keys() -> None:
        """Lists the keys that seal or hash, and how many values in the database were made with each."""

        async def run(platform: Platform, service: Service) -> None:
            async with platform.pool.acquire() as db:
                counts = await keys.counts(db, keyed_of(service))
            console.print(_table(platform.settings.keys(), counts))

        operate(run)

    @app.command("reseal")
    def reseal() -> None:
        """Seals anew, with the first key of each setting, the values that another key sealed, while the service runs.
        May be interrupted and begun again. Exit code 1: some values were locked meanwhile (run it again) or cannot be
        opened."""

        async def run(platform: Platform, service: Service) -> None:
            given, columns = platform.settings.keys(), keyed_of(service)
            async with platform.pool.acquire() as db:
                old = [count for count in await keys.counts(db, columns) if _other(given, count)]
            with Progress(console=console) as progress:
                for column in dict.fromkeys(count.column for count in old):
                    if not isinstance(column, SealedColumn):
                        continue
                    values = sum(count.values for count in old if count.column is column)
                    task = progress.add_task(f"{column.table}.{column.column}", total=values)
                    await keys.reseal(
                        platform.pool,
                        column,
                        Seal(given[column.setting]),
                        lambda done, task=task: progress.advance(task, done),  # type: ignore[misc]
                    )
            platform.wake()
            async with platform.pool.acquire() as db:
                counts = await keys.counts(db, columns)
            console.print(_table(given, counts))
            if any(isinstance(count.column, SealedColumn) and _other(given, count) for count in counts):
                raise SystemExit(1)

        operate(run)


def _other(given: keys.Keys, count: Count) -> bool:
    """Whether another key than the first one made these values."""
    return count.key_id != next(iter(given[count.column.setting]), None)


def _table(keys_given: keys.Keys, counts: Sequence[Count]) -> Table:
    table = Table("setting", "key", "in use", "values", "where")
    for setting, given in keys_given.items():
        for number, key_id in enumerate(given):
            made = [count for count in counts if (count.column.setting, count.key_id) == (setting, key_id)]
            where = ", ".join(f"{count.column.table}.{count.column.column} {count.values}" for count in made)
            use = "yes" if number == 0 else "opens only"
            table.add_row(setting, key_id, use, str(sum(count.values for count in made)), where)
    return table
