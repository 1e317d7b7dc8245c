"""Authorities whose answers a test chooses, also those that they should not give."""

from __future__ import annotations

import asyncio
import base64
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from sandbox.china_customs import ceb as sandbox_ceb
from services.customs.destinations.cn.gateway import IMPORT_GATEWAY
from services.customs.destinations.cn.receipt_poller import PAGE
from services.customs.destinations.cn.settings import ChinaSettings
from services.customs.domain import export
from tests.support import customs_samples as samples
from tests.support.customs_service import CustomsService
from tests.support.waiting import until

GOOD_MRN, BAD_MRN = "18GB0000601001EB15", "19GB0000601001EB15"


@dataclass
class Authorities:
    """What the next answers will be."""

    mrn: str = GOOD_MRN
    exited_at: str | None = None
    """When the goods have left, as the office of exit states it; None while it does not."""
    statuses: dict[str, str] = field(default_factory=dict)
    """returnStatus by message type; `900` is a format error."""
    info: str = ""
    """The office's own text in answers at once."""
    answering: asyncio.Event | None = None
    """Until when no inventory is answered."""
    receipts: list[dict[str, Any] | None] = field(default_factory=list)
    """As they stand in the page of receipts."""
    gbk: bool = False
    """Whether pages of receipts come in GBK where they are not ASCII."""
    cut: int = 0
    """How many pages of receipts are cut before their end."""
    fetched: int = 0
    polls: int = 0
    """How many polls have found receipts: each asks for a whole page first."""
    slow: asyncio.Event | None = None
    """Until when the receipts are not answered."""
    numbers: dict[str, str] = field(default_factory=dict)
    inventories: list[dict[str, str]] = field(default_factory=list)
    """The heads of the inventories, as they came."""
    message_types: list[str] = field(default_factory=list)
    """The types of the messages, as they came."""

    def number(self, cop_no: str) -> str:
        """Under which customs has the declaration (invtNo)."""
        return self.numbers.setdefault(cop_no, f"22442026I{500 + len(self.numbers):09d}")

    def add_receipt(
        self,
        number: str,
        status: str,
        message_type: str = "CEB622",
        returned_at: datetime = datetime(2026, 11, 23, 9, tzinfo=UTC),
        info: str = "王",
        **fields: str,
    ) -> None:
        """An answer about the parcel that is declared under this number. Its guid is e-port's own."""
        receipt = {
            "guid": str(uuid4()).upper(),
            **named(number, message_type),
            "messageType": message_type,
            "returnStatus": status,
            "returnTime": returned_at.isoformat(),
            "returnInfo": info,
            **fields,
        }
        self.add(receipt)

    def add(self, receipt: dict[str, Any]) -> None:
        self.receipts.append({"cursor": str(len(self.receipts) + 1), **receipt})

    def add_message(self, body: bytes) -> None:
        """A message of receipts as it came, whatever it is."""
        self.add({"message": base64.b64encode(body).decode()})


def named(number: str, message_type: str) -> dict[str, str]:
    """By what a receipt of this type names what it answers."""
    match message_type:
        case "CEB312":
            return {"ebpCode": ChinaSettings().platform_code, "orderNo": number}
        case "CEB900":
            return {"guid": number}
        case _:
            return {"copNo": number}


def cop_no(name: str, number: int = 1) -> str:
    """The number under which a parcel of the sample order is declared."""
    return export.import_number(samples.placed(name), samples.screened_order(name), number)


def answering(authorities: Authorities) -> FastAPI:
    app = FastAPI()

    @app.post("/douane/export-declarations")
    async def declare() -> Response:
        return JSONResponse({"status": "released", "mrn": authorities.mrn}, 201)

    @app.get("/douane/export-declarations/{mrn}")
    async def state(mrn: str) -> Response:
        exited = {"status": "exited", "exited_at": authorities.exited_at, "exit_reference": "IE599-1"}
        return JSONResponse({"mrn": mrn, **(exited if authorities.exited_at else {"status": "released"})})

    @app.post("/chinaport/ceb")
    async def take(request: Request) -> Response:
        message = sandbox_ceb.received(await request.body())
        authorities.message_types.append(message.kind)
        if message.kind == "CEB621":
            authorities.inventories.append(dict(message.head))
            if authorities.answering is not None:
                await authorities.answering.wait()
        status = authorities.statuses.get(message.kind, "120")
        kind = "CEB900" if status == "900" else "CEB622"
        number = authorities.number(message.head.get("copNo", ""))
        return Response(
            f"<{kind}Message><guid>{message.guid}</guid><invtNo>{number}</invtNo>"
            f"<returnStatus>{status}</returnStatus><returnInfo>{authorities.info}</returnInfo></{kind}Message>"
        )

    @app.get("/chinaport/receipts")
    async def later(after: int = 0, limit: int = 100) -> Response:
        authorities.fetched += 1
        if authorities.slow is not None:
            await authorities.slow.wait()
        page_receipts = authorities.receipts[after : after + limit]
        authorities.polls += bool(page_receipts) and limit == PAGE
        # Escaped, so that it may hold what UTF-8 cannot.
        page = json.dumps(
            {"receipts": page_receipts, "next": str(after + len(page_receipts))}, ensure_ascii=not authorities.gbk
        )
        body = page.encode("gbk" if authorities.gbk else "utf-8")
        if page_receipts and authorities.cut > 0:
            authorities.cut -= 1
            body = body[: len(body) - 5 * (authorities.cut + 1)]
        return Response(body, media_type="application/json")

    return app


async def read_all(customs: CustomsService, authorities: Authorities) -> None:
    """Waits until the poller has taken every receipt."""

    async def reached() -> bool:
        cursor = await customs.platform.pool.fetchval(
            "select cursor from receipt_cursor where source = $1", IMPORT_GATEWAY
        )
        return bool(cursor == str(len(authorities.receipts)))

    await until(reached)
