"""The composition root of the carrier service."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from pydantic import Field, SecretStr

from contracts import topics
from contracts.base import Event
from contracts.carrier import LabelCreated
from services.carrier import metrics, store
from services.carrier.api import callbacks, orders, signatures
from services.carrier.carriers import CARRIERS
from services.carrier.carriers.laposte.client import COUNTERPART, NAME, Access
from services.carrier.carriers.laposte.labels import Contract, Sender
from services.carrier.domain.silence import Patience
from services.carrier.handlers import SUBSCRIPTIONS, handle, project
from services.carrier.jobs import LabelRules, label_job
from services.carrier.tasks import polling
from services.carrier.tasks.publishing import Retention, Scans
from shared.cli.commands import command
from shared.db import DB, TRANSIENT
from shared.http.client import Bounds, Client, Counterpart
from shared.loop import Loop
from shared.operations.gauges import every
from shared.platform import Platform, Service
from shared.settings import PlatformSettings
from shared.supervise import Task

PRUNE_SECONDS = 3600.0


class Settings(PlatformSettings):
    laposte_sls_url: str = "https://ws.colissimo.fr/sls-ws/SlsServiceWSRest/2.0"
    laposte_suivi_url: str = "https://api.laposte.fr/suivi/v2"
    laposte_contract_number: str = ""
    laposte_password: SecretStr = SecretStr("")
    okapi_key: SecretStr = SecretStr("")
    laposte_printing: str = Field(
        default="PDF_10x15_300dpi",
        pattern="^PDF_",
        description="SLS outputPrintingType; one of the PDF ones, since nothing else is taken for a label",
    )
    sls_timeout_seconds: float = Field(
        default=20, gt=0, le=50, description="of a whole call, real time; less than a job's own bound"
    )
    sls_answer_bytes: int = Field(
        default=4 * 1024 * 1024, ge=1024, description="what is read of an answer: the label and the CN23's copies"
    )
    suivi_timeout_seconds: float = Field(default=10, gt=0, description="of a whole call, real time")
    suivi_answer_bytes: int = Field(default=1024 * 1024, ge=1024, description="what is read of an answer")
    suivi_calls_per_second: float = Field(
        default=10, gt=0, description="of each replica; La Poste's free plan allows 10"
    )
    poll_seconds: float = Field(default=900, gt=0, description="real time between two questions about one parcel")
    on_lost_answer: Literal["repeat", "park"] = Field(
        default="repeat", description="after a label call whose answer was lost: call again, or leave it to a person"
    )
    label_attempts: int = Field(default=20, ge=1, description="label calls before a person has to look into it")
    silence_days: int | None = Field(default=None, ge=1, le=60, description="business time; else the table's own")
    webhook_secrets: SecretStr = Field(default=SecretStr(""), description="`whsec_<base64>,...`; any of them counts")

    sender_company: str = "Silkpost"
    sender_street: str = "1 rue de la Soie"
    sender_postcode: str = "69001"
    sender_city: str = "Lyon"
    sender_phone: str = "+33400000000"
    sender_email: str = "expeditions@silkpost.example"

    label_days: int = Field(default=90, ge=1, description="how long a label's PDF is kept, real days")
    cn23_days: int = Field(default=1461, ge=1461, description="four years: the shipper must keep it")
    raw_scan_days: int = Field(default=120, ge=30, description="what the carrier said, word for word")
    callback_days: int = Field(default=7, ge=4, description="longer than the 76 hours of a sender's repeats")


def service(platform: Platform) -> Service:
    """The carrier service on this platform, whose settings are `Settings`."""
    settings = platform.settings
    if not isinstance(settings, Settings):
        raise TypeError("the carrier service needs its own settings")
    la_poste = Counterpart(COUNTERPART, Client())
    carriers = {name: connect(access(settings), la_poste) for name, connect in CARRIERS.items()}
    scans = Scans(platform, carriers, Retention(settings.raw_scan_days, settings.callback_days))
    rules = LabelRules(settings.on_lost_answer, settings.label_attempts, settings.label_days, settings.cn23_days)

    async def follow(loop: Loop) -> None:
        await polling.follow(platform.pool, carriers["laposte"], scans, settings.poll_seconds, loop)

    async def connections(loop: Loop) -> None:
        try:
            await end_dates(platform, loop)
        finally:
            await la_poste.close()

    return Service(
        name="carrier",
        publishes=topics.of_producer("carrier"),
        consumes=topics.subscribed_by("carrier"),
        subscriptions=SUBSCRIPTIONS,
        handle=functools.partial(handle, patience=Patience(settings.silence_days)),
        project=project,
        jobs=(label_job(platform, carriers, rules, COUNTERPART),),
        tasks=(
            Task("fold", scans.fold_forever),
            Task("follow", follow),
            Task("connections", connections),
            every(metrics.EVERY_SECONDS, functools.partial(metrics.measure, platform.pool)),
        ),
        routers=(
            orders.router(platform),
            callbacks.router(scans, signatures.secrets_of(settings.webhook_secrets.get_secret_value())),
        ),
        seals=("contact",),
        on_erased=on_erased,
        observe=metrics.observe,
        on_restored=on_restored,
    )


def access(settings: Settings) -> Access:
    """Where La Poste is, and how we are known there."""
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


async def on_erased(db: DB, order_ids: Sequence[UUID]) -> None:
    """Drops the copies of a person's data that this service made."""
    await store.drop_personal(db, order_ids)


async def on_restored(db: DB, events: Sequence[Event]) -> None:
    """Knows the labels again that it had forgotten, so that their scans count."""
    await store.save_forgotten_labels(db, NAME, [event for event in events if isinstance(event, LabelCreated)])


async def end_dates(platform: Platform, loop: Loop) -> None:
    """Hourly, what has reached its end date goes."""
    while True:
        loop.tick()
        try:
            async with platform.pool.acquire() as db, db.transaction():
                await store.prune(db)
        except TRANSIENT as error:
            await loop.back_off(error)
            continue
        loop.healthy()
        await loop.sleep(PRUNE_SECONDS)


def main() -> None:
    command(service, Settings, "carrier")()
