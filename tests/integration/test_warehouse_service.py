"""The warehouse on a real PostgreSQL: its HTTP interface, its locks, its stock."""

from __future__ import annotations

import asyncio
import base64
import random
from collections.abc import AsyncIterator, Awaitable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from pydantic import SecretStr

from contracts.base import Content, Event, Money, OrderLine, Parcel, order_stream
from contracts.carrier import LabelCreated, ParcelReturned, ParcelScanned
from contracts.customs import OrderScreened
from contracts.orders import CancelRequested, OrderClosed, OrderPlaced
from contracts.warehouse import (
    CancelTooLate,
    OrderPacked,
    OrderWithdrawn,
    ParcelHandedOver,
    ParcelReceivedBack,
    StockRefused,
    StockReserved,
    StockShort,
)
from services.warehouse import main
from services.warehouse.domain.stock import MOVES
from services.warehouse.settings import Settings
from shared.ledger.facts import Facts
from shared.operations.provision import add_api_key
from shared.platform import Platform, build_app, connected
from tests.support.databases import FreshDatabase
from tests.support.waiting import until

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
EUR = Money.model_validate({"amount": "12.50", "currency": "EUR"})
ZERO = Money.zero("EUR")
OWNER = "savonnerie"
STATUSES = ("available", "reserved", "shipped", "written_off")


@dataclass
class RunningWarehouse:
    platform: Platform
    http: httpx.AsyncClient

    async def consume(self, *events: Event) -> dict[UUID, Facts]:
        """As the consumer does with a batch."""
        async with self.platform.ledger.transaction() as db:
            return await self.platform.ledger.record(db, consumed=events)

    async def facts(self, order: UUID) -> Facts:
        async with self.platform.pool.acquire() as db:
            return (await self.platform.ledger.read(db, [order_stream(order)]))[order]

    async def product(self, sku: str, units: int = 0, owner: str = OWNER) -> None:
        answer = await self.http.put(f"/products/{sku}", json=product_body(owner=owner))
        assert answer.status_code in (200, 201), answer.text
        if units:
            body = {"reference": f"R-{uuid4()}", "owner": owner, "lines": [{"sku": sku, "quantity": units}]}
            answer = await self.http.post("/receipts", json=body)
            assert answer.status_code == 201, answer.text

    async def stock(self, sku: str) -> dict[str, int]:
        answer = await self.http.get("/stock", params={"sku": sku})
        row = answer.json()["stock"][0]
        assert row["received"] == row["available"] + row["reserved"] + row["shipped"] + row["written_off"]
        return {status: row[status] for status in STATUSES if row[status]}

    async def check_sums(self) -> None:
        """The stock is the sum of its movements."""
        sums: dict[str, dict[str, int]] = {}
        for row in await self.platform.pool.fetch("select sku, kind, quantity from movements"):
            quantities = sums.setdefault(row["sku"], dict.fromkeys(STATUSES, 0))
            source, target = MOVES[row["kind"]]
            quantities[target] += row["quantity"]
            if source is not None:
                quantities[source] -= row["quantity"]
        for row in await self.platform.pool.fetch("select * from stock where received > 0"):
            assert sums[row["sku"]] == {status: row[status] for status in STATUSES}

    async def reserved(self, units: dict[str, int]) -> UUID:
        order = uuid4()
        await self.consume(*arrived(order, units))
        assert StockReserved in await self.facts(order)
        return order

    async def labelled(self, units: dict[str, int]) -> UUID:
        """Packed in one parcel a line, with all labels."""
        order = await self.reserved(units)
        answer = await self.http.post(f"/orders/{order}/parcels", json=pack_body(units))
        assert answer.status_code == 201, answer.text
        await self.consume(*(label(order, parcel) for parcel in range(1, len(units) + 1)))
        return order

    async def hand_over(self, order: UUID, parcel: int = 1) -> httpx.Response:
        return await self.http.post(
            f"/orders/{order}/parcels/{parcel}/hand-over", json={"tracking_number": number(order, parcel)}
        )


@pytest.fixture
async def warehouse(fresh_database: FreshDatabase) -> AsyncIterator[RunningWarehouse]:
    dsn = await fresh_database("warehouse")
    await add_api_key(dsn, key="key-of-the-packer", name="packer", scope="warehouse")
    key = SecretStr(base64.b64encode(bytes(32)).decode())
    settings = Settings(database_url=SecretStr(dsn), storage_key=key, database_pool=12)
    async with connected(main.service, settings) as (platform, service):
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(build_app(platform, service)),
            base_url="http://warehouse",
            headers={"Authorization": "Bearer key-of-the-packer"},
        )
        async with client:
            warehouse = RunningWarehouse(platform, client)
            yield warehouse
            await warehouse.check_sums()


def product_body(**changes: Any) -> dict[str, Any]:
    body = {
        "gtin": "3245678901236",
        "hs_code": "340111",
        "origin": "FR",
        "net_weight_g": 200,
        "length_mm": 90,
        "width_mm": 60,
        "height_mm": 30,
        "unit_value": {"amount": "12.50", "currency": "EUR"},
        "owner": OWNER,
    }
    return body | changes


def lines(units: dict[str, int]) -> tuple[OrderLine, ...]:
    return tuple(
        OrderLine(
            line=place, sku=sku, description="soap", hs_code="340111", origin="FR", quantity=quantity, unit_price=EUR
        )
        for place, (sku, quantity) in enumerate(units.items(), start=1)
    )


def arrived(order: UUID, units: dict[str, int]) -> tuple[Event, Event]:
    placed = OrderPlaced(
        order_id=order,
        occurred_at=NOW,
        marketplace="tmall",
        number=f"T{order.hex[:12]}",
        lines=lines(units),
        freight=ZERO,
        discount=ZERO,
        tax=ZERO,
        total=EUR,
        country="CN",
        province="CN-GD",
    )
    screened = OrderScreened.model_validate(
        {
            "order_id": order,
            "occurred_at": NOW,
            "regime": "cbec_9610",
            "value_cny": {"amount": "100.00", "currency": "CNY"},
            "rate": "8.1",
            "rate_date": "2026-11-19",
        }
    )
    return placed, screened


def pack_body(units: dict[str, int], **changes: Any) -> dict[str, Any]:
    return {
        "parcels": [
            {
                "contents": [{"line": line, "sku": sku, "quantity": quantity}],
                "weight_g": 200 * quantity + 150,
                "length_mm": 300,
                "width_mm": 200,
                "height_mm": 100,
            }
            | changes
            for line, (sku, quantity) in enumerate(units.items(), start=1)
        ]
    }


def number(order: UUID, parcel: int) -> str:
    return f"CY{order.hex[:8].upper()}{parcel}FR"


def label(order: UUID, parcel: int) -> LabelCreated:
    return LabelCreated(
        order_id=order,
        occurred_at=NOW,
        parcel=parcel,
        carrier="laposte",
        product="DOS",
        tracking_number=number(order, parcel),
    )


def scan(order: UUID, parcel: int) -> ParcelScanned:
    return ParcelScanned(
        order_id=order,
        occurred_at=NOW,
        parcel=parcel,
        tracking_number=number(order, parcel),
        code="PC1",
        status="accepted",
        scanned_at=NOW,
        utc_offset_minutes=60,
    )


def cancel(order: UUID) -> CancelRequested:
    return CancelRequested(order_id=order, occurred_at=NOW, reason="shopper")


def errors(answer: httpx.Response) -> set[tuple[str, str]]:
    assert answer.headers["content-type"] == "application/problem+json"
    return {(error["field"], error["rule"]) for error in answer.json()["errors"]}


async def test_a_thousand_orders_for_a_hundred_units(warehouse: RunningWarehouse) -> None:
    """Ten consumers at once, each with its own orders in batches; half of the orders name the SKUs the other way
    round. Exactly a hundred get all they want, and no transaction waits for ever."""
    await warehouse.product("SAVON-200", 100)
    await warehouse.product("MIEL-500", 100)
    both = {"SAVON-200": 1, "MIEL-500": 1}
    orders = [uuid4() for _ in range(1_000)]
    batches: list[list[Event]] = []
    for start in range(0, len(orders), 50):
        batch = [
            event
            for place, order in enumerate(orders[start : start + 50])
            for event in arrived(order, both if place % 2 else dict(reversed(both.items())))
        ]
        random.Random(start).shuffle(batch)
        batches.append(batch)
    await asyncio.gather(*(warehouse.consume(*batch) for batch in batches))
    await asyncio.gather(*(warehouse.consume(*batch) for batch in batches[:4]))  # repeated: no effect
    sets = [await warehouse.facts(order) for order in orders]
    assert sum(StockReserved in facts for facts in sets) == 100
    assert sum(StockRefused in facts for facts in sets) == 900
    assert await warehouse.stock("SAVON-200") == {"reserved": 100}
    assert await warehouse.stock("MIEL-500") == {"reserved": 100}


async def test_cancel_racing_the_hand_over_has_one_winner(warehouse: RunningWarehouse) -> None:
    await warehouse.product("SAVON-200", 50)
    orders = [await warehouse.labelled({"SAVON-200": 1}) for _ in range(50)]

    async def race(order: UUID) -> tuple[bool, bool, int]:
        rivals: list[Awaitable[object]] = [warehouse.consume(cancel(order)), warehouse.hand_over(order)]
        if random.random() < 0.5:
            rivals.reverse()
        ends = await asyncio.gather(*rivals)
        facts = await warehouse.facts(order)
        status = next(end.status_code for end in ends if isinstance(end, httpx.Response))
        assert (OrderWithdrawn in facts) != (ParcelHandedOver in facts)
        assert (CancelTooLate in facts) == (ParcelHandedOver in facts)
        return OrderWithdrawn in facts, ParcelHandedOver in facts, status

    ends = await asyncio.gather(*(race(order) for order in orders))
    assert set(ends) <= {(True, False, 409), (False, True, 200)}
    shipped = sum(handed for _, handed, _ in ends)
    assert await warehouse.stock("SAVON-200") == {
        status: units for status, units in (("available", 50 - shipped), ("shipped", shipped)) if units
    }


async def test_products_are_stated_and_restated_but_never_change_owner(warehouse: RunningWarehouse) -> None:
    first = await warehouse.http.put("/products/SAVON-200", json=product_body())
    again = await warehouse.http.put("/products/SAVON-200", json=product_body(net_weight_g=210))
    other = await warehouse.http.put("/products/SAVON-200", json=product_body(owner="miellerie"))
    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 409)
    assert errors(other) == {("owner", "owner_of_sku")}
    read = await warehouse.http.get("/products/SAVON-200")
    assert read.json() == product_body(net_weight_g=210, sku="SAVON-200")
    assert (await warehouse.http.get("/products/NONE-1")).status_code == 404


async def test_a_receipt_counts_once_for_its_reference(warehouse: RunningWarehouse) -> None:
    await warehouse.product("SAVON-200")
    body = {"reference": "BL-2026-1", "owner": OWNER, "lines": [{"sku": "SAVON-200", "quantity": 10}]}
    answers = await asyncio.gather(*(warehouse.http.post("/receipts", json=body) for _ in range(20)))
    assert {(answer.status_code, answer.text) for answer in answers} == {(201, answers[0].text)}
    body["lines"] = [{"sku": "SAVON-200", "quantity": 11}]
    assert (await warehouse.http.post("/receipts", json=body)).status_code == 409
    assert await warehouse.stock("SAVON-200") == {"available": 10}


async def test_a_receipt_repeated_with_its_lines_in_another_order_is_the_same_receipt(
    warehouse: RunningWarehouse,
) -> None:
    await warehouse.product("SAVON-200")
    await warehouse.product("MIEL-500")
    lines = [{"sku": "SAVON-200", "quantity": 10}, {"sku": "MIEL-500", "quantity": 5}]
    body = {"reference": "BL-2026-2", "owner": OWNER, "lines": lines}
    first = await warehouse.http.post("/receipts", json=body)
    again = await warehouse.http.post("/receipts", json=body | {"lines": lines[::-1]})
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    swapped = [{"sku": "SAVON-200", "quantity": 5}, {"sku": "MIEL-500", "quantity": 10}]
    for other in (swapped, lines[:1], [*lines[:1], lines[1] | {"quantity": 6}]):
        assert (await warehouse.http.post("/receipts", json=body | {"lines": other})).status_code == 409
    assert await warehouse.stock("SAVON-200") == {"available": 10}


async def test_an_order_packed_again_with_its_contents_in_another_order_is_the_same(
    warehouse: RunningWarehouse,
) -> None:
    await warehouse.product("SAVON-200", 10)
    await warehouse.product("MIEL-500", 10)
    order = await warehouse.reserved({"MIEL-500": 1, "SAVON-200": 2})
    contents = [
        {"line": 1, "sku": "MIEL-500", "quantity": 1},
        {"line": 2, "sku": "SAVON-200", "quantity": 2},
    ]
    box = {"weight_g": 900, "length_mm": 200, "width_mm": 150, "height_mm": 100}
    bodies = [{"parcels": [{**box, "contents": scanned}]} for scanned in (contents, contents[::-1])]
    first, again = [await warehouse.http.post(f"/orders/{order}/parcels", json=body) for body in bodies]
    assert (first.status_code, again.status_code) == (201, 201), first.text
    assert again.json() == first.json()


@pytest.mark.parametrize(
    ("stated", "requested"),
    [
        ("96385074", ("96385074", "000096385074", "0000096385074", "00000096385074")),
        ("036000291452", ("036000291452", "0036000291452", "00036000291452")),
        ("3245678901236", ("3245678901236", "03245678901236")),
        ("03245678901236", ("3245678901236", "03245678901236")),
        ("13245678901233", ("13245678901233",)),
    ],
)
async def test_a_look_up_by_gtin_finds_8_12_13_and_14_digits_as_one(
    warehouse: RunningWarehouse, stated: str, requested: tuple[str, ...]
) -> None:
    """And shows it as it was stated."""
    answer = await warehouse.http.put("/products/SAVON-200", json=product_body(gtin=stated))
    assert answer.status_code == 201, answer.text
    await warehouse.http.put("/products/OTHER-1", json=product_body(gtin="4006381333931"))
    for gtin in requested:
        found = (await warehouse.http.get("/products", params={"gtin": gtin})).json()
        assert [(product["sku"], product["gtin"]) for product in found["products"]] == [("SAVON-200", stated)]
    for gtin, rule in ((stated[:-1] + str((int(stated[-1]) + 1) % 10), "gtin"), ("1234567", "string_too_short")):
        refused = await warehouse.http.get("/products", params={"gtin": gtin})
        assert (refused.status_code, {fault["rule"] for fault in refused.json()["errors"]}) == (422, {rule})


async def test_products_are_listed_by_gtin_and_owner_page_by_page(warehouse: RunningWarehouse) -> None:
    for sku, owner in (("A-1", "x"), ("A-2", "x"), ("A-3", "x"), ("B-1", "y")):
        await warehouse.product(sku, owner=owner)
    page = (await warehouse.http.get("/products", params={"owner": "x", "limit": 2})).json()
    rest = (await warehouse.http.get("/products", params={"owner": "x", "limit": 2, "cursor": page["next"]})).json()
    assert [product["sku"] for product in page["products"] + rest["products"]] == ["A-1", "A-2", "A-3"]
    assert rest["next"] is None
    both = (await warehouse.http.get("/products", params={"gtin": product_body()["gtin"]})).json()
    assert [product["sku"] for product in both["products"]] == ["A-1", "A-2", "A-3", "B-1"]
    assert both["products"][3] == (await warehouse.http.get("/products/B-1")).json()


async def test_the_stock_is_listed_by_owner_page_by_page(warehouse: RunningWarehouse) -> None:
    for sku, owner in (("A-1", "x"), ("A-2", "x"), ("A-3", "x"), ("B-1", "y")):
        await warehouse.product(sku, 5, owner)
    page = (await warehouse.http.get("/stock", params={"owner": "x", "limit": 2})).json()
    assert [row["sku"] for row in page["stock"]] == ["A-1", "A-2"]
    assert page["totals"] == {"received": 15, "available": 15, "reserved": 0, "shipped": 0, "written_off": 0}
    answer = await warehouse.http.get("/stock", params={"owner": "x", "limit": 2, "cursor": page["next"]})
    assert [row["sku"] for row in answer.json()["stock"]] == ["A-3"]
    assert answer.json()["next"] is None
    assert (await warehouse.http.get("/stock", params={"cursor": "nonsense"})).status_code == 400


async def test_unknown_goods_are_refused_as_none_available(warehouse: RunningWarehouse) -> None:
    await warehouse.product("SAVON-200", 1)
    order = uuid4()
    await warehouse.consume(*arrived(order, {"SAVON-200": 2, "GHOST-1": 1}))
    refused = (await warehouse.facts(order)).get(StockRefused)
    assert refused is not None
    assert [(s.sku, s.wanted, s.available) for s in refused.shortages] == [("GHOST-1", 1, 0), ("SAVON-200", 2, 1)]
    assert await warehouse.stock("SAVON-200") == {"available": 1}


async def test_pick_pack_hand_over(warehouse: RunningWarehouse) -> None:
    await warehouse.product("SAVON-200", 5)
    await warehouse.product("MIEL-500", 5)
    units = {"SAVON-200": 2, "MIEL-500": 1}
    order = await warehouse.reserved(units)
    picks = (await warehouse.http.get("/pick-lists")).json()["pick_lists"]
    assert [(pick["order_id"], [line["sku"] for line in pick["lines"]]) for pick in picks] == [
        (str(order), ["SAVON-200", "MIEL-500"])
    ]
    packed = await warehouse.http.post(f"/orders/{order}/parcels", json=pack_body(units))
    assert packed.status_code == 201
    assert packed.json()["parcels"][0]["contents"][0]["net_weight_g"] == 400
    await warehouse.product("SAVON-200")
    assert (await warehouse.http.post(f"/orders/{order}/parcels", json=pack_body(units))).text == packed.text
    other = await warehouse.http.post(f"/orders/{order}/parcels", json=pack_body(units, weight_g=999))
    assert other.status_code == 409
    assert (await warehouse.http.get("/pick-lists")).json()["pick_lists"] == []

    await warehouse.consume(label(order, 1))
    assert (await warehouse.hand_over(order)).status_code == 409  # the second label is missing
    assert (await warehouse.http.get("/hand-overs")).json()["hand_overs"] == []
    await warehouse.consume(label(order, 2))
    waiting = (await warehouse.http.get("/hand-overs")).json()["hand_overs"]
    assert [row["tracking_number"] for row in waiting] == [number(order, 1), number(order, 2)]
    wrong = await warehouse.http.post(
        f"/orders/{order}/parcels/1/hand-over", json={"tracking_number": number(order, 2)}
    )
    assert wrong.status_code == 422
    assert errors(wrong) == {("tracking_number", "label_of_parcel")}
    first = await warehouse.hand_over(order)
    assert first.status_code == 200
    assert (await warehouse.hand_over(order)).text == first.text
    assert await warehouse.stock("SAVON-200") == {"available": 3, "shipped": 2}
    assert await warehouse.stock("MIEL-500") == {"available": 4, "reserved": 1}
    await warehouse.hand_over(order, 2)
    state = (await warehouse.http.get(f"/orders/{order}")).json()
    assert (state["stage"], state["held"]) == ("handed_over", {})
    assert (await warehouse.hand_over(order, 3)).status_code == 404


async def test_every_fault_of_a_packing_is_named_and_nothing_is_stored(warehouse: RunningWarehouse) -> None:
    await warehouse.product("SAVON-200", 200)
    await warehouse.product("MIEL-500", 5)
    order = await warehouse.reserved({"SAVON-200": 2, "MIEL-500": 1})
    good = pack_body({"SAVON-200": 2, "MIEL-500": 1})["parcels"]

    def with_first(**changes: Any) -> list[dict[str, Any]]:
        return [good[0] | changes, good[1]]

    scanned = good[0]["contents"][0]
    table: list[tuple[list[dict[str, Any]], set[tuple[str, str]]]] = [
        ([], {("parcels", "too_short")}),
        (good[:1], {("parcels", "all_lines_packed")}),
        ([*good, good[1]], {("parcels", "all_lines_packed")}),
        (with_first(weight_g=399), {("parcels[0].weight_g", "at_least_net_weight")}),
        (with_first(weight_g=30_001), {("parcels[0].weight_g", "carrier_max_weight")}),
        (with_first(weight_g="400"), {("parcels[0].weight_g", "int_type")}),
        (with_first(length_mm=1_001, width_mm=1), {("parcels[0].length_mm", "carrier_max_length")}),
        (with_first(width_mm=1, height_mm=1_001), {("parcels[0].height_mm", "carrier_max_length")}),
        (with_first(length_mm=900, width_mm=400, height_mm=201), {("parcels[0]", "carrier_max_size")}),
        (with_first(width_mm=0), {("parcels[0].width_mm", "greater_than_equal")}),
        (with_first(contents=[]), {("parcels[0].contents", "too_short")}),
        (
            with_first(contents=[scanned | {"line": 7}]),
            {("parcels[0].contents[0].line", "line_of_order"), ("parcels", "all_lines_packed")},
        ),
        (
            with_first(contents=[scanned | {"sku": "MIEL-500"}]),
            {("parcels[0].contents[0].sku", "sku_of_line"), ("parcels", "all_lines_packed")},
        ),
        (
            with_first(contents=[scanned | {"quantity": 1}, scanned | {"quantity": 1}]),
            {("parcels[0].contents", "line_once_a_parcel")},
        ),
        (with_first(seal="x"), {("parcels[0].seal", "extra_forbidden")}),
        (
            with_first(weight_g=10, length_mm=1_400),
            {
                ("parcels[0].weight_g", "at_least_net_weight"),
                ("parcels[0].length_mm", "carrier_max_length"),
                ("parcels[0]", "carrier_max_size"),
            },
        ),
    ]
    for parcels, named in table:
        answer = await warehouse.http.post(f"/orders/{order}/parcels", json={"parcels": parcels})
        assert (answer.status_code, errors(answer)) == (422, named)
    assert (await warehouse.http.get(f"/orders/{order}")).json()["stage"] == "reserved"


async def test_bad_products_and_receipts_name_field_and_rule(warehouse: RunningWarehouse) -> None:
    await warehouse.product("SAVON-200")
    for changes, named in (
        ({"gtin": "3245678901237"}, ("gtin", "gtin")),
        ({"hs_code": "3401"}, ("hs_code", "string_pattern_mismatch")),
        ({"origin": "XX"}, ("origin", "country")),
        ({"net_weight_g": 0}, ("net_weight_g", "greater_than_equal")),
        ({"width_mm": None}, ("width_mm", "int_type")),
        ({"unit_value": {"amount": "-1", "currency": "EUR"}}, ("unit_value.amount", "amount_form")),
        ({"unit_value": {"amount": "1", "currency": "USD"}}, ("unit_value.currency", "literal_error")),
        ({"owner": "two words"}, ("owner", "string_pattern_mismatch")),
        ({"colour": "red"}, ("colour", "extra_forbidden")),
    ):
        answer = await warehouse.http.put("/products/NEW-1", json=product_body(**changes))
        assert (answer.status_code, errors(answer)) == (422, {named})
    assert (await warehouse.http.get("/products/NEW-1")).status_code == 404
    line = {"sku": "SAVON-200", "quantity": 1}
    bad_receipts: Sequence[tuple[dict[str, Any], set[tuple[str, str]]]] = (
        ({"lines": [line | {"sku": "GHOST-1"}]}, {("lines[0].sku", "known_sku")}),
        ({"lines": [line, line]}, {("lines[0].sku", "once"), ("lines[1].sku", "once")}),
        ({"owner": "miellerie"}, {("lines[0].sku", "owner_of_sku")}),
        ({"lines": [line | {"quantity": 0}]}, {("lines[0].quantity", "greater_than_equal")}),
        ({"lines": []}, {("lines", "too_short")}),
        ({"reference": ""}, {("reference", "string_pattern_mismatch")}),
    )
    for changes, faults in bad_receipts:
        body = {"reference": "BL-1", "owner": OWNER, "lines": [line]} | changes
        answer = await warehouse.http.post("/receipts", json=body)
        assert (answer.status_code, errors(answer)) == (422, faults)
    assert await warehouse.stock("SAVON-200") == {}


async def test_a_key_is_needed(warehouse: RunningWarehouse) -> None:
    for method, path in (
        ("GET", "/stock"),
        ("GET", "/products"),
        ("GET", "/pick-lists"),
        ("POST", "/receipts"),
        ("PUT", "/products/A-1"),
    ):
        answer = await warehouse.http.request(method, path, json=product_body(), headers={"Authorization": "Bearer no"})
        assert answer.status_code == 401
    assert (await warehouse.http.get(f"/orders/{uuid4()}")).status_code == 404
    assert (await warehouse.http.post(f"/orders/{uuid4()}/parcels", json=pack_body({"A-1": 1}))).status_code == 404
    assert await warehouse.platform.pool.fetchval("select count(*) from streams") == 0


async def test_a_bad_unit_is_replaced_while_there_are_others(warehouse: RunningWarehouse) -> None:
    await warehouse.product("SAVON-200", 3)
    order = await warehouse.reserved({"SAVON-200": 2})
    body = {"sku": "SAVON-200", "quantity": 1, "reason": "damaged"}
    key = {"Idempotency-Key": "damage-1"}
    first = await warehouse.http.post(f"/orders/{order}/shortages", json=body, headers=key)
    again = await warehouse.http.post(f"/orders/{order}/shortages", json=body, headers=key)
    assert (first.status_code, first.json()["replaced"], first.json()["stage"]) == (200, True, "reserved")
    assert again.text == first.text
    assert await warehouse.stock("SAVON-200") == {"reserved": 2, "written_off": 1}
    too_many = await warehouse.http.post(f"/orders/{order}/shortages", json=body | {"quantity": 3})
    assert errors(too_many) == {("quantity", "held_by_order")}
    last = await warehouse.http.post(f"/orders/{order}/shortages", json=body | {"reason": "short_pick"})
    assert (last.json()["replaced"], last.json()["stage"]) == (False, "withdrawn")
    facts = await warehouse.facts(order)
    short, withdrawn = facts.get(StockShort), facts.get(OrderWithdrawn)
    assert short is not None
    assert (short.missing, short.reason) == (1, "short_pick")
    assert withdrawn is not None
    assert withdrawn.reason == "stock_short"
    assert await warehouse.stock("SAVON-200") == {"available": 1, "written_off": 2}
    assert (await warehouse.http.post(f"/orders/{order}/shortages", json=body)).status_code == 409


async def test_a_shortage_locks_all_that_its_order_holds_in_the_order_of_the_skus(warehouse: RunningWarehouse) -> None:
    """While it waits for the first SKU it holds no other, so that it and an order that locks both never wait for each
    other in a circle."""
    await warehouse.product("MIEL-500", 1)
    await warehouse.product("SAVON-200", 1)
    order = await warehouse.reserved({"MIEL-500": 1, "SAVON-200": 1})
    body = {"sku": "SAVON-200", "quantity": 1, "reason": "damaged"}
    async with warehouse.platform.pool.acquire() as rival, rival.transaction():
        await rival.execute("select from stock where sku = 'MIEL-500' for update")
        reported = asyncio.create_task(warehouse.http.post(f"/orders/{order}/shortages", json=body))

        async def waits() -> bool:
            query = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = $1"
            return bool(await warehouse.platform.pool.fetchval(query, "Lock"))

        await until(waits)
        await rival.execute("select from stock where sku = 'SAVON-200' for update nowait")
    assert (await reported).json()["stage"] == "withdrawn"
    assert await warehouse.stock("SAVON-200") == {"written_off": 1}
    assert await warehouse.stock("MIEL-500") == {"available": 1}


async def test_a_parcel_that_left_since_the_backup_waits_for_its_goods_and_nobody_else_gets_them(
    warehouse: RunningWarehouse,
) -> None:
    """As after a restore: published facts are restored, and only then product and receipt are entered again."""
    units = {"SAVON-200": 2}
    restored_order, rival = uuid4(), uuid4()
    contents = (Content(line=1, sku="SAVON-200", quantity=2, net_weight_g=400),)
    parcel = Parcel(parcel=1, contents=contents, weight_g=550, length_mm=300, width_mm=200, height_mm=100)
    published: list[Event] = [
        StockReserved(order_id=restored_order, occurred_at=NOW),
        OrderPacked(order_id=restored_order, occurred_at=NOW, parcels=(parcel,)),
        ParcelHandedOver(
            order_id=restored_order,
            occurred_at=NOW,
            parcel=1,
            carrier="laposte",
            tracking_number=number(restored_order, 1),
        ),
    ]
    ledger, pool = warehouse.platform.ledger, warehouse.platform.pool
    on_restored = main.service(warehouse.platform).on_restored
    assert on_restored is not None
    async with ledger.transaction() as db:
        await on_restored(db, await ledger.restore(db, published=published, consumed=[], wire={}))
    await warehouse.consume(*arrived(rival, units))
    await warehouse.consume(*arrived(restored_order, units), scan(restored_order, 1))
    await warehouse.consume(OrderClosed(order_id=restored_order, occurred_at=NOW, outcome="delivered", refund_due=ZERO))
    assert await pool.fetchval("select count(*) from movements") == 0
    assert [tuple(row) for row in await pool.fetch("select * from reservations_pending_restore")] == [
        (restored_order, ["SAVON-200"])
    ]
    timers = await pool.fetch("select id from streams where due_at is not null")
    assert {row["id"] for row in timers} == {restored_order, rival}

    await warehouse.product("SAVON-200", 3)
    for order in (rival, restored_order, rival):
        async with ledger.transaction() as db:
            await ledger.record(db, reevaluate=[order_stream(order)])
    assert await warehouse.stock("SAVON-200") == {"available": 1, "shipped": 2}
    assert StockRefused in await warehouse.facts(rival)
    assert await pool.fetchval("select count(*) from streams where due_at is not null") == 0
    assert await pool.fetchval("select count(*) from reservations_pending_restore") == 0


async def test_after_the_first_hand_over_a_shortage_waits_for_goods(warehouse: RunningWarehouse) -> None:
    await warehouse.product("SAVON-200", 1)
    await warehouse.product("MIEL-500", 1)
    order = await warehouse.labelled({"SAVON-200": 1, "MIEL-500": 1})
    await warehouse.hand_over(order, 1)
    body = {"sku": "MIEL-500", "quantity": 1, "reason": "damaged"}
    assert (await warehouse.http.post(f"/orders/{order}/shortages", json=body)).status_code == 409
    await warehouse.product("MIEL-500", 1)
    assert (await warehouse.http.post(f"/orders/{order}/shortages", json=body)).json()["replaced"] is True
    assert (await warehouse.hand_over(order, 2)).status_code == 200
    assert await warehouse.stock("MIEL-500") == {"shipped": 1, "written_off": 1}


async def test_a_withdrawal_frees_packed_goods_and_a_scan_proves_the_hand_over_all_the_same(
    warehouse: RunningWarehouse,
) -> None:
    await warehouse.product("SAVON-200", 4)
    order = await warehouse.labelled({"SAVON-200": 3})
    await warehouse.consume(cancel(order))
    assert await warehouse.stock("SAVON-200") == {"available": 4}
    assert (await warehouse.hand_over(order)).status_code == 409
    assert (await warehouse.http.get("/hand-overs")).json()["hand_overs"] == []
    await warehouse.consume(scan(order, 1))
    assert ParcelHandedOver in await warehouse.facts(order)
    assert await warehouse.stock("SAVON-200") == {"available": 1, "shipped": 3}
    closed = OrderClosed(order_id=order, occurred_at=NOW, outcome="cancelled", refund_due=EUR)
    await warehouse.consume(closed, scan(order, 1))
    assert await warehouse.stock("SAVON-200") == {"available": 1, "shipped": 3}


async def test_returned_goods_are_booked_in_once(warehouse: RunningWarehouse) -> None:
    await warehouse.product("SAVON-200", 3)
    order = await warehouse.labelled({"SAVON-200": 3})
    path = f"/orders/{order}/parcels/1/return"
    body = {"sound": [{"sku": "SAVON-200", "quantity": 2}], "damaged": [{"sku": "SAVON-200", "quantity": 1}]}
    assert (await warehouse.http.post(path, json=body)).status_code == 409
    await warehouse.hand_over(order)
    await warehouse.consume(ParcelReturned(order_id=order, occurred_at=NOW, parcel=1, returned_at=NOW, reason="DI2"))
    short = await warehouse.http.post(path, json={"sound": body["sound"]})
    assert errors(short) == {("sound", "adds_up_to_parcel")}
    ghost = await warehouse.http.post(path, json={"sound": [{"sku": "GHOST-1", "quantity": 1}]})
    assert errors(ghost) == {("sound[0].sku", "sku_of_parcel"), ("sound", "adds_up_to_parcel")}
    answers = await asyncio.gather(*(warehouse.http.post(path, json=body) for _ in range(5)))
    assert {(answer.status_code, answer.text) for answer in answers} == {(200, answers[0].text)}
    assert (await warehouse.http.post(path, json={"sound": [{"sku": "SAVON-200", "quantity": 3}]})).status_code == 409
    assert ParcelReceivedBack in await warehouse.facts(order)
    assert await warehouse.stock("SAVON-200") == {"available": 2, "written_off": 1}


async def test_a_parcel_that_came_back_without_a_scan_is_stock_again(warehouse: RunningWarehouse) -> None:
    await warehouse.product("SAVON-200", 3)
    order = await warehouse.labelled({"SAVON-200": 3})
    await warehouse.hand_over(order)
    path = f"/orders/{order}/parcels/1/return"
    answer = await warehouse.http.post(path, json={"sound": [{"sku": "SAVON-200", "quantity": 3}]})
    assert answer.status_code == 200
    assert ParcelReceivedBack in await warehouse.facts(order)
    assert await warehouse.stock("SAVON-200") == {"available": 3}
    await warehouse.consume(ParcelReturned(order_id=order, occurred_at=NOW, parcel=1, returned_at=NOW, reason="DI2"))
    assert await warehouse.stock("SAVON-200") == {"available": 3}


async def test_the_database_itself_refuses_stock_that_is_negative_or_does_not_add_up(
    warehouse: RunningWarehouse,
) -> None:
    await warehouse.product("SAVON-200", 1)
    order = await warehouse.reserved({"SAVON-200": 1})
    for change in (
        "update stock set available = available - 1, reserved = reserved + 1",
        "update stock set available = available + 1",
        "insert into movements (order_id, sku, kind, subject, quantity, happened_at) "
        "select order_id, sku, kind, subject, quantity, happened_at from movements where order_id is not null",
    ):
        with pytest.raises(asyncpg.IntegrityConstraintViolationError):
            await warehouse.platform.pool.execute(change)
    assert (await warehouse.facts(order)).get(StockReserved)


async def test_lists_go_on_page_by_page(warehouse: RunningWarehouse) -> None:
    await warehouse.product("SAVON-200", 5)
    orders = {str(await warehouse.labelled({"SAVON-200": 1})) for _ in range(3)}
    waiting = {str(await warehouse.reserved({"SAVON-200": 1})) for _ in range(2)}
    assert await pages(warehouse, "/hand-overs", "hand_overs") == sorted(orders)
    assert await pages(warehouse, "/pick-lists", "pick_lists") == sorted(waiting)


async def pages(warehouse: RunningWarehouse, path: str, name: str) -> list[str]:
    """The orders on all pages of one row each."""
    found: list[str] = []
    address: str | None = f"{path}?limit=1"
    while address:
        answer = await warehouse.http.get(address)
        found.extend(row["order_id"] for row in answer.json()[name])
        address = next(iter(_next(answer.headers.get_list("link"))), None)
    return sorted(found)


def _next(links: Iterable[str]) -> Iterable[str]:
    return (link.partition(">")[0].removeprefix("<") for link in links if 'rel="next"' in link)
