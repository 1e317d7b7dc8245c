"""The composition root of `orders`."""

from __future__ import annotations

from functools import partial

from contracts import topics
from services.orders import metrics
from services.orders.api.orders import router
from services.orders.handlers import SUBSCRIPTIONS, handle, project
from services.orders.jobs import check_erasures, erase_person, repeat_tombstones, restored
from services.orders.settings import Settings
from shared.cli.commands import command
from shared.operations.gauges import every
from shared.platform import Platform, Service
from shared.supervise import Task


def service(platform: Platform) -> Service:
    """`orders`: intake over HTTP, the life and the end of every order, the list of cases, erasure."""
    return Service(
        name="orders",
        publishes=topics.ORDERS,
        also_publishes=(topics.PERSONAL,),
        consumes=topics.subscribed_by("orders"),
        subscriptions=SUBSCRIPTIONS,
        handle=handle,
        project=partial(project, platform.clock),
        jobs=(erase_person(platform),),
        tasks=(
            Task("repeat_tombstones", partial(repeat_tombstones, platform)),
            Task("check_erasures", partial(check_erasures, platform)),
            every(metrics.EVERY_SECONDS, partial(metrics.measure, platform.pool, platform.clock)),
        ),
        routers=(router(platform),),
        seals=("contact", "national_id"),
        on_restored=partial(restored, platform),
    )


def main() -> None:
    command(service, Settings, "orders")()
