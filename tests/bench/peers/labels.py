"""Labels by others: a bare loop of calls, and a worker that makes one call at a time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from services.carrier.carriers.laposte.label_request import Contract, label_request
from services.carrier.carriers.laposte.labels import read_label_answer
from services.carrier.domain.carrier import LabelMade, LabelOrder, Sender
from services.carrier.main import service
from shared.http.counterpart_answer import Answer
from tests.bench.peers import calls
from tests.bench.samples import contact, declared, packed, placed

SENDER = Sender("Silkpost", "1 rue de la Soie", "69001", "Lyon", "+33400000000", "expeditions@silkpost.example")
HEADERS = {"content-type": "application/json", "accept": "multipart/related, application/json"}

peer = calls.one_at_a_time(service)


async def bare(plan: Mapping[str, Any]) -> float:
    """Labels a second, by the same builder and parser, with nothing around them."""
    contract = Contract(plan["contract"], plan["password"], SENDER)

    async with calls.client() as client:

        async def call(order: LabelOrder) -> None:
            body = label_request(order, contract).body
            answer = await client.post(f"{plan['url']}/generateLabel", content=body, headers=HEADERS)
            kind = answer.headers.get("content-type", "")
            label = read_label_answer(Answer(answer.status_code, kind, answer.content), contract.printing)
            if not isinstance(label, LabelMade):
                raise RuntimeError(f"no label: {label}")

        return await calls.rate(_orders(plan["count"]), call)


def _orders(count: int) -> list[LabelOrder]:
    made = []
    for number, order in enumerate(placed(count)):
        plan = packed(order)
        made.append(
            LabelOrder(
                declared=declared(plan),
                box=plan.parcels[0],
                contact=contact(number),
                product="DOS",
                duty_paid=False,
                deposit_on=datetime.now(UTC).date(),
                cny_per_eur=None,
            )
        )
    return made


if __name__ == "__main__":
    calls.main(bare)
