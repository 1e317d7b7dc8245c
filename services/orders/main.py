"""The composition root of `orders`."""

from __future__ import annotations

from functools import partial

from contracts import topics
from contracts.base import COUNTERPART, ORDER
from services import cases, read_records
from services.links import link_keys_of
from services.orders import metrics
from services.orders.api import cases as cases_api
from services.orders.api import changes, holds, intake, orders, preview
from services.orders.api.changes import Changes
from services.orders.api.description import API
from services.orders.api.intake import Intake
from services.orders.api.preview import Previews
from services.orders.domain.routing import Routing
from services.orders.handlers import SUBSCRIPTIONS, Erasure, absorb_operations, handle, on_restored, project
from services.orders.jobs.erasing import erase_person
from services.orders.jobs.previews import ANSWER_BYTES, CUSTOMS, WAREHOUSE, Decider, Deciders
from services.orders.schemas.views import TrackingLinks
from services.orders.settings import Settings
from services.orders.store.orders import SEALED_FINGERPRINT
from services.orders.tasks import check_erasures, repeat_tombstones
from services.persons import reads
from services.persons.erasures import Markers, erase_marked
from services.persons.records import Persons
from shared.cli.commands import command
from shared.http.client import Bounds, Client, Counterpart, keep_open
from shared.ledger.rules import StreamKind
from shared.operations.gauges import every
from shared.platform import Platform, Service
from shared.supervise import Task


def _settings(platform: Platform) -> Settings:
    settings = platform.settings
    if not isinstance(settings, Settings):
        raise TypeError("the orders service needs its own settings")
    return settings


def tracking_links(platform: Platform) -> TrackingLinks:
    settings = _settings(platform)
    return TrackingLinks(settings.tracking_url, link_keys_of(settings))


def order_intake(platform: Platform, persons: Persons) -> Intake:
    return Intake(
        platform.ledger,
        platform.requests,
        persons,
        platform.clock,
        tracking_links(platform),
        platform.seal,
        Routing(_settings(platform).carrier_routes),
    )


def _deciders(settings: Settings) -> Deciders:
    # Within the network: a proxy that the environment names is for requests to the outside.
    customs, warehouse = (Counterpart(name, Client(trust_env=False)) for name in (CUSTOMS, WAREHOUSE))
    return Deciders(
        Decider(customs, settings.customs_url.rstrip("/")),
        Decider(warehouse, settings.warehouse_url.rstrip("/")),
        settings.service_key.get_secret_value(),
        Bounds(settings.preview_timeout_seconds, ANSWER_BYTES),
    )


def service(platform: Platform) -> Service:
    """`orders`: intake over HTTP, the status and the end of every order, the list of cases, erasure."""
    require, requests, ledger = platform.require, platform.requests, platform.ledger
    pool, clock, persons = platform.pool, platform.clock, Persons.of(platform.settings)
    erasure = Erasure(ledger, persons, clock)
    deciders = _deciders(_settings(platform))
    routing = Routing(_settings(platform).carrier_routes)
    return Service(
        name="orders",
        publishes=topics.ORDERS,
        also_publishes=(topics.PERSONAL, topics.ERASURES),
        consumes=topics.subscribed_by("orders"),
        subscriptions=SUBSCRIPTIONS,
        kinds=(
            StreamKind(ORDER, handle, partial(project, clock)),
            StreamKind(COUNTERPART, absorb=partial(absorb_operations, clock)),
        ),
        hooks=cases.hooks("orders"),
        findings=holds.findings,
        keepers=(persons, Markers(persons)),
        on_restored=partial(on_restored, clock),
        before_ready=partial(erase_marked, erasure.again),
        keyed=(SEALED_FINGERPRINT, *persons.sealed_columns(published=True)),
        jobs=(erase_person(erasure.erase, clock),),
        tasks=(
            Task("repeat_tombstones", partial(repeat_tombstones, ledger, persons)),
            Task("check_erasures", partial(check_erasures, pool, platform.settings)),
            Task("connections", partial(keep_open, (deciders.customs.counterpart, deciders.warehouse.counterpart))),
            every(metrics.EVERY_SECONDS, partial(metrics.measure, pool, clock)),
            read_records.task(pool, "person_reads", _settings(platform).reads_days),
        ),
        routers=(
            intake.router(require, requests, order_intake(platform, persons), clock),
            preview.router(require, Previews(ledger, pool, platform.seal, persons, deciders, clock, routing)),
            orders.router(require, requests, ledger, pool, clock, tracking_links(platform), erasure),
            holds.router(require, ledger, pool, clock),
            changes.router(require, requests, pool, Changes(ledger, persons, clock)),
            cases_api.router(require, requests, ledger, pool, clock),
            reads.router(require, pool),
        ),
        api=API,
    )


def main() -> None:
    command(service, Settings, "orders")()
