"""What the HTTP interface of `customs` says of itself."""

from __future__ import annotations

from shared.http.openapi import ApiDescription

API = ApiDescription(
    summary="Export from France and import into China: screening, declarations, and what people do about parcels",
    text="""\
For support and operators, who look into an order's customs and step in where a person has to.

**To begin**: send a key of scope `support` or `operator` with every request as `Authorization: Bearer <key>`.
`GET /parcels?state=` lists where parcels stand with customs; `GET /orders/{order_id}` has an order's screening, and for
each parcel its declarations, the messages that were sent and the receipts that came back. What waits for a person is a
case, and `GET /cases` of `orders` lists those of all services; the requests on parcels here close some of them.

**202** means that the wish is taken: what comes of it is seen in the order. **Repeating a request is safe**: with an
`Idempotency-Key` it has its effect once. Unknown fields are faults.
""",
    tags={
        "orders": "For support: where orders and their parcels stand with customs.",
        "parcels": "For support, and for operators the notice of uplift: what a person does about a parcel.",
        "receipts": "For support: what customs sent that cannot be read, and is about no parcel that we know.",
        "quotes": "For marketplaces: what an order would cost at the border.",
        "previews": "For `orders`: what would be decided on an order that nobody has placed.",
        "persons": "For operators: who read a person's data.",
    },
)
