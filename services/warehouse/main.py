"""The composition root of the warehouse."""

from __future__ import annotations

from functools import partial

from contracts import topics
from contracts.base import MANIFEST, ORDER
from services import cases
from services.warehouse import handlers, metrics
from services.warehouse.api import goods, manifests, orders, preview, returns
from services.warehouse.api.description import API
from services.warehouse.api.manifest_actions import ManifestActions
from services.warehouse.api.order_actions import OrderActions
from services.warehouse.settings import Settings
from shared.cli.commands import command
from shared.ledger.rules import StreamKind
from shared.operations.gauges import every
from shared.platform import Platform, Service


def service(platform: Platform) -> Service:
    settings = platform.settings
    if not isinstance(settings, Settings):
        raise TypeError("the warehouse needs its own settings")
    require, pool, ledger, requests = platform.require, platform.pool, platform.ledger, platform.requests
    return Service(
        name="warehouse",
        publishes=topics.of_producer("warehouse"),
        consumes=topics.subscribed_by("warehouse"),
        subscriptions=handlers.SUBSCRIPTIONS,
        kinds=(
            StreamKind(MANIFEST, handlers.handle_manifests, handlers.project_manifests),
            StreamKind(ORDER, handlers.handle, handlers.project),
        ),
        hooks=cases.hooks("warehouse"),
        findings=cases.findings,
        on_restored=handlers.on_restored,
        tasks=(every(metrics.EVERY_SECONDS, partial(metrics.measure, pool)),),
        api=API,
        routers=(
            goods.router(require, pool, platform.clock, requests),
            orders.router(require, pool, ledger, requests, OrderActions(ledger, platform.clock)),
            manifests.router(require, pool, ledger, requests, ManifestActions(ledger, platform.clock)),
            returns.router(require, pool, platform.clock),
            preview.router(require, pool, platform.clock, settings.dispatch_cut_off_hour),
        ),
    )


def main() -> None:
    command(service, Settings, "warehouse")()
