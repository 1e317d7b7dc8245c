"""The composition root of the warehouse."""

from __future__ import annotations

from functools import partial

from contracts import topics
from services.warehouse import handlers, metrics
from services.warehouse.api import goods, orders
from shared.cli.commands import command
from shared.operations.gauges import every
from shared.platform import Platform, Service
from shared.settings import PlatformSettings


class Settings(PlatformSettings):
    """What every service is told; the warehouse needs no more."""


def service(platform: Platform) -> Service:
    return Service(
        name="warehouse",
        publishes=topics.of_producer("warehouse"),
        consumes=topics.subscribed_by("warehouse"),
        subscriptions=handlers.SUBSCRIPTIONS,
        handle=handlers.handle,
        project=handlers.project,
        on_restored=handlers.restored,
        tasks=(every(metrics.EVERY_SECONDS, partial(metrics.measure, platform.pool)),),
        routers=(goods.router(platform), orders.router(platform)),
    )


def main() -> None:
    command(service, Settings, "warehouse")()
