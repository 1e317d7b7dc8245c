"""Import declarations by others: a bare loop of calls, and a worker that makes one call at a time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from contracts.base import order_stream
from services.customs.destinations.cn.ceb import DOCUMENTS, SIGNED, MessageType, guid
from services.customs.destinations.cn.ceb_messages import build
from services.customs.destinations.cn.receipt_parsing import read_receipt
from services.customs.destinations.cn.shipments import Shipment, shipment
from services.customs.destinations.cn.signing import SoftwareSigner
from services.customs.destinations.cn.transport import Outgoing, envelope
from services.customs.domain.decide import Policy
from services.customs.main import service
from services.customs.settings import Settings, policy_of
from shared.ledger.facts import Facts
from tests.bench.peers import calls
from tests.bench.samples import contact, handed_over, labelled, national_id, packed, placed, screened

peer = calls.one_at_a_time(service)


async def bare(plan: Mapping[str, Any]) -> float:
    """Inventories a second, by the same builder and parser, with nothing around them; the documents went before."""
    settings = Settings()
    policy, parties, route = policy_of(settings), settings.parties(), settings.route()
    signer = SoftwareSigner.generate()
    shipments = _shipments(plan["count"], policy)

    async with calls.client() as client:

        async def call(item: tuple[MessageType, Shipment]) -> None:
            message, parcel = item
            body = build(message, parcel, parties, policy.tables.codes)
            sent = Outgoing(
                message,
                guid(parcel.order_id, parcel.parcel, message),
                signer.sign(body) if message in SIGNED else body,
                parcel.sent_at,
            )
            headers = {"content-type": "application/xml"}
            answer = await client.post(f"{plan['url']}/ceb", content=envelope(sent, route), headers=headers)
            receipt = read_receipt(answer.content)
            if not receipt.accepted:
                raise RuntimeError(f"{item[0]} is not accepted: {receipt}")

        await calls.rate([(message, parcel) for parcel in shipments for message in DOCUMENTS], call)
        return await calls.rate([("CEB621", parcel) for parcel in shipments], call)


def _shipments(count: int, policy: Policy) -> list[Shipment]:
    made = []
    for number, order in enumerate(placed(count)):
        known = Facts(
            order_stream(order.order_id), [order, screened(order), packed(order), handed_over(labelled(order.order_id))]
        )
        made.append(shipment(known, 1, contact(number), national_id(number), policy, datetime.now(UTC)))
    return made


if __name__ == "__main__":
    calls.main(bare)
