"""China's single window over HTTP, as its transfer agent offers it: one method a message, between pure builders and
parsers. Its messages are derived, so that a repeat is the same one."""

from __future__ import annotations

from dataclasses import dataclass

from services.customs.destinations.cn import receipt_parsing
from services.customs.destinations.cn.receipts import CustomsReceipt, HoldAnswerResult, ReceiptPage
from services.customs.destinations.cn.transport import Outgoing, Route, envelope
from services.customs.domain.export import Unreadable
from services.customs.jobs.gateway_calls import ask, json_body, read
from shared.http.client import Bounds, Counterpart
from shared.jobs.worker import Retry

IMPORT_GATEWAY = "customs.import_gateway"
"""The name under which an operator pauses it."""
ANSWERED = frozenset({200, 201, 202, 204})


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
        """The receipts behind the cursor, oldest first."""
        params = {"limit": str(limit)} | ({"after": after} if after is not None else {})
        answer = await ask(self.counterpart, "GET", f"{self.url}/receipts", self.page, params=params)
        return read(answer, ANSWERED, receipt_parsing.read_page)

    async def answer_hold(self, cop_no: str, text: str) -> HoldAnswerResult:
        url = f"{self.url}/hold-answers"
        answer = await ask(self.counterpart, "POST", url, self.receipt, **json_body({"copNo": cop_no, "answer": text}))
        try:
            return receipt_parsing.read_hold_answer_result(answer.status, answer.body)
        except Unreadable:
            raise Retry(f"http:{answer.status}") from None
