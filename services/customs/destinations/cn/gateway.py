"""China's single window over HTTP, as its transfer agent offers it: one method a message, between pure builders and
parsers. Its messages are derived, so that a repeat is the same one."""

from __future__ import annotations

from dataclasses import dataclass

from services.customs.destinations.cn import receipt_parsing
from services.customs.destinations.cn.receipts import CustomsReceipt, HoldAnswerResult, ReceiptPage
from services.customs.destinations.cn.transport import Outgoing, Route, envelope
from services.customs.domain.export import Unreadable
from services.customs.jobs.gateway_calls import ask, json_body, read
from shared.http.client import Bounds, Counterpart, NoAnswer, OutOfBounds
from shared.jobs.worker import Retry

IMPORT_GATEWAY = "customs.import_gateway"
"""The name under which an operator pauses it."""
ANSWERED = frozenset({200, 201, 202, 204})


class UnreadablePage(Retry):
    """A page of receipts that is beyond its bounds or cannot be read: perhaps for one receipt that is in it."""

    def __init__(self, reason: str, body: bytes) -> None:
        super().__init__(reason)
        self.body = body
        """What came of it."""


@dataclass(frozen=True, slots=True)
class ImportGateway:
    counterpart: Counterpart
    url: str
    receipt: Bounds
    page: Bounds
    route: Route

    async def send(self, message: Outgoing) -> CustomsReceipt:
        """One CEB message in its envelope; its receipt."""
        document = envelope(message, self.route)
        kind = {"content-type": "application/xml"}
        answer = await ask(self.counterpart, "POST", f"{self.url}/ceb", self.receipt, headers=kind, body=document)
        return read(answer, ANSWERED, receipt_parsing.read_receipt)

    async def receipts_after(self, after: str | None, limit: int) -> ReceiptPage:
        """So many messages of receipts behind the cursor, oldest first. Raises Retry, UnreadablePage."""
        params = {"limit": str(limit)} | ({"after": after} if after is not None else {})
        try:
            answer = await self.counterpart.call("GET", f"{self.url}/receipts", self.page, params=params)
        except OutOfBounds as fault:
            raise UnreadablePage(fault.reason, fault.beginning) from None
        except NoAnswer as fault:
            raise Retry(fault.reason) from None
        if answer.status not in ANSWERED:
            raise Retry(f"http:{answer.status}", answer.retry_after)
        try:
            return receipt_parsing.read_page(answer.body, limit)
        except Unreadable:
            raise UnreadablePage("unreadable", answer.body) from None

    async def answer_hold(self, cop_no: str, text: str) -> HoldAnswerResult:
        url = f"{self.url}/hold-answers"
        answer = await ask(self.counterpart, "POST", url, self.receipt, **json_body({"copNo": cop_no, "answer": text}))
        try:
            return receipt_parsing.read_hold_answer_result(answer.status, answer.body)
        except Unreadable:
            raise Retry(f"http:{answer.status}") from None
