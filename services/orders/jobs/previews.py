"""Asks customs and warehouse, over HTTP and at once, what they would decide on an order that nobody has placed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from contracts.orders import OrderPlaced
from contracts.previews import (
    PATH,
    ReservationAnswer,
    ReservationQuestion,
    ScreeningAnswer,
    ScreeningQuestion,
)
from shared.http.client import Bounds, Counterpart, NoAnswer
from shared.telemetry import log

CUSTOMS, WAREHOUSE = "orders.customs", "orders.warehouse"
ANSWER_BYTES = 64 * 1024
"""Of which a shortage of each of 99 lines takes a quarter."""
A = TypeVar("A", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Decider:
    """A service that decides on orders, and where it is."""

    counterpart: Counterpart
    url: str
    """Without a slash at the end."""


@dataclass(frozen=True, slots=True)
class Deciders:
    """Asks both, each within its bound."""

    customs: Decider
    warehouse: Decider
    key: str
    """An API key of scope `service`."""
    bounds: Bounds

    async def ask(
        self, order: OrderPlaced, national_id: str
    ) -> tuple[ScreeningAnswer | None, ReservationAnswer | None]:
        """Their answers; None of one that has not answered. `national_id`: sealed for this order."""
        return await asyncio.gather(
            self._ask(self.customs, ScreeningQuestion(order=order, national_id=national_id), ScreeningAnswer),
            self._ask(self.warehouse, ReservationQuestion(order=order), ReservationAnswer),
        )

    async def _ask(self, decider: Decider, question: BaseModel, form: type[A]) -> A | None:
        headers = {"authorization": f"Bearer {self.key}", "content-type": "application/json"}
        url, body = f"{decider.url}{PATH}", question.model_dump_json().encode()
        try:
            answer = await decider.counterpart.call("POST", url, self.bounds, headers=headers, body=body)
            if answer.status == 200:
                return form.model_validate_json(answer.body)
            reason = f"http:{answer.status}"
        except NoAnswer as fault:
            reason = fault.reason
        except ValidationError:
            reason = "unreadable"
        log.warning("no answer to a preview", counterpart=decider.counterpart.name, reason=reason)
        return None
