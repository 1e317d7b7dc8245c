"""The two authorities over HTTP: one I/O method a message, between pure builders and parsers.

An answer that may be better another time is a `Retry`; every message is derived, so that a repeat is the same one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from services.customs.domain import export
from services.customs.domain.export import Refused, Released, Unreadable
from services.customs.domain.receipts import CustomsReceipt, HoldAnswerResult, ReceiptPage
from services.customs.jobs import receipt_parsing
from shared.http.client import Bounds, Counterpart, NoAnswer
from shared.http.counterpart_answer import Answer
from shared.jobs.worker import Retry

EXPORT_GATEWAY, IMPORT_GATEWAY = "customs.export_gateway", "customs.import_gateway"
"""The counterparts' names, under which an operator pauses them."""
ANSWERED = frozenset({200, 201, 202, 204})
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ExportGateway:
    """The French export gateway, in a shape of our own."""

    counterpart: Counterpart
    url: str
    bounds: Bounds

    async def declare(self, request: Mapping[str, Any]) -> Released | Refused:
        url = f"{self.url}/export-declarations"
        answer = await _ask(self.counterpart, "POST", url, self.bounds, **_json(request))
        return _read(answer, (200, 201, 422), export.read_answer)


@dataclass(frozen=True, slots=True)
class ImportGateway:
    """China's single window as its transfer agent offers it."""

    counterpart: Counterpart
    url: str
    receipt: Bounds
    page: Bounds

    async def send(self, document: bytes) -> CustomsReceipt:
        """One CEB message; its receipt."""
        kind = {"content-type": "application/xml"}
        answer = await _ask(self.counterpart, "POST", f"{self.url}/ceb", self.receipt, headers=kind, body=document)
        return _read(answer, ANSWERED, receipt_parsing.read_receipt)

    async def receipts_after(self, after: str | None, limit: int) -> ReceiptPage:
        """The receipts behind the cursor, oldest first."""
        params = {"limit": str(limit)} | ({"after": after} if after is not None else {})
        answer = await _ask(self.counterpart, "GET", f"{self.url}/receipts", self.page, params=params)
        return _read(answer, ANSWERED, receipt_parsing.read_page)

    async def answer_hold(self, cop_no: str, text: str) -> HoldAnswerResult:
        url = f"{self.url}/hold-answers"
        answer = await _ask(self.counterpart, "POST", url, self.receipt, **_json({"copNo": cop_no, "answer": text}))
        try:
            return receipt_parsing.read_hold_answer_result(answer.status, answer.body)
        except Unreadable:
            raise Retry(f"http:{answer.status}") from None


def _read(answer: Answer, accepted: Collection[int], parse: Callable[[bytes], T]) -> T:
    """What an answer with one of these statuses holds. Retry for another status, and for what cannot be read."""
    if answer.status not in accepted:
        raise Retry(f"http:{answer.status}")
    try:
        return parse(answer.body)
    except Unreadable:
        raise Retry("unreadable") from None


def _json(value: Mapping[str, Any]) -> dict[str, Any]:
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    return {"headers": {"content-type": "application/json"}, "body": body}


async def _ask(counterpart: Counterpart, method: str, url: str, bounds: Bounds, **request: Any) -> Answer:
    """The answer, whatever its status but 429 and 5xx; these, and no answer at all, are a Retry."""
    try:
        answer = await counterpart.call(method, url, bounds, **request)
    except NoAnswer as fault:
        raise Retry(fault.reason) from None
    if answer.status == 429 or answer.status >= 500:
        raise Retry(f"http:{answer.status}", answer.retry_after)
    return answer
