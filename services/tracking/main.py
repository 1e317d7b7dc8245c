"""The composition root of `tracking`."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Annotated

import typer
from pydantic import Field

from contracts import topics
from services.tracking import handlers
from services.tracking.api.page import Pages
from services.tracking.api.routes import router
from services.tracking.api.streams import Limits, Streams
from services.tracking.rebuild import NotRebuildableError, rebuild
from shared.cli.commands import command
from shared.cli.connecting import reach, settings_of
from shared.platform import Platform, Service
from shared.settings import PlatformSettings
from shared.supervise import Task
from shared.telemetry import configure_logs


class Settings(PlatformSettings):
    """What tracking is told beyond the platform's settings."""

    public_rate: float = Field(default=5, gt=0, description="look-ups by tracking number a second and client")
    public_burst: int = Field(default=30, ge=1, description="as many at once")
    streams_per_order: int = Field(default=50, ge=1)
    streams_per_client: int = Field(default=50, ge=1)
    streams_altogether: int = Field(default=2000, ge=1)


def service(platform: Platform) -> Service:
    """`tracking`: hears everything, decides nothing, answers where everything is."""
    settings = platform.settings
    if not isinstance(settings, Settings):
        raise TypeError("the tracking service needs its own settings")
    streams = Streams(
        Limits(settings.streams_per_order, settings.streams_per_client, settings.streams_altogether),
    )
    pages = Pages()
    return Service(
        name="tracking",
        publishes=topics.TRACKING,
        consumes=topics.subscribed_by("tracking"),
        subscriptions=handlers.SUBSCRIPTIONS,
        handle=handlers.handle,
        project=handlers.project,
        tasks=(Task("listen", partial(streams.listen, settings.database_dsn())),),
        only_reads=True,
        routers=(router(platform, streams, pages, rate=settings.public_rate, burst=settings.public_burst),),
    )


def main() -> None:
    app = command(service, Settings, "tracking")

    @app.command("rebuild")
    def rebuild_view(
        incomplete: Annotated[
            bool, typer.Option("--partial", help="even if the topics no longer hold their beginning")
        ] = False,
    ) -> None:
        """Builds every document anew from the topics alone; fails when the bytes differ. Stop the service first."""
        configure_logs("tracking")
        settings = settings_of(Settings, "tracking")
        asyncio.run(reach(settings))
        try:
            outcome = asyncio.run(rebuild(service, settings, partial=incomplete))
        except NotRebuildableError as error:
            typer.echo(f"not rebuilt: {error}", err=True)
            raise typer.Exit(2) from None
        before, after = outcome.digests
        typer.echo(f"before  {len(outcome.before)} orders  {before}")
        typer.echo(f"after   {len(outcome.after)} orders  {after}")
        if outcome.moved_on:
            typer.echo(f"        {len(outcome.moved_on)} of them moved on meanwhile, and are not compared")
        if not outcome.same:
            typer.echo(f"{len(outcome.changed)} orders differ, e.g. {outcome.changed[0]}", err=True)
            raise typer.Exit(1)
        typer.echo("the same bytes")

    app()
