"""The composition root of the customs service."""

from __future__ import annotations

import hashlib
import hmac
from functools import partial

from contracts import topics
from contracts.base import ORDER
from services import cases
from services.customs import api, handlers, regimes
from services.customs.domain.ceb import DOCUMENTS, Parties, Party
from services.customs.domain.decide import Policy
from services.customs.jobs.gateways import ExportGateway, ImportGateway
from services.customs.jobs.work import EXPORT_GATEWAY, IMPORT_GATEWAY, ExportWork, ImportWork, kinds
from services.customs.regimes import tables
from services.customs.settings import Settings, names
from services.customs.tasks.receipts import ReceiptPoller
from services.customs.tasks.retention import keep_dropping_expired
from services.persons.records import Persons
from shared.cli.commands import command
from shared.http.client import Bounds, Client, Counterpart, keep_open
from shared.ledger.rules import StreamKind
from shared.platform import Platform, Service
from shared.sealing import decode_key
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
    gateway = ImportGateway(
        importing,
        settings.import_gateway_url.rstrip("/"),
        receipt=Bounds(seconds, settings.receipt_bytes),
        page=Bounds(seconds, settings.receipts_page_bytes),
    )
    export_gateway = ExportGateway(
        exporting, settings.export_gateway_url.rstrip("/"), Bounds(seconds, settings.export_answer_bytes)
    )
    roles = tuple(role for role in DOCUMENTS if role in names(settings.import_roles))
    exports = ExportWork(pool, ledger, clock, seal, policy, export_gateway)
    imports = ImportWork(pool, ledger, clock, seal, persons, policy, parties_of(settings), roles, gateway)
    receipts = ReceiptPoller(
        pool,
        ledger,
        clock,
        seal,
        platform.caught_up,
        gateway,
        policy.tables.codes.hold_reasons,
        settings.receipts_poll_seconds,
    )
    handler = handlers.Handler(policy, persons, quota_key(settings))

    return Service(
        name="customs",
        publishes=topics.CUSTOMS,
        consumes=topics.subscribed_by("customs"),
        subscriptions=handlers.SUBSCRIPTIONS,
        kinds=(StreamKind(ORDER, handler.handle, handlers.project),),
        hooks=cases.hooks("customs"),
        findings=cases.findings,
        keepers=(persons,),
        jobs=kinds(exports, imports),
        tasks=(
            Task("later_receipts", receipts.run),
            Task("retention", partial(keep_dropping_expired, pool, clock)),
            Task("connections", partial(keep_open, (exporting, importing))),
        ),
        routers=(api.router(platform.require, platform.requests, pool, ledger, clock, seal, policy),),
    )


def policy_of(settings: Settings) -> Policy:
    """The rules in force, from the dated tables and the settings."""
    dated = tables.load()
    return Policy(
        tables=dated,
        imports=regimes.import_regimes(dated),
        export=regimes.export_regimes(dated)[settings.dispatch_country],
        eori=settings.eori,
        default_regime=settings.import_regime,
        regimes_by_marketplace=settings.import_regimes,
    )


def parties_of(settings: Settings) -> Parties:
    """The firms that the messages name."""
    return Parties(
        platform=Party(settings.platform_code, settings.platform_name),
        seller=Party(settings.seller_code, settings.seller_name),
        agent=Party(settings.agent_code, settings.agent_name),
        logistics=Party(settings.logistics_code, settings.logistics_name),
        payment_code=settings.payment_code,
        area=Party(settings.area_code, settings.area_name),
        transfer_id=settings.transfer_id,
        customs_code=settings.customs_code,
        port_code=settings.port_code,
    )


def quota_key(settings: Settings) -> bytes:
    """The key of the buyers' hashes. It must outlive a change of the storage key: set it before making one."""
    own = settings.quota_key.get_secret_value()
    if own:
        return decode_key(own, "QUOTA_KEY")
    storage = decode_key(settings.storage_key.get_secret_value(), "STORAGE_KEY")
    return hmac.digest(storage, b"customs quota", hashlib.sha256)


def main() -> None:
    command(service, Settings, "customs")()
