"""The composition root of `orders`."""

from __future__ import annotations

from functools import partial

from contracts import topics
from services.orders import metrics
from services.orders.api import cases, intake, orders
from services.orders.api.intake import Intake
from services.orders.handlers import SUBSCRIPTIONS, Erasure, handle, on_restored, project
from services.orders.jobs import erase_person
from services.orders.schemas.views import TrackingLinks
from services.orders.settings import Settings
from services.orders.tasks import check_erasures, repeat_tombstones
from shared.cli.commands import command
from shared.operations.gauges import every
from shared.platform import Platform, Service
from shared.supervise import Task


def tracking_links(platform: Platform) -> TrackingLinks:
    settings = platform.settings
    if not isinstance(settings, Settings):
        raise TypeError("the orders service needs its own settings")
    return TrackingLinks(settings.tracking_url, platform.link_keys)


def order_intake(platform: Platform) -> Intake:
    return Intake(
        platform.ledger,
        platform.requests,
        platform.persons,
        platform.clock,
        tracking_links(platform),
        platform.storage_key,
    )


def service(platform: Platform) -> Service:
    """`orders`: intake over HTTP, the status and the end of every order, the list of cases, erasure."""
    require, requests, ledger = platform.require, platform.requests, platform.ledger
    pool, clock, persons = platform.pool, platform.clock, platform.persons
    erasure = Erasure(ledger, persons, clock)
    return Service(
        name="orders",
        publishes=topics.ORDERS,
        also_publishes=(topics.PERSONAL,),
        consumes=topics.subscribed_by("orders"),
        subscriptions=SUBSCRIPTIONS,
        handle=handle,
        project=partial(project, clock),
        on_restored=partial(on_restored, clock),
        seals=("contact", "national_id"),
        jobs=(erase_person(erasure.erase, clock),),
        tasks=(
            Task("repeat_tombstones", partial(repeat_tombstones, ledger, persons)),
            Task("check_erasures", partial(check_erasures, pool, platform.settings)),
            every(metrics.EVERY_SECONDS, partial(metrics.measure, pool, clock)),
        ),
        routers=(
            intake.router(require, requests, order_intake(platform), clock),
            orders.router(require, requests, ledger, pool, clock, tracking_links(platform), erasure),
            cases.router(require, requests, ledger, pool, clock),
        ),
    )


def main() -> None:
    command(service, Settings, "orders")()
