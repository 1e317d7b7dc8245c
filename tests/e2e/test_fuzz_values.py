"""Any value in any field of any request to a running stack: no answer is a 5xx, every refusal is a problem document."""

from __future__ import annotations

import base64
import itertools
import secrets
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from sandbox.demo.actors import boxes
from sandbox.demo.api import Api, Refused
from sandbox.demo.order_request import order_body
from sandbox.demo.orders import DemoOrders, place, receive_goods
from sandbox.demo.people import person
from sandbox.demo.scenarios import Scenario
from sandbox.local.stack import Stack
from services.carrier.api.signatures import secrets_of, signature
from tests.support import hostile_values
from tests.support.e2e.keys import authorization
from tests.support.waiting import until

pytestmark = pytest.mark.slow

SCENARIO = Scenario("fuzz", "the same order again and again", (("STYLO-PLUME-M", 1),), "cancelled")
fuzz = settings(
    max_examples=120,
    database=None,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@dataclass
class Stand:
    """The stack, with an order that waits for the packer and one that waits for the hand-over."""

    stack: Stack
    http: httpx.Client
    names: dict[str, str]
    """What stands for itself in the paths."""

    def send(
        self,
        service: str,
        method: str,
        path: str,
        content: bytes | None = None,
        headers: Mapping[str, bytes] | None = None,
    ) -> httpx.Response:
        url = self.stack.urls[service] + path
        key = authorization(self.stack, method, path).encode()
        usual = {"authorization": key, "content-type": b"application/json"}
        fields = {name.encode(): value for name, value in {**usual, **(headers or {})}.items()}
        answer = self.http.request(method, url, content=content, headers=fields)
        assert answer.status_code < 500, (method, path, content, answer.text)
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == "application/problem+json", answer.text
        return answer


@pytest.fixture(scope="module")
async def stand(stack: Stack, api: Api) -> AsyncIterator[Stand]:
    prefix = f"FUZZ-{secrets.token_hex(4)}"
    await receive_goods(api, [SCENARIO, SCENARIO], prefix)
    reserved, packed = await place(
        api, [SCENARIO, SCENARIO], stack.clock.now, prefix=prefix, into=DemoOrders(), first_person=9_000
    )

    async def waiting() -> bool:
        lists = [item["order_id"] async for item in api.pages("warehouse", "/pick-lists", "pick_lists", "warehouse")]
        return {reserved.id, packed.id} <= set(lists)

    async def labelled() -> bool:
        found = [item["order_id"] async for item in api.pages("warehouse", "/hand-overs", "hand_overs", "warehouse")]
        return packed.id in found

    await until(waiting)
    await api.post("warehouse", f"/orders/{packed.id}/parcels", "warehouse", {"parcels": boxes(packed)})
    await until(labelled)
    with httpx.Client(timeout=20) as http:
        yield Stand(stack, http, {"reserved": reserved.id, "packed": packed.id})
    for placed in (reserved, packed):
        with suppress(Refused):  # what was sent may have ended it
            await api.post("orders", f"/orders/{placed.id}/cancel", "marketplace")


def order(stack: Stack) -> dict[str, Any]:
    return order_body(f"FUZZ-{secrets.token_hex(4)}", SCENARIO, person(9_100), stack.clock.now())


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
MANIFEST = "00000000-0000-0000-0000-000000000000"
BODIES: dict[str, Any] = {
    "warehouse PUT /products/FUZZ-1": PRODUCT,
    "warehouse POST /receipts": {"owner": "fuzz", "reference": "R-1", "lines": [{"sku": "FUZZ-1", "quantity": 1}]},
    "warehouse POST /orders/{reserved}/parcels": {"parcels": [{"contents": CONTENTS, **BOX}]},
    "warehouse POST /orders/{reserved}/shortages": {**UNIT, "reason": "damaged"},
    "warehouse POST /orders/{packed}/parcels/1/hand-over": {"tracking_number": "LY000000014FR"},
    "warehouse POST /orders/{packed}/parcels/1/return": {"sound": [UNIT], "damaged": []},
    "customs POST /orders/{packed}/parcels/1/uplift": {"bill_number": "111-12345675", "voyage_number": "AF112"},
    "customs POST /orders/{packed}/parcels/1/hold-answer": {"answer": "the invoice is enclosed"},
    "customs POST /orders/{packed}/parcels/1/retry": {"work": "export"},
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
    "carrier POST /label-batches": {"parcels": [{"order_id": MANIFEST, "parcel": 1}], "check": False},
    "warehouse POST /previews": {"order": {}},
    f"warehouse POST /manifests/{MANIFEST}/parcels": {"tracking_number": "LY000000014FR"},
    f"warehouse POST /manifests/{MANIFEST}/close": {"without": ["LY000000014FR"]},
    "warehouse POST /orders/{packed}/parcels/9/repack": BOX,
    "makers POST /vendors": {"owner": "fuzz"},
}


@pytest.mark.parametrize("request_line", BODIES)
def test_any_value_in_any_body(stand: Stand, request_line: str) -> None:
    service, method, path = request_line.format(**stand.names).split()

    @fuzz
    @given(hostile_values.spoilt(BODIES[request_line]))
    def send(spoilt: Any) -> None:
        stand.send(service, method, path, hostile_values.as_json(spoilt))

    send()


def test_any_value_in_any_order(stand: Stand) -> None:
    good = order(stand.stack)
    assert stand.send("orders", "POST", "/orders", hostile_values.as_json(good)).status_code == 201

    @settings(fuzz, max_examples=300)
    @given(hostile_values.spoilt(order(stand.stack)))
    def send(spoilt: Any) -> None:
        stand.send("orders", "POST", "/orders", hostile_values.as_json(spoilt))

    send()


@pytest.mark.parametrize("amount", ["1e99999999999999999999", "-1e99999999999999999999", "1" + "0" * 400])
def test_a_number_that_nothing_holds_is_the_clients_fault(stand: Stand, amount: str) -> None:
    product = hostile_values.put(PRODUCT, ("unit_value", "amount"), "@")
    ordered = hostile_values.put(order(stand.stack), ("lines", 0, "unit_price", "amount"), "@")
    for service, method, path, body in (
        ("warehouse", "PUT", "/products/FUZZ-1", product),
        ("orders", "POST", "/orders", ordered),
    ):
        raw = hostile_values.as_json(body).replace(b'"@"', amount.encode())
        assert stand.send(service, method, path, raw).status_code in (400, 422)


def test_the_value_of_a_product_is_said_back_as_it_is_kept(stand: Stand) -> None:
    body = hostile_values.put(PRODUCT, ("unit_value", "amount"), "@")
    for number, kept in (("1E+2", "100.00"), ("-0.00", "0.00"), ("7", "7.00"), ("12.5", "12.50")):
        answer = stand.send(
            "warehouse", "PUT", "/products/FUZZ-2", hostile_values.as_json(body).replace(b'"@"', number.encode())
        )
        assert answer.status_code in (200, 201), answer.text
        for reply in (answer, stand.send("warehouse", "GET", "/products/FUZZ-2")):
            assert reply.json()["unit_value"]["amount"] == kept


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


def test_any_value_in_any_signed_call_back(stand: Stand) -> None:
    secret = secrets_of(stand.stack.secrets.webhook_secret)[0]
    turn = itertools.count()

    @fuzz
    @given(hostile_values.spoilt(ENVELOPE))
    def send(spoilt: Any) -> None:
        body = hostile_values.as_json(spoilt)
        name, now = f"fuzz-{secrets.token_hex(4)}-{next(turn)}", int(time.time())
        signed = {
            "webhook-id": name.encode(),
            "webhook-timestamp": str(now).encode(),
            "webhook-signature": signature(secret, name, now, body.decode()).encode(),
        }
        answer = stand.send("carrier", "POST", "/webhooks/laposte", body, signed)
        assert answer.status_code != 401

    send()


PAGES = {
    "orders": ("orders", "/orders", "cursor updated_since number limit"),
    "cases": ("orders", "/cases", "cursor status limit"),
    "pick lists": ("warehouse", "/pick-lists", "cursor limit"),
    "hand-overs": ("warehouse", "/hand-overs", "cursor limit"),
    "stock": ("warehouse", "/stock", "cursor owner sku limit"),
    "parcels": ("customs", "/parcels", "cursor state limit"),
}


def cursors() -> st.SearchStrategy[str]:
    """What looks like a cursor of ours, with any values in it."""
    key = st.one_of(
        hostile_values.values(),
        st.sampled_from(["2026-11-23T08:00:00Z", "9999-12-31T23:59:59-12:00", "3f1c1f9e-6a5e-4f59-9a8e-0f4f5f6d7e8a"]),
    )
    return st.lists(key, min_size=1, max_size=3).map(
        lambda keys: base64.urlsafe_b64encode(hostile_values.as_json(keys)).rstrip(b"=").decode()
    )


@pytest.mark.parametrize("name", PAGES)
def test_any_value_in_any_query(stand: Stand, name: str) -> None:
    service, path, parameters = PAGES[name]
    text = st.one_of(st.sampled_from(hostile_values.TEXTS), st.text(max_size=40), hostile_values.values().map(str))
    query = st.dictionaries(st.sampled_from(parameters.split()), text, max_size=3)

    @fuzz
    @given(query, st.none() | cursors())
    def send(given_query: dict[str, str], cursor: str | None) -> None:
        if cursor is not None:
            given_query = given_query | {"cursor": cursor[:500]}
        pairs = "&".join(f"{name}={escaped(value)}" for name, value in given_query.items())
        stand.send(service, "GET", f"{path}?{pairs}")

    send()


PATHS = {
    "orders": ["/orders/{}", "/orders/{}/cancel", "/orders/{}/cases/{}/resolution", "/orders/{}/person", "/why/{}"],
    "warehouse": ["/products/{}", "/orders/{}", "/orders/{}/parcels/{}/return"],
    "customs": ["/orders/{}", "/orders/{}/parcels/{}/uplift"],
    "carrier": ["/orders/{}", "/orders/{}/parcels/{}/label", "/orders/{}/parcels/{}/loss"],
    "tracking": ["/orders/{}/tracking", "/tracking/{}", "/orders/{}/tracking/stream"],
}


@pytest.mark.parametrize(("service", "path"), [(service, path) for service, paths in PATHS.items() for path in paths])
def test_any_text_in_any_path(stand: Stand, service: str, path: str) -> None:
    texts = st.sampled_from(hostile_values.TEXTS) | st.text(min_size=1, max_size=40)

    @fuzz
    @given(texts, texts, st.sampled_from(["GET", "POST", "DELETE"]))
    def send(first: str, second: str, method: str) -> None:
        stand.send(service, method, path.format(escaped(first), escaped(second)))

    send()


HEADERS = {
    "idempotency-key": ("warehouse", "POST", "/orders/{reserved}/shortages"),
    "authorization": ("orders", "GET", "/orders"),
    "if-none-match": ("orders", "GET", "/orders/{reserved}"),
    "traceparent": ("orders", "GET", "/orders/{reserved}"),
    "content-type": ("warehouse", "POST", "/receipts"),
    "x-tracking-secret": ("tracking", "GET", "/orders/{reserved}/tracking"),
    "last-event-id": ("tracking", "GET", "/orders/{reserved}/tracking/stream"),
    "webhook-id": ("carrier", "POST", "/webhooks/laposte"),
    "webhook-timestamp": ("carrier", "POST", "/webhooks/laposte"),
    "webhook-signature": ("carrier", "POST", "/webhooks/laposte"),
}


@pytest.mark.parametrize("name", HEADERS)
def test_any_text_in_any_header(stand: Stand, name: str) -> None:
    service, method, path = HEADERS[name]
    path = path.format(**stand.names)
    known = [
        b"",
        b"*",
        b'W/"x"',
        b"Bearer",
        b"v1,",
        b"00-" + b"f" * 32 + b"-" + b"f" * 16 + b"-01",
        b"9" * 40,
        b"\xff" * 9,
    ]
    # What no header may hold is the server's own business, before any service sees it.
    text = st.sampled_from(known) | st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF), max_size=300).map(
        lambda drawn: drawn.replace("\x7f", "").strip().encode("latin-1")
    )

    @fuzz
    @given(text)
    def send(value: bytes) -> None:
        stand.send(service, method, path, b"{}" if method == "POST" else None, {name: value})

    send()


def escaped(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass")[:1_000], safe="")
