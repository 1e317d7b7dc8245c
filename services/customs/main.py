"""The composition root of the customs service."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from contracts import topics
from contracts.base import ORDER
from services import cases, read_records
from services.customs import handlers, metrics
from services.customs.api import actions, documents, orders, payment_parts, preview, quote, receipt_texts, set_aside
from services.customs.api.description import API
from services.customs.destinations import DESTINATIONS
from services.customs.destinations.destination import Parts
from services.customs.jobs.export_ends import ExportEndJobs
from services.customs.jobs.export_gateway import EXPORT_GATEWAY, ExportGateway
from services.customs.jobs.exports import ExportJob
from services.customs.regimes.rule_checks import check
from services.customs.regimes.rule_diff import changes
from services.customs.regimes.rule_files import BadRules, RuleFile, files_of
from services.customs.settings import Settings, quota_keys
from services.customs.store import export_declarations, hold_answers, quota
from services.customs.store import payment_parts as parts_of_payments
from services.customs.tasks.retention import keep_dropping_expired
from services.customs.tasks.rules import RuleReader, RulesInForce
from services.persons import reads
from services.persons.erasures import erase_marked, forgetting
from services.persons.records import Persons
from services.routing import Routing
from shared.cli.commands import command
from shared.http.client import Bounds, Client, Counterpart, keep_open
from shared.ledger.rules import StreamKind
from shared.operations.gauges import every
from shared.platform import Platform, Service
from shared.supervise import Task


def service(platform: Platform) -> Service:
    """The customs service on this platform, whose settings are `Settings`."""
    settings = platform.settings
    if not isinstance(settings, Settings):
        raise TypeError("the customs service needs its own settings")
    pool, ledger, clock, seal = platform.pool, platform.ledger, platform.clock, platform.seal
    rules, persons = RulesInForce(settings), Persons.of(settings, handlers.on_erased)
    handler = handlers.Handler(rules.policy, persons, quota_keys(settings))
    exporting = Counterpart(EXPORT_GATEWAY, Client())
    bounds = Bounds(settings.gateway_timeout_seconds, settings.export_answer_bytes)
    export_gateway = ExportGateway(exporting, settings.export_gateway_url.rstrip("/"), bounds)
    export_job = ExportJob(pool, ledger, seal, clock, rules.policy, export_gateway)
    export_ends = ExportEndJobs(pool, ledger, clock, export_gateway)
    parts = Parts(pool, ledger, persons, seal, clock, rules.policy, platform.caught_up)
    connected = {
        country: destination.connect(settings, parts, settings.gateway_timeout_seconds)
        for country, destination in DESTINATIONS.items()
    }
    authorities = tuple(connected.values())
    by_flight = {country for country, authority in connected.items() if authority.flight_required}
    reader = RuleReader(rules, pool, ledger, clock)
    return Service(
        name="customs",
        publishes=topics.CUSTOMS,
        consumes=topics.subscribed_by("customs"),
        subscriptions=handlers.SUBSCRIPTIONS,
        kinds=(StreamKind(ORDER, handler.handle, handlers.project),),
        hooks=cases.hooks("customs"),
        findings=cases.findings,
        keepers=(persons,),
        jobs=(export_job.kind(), *export_ends.kinds(), *(kind for authority in authorities for kind in authority.jobs)),
        tasks=(
            *(task for authority in authorities for task in authority.tasks),
            every(metrics.EVERY_SECONDS, partial(metrics.measure, rules.policy, clock)),
            Task("retention", partial(keep_dropping_expired, pool, clock)),
            reader.task(settings.rules_directory, settings.rules_look_seconds),
            read_records.task(pool, "person_reads", settings.reads_days),
            Task("connections", partial(keep_open, (exporting, *(authority.counterpart for authority in authorities)))),
        ),
        api=API,
        before_ready=partial(erase_marked, forgetting(ledger, persons, clock)),
        keyed=(
            export_declarations.SEALED,
            hold_answers.SEALED,
            parts_of_payments.SEALED,
            *(column for destination in DESTINATIONS.values() for column in destination.sealed),
            *persons.sealed_columns(),
            quota.counted(clock.now()),
        ),
        routers=(
            orders.router(platform.require, pool, ledger, rules.policy),
            documents.router(platform.require, pool, ledger, seal),
            actions.router(platform.require, ledger, platform.requests, seal, clock, rules.policy, by_flight),
            payment_parts.router(platform.require, ledger, platform.requests, seal, clock, rules.policy),
            receipt_texts.router(platform.require, pool, ledger, seal),
            set_aside.router(platform.require, pool, platform.requests, clock),
            quote.router(platform.require, clock, rules.policy, Routing(settings.carrier_routes)),
            preview.router(platform.require, pool, clock, handler),
            reads.router(platform.require, pool),
        ),
    )


def rules_commands() -> typer.Typer:
    """`rules check` and `rules diff`: they need neither settings nor servers."""
    rules = typer.Typer(help="Releases of rules: directories with files that stand in the place of the image's.")

    def checked(release: Path) -> Mapping[str, RuleFile]:
        try:
            files = files_of(release)
            check(files)
        except BadRules as bad:
            typer.echo(str(bad), err=True)
            raise typer.Exit(1) from None
        return files

    @rules.command("check")
    def check_release(release: Annotated[Path, typer.Argument(metavar="DIR")]) -> None:
        """Checks every row, and prints which version of each file would hold."""
        for file in checked(release).values():
            typer.echo(f"{file.version:28} {file.path}")

    @rules.command("diff")
    def diff_releases(
        old: Annotated[Path, typer.Argument(metavar="OLD")], new: Annotated[Path, typer.Argument(metavar="NEW")]
    ) -> None:
        """Prints the rows that differ, and from which instant orders are decided by them."""
        for change in changes(checked(old), checked(new)):
            typer.echo(str(change))

    return rules


def main() -> None:
    app = command(service, Settings, "customs")
    app.add_typer(rules_commands(), name="rules")
    app()
