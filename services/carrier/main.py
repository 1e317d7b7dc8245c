"""The composition root of the carrier service."""

from __future__ import annotations

from functools import partial

from contracts import topics
from contracts.base import COUNTERPART, MANIFEST, ORDER
from services import cases, read_records
from services.carrier import metrics
from services.carrier.api import (
    aggregators,
    answers,
    bordereaux,
    callbacks,
    feed_files,
    label_batches,
    labels,
    operations,
    orders,
)
from services.carrier.api import scans as scans_api
from services.carrier.api.description import API
from services.carrier.api.signatures import secrets_of
from services.carrier.carriers import CARRIERS
from services.carrier.carriers.carrier import Connected
from services.carrier.domain.silence import SilencePolicy
from services.carrier.handlers import (
    SUBSCRIPTIONS,
    handle,
    handle_manifests,
    handle_operations,
    on_erased,
    on_restored,
    project,
    project_operations,
)
from services.carrier.jobs.bordereaux import BordereauJob
from services.carrier.jobs.checks import CheckJob
from services.carrier.jobs.label_checks import LabelChecks
from services.carrier.jobs.labels import LabelJob, LabelRules
from services.carrier.settings import Settings
from services.carrier.store import bordereaux as bordereaux_table
from services.carrier.store import call_rates, scans
from services.carrier.store import callbacks as callbacks_table
from services.carrier.store import labels as labels_table
from services.carrier.store.intake import Retention, ScanIntake
from services.carrier.tasks.details import DetailsPublisher
from services.carrier.tasks.feeds import FeedReader
from services.carrier.tasks.polling import keep_polling
from services.carrier.tasks.publishing import ScanPublisher
from services.carrier.tasks.retention import keep_dropping_expired
from services.carrier.tasks.return_options import keep_known
from services.persons import reads
from services.persons.erasures import erase_marked, forgetting
from services.persons.records import Persons
from shared.cli.commands import command
from shared.http.client import Client, Counterpart, keep_open
from shared.ledger.rules import StreamKind
from shared.operations.gauges import every
from shared.platform import Platform, Service
from shared.supervise import Task


def service(platform: Platform) -> Service:
    """The carrier service on this platform, whose settings are `Settings`."""
    settings = platform.settings
    if not isinstance(settings, Settings):
        raise TypeError("the carrier service needs its own settings")
    pool, ledger, clock, require = platform.pool, platform.ledger, platform.clock, platform.require
    persons = Persons.of(settings, on_erased)
    connected = [
        Connected(
            carrier,
            counterpart,
            carrier.connect(settings, settings.sender(), counterpart),
            carrier.number_ranges(settings) if carrier.number_ranges else None,
        )
        for carrier in CARRIERS
        for wait in [partial(call_rates.wait, pool, carrier.counterpart)]
        for counterpart in [Counterpart(carrier.counterpart, Client(), wait)]
    ]
    silence = SilencePolicy({carrier.name: carrier.silence for carrier in CARRIERS}, settings.silence_days)
    duty_codes = {
        code: frozenset(carrier.name for carrier in CARRIERS if code in carrier.duty_codes)
        for code in frozenset().union(*(carrier.duty_codes for carrier in CARRIERS))
    }
    bordereau_sizes = {carrier.name: carrier.bordereau_parcels for carrier in CARRIERS}
    intake = ScanIntake(pool, platform.seal, Retention(settings.raw_scan_days, settings.callback_days))
    publisher = ScanPublisher(pool, ledger, clock, {carrier.name: carrier for carrier in CARRIERS}, intake.received)
    details_publisher = DetailsPublisher(pool, ledger, clock, intake.details_received)
    checks = LabelChecks(ledger, persons, clock, {connection.carrier.name: connection for connection in connected})
    rules = LabelRules(settings.on_lost_answer, settings.label_attempts, settings.label_days, settings.cn23_days)
    return Service(
        name="carrier",
        publishes=topics.of_producer("carrier"),
        consumes=topics.subscribed_by("carrier"),
        subscriptions=SUBSCRIPTIONS,
        kinds=(
            StreamKind(COUNTERPART, handle_operations, project_operations),
            StreamKind(MANIFEST, partial(handle_manifests, sizes=bordereau_sizes)),
            StreamKind(ORDER, partial(handle, policy=silence, duty_codes=duty_codes), project),
        ),
        hooks=cases.hooks("carrier"),
        findings=cases.findings,
        keepers=(persons,),
        jobs=(
            *(LabelJob(ledger, persons, platform.seal, clock, connection, rules).kind() for connection in connected),
            *(
                BordereauJob(ledger, platform.seal, clock, connection, settings.label_days).kind()
                for connection in connected
            ),
            *(
                CheckJob(ledger, persons, clock, connection, settings.label_check_seconds).kind()
                for connection in connected
            ),
        ),
        tasks=(
            Task("publish_scans", publisher.run),
            Task("publish_details", details_publisher.run),
            *(
                Task(
                    f"poll.{connection.carrier.name}",
                    partial(keep_polling, pool, connection, intake, settings.poll_seconds),
                )
                for connection in connected
            ),
            *(
                Task(f"returns.{connection.carrier.name}", partial(keep_known, pool, connection))
                for connection in connected
            ),
            *(
                Task(f"feed.{carrier.name}", FeedReader(pool, intake, carrier, feed, settings).run)
                for carrier in CARRIERS
                if (feed := carrier.feed) is not None and feed.directory(settings)
            ),
            Task("retention", partial(keep_dropping_expired, pool)),
            read_records.task(pool, "person_reads", settings.reads_days),
            Task("connections", partial(keep_open, tuple(connection.counterpart for connection in connected))),
            every(metrics.EVERY_SECONDS, partial(metrics.measure, pool, connected)),
        ),
        api=API,
        routers=(
            # First, since it gets the most requests: routes are tried one after another.
            *(
                callbacks.router(intake, carrier.name, sent, secrets_of(sent.secrets(settings)))
                for carrier in CARRIERS
                if (sent := carrier.callbacks) is not None
            ),
            *(
                aggregators.router(
                    intake, carrier.name, aggregator, aggregators.secrets_of(aggregator.secrets(settings))
                )
                for carrier in CARRIERS
                for aggregator in carrier.aggregators
            ),
            labels.router(pool, ledger, persons, platform.seal, require),
            label_batches.router(pool, ledger, platform.seal, checks.check, require),
            bordereaux.router(pool, ledger, platform.seal, require, bordereau_sizes),
            answers.router(ledger, clock, platform.requests, require),
            operations.router(ledger, clock, platform.requests, require, [carrier.name for carrier in CARRIERS]),
            orders.router(pool, ledger, clock, require, silence),
            feed_files.router(pool, platform.requests, require),
            scans_api.router(pool, platform.seal, require),
            reads.router(require, pool),
        ),
        observe=metrics.observe,
        before_ready=partial(erase_marked, forgetting(ledger, persons, clock)),
        keyed=(
            *labels_table.SEALED,
            bordereaux_table.SEALED,
            callbacks_table.SEALED,
            scans.SEALED,
            *persons.sealed_columns(),
        ),
        on_restored=on_restored,
    )


def main() -> None:
    command(service, Settings, "carrier")()
