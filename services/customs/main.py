"""The composition root of the customs service."""

from __future__ import annotations

from functools import partial

from contracts import topics
from contracts.base import ORDER
from services import cases
from services.customs import handlers
from services.customs.api import actions, orders
from services.customs.destinations.cn.gateway import IMPORT_GATEWAY, ImportGateway
from services.customs.destinations.cn.import_jobs import ImportJobs
from services.customs.destinations.cn.job_kinds import import_kinds
from services.customs.destinations.cn.receipt_poller import ReceiptPoller
from services.customs.jobs.export_gateway import EXPORT_GATEWAY, ExportGateway
from services.customs.jobs.exports import ExportJob
from services.customs.settings import Settings, parties_of, policy_of, quota_key, roles_of
from services.customs.tasks.retention import keep_dropping_expired
from services.persons.records import Persons
from shared.cli.commands import command
from shared.http.client import Bounds, Client, Counterpart, keep_open
from shared.ledger.rules import StreamKind
from shared.platform import Platform, Service
from shared.supervise import Task


def service(platform: Platform) -> Service:
    """The customs service on this platform, whose settings are `Settings`."""
    settings = platform.settings
    if not isinstance(settings, Settings):
        raise TypeError("the customs service needs its own settings")
    pool, ledger, clock, seal = platform.pool, platform.ledger, platform.clock, platform.seal
    policy, persons = policy_of(settings), Persons.of(settings, handlers.on_erased)
    exporting, importing = Counterpart(EXPORT_GATEWAY, Client()), Counterpart(IMPORT_GATEWAY, Client())
    seconds = settings.gateway_timeout_seconds
    export_gateway = ExportGateway(
        exporting, settings.export_gateway_url.rstrip("/"), Bounds(seconds, settings.export_answer_bytes)
    )
    import_gateway = ImportGateway(
        importing,
        settings.import_gateway_url.rstrip("/"),
        receipt=Bounds(seconds, settings.receipt_bytes),
        page=Bounds(seconds, settings.receipts_page_bytes),
    )
    export_job = ExportJob(pool, ledger, seal, clock, policy, export_gateway)
    import_jobs = ImportJobs(
        pool, ledger, persons, seal, clock, policy, parties_of(settings), roles_of(settings), import_gateway
    )
    receipts = ReceiptPoller(
        pool,
        ledger,
        seal,
        clock,
        import_gateway,
        policy.tables.codes.hold_reasons,
        settings.receipts_poll_seconds,
        platform.caught_up,
    )
    return Service(
        name="customs",
        publishes=topics.CUSTOMS,
        consumes=topics.subscribed_by("customs"),
        subscriptions=handlers.SUBSCRIPTIONS,
        kinds=(StreamKind(ORDER, handlers.Handler(policy, persons, quota_key(settings)).handle, handlers.project),),
        hooks=cases.hooks("customs"),
        findings=cases.findings,
        keepers=(persons,),
        jobs=(export_job.kind(), *import_kinds(import_jobs, clock)),
        tasks=(
            Task("receipts", receipts.run),
            Task("retention", partial(keep_dropping_expired, pool, clock)),
            Task("connections", partial(keep_open, (exporting, importing))),
        ),
        routers=(
            orders.router(platform.require, pool, ledger),
            actions.router(platform.require, ledger, platform.requests, seal, clock, policy),
        ),
    )


def main() -> None:
    command(service, Settings, "customs")()
