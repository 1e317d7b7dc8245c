"""Units with serials in the warehouse, from their receipt over their boxes to their return; what is told of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import httpx
import pytest

from contracts.base import Event, order_stream, parse_fact
from contracts.cases import CaseClosed, CaseOpened
from contracts.provenance import UnitCleared, UnitFlagged
from contracts.topics import UNITS, WAREHOUSE
from contracts.warehouse import StockWrittenOff, UnitKey, UnitsPacked, UnitsReceived, UnitsReturned
from services.warehouse import handlers
from services.warehouse.domain.units import reference_of, sscc_of
from services.warehouse.store import units as units_table
from shared.ledger.facts import DecisionContext
from tests.support.databases import FreshDatabase
from tests.support.warehouse_service import (
    NOW,
    OWNER,
    WarehouseService,
    cancel,
    errors,
    label,
    pack_body,
    product_body,
    warehouse_service,
)

SOAP, BOX_OF_SOAP = "SAVON-200", {"SAVON-200": 2}
GTIN = "03245678901236"


@pytest.fixture
async def warehouse(fresh_database: FreshDatabase) -> AsyncIterator[WarehouseService]:
    async with warehouse_service(await fresh_database("warehouse")) as running:
        yield running


async def state(warehouse: WarehouseService, sku: str = SOAP, **changes: Any) -> None:
    body = product_body(identity="serial", mints_serials=True) | changes
    answer = await warehouse.http.put(f"/products/{sku}", json=body)
    assert answer.status_code in (200, 201), answer.text


async def receive(
    warehouse: WarehouseService,
    quantity: int,
    serials: Sequence[str] | None = None,
    reference: str = "",
    sku: str = SOAP,
) -> httpx.Response:
    line: dict[str, Any] = {"sku": sku, "quantity": quantity}
    if serials is not None:
        line["serials"] = list(serials)
    body = {"reference": reference or f"R-{uuid4()}", "owner": OWNER, "lines": [line]}
    return await warehouse.http.post("/receipts", json=body)


async def received(warehouse: WarehouseService, quantity: int) -> list[str]:
    """The serials that were given to so many units."""
    await state(warehouse)
    answer = await receive(warehouse, quantity)
    assert answer.status_code == 201, answer.text
    serials: list[str] = answer.json()["lines"][0]["serials"]
    return serials


async def published(warehouse: WarehouseService, topic: str = UNITS.name) -> list[Event]:
    rows = await warehouse.platform.pool.fetch("select type, body from outbox where topic = $1 order by id", topic)
    return [parse_fact(row["type"], row["body"]) for row in rows]


def scanned(serials: Sequence[str], gtin: str = GTIN) -> list[dict[str, str]]:
    return [{"gtin": gtin, "serial": serial} for serial in serials]


def keys(serials: Sequence[str]) -> tuple[UnitKey, ...]:
    return tuple(UnitKey(gtin=GTIN, serial=serial) for serial in serials)


async def pack(warehouse: WarehouseService, order: UUID, serials: Sequence[str], quantity: int = 2) -> httpx.Response:
    return await warehouse.http.post(f"/orders/{order}/parcels", json=one_box(scanned(serials), quantity))


def one_box(units: Sequence[dict[str, str]], quantity: int = 2) -> dict[str, Any]:
    [box] = pack_body({SOAP: quantity})["parcels"]
    return {"parcels": [box | {"units": units}]}


async def packed(warehouse: WarehouseService, serials: Sequence[str]) -> UUID:
    order = await warehouse.reserved({SOAP: len(serials)})
    answer = await pack(warehouse, order, serials, len(serials))
    assert answer.status_code == 201, answer.text
    return order


async def shipped(warehouse: WarehouseService, serials: Sequence[str]) -> UUID:
    order = await packed(warehouse, serials)
    await warehouse.consume(label(order, 1))
    assert (await warehouse.hand_over(order)).status_code == 200
    return order


async def states(warehouse: WarehouseService) -> dict[str, str]:
    page = (await warehouse.http.get("/units", params={"limit": 100})).json()
    return {unit["serial"]: unit["state"] for unit in page["units"]}


async def test_a_receipt_gives_serials_and_publishes_them_in_parts_once(warehouse: WarehouseService) -> None:
    await state(warehouse)
    answer = await receive(warehouse, 1_100, reference="BL-1")
    assert answer.status_code == 201, answer.text
    serials = answer.json()["lines"][0]["serials"]
    assert len(set(serials)) == 1_100
    events = await published(warehouse)
    assert [(event.part, len(event.serials), event.minted) for event in events if isinstance(event, UnitsReceived)] == [
        (1, 500, True),
        (2, 500, True),
        (3, 100, True),
    ]
    assert [serial for event in events if isinstance(event, UnitsReceived) for serial in event.serials] == serials
    again = await receive(warehouse, 1_100, reference="BL-1")
    assert (again.status_code, again.json()) == (201, answer.json()), "the same receipt has the same serials"
    assert await published(warehouse) == events
    assert await warehouse.stock(SOAP) == {"available": 1_100}
    assert {event.NAME for event in await published(warehouse, WAREHOUSE.name)}.isdisjoint({"units-received"})


async def test_serials_on_the_packs_are_registered_and_none_twice(warehouse: WarehouseService) -> None:
    await state(warehouse, mints_serials=False)
    odd = "A/b%c d"[:5] + "<>"
    assert (await receive(warehouse, 2, ["LOT-1", odd], "BL-1")).status_code == 201
    unit = (await warehouse.http.get(f"/units/{GTIN[1:]}/{quote(odd, safe='')}")).json()
    assert (unit["serial"], unit["state"], unit["sku"], unit["flagged"]) == (odd, "received", SOAP, None)
    assert (await receive(warehouse, 2, [odd, "LOT-1"], "BL-1")).status_code == 201
    other = await receive(warehouse, 2, ["LOT-1", "LOT-2"], "BL-1")
    assert (other.status_code, errors(other)) == (409, {("reference", "once")})
    before = await published(warehouse)
    answer = await receive(warehouse, 2, ["LOT-2", odd])
    assert (answer.status_code, errors(answer)) == (422, {("lines[0].serials[1]", "new_serial")})
    answer = await receive(warehouse, 2, ["LOT-2"])
    assert (answer.status_code, errors(answer)) == (422, {("lines[0].serials", "one_a_unit")})
    answer = await receive(warehouse, 1)
    assert (answer.status_code, errors(answer)) == (422, {("lines[0].serials", "serials_of_packs")})
    answer = await receive(warehouse, 1, ["no umlaut: ü"])
    assert (answer.status_code, [field for field, _ in errors(answer)]) == (422, ["lines[0].serials[0]"])
    assert await published(warehouse) == before
    assert await warehouse.stock(SOAP) == {"available": 2}
    assert await warehouse.platform.pool.fetchval("select count(*) from goods_receipts") == 1


async def test_of_two_receipts_of_one_serial_at_once_one_is_booked(warehouse: WarehouseService) -> None:
    await state(warehouse)
    answers = await asyncio.gather(*(receive(warehouse, 2, ["SAME", f"OWN-{n}"]) for n in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 422, 422, 422]
    assert await warehouse.stock(SOAP) == {"available": 2}


async def test_by_what_units_are_distinguished_stays_once_goods_came_in(warehouse: WarehouseService) -> None:
    await warehouse.product(SOAP, units=3)
    answer = await warehouse.http.put(f"/products/{SOAP}", json=product_body(identity="serial"))
    assert (answer.status_code, errors(answer)) == (409, {("identity", "identity_of_stock")})
    answer = await receive(warehouse, 1, ["A"])
    assert (answer.status_code, errors(answer)) == (422, {("lines[0].serials", "serialised_product")})


async def test_scanned_units_are_packed_shipped_and_shown(warehouse: WarehouseService) -> None:
    unit_1, unit_2, unit_3 = await received(warehouse, 3)
    order = await warehouse.reserved(BOX_OF_SOAP)
    lists = (await warehouse.http.get("/pick-lists")).json()["pick_lists"]
    assert [line["serialised"] for item in lists for line in item["lines"]] == [True]
    answer = await pack(warehouse, order, [unit_1, unit_2])
    assert answer.status_code == 201, answer.text
    [box] = answer.json()["units"]
    assert box["units"] == scanned([unit_1, unit_2])
    assert reference_of("9520000", box["sscc"]) is not None
    [_, packed_event] = await published(warehouse)
    assert isinstance(packed_event, UnitsPacked)
    assert (packed_event.order_id, packed_event.parcel, packed_event.sscc, packed_event.units) == (
        order,
        1,
        box["sscc"],
        keys([unit_1, unit_2]),
    )
    again = await pack(warehouse, order, [unit_2, unit_1])
    assert (again.status_code, again.json()) == (201, answer.json())
    assert (await pack(warehouse, order, [unit_1, unit_3])).status_code == 409
    unit = (await warehouse.http.get(f"/units/{GTIN}/{unit_1}")).json()
    assert (unit["state"], unit["order_id"], unit["parcel"], unit["sscc"]) == ("packed", str(order), 1, box["sscc"])
    await warehouse.consume(label(order, 1))
    assert (await warehouse.hand_over(order)).status_code == 200
    assert await states(warehouse) == {unit_1: "shipped", unit_2: "shipped", unit_3: "received"}
    [parcel] = (await warehouse.http.get(f"/orders/{order}")).json()["parcels"]
    assert (parcel["sscc"], parcel["units"]) == (box["sscc"], scanned([unit_1, unit_2]))


async def test_a_unit_that_may_not_be_packed_is_refused_by_field_and_rule(warehouse: WarehouseService) -> None:
    unit_1, unit_2, unit_3, unit_4 = await received(warehouse, 4)
    await state(warehouse, "MIEL-500", gtin="3245678901243")
    other = (await receive(warehouse, 1, sku="MIEL-500")).json()["lines"][0]["serials"]
    await packed(warehouse, [unit_1])
    await warehouse.consume(UnitFlagged(gtin=GTIN, serial=unit_2, occurred_at=NOW, reason="operator"))
    order = await warehouse.reserved(BOX_OF_SOAP)

    async def refused(units: Sequence[dict[str, str]]) -> set[tuple[str, str]]:
        answer = await warehouse.http.post(f"/orders/{order}/parcels", json=one_box(units))
        assert answer.status_code == 422, answer.text
        return errors(answer)

    assert await refused([]) == {("parcels[0].units", "all_units")}
    assert await refused(scanned([unit_3, unit_1])) == {("parcels[0].units[1]", "unit_in_stock")}
    assert await refused(scanned([unit_3, unit_2])) == {("parcels[0].units[1]", "not_flagged")}
    assert await refused(scanned([unit_3, "UNKNOWN"])) == {
        ("parcels[0].units[1]", "known_unit"),
        ("parcels[0].units", "all_units"),
    }
    assert await refused([*scanned([unit_3]), *scanned(other, "3245678901243")]) == {
        ("parcels[0].units[1]", "sku_of_parcel"),
        ("parcels[0].units", "all_units"),
    }
    assert await refused(scanned([unit_3, unit_3])) >= {("parcels[0].units[1]", "once")}
    assert await refused(scanned([unit_3, unit_4], "3245678901230"))
    await warehouse.consume(UnitCleared(gtin=GTIN, serial=unit_2, occurred_at=NOW, resolution="looked_at"))
    assert (await pack(warehouse, order, [unit_3, unit_2])).status_code == 201


async def test_two_packers_of_one_unit(warehouse: WarehouseService) -> None:
    unit_1, *_ = await received(warehouse, 2)
    orders = [await warehouse.reserved({SOAP: 1}) for _ in range(2)]
    answers = await asyncio.gather(*(pack(warehouse, order, [unit_1], 1) for order in orders))
    assert sorted(answer.status_code for answer in answers) == [201, 422]


async def test_a_return_puts_units_back_or_writes_them_off_and_they_are_packed_again(
    warehouse: WarehouseService,
) -> None:
    unit_1, unit_2 = await received(warehouse, 2)
    order = await shipped(warehouse, [unit_1, unit_2])
    path, half = f"/orders/{order}/parcels/1/return", [{"sku": SOAP, "quantity": 1}]
    answer = await warehouse.http.post(path, json={"sound": half, "damaged": half})
    assert (answer.status_code, errors(answer)) == (422, {("damaged_units", "all_units")})
    body = {"sound": half, "damaged": half, "damaged_units": scanned([unit_2])}
    assert (await warehouse.http.post(path, json=body)).status_code == 200
    assert (await warehouse.http.post(path, json=body)).status_code == 200
    [returned] = [event for event in await published(warehouse) if isinstance(event, UnitsReturned)]
    assert (returned.reason, returned.units, returned.written_off) == ("returned", keys([unit_1]), keys([unit_2]))
    assert await states(warehouse) == {unit_1: "returned", unit_2: "written_off"}
    again = await packed(warehouse, [unit_1])
    # Whatever is still told of the first order: the unit lies in the second one's box.
    async with warehouse.platform.ledger.transaction() as db:
        await warehouse.platform.ledger.record(db, reevaluate=[order_stream(order), order_stream(again)])
    unit = (await warehouse.http.get(f"/units/{GTIN}/{unit_1}")).json()
    assert (unit["state"], unit["order_id"]) == ("packed", str(again))


async def test_the_units_of_a_withdrawn_order_are_stock_again(warehouse: WarehouseService) -> None:
    unit_1, unit_2 = await received(warehouse, 2)
    order = await packed(warehouse, [unit_1, unit_2])
    await warehouse.consume(cancel(order))
    [returned] = [event for event in await published(warehouse) if isinstance(event, UnitsReturned)]
    assert (returned.order_id, returned.reason, returned.units) == (order, "withdrawn", keys([unit_1, unit_2]))
    page = (await warehouse.http.get("/units", params={"sku": SOAP, "state": "in_stock"})).json()["units"]
    assert sorted(unit["serial"] for unit in page) == sorted([unit_1, unit_2])
    assert {unit["order_id"] for unit in page} == {None}
    await packed(warehouse, [unit_2, unit_1])


async def test_units_of_a_box_that_is_given_up_lie_in_the_next(warehouse: WarehouseService) -> None:
    unit_1, unit_2 = await received(warehouse, 2)
    order = await packed(warehouse, [unit_1, unit_2])
    measures = {"weight_g": 700, "length_mm": 310, "width_mm": 210, "height_mm": 110}
    answer = await warehouse.http.post(f"/orders/{order}/parcels/1/repack", json=measures)
    assert answer.status_code == 200, answer.text
    box = answer.json()["units"]
    assert (box["parcel"], box["units"]) == (2, scanned([unit_1, unit_2]))
    first, given_up, second = [event for event in await published(warehouse) if not isinstance(event, UnitsReceived)]
    assert isinstance(first, UnitsPacked)
    assert isinstance(given_up, UnitsReturned)
    assert isinstance(second, UnitsPacked)
    assert (given_up.reason, given_up.sscc, given_up.units) == ("repacked", first.sscc, first.units)
    assert (second.parcel, second.units, second.sscc != first.sscc) == (2, first.units, True)
    unit = (await warehouse.http.get(f"/units/{GTIN}/{unit_1}")).json()
    assert (unit["state"], unit["parcel"], unit["sscc"]) == ("packed", 2, second.sscc)
    again = await warehouse.http.post(f"/orders/{order}/parcels/1/repack", json=measures)
    assert again.json() == answer.json()
    await warehouse.consume(cancel(order))
    assert await states(warehouse) == {unit_1: "received", unit_2: "received"}


async def test_a_shortage_writes_the_named_units_off(warehouse: WarehouseService) -> None:
    unit_1, unit_2 = await received(warehouse, 2)
    order = await warehouse.reserved({SOAP: 1})
    body = {"sku": SOAP, "quantity": 1, "reason": "damaged", "units": scanned([unit_1])}
    assert (await warehouse.http.post(f"/orders/{order}/shortages", json=body)).json()["replaced"] is True
    write_offs = [event for event in await published(warehouse, WAREHOUSE.name) if isinstance(event, StockWrittenOff)]
    assert [event.units for event in write_offs] == [keys([unit_1])]
    assert await states(warehouse) == {unit_1: "written_off", unit_2: "received"}
    answer = await pack(warehouse, order, [unit_1], 1)
    assert (answer.status_code, errors(answer)) == (422, {("parcels[0].units[0]", "unit_in_stock")})
    assert (await pack(warehouse, order, [unit_2], 1)).status_code == 201


async def test_a_flag_on_a_packed_unit_is_a_case_of_its_order(warehouse: WarehouseService) -> None:
    unit_1, unit_2 = await received(warehouse, 2)
    order = await packed(warehouse, [unit_1])
    await warehouse.consume(
        UnitFlagged(gtin=GTIN, serial=unit_1, occurred_at=NOW, reason="operator"),
        UnitFlagged(gtin=GTIN, serial=unit_2, occurred_at=NOW, reason="operator"),
    )
    [case] = (await warehouse.facts(order)).all(CaseOpened)
    assert (case.matter, case.parcel, case.action, case.reason) == ("unit_flagged", 1, "look_into", "operator")
    assert [unit["flagged"] for unit in (await warehouse.http.get("/units")).json()["units"]] == ["operator"] * 2


async def test_a_case_of_a_flag_closes_when_the_flag_is_cleared(warehouse: WarehouseService) -> None:
    unit_1, unit_2 = await received(warehouse, 2)
    order = await packed(warehouse, [unit_1])
    other = await packed(warehouse, [unit_2])
    for serial in (unit_1, unit_2):
        await warehouse.consume(UnitFlagged(gtin=GTIN, serial=serial, occurred_at=NOW, reason="operator"))
    clearing = UnitCleared(gtin=GTIN, serial=unit_1, occurred_at=NOW, resolution="traveller")
    await warehouse.consume(clearing)
    await warehouse.consume(clearing)
    facts = await warehouse.facts(order)
    [opened], [closed] = facts.all(CaseOpened), facts.all(CaseClosed)
    assert (closed.case, closed.resolution) == (opened.case, "traveller")
    assert CaseClosed not in await warehouse.facts(other)
    assert await flags(warehouse) == {unit_1: None, unit_2: "operator"}
    # Flagged again, while its box is as it was: another case, which its own clearing closes.
    await warehouse.consume(UnitFlagged(gtin=GTIN, serial=unit_1, occurred_at=NOW, turn=2, reason="operator"))
    assert len((await warehouse.facts(order)).all(CaseOpened)) == 2
    await warehouse.consume(UnitCleared(gtin=GTIN, serial=unit_1, occurred_at=NOW, turn=2, resolution="known"))
    assert {case.resolution for case in (await warehouse.facts(order)).all(CaseClosed)} == {"traveller", "known"}


async def flags(warehouse: WarehouseService) -> dict[str, str | None]:
    return {unit["serial"]: unit["flagged"] for unit in (await warehouse.http.get("/units")).json()["units"]}


async def test_a_unit_that_was_flagged_before_its_receipt_is_flagged(warehouse: WarehouseService) -> None:
    await state(warehouse)
    for serial in ("PACK-1", "PACK-2", "PACK-3"):
        await warehouse.consume(UnitFlagged(gtin=GTIN, serial=serial, occurred_at=NOW, reason="unknown_serial"))
    await warehouse.consume(UnitCleared(gtin=GTIN, serial="PACK-2", occurred_at=NOW, resolution="ours"))
    assert (await receive(warehouse, 2, ["PACK-1", "PACK-2"])).status_code == 201
    assert await flags(warehouse) == {"PACK-1": "unknown_serial", "PACK-2": None}
    order = await warehouse.reserved({SOAP: 1})
    answer = await pack(warehouse, order, ["PACK-1"], 1)
    assert (answer.status_code, errors(answer)) == (422, {("parcels[0].units[0]", "not_flagged")})
    await warehouse.consume(UnitCleared(gtin=GTIN, serial="PACK-1", occurred_at=NOW, resolution="ours"))
    assert (await pack(warehouse, order, ["PACK-1"], 1)).status_code == 201
    assert (await receive(warehouse, 1, ["PACK-3"])).status_code == 201
    assert (await flags(warehouse))["PACK-3"] == "unknown_serial"


async def test_a_flag_that_comes_while_the_unit_is_packed_is_looked_at_again(warehouse: WarehouseService) -> None:
    [unit_1] = await received(warehouse, 1)
    flagged_at = warehouse.platform.clock.now()
    flagged = UnitFlagged(gtin=GTIN, serial=unit_1, occurred_at=flagged_at, reason="operator")
    await warehouse.consume(flagged)
    due = await warehouse.platform.pool.fetchval("select due_at from streams where id = $1", flagged.stream_id)
    assert due == flagged_at + timedelta(minutes=1)
    # As if whoever packed it had read the row before the flag was written.
    await warehouse.platform.pool.execute("update units set flagged = null")
    order = await packed(warehouse, [unit_1])
    async with warehouse.platform.ledger.transaction() as db:
        context = DecisionContext(due, caught_up=True)
        await warehouse.platform.ledger.record(db, reevaluate=[flagged.stream], context=context)
    assert CaseOpened in await warehouse.facts(order)


async def test_units_are_listed_by_pages_and_nobody_else_sees_them(warehouse: WarehouseService) -> None:
    serials = sorted(await received(warehouse, 5))
    seen: list[str] = []
    params: dict[str, Any] = {"limit": 2, "gtin": GTIN[1:]}
    while True:
        page = (await warehouse.http.get("/units", params=params)).json()
        seen += [unit["serial"] for unit in page["units"]]
        if page["next"] is None:
            break
        params["cursor"] = page["next"]
    assert seen == serials
    assert (await warehouse.http.get(f"/units/{GTIN}/UNKNOWN")).status_code == 404
    assert (await warehouse.http.get("/units/nothing/UNKNOWN")).status_code == 404
    assert (await warehouse.http.get("/units", headers={"Authorization": ""})).status_code == 401


async def test_orders_without_units_cost_no_statement_more(
    warehouse: WarehouseService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None of the statements on units is made for goods that have none."""

    async def never(*_: object) -> None:
        raise AssertionError("a statement on units")

    for name in ("move", "add_received", "find", "flag", "next_references", "pass_reference"):
        monkeypatch.setattr(units_table, name, never)
    await warehouse.product(SOAP, units=4)
    order = await warehouse.labelled(BOX_OF_SOAP)
    assert (await warehouse.hand_over(order)).status_code == 200
    sound = {"sound": [{"sku": SOAP, "quantity": 2}]}
    assert (await warehouse.http.post(f"/orders/{order}/parcels/1/return", json=sound)).status_code == 200
    assert await published(warehouse) == []


async def test_after_a_restore_units_are_where_their_facts_put_them(
    warehouse: WarehouseService, fresh_database: FreshDatabase
) -> None:
    """Facts that come back from the topics, in the worst order, and a receipt that is entered again."""
    await state(warehouse)
    serials = (await receive(warehouse, 3, reference="BL-1")).json()["lines"][0]["serials"]
    unit_1, unit_2, unit_3 = serials
    order = await packed(warehouse, [unit_1, unit_2])
    published_before = await published(warehouse)
    facts = [*await published(warehouse, WAREHOUSE.name), *published_before]
    async with warehouse_service(await fresh_database("warehouse")) as restored:
        ledger = restored.platform.ledger
        async with ledger.transaction() as db:
            await ledger.restore(db, published=facts, consumed=(), wire={})
            await handlers.on_restored(db, facts, company_prefix="9520000")
        kinds = {event.KIND for event in facts}
        for kind in sorted(kinds, key=lambda kind: kind != "order"):  # orders first: their units' receipts are unknown
            async with ledger.transaction() as db:
                await ledger.record(db, reevaluate={event.stream for event in facts if kind == event.KIND})
        assert await states(restored) == {unit_1: "packed", unit_2: "packed", unit_3: "received"}
        unit = (await restored.http.get(f"/units/{GTIN}/{unit_1}")).json()
        assert (unit["sku"], unit["order_id"]) == (SOAP, str(order))
        again = await receive(restored, 3, reference="BL-1")
        assert (again.status_code, again.json()["lines"][0]["serials"]) == (201, serials)
        assert await published(restored) == []
        [last] = [event.sscc for event in published_before if isinstance(event, UnitsPacked)]
        given = reference_of("9520000", last)
        assert given is not None
        following = await restored.platform.pool.fetchval("select nextval('sscc_references')")
        assert sscc_of("9520000", following) != last
        assert following > given
