"""Authorities whose answers a test chooses, also those that they should not give."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from sandbox.china_customs import ceb as sandbox_ceb
from services.customs.destinations.cn.gateway import IMPORT_GATEWAY
from tests.support.customs_samples import order_id
from tests.support.customs_service import CustomsService
from tests.support.waiting import until

GOOD_MRN, BAD_MRN = "18GB0000601001EB15", "19GB0000601001EB15"


@dataclass
class Authorities:
    """What the next answers will be."""

    mrn: str = GOOD_MRN
    statuses: dict[str, str] = field(default_factory=dict)
    """returnStatus by message type; `900` is a format error."""
    receipts: list[dict[str, Any]] = field(default_factory=list)
    fetched: int = 0
    slow: asyncio.Event | None = None
    """Until when the receipts are not answered."""
    taken: list[str] = field(default_factory=list)
    """The types of the messages, as they came."""

    def add_receipt(
        self,
        guid: UUID | str,
        status: str,
        message_type: str = "CEB622",
        at: datetime = datetime(2026, 11, 23, 9, tzinfo=UTC),
        cop_no: str = "x",
        info: str = "王",
    ) -> None:
        receipt = {"guid": str(guid), "copNo": cop_no, "messageType": message_type, "returnStatus": status}
        cursor = str(len(self.receipts) + 1)
        self.receipts.append({"cursor": cursor, **receipt, "returnTime": at.isoformat(), "returnInfo": info})


def answering(authorities: Authorities) -> FastAPI:
    app = FastAPI()

    @app.post("/douane/export-declarations")
    async def declare() -> Response:
        return JSONResponse({"status": "released", "mrn": authorities.mrn}, 201)

    @app.post("/chinaport/ceb")
    async def take(request: Request) -> Response:
        message = sandbox_ceb.received(await request.body())
        authorities.taken.append(message.kind)
        status = authorities.statuses.get(message.kind, "120")
        kind = "CEB900" if status == "900" else "CEB622"
        return Response(
            f"<{kind}Message><guid>{message.guid}</guid><invtNo>22442026I000000001</invtNo>"
            f"<returnStatus>{status}</returnStatus></{kind}Message>"
        )

    @app.get("/chinaport/receipts")
    async def later(after: int = 0, limit: int = 100) -> Response:
        authorities.fetched += 1
        if authorities.slow is not None:
            await authorities.slow.wait()
        found = authorities.receipts[after : after + limit]
        # Escaped, so that it may hold what UTF-8 cannot.
        page = json.dumps({"receipts": found, "next": str(after + len(found))})
        return Response(page, media_type="application/json")

    return app


async def guid_of(customs: CustomsService, name: str, message: str = "CEB621") -> str:
    found = await customs.platform.pool.fetchval(
        "select guid from messages where order_id = $1 and type = $2", order_id(name), message
    )
    return str(found)


async def read_all(customs: CustomsService, authorities: Authorities) -> None:
    """Waits until the poller has taken every receipt."""

    async def reached() -> bool:
        cursor = await customs.platform.pool.fetchval(
            "select cursor from receipt_cursor where source = $1", IMPORT_GATEWAY
        )
        return bool(cursor == str(len(authorities.receipts)))

    await until(reached)
