"""The description of the HTTP interface of `tracking`."""

from __future__ import annotations

from shared.http.openapi import ApiDescription

API = ApiDescription(
    summary="Where an order and its parcels are",
    text="""\
For shoppers, and for whoever shows them where their order is. No key is needed.

**To begin**: with a parcel's tracking number, `GET /tracking/{tracking_number}` has its status, and nothing else. With
an order's id and its secret, `GET /orders/{order_id}/tracking` has everything: what happens next, who must act by when,
each parcel, and the timeline. Id and secret are both in the order's `tracking_url`, which `orders` answers; send the
secret in the header `X-Tracking-Secret`, which keeps it out of logs, or as the query parameter `secret`. A wrong
secret, none, and an unknown order have the same answer: 404.

**To stay up to date**, ask again with `If-None-Match` (304 when nothing has changed), or read the server-sent events of
`GET /orders/{order_id}/tracking/stream`: each is the whole answer. A field without a value is left out.
""",
    tags={
        "tracking": "For everybody: where a parcel is, and with its secret, all about an order.",
    },
)
