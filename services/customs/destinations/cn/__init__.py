"""China: the single window (CEB messages, receipts), and the regimes of import."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

from services.customs.destinations.cn import (
    message_store,
    message_versions,
    receipt_store,
    tax_bill_store,
    unreadable_receipts,
)
from services.customs.destinations.cn.ceb import MESSAGE_TYPES
from services.customs.destinations.cn.gateway import IMPORT_GATEWAY, ImportGateway
from services.customs.destinations.cn.import_jobs import ImportJobs
from services.customs.destinations.cn.messages import MessageStatus, rejected
from services.customs.destinations.cn.receipt_poller import ReceiptPoller
from services.customs.destinations.cn.receipt_statuses import ERRORS, status_of
from services.customs.destinations.cn.regimes import Cbec9610, PersonalPostal
from services.customs.destinations.cn.settings import ChinaSettings
from services.customs.destinations.cn.shipments import FLIGHT_UNKNOWN
from services.customs.destinations.cn.signing import SoftwareSigner
from services.customs.destinations.destination import (
    Authority,
    Destination,
    Document,
    Message,
    Parts,
    ReceiptText,
    ReceivedReceipt,
    SetAsideReceipt,
)
from services.customs.domain import decide
from services.customs.domain.cases import CANCELLATION
from services.customs.jobs.attention import no_answer
from services.customs.regimes.base import ImportRegime
from services.customs.regimes.tables import Tables
from shared.db import DB
from shared.http.client import Bounds, Client, Counterpart
from shared.jobs.worker import JobKind
from shared.supervise import Task


class China:
    country = "CN"
    counterpart = IMPORT_GATEWAY
    message_types = MESSAGE_TYPES
    flight_unknown = FLIGHT_UNKNOWN
    settings = ChinaSettings
    sealed = (message_store.SEALED, receipt_store.SEALED, unreadable_receipts.SEALED)

    def regimes(self, tables: Tables) -> Sequence[ImportRegime]:
        return (Cbec9610(tables), PersonalPostal(tables))

    def connect(self, settings: ChinaSettings, parts: Parts, seconds: float) -> Authority:
        window = Counterpart(IMPORT_GATEWAY, Client())
        gateway = ImportGateway(
            window,
            settings.import_gateway_url.rstrip("/"),
            receipt=Bounds(seconds, settings.receipt_bytes),
            page=Bounds(seconds, settings.receipts_page_bytes),
            route=settings.route(),
        )
        signer = SoftwareSigner.generate() if settings.import_signer == "software" else None
        jobs = ImportJobs(
            parts, settings.parties(), settings.mandates(), signer, gateway, settings.import_flight_required
        )
        receipts = ReceiptPoller(parts, gateway, settings.receipts_poll_seconds)
        kind = partial(JobKind, counterpart=IMPORT_GATEWAY, exhausted=no_answer(parts.clock))
        return Authority(
            window,
            (
                kind(decide.DOCUMENTS, run=jobs.send_documents),
                kind(decide.INVENTORY, run=jobs.declare),
                kind(CANCELLATION, run=partial(jobs.change_inventory, message="CEB623")),
                kind(decide.RETURN, run=partial(jobs.change_inventory, message="CEB625")),
                kind(decide.HOLD_ANSWER, run=jobs.answer_hold),
            ),
            (Task("receipts", receipts.run),),
            settings.import_flight_required,
        )

    async def declaration_written(self, db: DB, order_id: UUID, parcel: int) -> bool:
        await message_store.lock_inventory(db, order_id, parcel)
        return await message_store.load(db, order_id, parcel, "CEB621") is not None

    async def write_again(self, db: DB, kind: str, order_id: UUID, parcel: int) -> None:
        sent = [
            MessageStatus(row["guid"], row["parcel"], row["type"], row["status"], row["number"])
            for row in await message_store.of_order(db, order_id)
        ]
        again = rejected(sent, kind, parcel)
        await message_versions.raise_versions(db, order_id, again)
        await message_store.drop(db, [message.guid for message in again])

    async def messages(self, db: DB, order_id: UUID) -> list[Message]:
        return [
            Message(
                parcel=row["parcel"],
                type=row["type"],
                guid=row["guid"],
                is_ours=row["is_ours"],
                status=row["status"],
                number=row["number"],
                written_at=row["created_at"],
                answered_at=row["answered_at"],
            )
            for row in await message_store.of_order(db, order_id)
        ]

    async def document(self, db: DB, order_id: UUID, parcel: int, message: str) -> Document | None:
        row = await message_store.load(db, order_id, parcel, message)
        if row is None:
            return None
        return Document(row["body"], message_store.sealing_place(row["guid"]), "application/xml")

    async def receipts(self, db: DB, order_id: UUID) -> list[ReceivedReceipt]:
        return [
            received(row["parcel"], row["message_type"], row["status"], row["returned_at"])
            for row in await receipt_store.of_order(db, order_id)
        ]

    async def receipt_texts(self, db: DB, order_id: UUID, parcel: int) -> list[ReceiptText]:
        return [
            ReceiptText(
                row["message_type"],
                row["status"],
                row["returned_at"],
                row["recorded_at"],
                row["info"],
                receipt_store.sealing_place(row["cursor"]),
                receipt_store.is_at_once(row["cursor"]),
            )
            for row in await receipt_store.texts(db, order_id, parcel)
        ]

    async def to_settle(self, db: DB) -> list[SetAsideReceipt]:
        return [SetAsideReceipt(**row) for row in await unreadable_receipts.to_settle(db)]

    async def settle(self, db: DB, receipt_id: int, who: str, now: datetime) -> bool:
        return await unreadable_receipts.settle(db, receipt_id, who, now)

    async def on_erased(self, db: DB, order_ids: Sequence[UUID]) -> None:
        await receipt_store.drop_texts(db, order_ids)
        await message_store.drop_payments(db, order_ids)
        await unreadable_receipts.drop_of(db, order_ids)

    async def drop_expired(self, db: DB, now: datetime) -> None:
        await message_store.drop_expired(db, now)
        await unreadable_receipts.drop_expired(db, now)
        await tax_bill_store.drop_expired(db, now)


def received(parcel: int, kind: str, status: str, returned_at: datetime | None) -> ReceivedReceipt:
    """An answer with what the table of statuses and errors says of it."""
    known, error = status_of(status, kind), ERRORS.get(status)
    return ReceivedReceipt(
        parcel=parcel,
        type=kind,
        status=status,
        meaning=known.meaning,
        says=known.says,
        error=error.name if error else None,
        paper=(error or known).paper,
        whose=(error or known).whose,
        mend=(error or known).mend,
        then=(error or known).then,
        returned_at=returned_at,
    )


DESTINATION: Destination = China()
