"""Whether China's customs would let a product in: customs is asked over HTTP, as for a preview (ADR 42)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from contracts.base import Code, HsCode
from contracts.makers import ImportListing
from services.makers.domain.products import Details, Permit, Verdict
from services.refusals.refusal import Refusal
from shared.http.client import Bounds, Counterpart, NoAnswer
from shared.http.counterpart_answer import Answer
from shared.http.json_reader import NotJson, read_leniently
from shared.telemetry import log

CUSTOMS = "makers.customs"
PATH = "/customs/quote"
ANSWER_BYTES = 64 * 1024
_CODE: TypeAdapter[str] = TypeAdapter(Code)
_CHOICES: TypeAdapter[tuple[str, ...]] = TypeAdapter(Annotated[tuple[HsCode, ...], Field(max_length=20)])
_DOCUMENT = Annotated[str, Field(pattern=r"^[A-Z][0-9A-Z][0-9]{2}$")]
_PERMITS: TypeAdapter[tuple[tuple[str, str], ...]] = TypeAdapter(
    Annotated[tuple[tuple[_DOCUMENT, _DOCUMENT], ...], Field(max_length=20)]
)
OF_THE_PRODUCT = (200, 422)
"""Statuses that say something of what was asked; the others say that customs is not there for us."""


@dataclass(frozen=True, slots=True)
class Customs:
    """The service `customs`, which alone knows the lists in force."""

    counterpart: Counterpart
    url: str
    """Without a slash at the end."""
    key: str
    """An API key of scope `service`."""
    bounds: Bounds

    async def ask(self, sku: str, details: Details) -> Verdict:
        """On one unit, by the rules of today. Raises NoAnswer when customs does not answer us, ValueError when it does
        not judge this product."""
        headers = {"authorization": f"Bearer {self.key}", "content-type": "application/json"}
        body = json.dumps(question(sku, details), ensure_ascii=False).encode()
        answer = await self.counterpart.call("POST", f"{self.url}{PATH}", self.bounds, headers=headers, body=body)
        if answer.status not in OF_THE_PRODUCT:
            raise NoAnswer(f"http:{answer.status}", sent=True)
        return read(answer)

    async def judge(self, sku: str, details: Details) -> Verdict:
        """As `ask`. Raises Refusal when there is no answer: nothing is approved unjudged."""
        try:
            return await self.ask(sku, details)
        except NoAnswer as fault:
            reason = fault.reason
        except ValueError as fault:
            reason = str(fault)
        log.warning("no answer to a product", counterpart=CUSTOMS, reason=reason)
        raise Refusal("unavailable", "customs does not answer", detail="try again later")


def question(sku: str, details: Details) -> dict[str, Any]:
    """One unit as an order's only line."""
    line: dict[str, Any] = {
        "sku": sku,
        "description": details.name_en,
        "hs_code": details.hs_code,
        "origin": details.origin,
        "quantity": 1,
        "unit_price": {"amount": str(details.unit_value), "currency": details.currency},
        "documents": [
            {"type": kind} if number is None else {"type": kind, "number": number} for kind, number in details.documents
        ],
    }
    if details.content_amount is not None:
        line["content"] = {"amount": str(details.content_amount), "unit": details.content_unit}
    return {"lines": [line], "freight": {"amount": "0.00", "currency": details.currency}}


def _lacking(documents: Any) -> tuple[tuple[Any, Any], ...]:
    """Type of each permit that the product has not, and the statement that does in its place."""
    return tuple((document["document"], document["instead"]) for document in documents if document["given"] is False)


def read(answer: Answer) -> Verdict:
    """Raises ValueError for what is no verdict."""
    if answer.status != 200:
        raise ValueError(f"http:{answer.status}")
    try:
        reply = read_leniently(answer.body)
        refused = reply["refused"]
        # Judged as what is published of it: else an approval would fail, and a text that is kept could be any.
        listing = ImportListing(
            regime=reply["lane"]["regime"],
            tariff_code=reply["tax"]["lines"][0]["hs_code"] if reply["tax"] else None,
            rules=reply["rules"],
        )
        return Verdict(
            accepted=reply["accepted"] is True,
            reason=_CODE.validate_python(refused["reason"]) if refused else None,
            regime=listing.regime,
            tariff_code=listing.tariff_code,
            rules=listing.rules,
            choices=_CHOICES.validate_python(tuple(refused["choices"])) if refused else (),
            permits=tuple(Permit(*lacking) for lacking in _PERMITS.validate_python(_lacking(reply["documents"]))),
        )
    except (NotJson, LookupError, TypeError, ValidationError):
        raise ValueError("unreadable") from None
