"""The composition root of the carrier service."""

from __future__ import annotations

from functools import partial

from contracts import topics
from contracts.base import ORDER
from services import cases
from services.carrier import metrics
from services.carrier.api import answers, callbacks, labels, orders
from services.carrier.api.signatures import secrets_of
from services.carrier.carriers import CARRIERS
from services.carrier.carriers.laposte.client import COUNTERPART, NAME, Access
from services.carrier.carriers.laposte.labels import Contract, Sender
from services.carrier.domain.silence import SilencePolicy
from services.carrier.handlers import SUBSCRIPTIONS, handle, on_erased, on_restored, project
from services.carrier.jobs import LabelJob, LabelRules
from services.carrier.settings import Settings
from services.carrier.store.intake import Retention, ScanIntake
from services.carrier.tasks.polling import keep_polling
from services.carrier.tasks.publishing import ScanPublisher
from services.carrier.tasks.retention import keep_dropping_expired
from services.persons.records import Persons
from shared.cli.commands import command
from shared.http.client import Bounds, Client, Counterpart, keep_open
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
    la_poste = Counterpart(COUNTERPART, Client())
    carriers = {name: connect(laposte_access(settings), la_poste) for name, connect in CARRIERS.items()}
    intake = ScanIntake(pool, platform.seal, Retention(settings.raw_scan_days, settings.callback_days))
    publisher = ScanPublisher(pool, ledger, clock, carriers, intake.received)
    rules = LabelRules(settings.on_lost_answer, settings.label_attempts, settings.label_days, settings.cn23_days)
    label_job = LabelJob(ledger, persons, platform.seal, clock, carriers, rules)
    return Service(
        name="carrier",
        publishes=topics.of_producer("carrier"),
        consumes=topics.subscribed_by("carrier"),
        subscriptions=SUBSCRIPTIONS,
        kinds=(StreamKind(ORDER, partial(handle, policy=SilencePolicy(settings.silence_days)), project),),
        hooks=cases.hooks("carrier"),
        findings=cases.findings,
        keepers=(persons,),
        jobs=(label_job.kind(COUNTERPART),),
        tasks=(
            Task("publish_scans", publisher.run),
            Task("poll", partial(keep_polling, pool, carriers[NAME], intake, settings.poll_seconds)),
            Task("retention", partial(keep_dropping_expired, pool)),
            Task("connections", partial(keep_open, (la_poste,))),
            every(metrics.EVERY_SECONDS, partial(metrics.measure, pool)),
        ),
        routers=(
            # First, for it is asked for most: routes are tried one after another.
            callbacks.router(intake, secrets_of(settings.webhook_secrets.get_secret_value())),
            labels.router(pool, ledger, platform.seal, require),
            answers.router(ledger, clock, platform.requests, require),
            orders.router(pool, ledger, require),
        ),
        observe=metrics.observe,
        on_restored=on_restored,
    )


def laposte_access(settings: Settings) -> Access:
    """The addresses and credentials of La Poste."""
    sender = Sender(
        company=settings.sender_company,
        street=settings.sender_street,
        postcode=settings.sender_postcode,
        city=settings.sender_city,
        phone=settings.sender_phone,
        email=settings.sender_email,
    )
    contract = Contract(
        settings.laposte_contract_number,
        settings.laposte_password.get_secret_value(),
        sender,
        settings.laposte_printing,
    )
    return Access(
        sls_url=settings.laposte_sls_url.rstrip("/"),
        suivi_url=settings.laposte_suivi_url.rstrip("/"),
        contract=contract,
        okapi_key=settings.okapi_key.get_secret_value(),
        sls=Bounds(settings.sls_timeout_seconds, settings.sls_answer_bytes),
        suivi=Bounds(settings.suivi_timeout_seconds, settings.suivi_answer_bytes),
        suivi_calls_per_second=settings.suivi_calls_per_second,
    )


def main() -> None:
    command(service, Settings, "carrier")()
