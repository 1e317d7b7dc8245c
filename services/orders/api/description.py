"""The description of the HTTP interface of `orders`."""

from __future__ import annotations

from pathlib import Path

from shared.http.openapi import ApiDescription

API = ApiDescription(
    summary="Orders of shoppers in China for goods of French and European makers",
    text="""\
A marketplace places orders here and follows them until their end.

**To begin**: an operator makes a key of scope `marketplace` for you; send it with every request as
`Authorization: Bearer <key>`. Place an order with `POST /orders`: it is accepted whole (201), or every fault of it is
named (422). Before that, `POST /orders/preview` says what would become of it. Then follow it with
`GET /orders/{order_id}`, or all of yours with `GET /orders?updated_since=`; the shopper follows it at its
`tracking_url`, which holds a secret of that order.

**Repeating a request is safe**: an order's `number` is accepted once, and other requests take an `Idempotency-Key`.
Unknown fields are faults. Amounts are texts with two decimals.
""",
    tags={
        "orders": "For marketplaces: preview, place, follow, search and cancel orders. An operator sees those of all.",
        "cases": "For support: what waits for a person, and the open orders in figures.",
        "persons": "For operators: the erasure of a person's data, and who read it.",
    },
    examples=Path(__file__).parents[3] / "contracts" / "openapi" / "examples" / "orders",
)
