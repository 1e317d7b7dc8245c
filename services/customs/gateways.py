"""The two authorities over HTTP: one I/O method a message, between pure builders and parsers.

An answer that may be better another time is a `Retry`; every message is derived, so that a repeat is the same one.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import httpx

from services.customs import export, receipts
from services.customs.export import Refused, Released, Unreadable
from services.customs.receipts import Page, Receipt
from shared import tracing
from shared.jobs import Retry

LONGEST_RETRY_AFTER = 600.0
DRAIN_SECONDS = 10.0
ANSWERED = frozenset({200, 201, 202, 204})
Answered = Literal["taken", "not_held", "unknown"]


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    status: int
    body: bytes
    retry_after: float | None


class Line:
    """A counterpart's address and its connections; an answer is read up to a bound."""

    def __init__(self, base_url: str, http: httpx.AsyncClient) -> None:
        self._base = base_url.rstrip("/")
        self._host = httpx.URL(base_url).host
        self._http = http
        self._under_way = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def call(
        self,
        method: str,
        path: str,
        limit: int,
        *,
        content: bytes | None = None,
        json: Mapping[str, Any] | None = None,
        params: Mapping[str, str] | None = None,
        media_type: str | None = None,
    ) -> HttpAnswer:
        """The answer, whatever its status but 429 and 5xx; these, and no answer at all, are a Retry."""
        headers = {"content-type": media_type} if media_type else None
        self._under_way += 1
        self._idle.clear()
        try:
            with tracing.outside(method, self._host):
                async with self._http.stream(
                    method, self._base + path, content=content, json=json, params=params, headers=headers
                ) as response:
                    answer = HttpAnswer(response.status_code, await _read(response, limit), _retry_after(response))
        except httpx.HTTPError as error:
            raise Retry(type(error).__name__) from None
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._idle.set()
        if answer.status == 429 or answer.status >= 500:
            raise Retry(f"http:{answer.status}", answer.retry_after)
        return answer

    async def close(self) -> None:
        """Once the calls under way have ended; one that takes too long is cut off, and repeated after the restart."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                await self._idle.wait()
        await self._http.aclose()


async def _read(response: httpx.Response, limit: int) -> bytes:
    body = b""
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > limit:
            raise Retry("answer too long")
    return body


def _retry_after(response: httpx.Response) -> float | None:
    text = response.headers.get("retry-after", "")
    return min(float(text), LONGEST_RETRY_AFTER) if re.fullmatch(r"[0-9]{1,9}", text) else None


class ExportGateway:
    """The French export gateway, in a shape of our own."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def declare(self, request: Mapping[str, Any]) -> Released | Refused:
        answer = await self._line.call("POST", "/export-declarations", export.ANSWER_LIMIT, json=request)
        if answer.status not in (200, 201, 422):
            raise Retry(f"http:{answer.status}")
        try:
            return export.read_answer(answer.body)
        except Unreadable:
            raise Retry("unreadable") from None


class ImportGateway:
    """China's single window as its transfer agent offers it."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def send(self, document: bytes) -> Receipt:
        """One CEB message; its receipt."""
        answer = await self._line.call(
            "POST", "/ceb", receipts.RECEIPT_LIMIT, content=document, media_type="application/xml"
        )
        if answer.status not in ANSWERED:
            raise Retry(f"http:{answer.status}")
        try:
            return receipts.read_receipt(answer.body)
        except Unreadable:
            raise Retry("unreadable") from None

    async def later_receipts(self, after: str | None, limit: int) -> Page:
        """The receipts behind the cursor, oldest first."""
        params = {"limit": str(limit)} | ({"after": after} if after is not None else {})
        answer = await self._line.call("GET", "/receipts", receipts.PAGE_LIMIT, params=params)
        if answer.status not in ANSWERED:
            raise Retry(f"http:{answer.status}")
        try:
            return receipts.read_page(answer.body)
        except Unreadable:
            raise Retry("unreadable") from None

    async def answer_hold(self, cop_no: str, text: str) -> Answered:
        answer = await self._line.call(
            "POST", "/hold-answers", receipts.RECEIPT_LIMIT, json={"copNo": cop_no, "answer": text}
        )
        if answer.status in ANSWERED:
            return "taken"
        if answer.status == 409:
            return "not_held"
        if answer.status == 404:
            return "unknown"
        raise Retry(f"http:{answer.status}")
