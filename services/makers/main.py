"""The composition root of makers."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from contracts import topics
from contracts.base import PRODUCT, VENDOR, VENDOR_KEY
from services import cases as case_hooks
from services import read_records
from services.makers import handlers, metrics
from services.makers.api import brands as brand_routes
from services.makers.api import cases, keys, products, vendors
from services.makers.api.description import API
from services.makers.api.goods_actions import GoodsActions
from services.makers.api.vendor_actions import VendorActions
from services.makers.api.vendor_keys import KeyPublishing
from services.makers.api.vendor_lock import VendorLock
from services.makers.jobs.customs import ANSWER_BYTES, CUSTOMS, Customs
from services.makers.jobs.vies import VIES, VatCheck, Vies
from services.makers.settings import Settings
from services.makers.store import brands, checks
from services.makers.store import vendors as stored_vendors
from services.makers.tasks import Judging, give_days, publishing_task
from shared.cli.commands import command
from shared.http.client import Bounds, Client, Counterpart, keep_open
from shared.ledger.rules import StreamKind
from shared.operations.gauges import every
from shared.platform import Platform, Service
from shared.supervise import Task


def service(platform: Platform) -> Service:
    """Makers on this platform, whose settings are `Settings`."""
    settings = platform.settings
    if not isinstance(settings, Settings):
        raise TypeError("makers needs its own settings")
    require, pool, ledger, requests = platform.require, platform.pool, platform.ledger, platform.requests
    clock, seal = platform.clock, platform.seal
    vies_counterpart, customs_counterpart = Counterpart(VIES, Client()), Counterpart(CUSTOMS, Client())
    vies = Vies(
        vies_counterpart,
        settings.vies_url.rstrip("/"),
        Bounds(settings.vies_timeout_seconds, settings.vies_answer_bytes),
        settings.hub_vat,
    )
    vat_check = VatCheck(pool, ledger, seal, clock, vies, settings.vies_retry_seconds, settings.vies_attempts)
    customs = Customs(
        customs_counterpart,
        settings.customs_url.rstrip("/"),
        settings.service_key.get_secret_value(),
        Bounds(settings.customs_timeout_seconds, ANSWER_BYTES),
    )
    lock = VendorLock(ledger, clock)
    vendor_actions, goods_actions = VendorActions(lock, seal), GoodsActions(lock, seal)
    unverified = timedelta(days=settings.unverified_days)
    judging = Judging(pool, lock, customs, settings.judge_seconds)
    publishing = KeyPublishing(ledger, clock)
    return Service(
        name="makers",
        publishes=topics.of_producer("makers"),
        consumes=topics.subscribed_by("makers"),
        subscriptions=handlers.SUBSCRIPTIONS,
        kinds=(
            StreamKind(VENDOR, partial(handlers.handle_vendors, unverified), causes=(PRODUCT,)),
            StreamKind(PRODUCT, handlers.decide_nothing),
            StreamKind(VENDOR_KEY, handlers.decide_nothing),
        ),
        hooks=case_hooks.hooks("makers"),
        on_restored=partial(handlers.on_restored, clock),
        before_ready=partial(give_days, pool, ledger),
        jobs=(vat_check.kind(),),
        tasks=(
            Task("connections", partial(keep_open, (vies_counterpart, customs_counterpart))),
            judging.task(),
            read_records.task(pool, "people_reads", settings.reads_days),
            publishing_task(publishing),
            every(metrics.EVERY_SECONDS, partial(metrics.measure, pool, clock)),
        ),
        keyed=(*stored_vendors.SEALED, checks.SEALED, brands.SEALED),
        api=API,
        routers=(
            vendors.router(require, pool, requests, seal, vendor_actions, publishing),
            keys.router(require, pool, requests, publishing),
            brand_routes.router(require, pool, requests, seal, goods_actions),
            products.router(require, pool, requests, goods_actions, customs),
            cases.router(require, pool, requests, vendor_actions),
        ),
    )


def main() -> None:
    command(service, Settings, "makers")()
