"""Good bodies of requests to the stack, by request; the fuzz spoils them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.support.makers_service import BRAND, COMPANY, IBAN, PEOPLE, product_body

BOX = {"length_mm": 200, "width_mm": 90, "height_mm": 80, "weight_g": 240}
PRODUCT: dict[str, Any] = {
    "owner": "fuzz",
    "gtin": "3245678901236",
    "hs_code": "340111",
    "origin": "FR",
    "net_weight_g": 200,
    "length_mm": 90,
    "width_mm": 60,
    "height_mm": 30,
    "unit_value": {"amount": "12.50", "currency": "EUR"},
}
CONTENTS = [{"line": 1, "sku": "STYLO-PLUME-M", "quantity": 1}]
UNIT = {"sku": "STYLO-PLUME-M", "quantity": 1}
NOTHING = "00000000-0000-0000-0000-000000000000"
CAPTURED: dict[str, Any] = {
    "@context": "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
    "type": "EPCISDocument",
    "schemaVersion": "2.0",
    "creationDate": "2026-11-23T08:00:00Z",
    "epcisBody": {
        "eventList": [
            {
                "type": "ObjectEvent",
                "eventTime": "2026-11-23T08:00:00Z",
                "eventTimeZoneOffset": "+01:00",
                "epcList": ["https://id.silkpost.example/01/03245678901236/21/FUZZ-1"],
                "action": "OBSERVE",
                "bizStep": "inspecting",
                "errorDeclaration": {"declarationTime": "2026-11-23T09:00:00Z", "reason": "did_not_occur"},
            }
        ]
    },
}
TOLD = {**CAPTURED["epcisBody"]["eventList"][0], "@context": CAPTURED["@context"]}
BODIES: Mapping[str, Any] = {
    "warehouse PUT /products/FUZZ-1": PRODUCT,
    "warehouse POST /receipts": {"owner": "fuzz", "reference": "R-1", "lines": [{"sku": "FUZZ-1", "quantity": 1}]},
    "warehouse POST /orders/{reserved}/parcels": {"parcels": [{"contents": CONTENTS, **BOX}]},
    "warehouse POST /orders/{reserved}/shortages": {**UNIT, "reason": "damaged"},
    "warehouse POST /orders/{packed}/parcels/1/hand-over": {"tracking_number": "LY000000014FR"},
    "warehouse POST /orders/{packed}/parcels/1/return": {"sound": [UNIT], "damaged": []},
    "customs POST /orders/{packed}/parcels/1/uplift": {"bill_number": "111-12345675", "voyage_number": "AF112"},
    "customs POST /orders/{packed}/parcels/1/hold-answer": {"answer": "the invoice is enclosed"},
    "customs POST /orders/{packed}/parcels/1/retry": {"work": "export"},
    "customs PUT /orders/{packed}/payment-parts": {
        "parts": [{"parcel": 1, "transaction_id": "PART-1", "amount": {"amount": "39.00", "currency": "EUR"}}]
    },
    "carrier POST /orders/{reserved}/parcels/1/destruction": {"reason": "seized"},
    "carrier POST /orders/{packed}/parcels/1/enquiry-answer": {"found": True},
    "carrier POST /orders/{packed}/parcels/1/claim-answer": {"sent": True},
    "carrier POST /orders/{packed}/parcels/1/label-answer": {"action": "repeat"},
    "orders POST /orders/{packed}/cases/any/resolution": {"resolution": "looked-into"},
    "orders POST /orders/{packed}/changes": {"consignee": {"phone": "+8613910000777"}},
    "orders PUT /orders/{packed}/holds/fuzz": {"reason": "fraud_check"},
    "customs POST /customs/quote": {
        "lines": [
            {
                "sku": "STYLO-PLUME-M",
                "description": "Fountain pen",
                "hs_code": "96083000",
                "origin": "FR",
                "quantity": 1,
                "unit_price": {"amount": "39.00", "currency": "EUR"},
            }
        ],
        "freight": {"amount": "18.00", "currency": "EUR"},
    },
    "customs POST /previews": {"order": {}, "national_id": "00"},
    "carrier POST /label-batches": {"parcels": [{"order_id": NOTHING, "parcel": 1}], "check": False},
    "warehouse POST /previews": {"order": {}},
    f"warehouse POST /manifests/{NOTHING}/parcels": {"tracking_number": "LY000000014FR"},
    f"warehouse POST /manifests/{NOTHING}/close": {"without": ["LY000000014FR"]},
    "warehouse POST /orders/{packed}/parcels/9/repack": BOX,
    "warehouse POST /manifests": {"carrier": "laposte"},
    "makers POST /vendors": {"owner": "fuzz"},
    "makers PUT /vendors/{vendor}/company": COMPANY,
    "makers PUT /vendors/{vendor}/people": PEOPLE,
    "makers PUT /vendors/{vendor}/bank-account": {"iban": IBAN},
    "makers POST /vendors/{vendor}/bank-account/consent": {"asked_at": "2026-11-23T08:00:00Z"},
    "makers POST /vendors/{vendor}/brands": BRAND | {"valid_to": "2030-12-31"},
    "makers POST /vendors/{vendor}/brands/{brand}/decision": {"decision": "authorise", "reason": "seen"},
    "makers PUT /vendors/{vendor}/products/FUZZ-M-1": product_body(NOTHING),
    "makers POST /vendors/{vendor}/products/FUZZ-M-1/decision": {"decision": "approve", "reason": "seen"},
    "makers POST /vendors/{vendor}/keys": {"replaces": "0123456789ab", "overlap_hours": 1},
    "makers POST /vendors/{vendor}/decision": {"decision": "verify", "reason": "seen"},
    "makers POST /vendors/{vendor}/suspension": {"reason": "complaint"},
    f"makers POST /cases/{NOTHING}/resolution": {"resolution": "go_on"},
    "provenance POST /capture": CAPTURED,
    "provenance POST /events": TOLD,
    "provenance POST /label-sheets": {"units": [{"gtin": "03245678901236", "serial": "FUZZ-1"}]},
    "provenance POST /units/03245678901236/FUZZ-1/clear": {"resolution": "one_unit"},
}
"""By request; `{reserved}`, `{packed}`, `{vendor}` and `{brand}` stand for what the stack has."""
OTHERS = frozenset(
    {
        *("orders POST /orders", "orders POST /orders/preview"),
        *("carrier POST /webhooks/laposte", "carrier POST /webhooks/laposte/aftership"),
        "carrier POST /webhooks/laposte/easypost",
        "makers PUT /vendors/{vendor}/brands/{brand}/document",
        "makers POST /vendors/{vendor}/product-list",
    }
)
"""Requests whose bodies are made anew each time, signed, or files: each has a test of its own."""
BEFORE: Mapping[str, Sequence[str]] = {
    "makers POST /vendors/{vendor}/decision": ("makers POST /vendors/{vendor}/submission",),
    "makers POST /vendors/{vendor}/products/FUZZ-M-1/decision": (
        "makers PUT /vendors/{vendor}/products/FUZZ-M-1",
        "makers POST /vendors/{vendor}/products/FUZZ-M-1/submission",
    ),
}
"""Requests, with the good body where they have one, without which another would be refused whatever it says."""
UNKNOWN_PARCEL = "CY123456785FR"
"""Of a call-back that is kept until its label is known: scans of the stand's parcel would send it on its way, and the
tests that come after need a stack where nothing waits for a person."""
ENVELOPE = {
    "type": "shipment.updated",
    "timestamp": "2026-11-23T08:00:00Z",
    "data": {
        "returnCode": 200,
        "idShip": UNKNOWN_PARCEL,
        "shipment": {
            "idShip": UNKNOWN_PARCEL,
            "holder": 4,
            "isFinal": False,
            "event": [{"code": "PC1", "label": "pris en charge", "date": "2026-11-23T09:00:00+01:00"}],
            "contextData": {"arrivalCountry": "CN"},
        },
    },
}
CHECKPOINT = {
    "checkpoint_time": "2026-11-23T09:00:00+01:00",
    "subtag": "InTransit_004",
    "raw_tag": "ET3",
    "country_region": "CHN",
    "country_iso3": "CHN",
    "city": "Shanghai",
}
DETAIL = {
    "datetime": "2026-11-23T09:00:00Z",
    "status": "in_transit",
    "tracking_location": {"country": "CN", "city": "Shanghai"},
}
AGGREGATORS_SECRET = "a-secret-of-all-aggregators"
AGGREGATED: Mapping[str, Any] = {
    "aftership": {
        "event": "tracking_update",
        "event_id": "fuzz-1",
        "msg": {"tracking_number": UNKNOWN_PARCEL, "checkpoints": [CHECKPOINT, CHECKPOINT]},
    },
    "easypost": {
        "id": "evt_fuzz",
        "description": "tracker.updated",
        "result": {"tracking_code": UNKNOWN_PARCEL, "tracking_details": [DETAIL, DETAIL]},
    },
}
"""Call-backs of aggregators, by name."""


def body_of(request_line: str, names: Mapping[str, str]) -> Any:
    """The good body of this request, with the names of what the stack has; None of one that has none."""
    body = BODIES.get(request_line)
    return {**body, "brand_id": names["brand"]} if isinstance(body, dict) and "brand_id" in body else body
