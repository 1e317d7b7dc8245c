"""`make key` and `make url`: what a request needs, printed alone so that a shell can take it.

`KEY=$(make key)`, `ORDERS=$(make url)`; of the stack of `make run`, or else of the deployment on this machine.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import Annotated

import asyncpg
import typer

from services.registry import SERVICES
from services.where import Where
from shared.operations.provision import add_api_key
from shared.scopes import Scope

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def key(
    scope: Annotated[Scope, typer.Option(help="what it opens")] = "marketplace",
    name: Annotated[str, typer.Option(help="makes a new key for this holder, good at every service")] = "",
) -> None:
    """Prints a key of this scope; with a name, a new one."""
    where = Where()
    if scope == "support" and not name:
        raise SystemExit("a key of scope support is a person's own: make key SCOPE=support NAME=anna")
    if not name:
        existing = where.key(scope)
        if not existing:
            raise SystemExit(f"no key of scope {scope} is at hand: {where.source()}, and SECRETS_DIR holds none")
        typer.echo(existing)
        return
    stack = where.stack()
    if stack is None:
        command = f"python -m services.<service> api-key add {name} --scope {scope}"
        raise SystemExit(f"{where.source()}; there each service makes keys of its own: {command}")
    new_key = secrets.token_urlsafe(32)
    try:
        asyncio.run(
            _add([environment["DATABASE_URL"] for environment in stack.environments.values()], new_key, name, scope)
        )
    except ValueError:
        raise SystemExit("NAME has up to 64 letters, digits and _ . : -, a letter or digit first") from None
    except (OSError, asyncpg.PostgresError) as error:
        raise SystemExit(f"a database did not accept the key: {type(error).__name__}") from None
    typer.echo(new_key)


@app.command()
def url(service: Annotated[str, typer.Argument(help="of which service")] = "orders") -> None:
    """Prints the address of a service."""
    urls = Where().urls()
    if service not in urls:
        raise SystemExit(f"SERVICE is one of {', '.join(SERVICES)}")
    typer.echo(urls[service])


async def _add(dsns: list[str], key: str, name: str, scope: Scope) -> None:
    for dsn in dsns:
        await add_api_key(dsn, key=key, name=name, scope=scope)


if __name__ == "__main__":
    app()
