"""The description of the HTTP interface of `carrier`."""

from __future__ import annotations

from shared.http.openapi import ApiDescription

API = ApiDescription(
    summary="Labels for parcels, what carriers report of them, and what people state about them",
    text="""\
**For the warehouse**: once an order is packed, `GET /orders/{order_id}/parcels/{parcel}/label` has the label of each
parcel as PDF or ZPL: 404 until it is made. `.../cn23` has its customs declaration, `.../slip` its address in Chinese.
`POST /label-batches` has those of up to 500 parcels as one file. Once a manifest of `warehouse` is closed,
`GET /manifests/{manifest_id}/bordereaux` has the carrier's own lists of what was handed over. Send a key of scope
`warehouse`, which an operator makes for you, as `Authorization: Bearer <key>`.

**For support**: `GET /orders/{order_id}` has what this service knows of an order; the requests on its parcels state
what the carrier has said outside its tracking, or what a person has decided. With an `Idempotency-Key` each has its
effect once. The key is of scope `support`, or an operator's.

**For who sends a carrier's call-backs**: `POST /webhooks/{carrier}`, signed as Standard Webhooks has it, with no key.
An operator makes the secret. Whatever is not answered with 204 was not stored: send it again, unless the answer is 400,
401, 413 or 422. Unknown fields are faults, but a call-back may hold more than is read.
""",
    tags={
        "labels": "For the warehouse: the labels of parcels.",
        "bordereaux": "For the warehouse: carriers' own lists of what was handed over together.",
        "orders": "For support: what this service knows of an order.",
        "parcels": "For support: what a person states about a parcel.",
        "feed files": "For operators: files in which a carrier reports events, and that wait for a person.",
        "operations": "For operators: what is not asked of a carrier until a fault of ours is mended.",
        "call-backs": "For who sends a carrier's events: signed, and without a key.",
        "persons": "For operators: who read a person's data.",
    },
)
