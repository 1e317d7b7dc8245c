"""The composition root of provenance, and its command line."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from contracts import topics
from contracts.base import ORDER, PRODUCT, RECEIPT, UNIT, VENDOR, VENDOR_KEY, WRITE_OFF
from contracts.warehouse import UnitKey
from services import cases as case_hooks
from services.provenance import metrics
from services.provenance.api import capture, cases, events, label_sheets, page, resolver, units
from services.provenance.api import log as log_api
from services.provenance.api.capturing import Capturing
from services.provenance.api.description import API
from services.provenance.api.looking import Looking, Recent
from services.provenance.api.trying import Trying
from services.provenance.domain.bundles import BadBundle, verify_bundle
from services.provenance.domain.log.audit import BadLog, audit
from services.provenance.domain.log.checkpoints import Trust
from services.provenance.domain.log.notes import BadNote, parse_verifier_key
from services.provenance.handlers import (
    SUBSCRIPTIONS,
    EventSigner,
    handle,
    project_products,
    project_units,
    project_vendors,
)
from services.provenance.settings import Settings
from services.provenance.store import erasures, hidden_codes
from services.provenance.store import log as log_table
from services.provenance.store import looks as looks_table
from services.provenance.tasks.erasures import UnitErasures
from services.provenance.tasks.keys import keep_key_in_log, revoke
from services.provenance.tasks.log import Log, keep_appending, keep_publishing
from services.provenance.tasks.retention import keep_dropping_expired
from services.vendor_keys import project_keys
from shared.cli.commands import command
from shared.cli.connecting import operated, settings_of
from shared.http.client import Client, Counterpart, keep_open
from shared.http.rates import TokenBuckets
from shared.ledger.rules import StreamKind
from shared.loop import Loop
from shared.messaging.partition_log import LogProbe
from shared.operations.gauges import every
from shared.platform import Platform, Service
from shared.supervise import Task


def settings_from(platform: Platform) -> Settings:
    settings = platform.settings
    if not isinstance(settings, Settings):
        raise TypeError("provenance needs its own settings")
    return settings


def log_of(platform: Platform) -> Log:
    """The log of this installation."""
    settings = settings_from(platform)
    witnesses = tuple(
        (witness, Counterpart(f"witness.{witness.key.name}", Client())) for witness in settings.witness_list()
    )
    return Log(platform.pool, settings.log_signer(), settings.trust(), witnesses, settings.witness_seconds)


def erasures_of(platform: Platform) -> UnitErasures:
    """What erases units here, and again after a restore."""
    return UnitErasures(platform.pool, settings_from(platform).hidden_code_keys(), platform.clock)


def service(platform: Platform) -> Service:
    """`provenance`: consumes what happened to units, signs and logs it, and shows it to anyone who holds a unit."""
    return wired(platform).service


@dataclass(frozen=True, slots=True)
class Wired:
    """The service, and what its tasks and routes share."""

    service: Service
    log: Log
    recent: Recent


def wired(platform: Platform) -> Wired:
    """The service on this platform."""
    settings = settings_from(platform)
    log, key, place = log_of(platform), settings.issuer_signer(), settings.place()
    unit_erasures = erasures_of(platform)
    signer = EventSigner(place, key, platform.clock.now, unit_erasures.keys)
    look_ups = TokenBuckets(settings.public_rate, settings.public_burst, time.monotonic)
    resolved = TokenBuckets(settings.public_rate, settings.public_burst, time.monotonic)
    recent = Recent(time.monotonic)
    pages = page.Pages(settings.location_country, settings.contact_email, page.verify_command(log, settings))
    looking = Looking(
        platform.pool,
        platform.ledger,
        platform.seal,
        platform.clock,
        recent,
        settings.country_header,
        settings.town_header,
    )

    trying = Trying(
        platform.pool,
        platform.clock,
        settings.hidden_code_keys(),
        TokenBuckets(settings.code_rate, settings.code_burst, time.monotonic),
    )

    async def begin(probe: LogProbe, loop: Loop) -> None:
        await unit_erasures.erase_marked(probe, loop)
        await log.begin()
        await keep_key_in_log(log, key)

    made = Service(
        name="provenance",
        publishes=topics.of_producer("provenance"),
        also_publishes=(topics.UNIT_ERASURES,),
        consumes=topics.subscribed_by("provenance"),
        subscriptions=SUBSCRIPTIONS,
        kinds=(
            StreamKind(VENDOR, handle, project_vendors),
            StreamKind(PRODUCT, handle, project_products),
            StreamKind(VENDOR_KEY, handle, project_keys),
            StreamKind(ORDER, handle, signer.project),
            StreamKind(UNIT, handle, project_units),
            StreamKind(RECEIPT, absorb=signer.absorb),
            StreamKind(WRITE_OFF, absorb=signer.absorb),
        ),
        hooks=case_hooks.hooks("provenance"),
        findings=case_hooks.findings,
        before_ready=begin,
        tasks=(
            Task("append", partial(keep_appending, log)),
            Task("publish", partial(keep_publishing, log, settings.publish_seconds)),
            Task("connections", partial(keep_open, tuple(counterpart for _, counterpart in log.witnesses))),
            every(metrics.EVERY_SECONDS, partial(metrics.measure, log, platform.clock)),
            Task("retention", partial(keep_dropping_expired, platform.pool, platform.clock)),
        ),
        keyed=(looks_table.SEALED, hidden_codes.KEYED, erasures.KEYED),
        api=API,
        routers=(
            log_api.router(log, settings.issuer, TokenBuckets(settings.log_rate, settings.log_burst, time.monotonic)),
            units.router(log, place, look_ups),
            events.router(platform.require, platform.pool, platform.clock),
            capture.router(
                platform.require,
                platform.pool,
                platform.requests,
                Capturing(platform.clock, signer),
                settings.body_limit,
            ),
            resolver.router(platform.pool, settings.digital_links, resolved, pages),
            page.router(platform.pool, log, place, look_ups, pages, looking, trying),
            label_sheets.router(platform.require, platform.pool, platform.clock, place, settings.hidden_code_keys()),
            cases.router(platform.require, platform.pool, platform.ledger, platform.clock, platform.requests),
        ),
    )
    return Wired(made, log, recent)


def main() -> None:
    app = command(service, Settings, "provenance")

    @app.command("verify")
    def verify(
        file: Annotated[Path, typer.Argument(metavar="FILE", help="a unit's bundle")],
        log_key: Annotated[str, typer.Option(help="the log's verifier key")],
        issuer: Annotated[str, typer.Option(help="did:web:<host>")],
        witness: Annotated[list[str] | None, typer.Option(help="a witness's verifier key; several may be")] = None,
        quorum: Annotated[int | None, typer.Option(help="so many of them must have signed; all, unless said")] = None,
    ) -> None:
        """Checks a unit's bundle, with nothing but the file and the keys of whom you trust."""
        try:
            keys = tuple(parse_verifier_key(text) for text in witness or ())
            trust = Trust(parse_verifier_key(log_key), keys, len(keys) if quorum is None else quorum)
        except (BadNote, ValueError) as error:
            raise typer.BadParameter(str(error)) from None
        try:
            shown = verify_bundle(file.read_bytes(), trust, issuer)
        except (BadBundle, OSError) as error:
            typer.echo(f"not verified: {error}", err=True)
            raise typer.Exit(1) from None
        signed = shown.checkpoint
        for event, said_by in zip(shown.events, shown.said_by, strict=True):
            said = f"  said by {said_by}" if said_by else ""
            typer.echo(f"{event['eventTime']}  {event.get('bizStep')}  {event.get('disposition')}{said}")
        typer.echo(f"verified: {shown.unit}, {len(shown.events)} events, logged by {signed.checkpoint.origin}")
        typer.echo(
            f"its checkpoint has {signed.checkpoint.size} leaves; {len(signed.witnesses)} witnesses have signed it"
        )

    @app.command("audit")
    def audit_log() -> None:
        """Reads the whole log of the database again: every leaf, every tile and the last checkpoint must agree."""

        async def run() -> None:
            async with operated(service, settings_of(Settings, "provenance"), broker=False) as (platform, _):
                typer.echo(await audited(log_of(platform)))

        asyncio.run(run())

    @app.command("erase-unit")
    def erase_unit(gtin: str, serial: str) -> None:
        """Forgets what a unit's leaves stand for: events and salts. The leaves stay, and say nothing any more."""

        async def run() -> None:
            async with operated(service, settings_of(Settings, "provenance"), broker=False) as (platform, _):
                count = await erasures_of(platform).erase(UnitKey(gtin=gtin, serial=serial))
                typer.echo(f"{count} events erased")

        asyncio.run(run())

    @app.command("revoke-key")
    def revoke_key(kid: Annotated[str, typer.Argument(metavar="KID")]) -> None:
        """Writes into the log that an issuer's key counts no more. Give the service another ISSUER_KEY first."""

        async def run() -> None:
            async with operated(service, settings_of(Settings, "provenance"), broker=False) as (platform, _):
                log = log_of(platform)
                await log.begin()
                if not await revoke(log, kid):
                    raise SystemExit("no such key, or it is revoked")
                typer.echo(f"{kid}: revoked, once the log has it")

        asyncio.run(run())

    app()


async def audited(log: Log) -> str:
    """What the audit found, in words; SystemExit when the log is not what its checkpoint says."""
    await log.begin()
    async with log.pool.acquire() as db:
        if (last := await log_table.last_checkpoint(db, log.id)) is None:
            raise SystemExit("the log has no checkpoint")
        files = await log_table.whole(db, log.id, last.size)
    try:
        signed = audit(last.note.encode(), Trust(log.trust.log), files.tiles.get, files.entries)
    except BadLog as error:
        raise SystemExit(f"the log is not what its checkpoint says: {error}") from None
    return f"{signed.checkpoint.size} leaves, {len(files.tiles)} tiles and the checkpoint agree"
