"""Any value in any field of any request to a running stack: no answer is a 5xx, every refusal is a problem document."""

from __future__ import annotations

import base64
import csv
import io
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
from services.carrier.carriers.carrier import Aggregator
from services.carrier.carriers.laposte import CARRIER
from services.makers.schemas.product_list import write_list
from tests.support import hostile_values
from tests.support.e2e.bodies import AGGREGATED, AGGREGATORS_SECRET, BEFORE, BODIES, ENVELOPE, PRODUCT, body_of
from tests.support.e2e.keys import Vendor, add_vendor, authorization
from tests.support.makers_samples import product
from tests.support.makers_service import BRAND, COMPANY, IBAN, PDF, PEOPLE
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
    """The stack, with an order that waits for the packer, one that waits for the hand-over, and a vendor that has told
    all about itself and a brand."""

    stack: Stack
    http: httpx.Client
    names: dict[str, str]
    """What stands for itself in the paths."""
    vendor: Vendor

    def send(
        self,
        service: str,
        method: str,
        path: str,
        content: bytes | None = None,
        headers: Mapping[str, bytes] | None = None,
        *,
        judged_by_row: bool = False,
    ) -> httpx.Response:
        """`judged_by_row`: its refusal is the list of what is wrong."""
        url = self.stack.urls[service] + path
        key = authorization(self.stack, method, path, self.vendor).encode()
        usual = {"authorization": key, "content-type": b"application/json"}
        fields = {name.encode(): value for name, value in {**usual, **(headers or {})}.items()}
        answer = self.http.request(method, url, content=content, headers=fields)
        assert answer.status_code < 500, (method, path, content, answer.text)
        if answer.status_code >= 400 and not judged_by_row:
            assert answer.headers["content-type"] == "application/problem+json", answer.text
        return answer

    def ask(self, request_line: str) -> httpx.Response:
        """This request, with its good body if it has one."""
        service, method, path = request_line.format(**self.names).split()
        body = body_of(request_line, self.names)
        return self.send(service, method, path, None if body is None else hostile_values.as_json(body))

    def state_vendor(self) -> None:
        """All about it, and a brand with its document."""
        path = f"/vendors/{self.vendor.id}"
        for what, body in (("company", COMPANY), ("people", PEOPLE), ("bank-account", {"iban": IBAN})):
            self._good("PUT", f"{path}/{what}", hostile_values.as_json(body))
        brand = self._good("POST", f"{path}/brands", hostile_values.as_json(BRAND)).json()["id"]
        self._good("PUT", f"{path}/brands/{brand}/document", PDF)
        self.names |= {"vendor": self.vendor.id, "brand": brand}

    def _good(self, method: str, path: str, content: bytes) -> httpx.Response:
        answer = self.send("makers", method, path, content)
        assert answer.status_code in (200, 201), answer.text
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
        order_ids = [
            item["order_id"] async for item in api.pages("warehouse", "/hand-overs", "hand_overs", "warehouse")
        ]
        return packed.id in order_ids

    await until(waiting)
    await api.post("warehouse", f"/orders/{packed.id}/parcels", "warehouse", {"parcels": boxes(packed)})
    await until(labelled)
    with httpx.Client(timeout=20) as http:
        stand = Stand(stack, http, {"reserved": reserved.id, "packed": packed.id}, add_vendor(stack))
        stand.state_vendor()
        yield stand
        stand.ask("makers POST /vendors/{vendor}/closure")
    for placed in (reserved, packed):
        with suppress(Refused):  # what was sent may have ended it
            await api.post("orders", f"/orders/{placed.id}/cancel", "marketplace")


def order(stack: Stack) -> dict[str, Any]:
    return order_body(f"FUZZ-{secrets.token_hex(4)}", SCENARIO, person(9_100), stack.clock.now())


@pytest.mark.parametrize("request_line", BODIES)
def test_any_value_in_any_body(stand: Stand, request_line: str) -> None:
    for earlier in BEFORE.get(request_line, ()):
        stand.ask(earlier)
    service, method, path = request_line.format(**stand.names).split()
    answers: list[int] = []

    @fuzz
    @given(hostile_values.spoilt(body_of(request_line, stand.names)))
    def send(spoilt: Any) -> None:
        answers.append(stand.send(service, method, path, hostile_values.as_json(spoilt)).status_code)

    send()
    assert not {401, 403} & set(answers), "with the wrong key nothing was tried"


@pytest.mark.parametrize(("path", "status"), [("/orders", 201), ("/orders/preview", 200)])
def test_any_value_in_any_order(stand: Stand, path: str, status: int) -> None:
    good = order(stand.stack)
    assert stand.send("orders", "POST", path, hostile_values.as_json(good)).status_code == status

    @settings(fuzz, max_examples=300)
    @given(hostile_values.spoilt(order(stand.stack)))
    def send(spoilt: Any) -> None:
        stand.send("orders", "POST", path, hostile_values.as_json(spoilt))

    send()


FILE = {"content-type": b"application/octet-stream"}


def test_any_bytes_as_a_document_of_a_brand(stand: Stand) -> None:
    path = "/vendors/{vendor}/brands/{brand}/document".format(**stand.names)

    @fuzz
    @given(st.sampled_from([b"", b"%PDF-", b"\x89PNG", b"\xff\xd8\xff"]), st.binary(max_size=300))
    def send(beginning: bytes, rest: bytes) -> None:
        stand.send("makers", "PUT", path, beginning + rest, FILE)

    send()


def test_any_value_in_any_cell_of_a_list_of_products(stand: Stand) -> None:
    path = f"/vendors/{stand.names['vendor']}/product-list?dry_run=true&take=good"
    good = [*csv.reader(io.StringIO(write_list([product(sku="FUZZ-M-2"), product(sku="FUZZ-M-3")])))]
    places = st.tuples(st.integers(0, len(good) - 1), st.integers(0, len(good[0]) - 1))
    texts = st.sampled_from(hostile_values.TEXTS) | st.text(max_size=40) | hostile_values.values().map(str)

    @fuzz
    @given(st.lists(st.tuples(places, texts), min_size=1, max_size=3), st.binary(max_size=6), st.integers(0, 3_000))
    def send(changes: list[tuple[tuple[int, int], str]], cut: bytes, position: int) -> None:
        rows = [list(row) for row in good]
        for (row, column), text in changes:
            rows[row][column] = text
        written = io.StringIO()
        csv.writer(written).writerows(rows)
        body = written.getvalue().encode("utf-8", "surrogatepass")
        stand.send("makers", "POST", path, body[:position] + cut + body[position:] if len(cut) > 3 else body, FILE)

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
    for number, amount in (("1E+2", "100.00"), ("-0.00", "0.00"), ("7", "7.00"), ("12.5", "12.50")):
        answer = stand.send(
            "warehouse", "PUT", "/products/FUZZ-2", hostile_values.as_json(body).replace(b'"@"', number.encode())
        )
        assert answer.status_code in (200, 201), answer.text
        for reply in (answer, stand.send("warehouse", "GET", "/products/FUZZ-2")):
            assert reply.json()["unit_value"]["amount"] == amount


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


@pytest.mark.parametrize("aggregator", CARRIER.aggregators, ids=lambda aggregator: aggregator.name)
def test_any_value_in_any_call_back_of_an_aggregator(stand: Stand, aggregator: Aggregator) -> None:
    path = f"/webhooks/laposte/{aggregator.name}"
    answers: list[int] = []

    @fuzz
    @given(hostile_values.spoilt(AGGREGATED[aggregator.name]))
    def send(spoilt: Any) -> None:
        body = hostile_values.as_json(spoilt)
        signed = {aggregator.header: aggregator.signature(AGGREGATORS_SECRET, body).encode()}
        answers.append(stand.send("carrier", "POST", path, body, signed).status_code)

    send()
    assert set(answers) == {204, 400}


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
