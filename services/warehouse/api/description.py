"""The description of the HTTP interface of `warehouse`."""

from __future__ import annotations

from shared.http.openapi import ApiDescription

API = ApiDescription(
    summary="The hub in France: products, stock, and the orders that are picked, packed and handed over",
    text="""\
The warehouse's own software, or its people, work through this interface.

**To begin**: an operator makes a key of scope `warehouse` for you; send it with every request as
`Authorization: Bearer <key>`. State each product with `PUT /products/{sku}`, book what its owner delivers with
`POST /receipts`, and look at `GET /stock`.

**An order's way**: `GET /pick-lists` names the orders to pick; `POST /orders/{order_id}/parcels` packs one; when
`GET /hand-overs` names its parcels, their labels are there (`carrier` has them), and
`POST /orders/{order_id}/parcels/{parcel}/hand-over` gives each to the carrier. Missing or damaged units are reported
with `POST /orders/{order_id}/shortages`. `GET /returns` names the parcels that come back, and
`POST /orders/{order_id}/parcels/{parcel}/return` books one in.

**Units with serials**: a product that is stated with `identity: serial` has one serial a unit. Its receipt states
those on the packs, or answers the ones that it gives; the packer sends each unit with its parcel, and gets the SSCC of
the box. `GET /units` says where each is.

**Lots**: a product that is stated with `identity: lot` has its lots stated at its receipt. The packer may say which
went into a parcel. `GET /lots` says how many of each are in stock.

**A truck's way**: `POST /manifests` opens a manifest, `POST /manifests/{manifest_id}/parcels` scans each parcel on, and
`POST /manifests/{manifest_id}/close` hands all of them over together; `carrier` then has the carrier's own list. A
parcel that is handed over by itself is on no manifest, and on no such list.

**A vendor's key**, which it makes at `makers`, reads the products, stock and units of its own, and of an order the
lines of its own goods. What is another's is as unknown as what is not there.

**Repeating a request is safe**, but for a shortage, which reports other units, and for opening a manifest, which opens
another one, unless it has the same `Idempotency-Key`. Unknown fields are faults. Weights are grams, sides millimetres.
""",
    tags={
        "goods": "For the warehouse, and vendors: products, what their owners deliver, and the stock of them.",
        "orders": "For the warehouse: pick, pack, report a shortage, hand over, book a return in.",
        "manifests": "For the warehouse: what goes to a carrier with one truck.",
        "returns": "For the warehouse: parcels that could not be delivered and come back.",
        "units": "For the warehouse, and vendors: where each unit with a serial is.",
        "lots": "For the warehouse: how many units of each lot there are.",
        "previews": "For `orders`: what would be decided on an order that nobody has placed.",
    },
)
