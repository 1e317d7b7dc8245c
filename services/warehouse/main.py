"""The composition root of the warehouse."""

from __future__ import annotations

from functools import partial

from contracts import topics
from contracts.base import MANIFEST, ORDER, PRODUCT, RECEIPT, UNIT, VENDOR, VENDOR_KEY, WRITE_OFF
from services import cases
from services.vendor_keys import project_keys
from services.warehouse import handlers, metrics
from services.warehouse.api import goods, lines, lots, manifests, orders, preview, returns, units
from services.warehouse.api.description import API
from services.warehouse.api.manifest_actions import ManifestActions
from services.warehouse.api.order_actions import OrderActions
from services.warehouse.settings import Settings
from services.warehouse.tasks import stock_level_task
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
        also_publishes=(topics.STOCK_LEVELS, topics.UNITS),
        kinds=(
            StreamKind(VENDOR, handlers.handle_vendors, handlers.project_vendors, causes=(ORDER,)),
            StreamKind(PRODUCT, handlers.decide_nothing, handlers.project_products),
            StreamKind(VENDOR_KEY, handlers.decide_nothing, project_keys),
            StreamKind(RECEIPT, handlers.decide_nothing, handlers.project_receipts),
            StreamKind(MANIFEST, handlers.decide_nothing, handlers.project_manifests),
            StreamKind(UNIT, handlers.handle_units, handlers.project_units, causes=(ORDER,)),
            StreamKind(ORDER, handlers.handle, handlers.project, causes=(WRITE_OFF,)),
            StreamKind(WRITE_OFF, handlers.decide_nothing, handlers.project_write_offs),
        ),
        hooks=cases.hooks("warehouse"),
        findings=cases.findings,
        on_restored=partial(handlers.on_restored, company_prefix=settings.gs1_company_prefix),
        tasks=(
            every(metrics.EVERY_SECONDS, partial(metrics.measure, pool)),
            stock_level_task(ledger, platform.clock.now),
        ),
        api=API,
        routers=(
            goods.router(require, pool, ledger, platform.clock, requests, makers=settings.products_from_makers),
            orders.router(
                require, pool, ledger, requests, OrderActions(ledger, platform.clock, settings.gs1_company_prefix)
            ),
            lines.router(require, pool, ledger),
            manifests.router(require, pool, ledger, requests, ManifestActions(ledger, platform.clock)),
            returns.router(require, pool, platform.clock),
            units.router(require, pool),
            lots.router(require, pool),
            preview.router(require, pool, platform.clock, settings.dispatch_cut_off_hour),
        ),
    )


def main() -> None:
    command(service, Settings, "warehouse")()
