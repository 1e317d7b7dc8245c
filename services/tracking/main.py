"""The composition root of `tracking`, and its command line."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import Annotated

import typer

from contracts import topics
from contracts.base import ORDER
from services import cases
from services.links import link_keys_of
from services.tracking import handlers, tasks
from services.tracking.api import public
from services.tracking.api.description import API
from services.tracking.api.page import Pages
from services.tracking.api.routes import router
from services.tracking.api.streams import Limits, Streams
from services.tracking.rebuild import NotRebuildableError, rebuild
from services.tracking.settings import Settings
from shared.cli.commands import command
from shared.cli.connecting import reach, settings_of
from shared.http.rates import TokenBuckets
from shared.ledger.rules import StreamKind
from shared.platform import Platform, Service
from shared.supervise import Task
from shared.telemetry import configure_logs


def settings_from(platform: Platform) -> Settings:
    settings = platform.settings
    if not isinstance(settings, Settings):
        raise TypeError("the tracking service needs its own settings")
    return settings


def service(platform: Platform) -> Service:
    """`tracking`: consumes every event, decides nothing, answers where every order is."""
    settings = settings_from(platform)
    streams = Streams(Limits(settings.streams_per_order, settings.streams_per_client, settings.streams_total))
    pages = Pages(settings.contact_email)
    look_ups = TokenBuckets(settings.public_rate, settings.public_burst, time.monotonic)
    return Service(
        name="tracking",
        publishes=topics.TRACKING,
        consumes=topics.subscribed_by("tracking"),
        subscriptions=handlers.SUBSCRIPTIONS,
        kinds=(StreamKind(ORDER, handlers.handle, handlers.project),),
        hooks=cases.hooks("tracking"),
        findings=cases.findings,
        tasks=(Task("listen", partial(tasks.listen, settings.database_dsn(), streams)),),
        only_reads=True,
        api=API,
        routers=(
            public.router(platform.pool, look_ups),
            public.page_router(platform.pool, look_ups, pages),
            router(platform.pool, link_keys_of(settings), platform.clock, streams, pages),
        ),
    )


def main() -> None:
    app = command(service, Settings, "tracking")

    @app.command("rebuild")
    def rebuild_documents(
        incomplete: Annotated[
            bool, typer.Option("--partial", help="even if the topics no longer hold their beginning")
        ] = False,
    ) -> None:
        """Builds every document anew from the topics alone; fails when the bytes differ. Stop the service first."""
        configure_logs("tracking")
        settings = settings_of(Settings, "tracking")
        asyncio.run(reach(settings))
        try:
            comparison = asyncio.run(rebuild(service, settings, partial=incomplete))
        except NotRebuildableError as error:
            typer.echo(f"not rebuilt: {error}", err=True)
            raise typer.Exit(2) from None
        before, after = comparison.digests
        typer.echo(f"before  {len(comparison.before)} orders  {before}")
        typer.echo(f"after   {len(comparison.after)} orders  {after}")
        if comparison.advanced:
            typer.echo(f"        {len(comparison.advanced)} of them have new events, and are not compared")
        if not comparison.same:
            typer.echo(f"{len(comparison.changed)} orders differ, e.g. {comparison.changed[0]}", err=True)
            raise typer.Exit(1)
        typer.echo("the same bytes")

    app()
