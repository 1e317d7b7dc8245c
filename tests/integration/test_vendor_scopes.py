"""A vendor's key on every route of warehouse and provenance, against another vendor's things and against what is not
there: both look the same. For makers: test_makers_scopes."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import httpx
import pytest

from contracts.base import vendor_stream
from contracts.makers import VendorKeyEnded, VendorKeyMade
from contracts.warehouse import GoodsReceived, ReceivedLine, UnitKey
from services.provenance.domain.event_hash import event_hash
from services.vendor_keys import key_name
from tests.support.databases import FreshDatabase
from tests.support.provenance_samples import PLACE
from tests.support.provenance_service import (
    ProvenanceService,
    approved,
    packed,
    provenance_service,
    received,
    settings,
)
from tests.support.vendor_keys import bearer, key_made, key_of
from tests.support.warehouse_service import NOW, WarehouseService, pack_body, product_body, warehouse_service

OWNER, INTRUDER = "savonnerie", "intruding"
GTIN, OTHER_GTIN, NO_GTIN = "03245678901236", "03012345678902", "03012345678919"
SOAP, OTHER = "SAVON-200", "SERUM-30"
LOT = "LOT-OF-SOAP"
NOBODYS = str(UUID(int=1))
YESTERDAY = (datetime.now(UTC) - timedelta(days=1)).isoformat(timespec="milliseconds")
FORBIDDEN = re.compile(rf"{OWNER}|{SOAP}|{GTIN}|SERIAL-OF-SOAP|{LOT}")
"""What no answer to the intruder may hold, whatever it asked for."""


def routes_of(service: str) -> list[tuple[str, str, dict[str, Any]]]:
    document = json.loads((Path(__file__).parents[2] / "contracts" / "openapi" / f"{service}.json").read_text())
    return [
        (method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def of_vendors(service: str) -> list[tuple[str, str]]:
    return [
        (method, path) for method, path, operation in routes_of(service) if {"vendorKey": []} in operation["security"]
    ]


def of_others(service: str) -> list[tuple[str, str]]:
    """Those that need a key, and no vendor's."""
    routes = routes_of(service)
    return [
        (method, path)
        for method, path, operation in routes
        if operation["security"] and {"vendorKey": []} not in operation["security"]
    ]


def filled(path: str, things: Mapping[str, str]) -> str:
    return re.sub(r"{(\w+)}", lambda part: quote(things.get(part[1], "1"), safe=""), path)


def status_and_text(answer: httpx.Response) -> tuple[int, str]:
    """What of an answer may not depend on whether something is there."""
    return answer.status_code, re.sub(r'"creationDate": "[^"]*"', "", answer.text)


# --- warehouse ---


@pytest.fixture
async def warehouse(fresh_database: FreshDatabase) -> AsyncIterator[WarehouseService]:
    """With soap of one vendor, in stock and in an order's box, and with a serum of the intruder's."""
    async with warehouse_service(await fresh_database("warehouse")) as running:
        await running.consume(key_made(OWNER), key_made(INTRUDER))
        for sku, owner, gtin in ((SOAP, OWNER, GTIN), (OTHER, INTRUDER, OTHER_GTIN)):
            body = product_body(identity="serial", gtin=gtin, owner=owner)
            assert (await running.http.put(f"/products/{sku}", json=body)).status_code == 201
            serials = [f"SERIAL-OF-{'SOAP' if sku == SOAP else 'SERUM'}-{n}" for n in range(2)]
            line = {"sku": sku, "quantity": 2, "serials": serials}
            receipt = {"reference": "R-1", "owner": owner, "lines": [line]}
            assert (await running.http.post("/receipts", json=receipt)).status_code == 201
        yield running


async def boxed(warehouse: WarehouseService, sku: str, serial: str, gtin: str) -> UUID:
    """An order of one unit, packed."""
    order = await warehouse.reserved({sku: 1})
    body = pack_body({sku: 1})
    body["parcels"][0]["units"] = [{"gtin": gtin, "serial": serial}]
    answer = await warehouse.http.post(f"/orders/{order}/parcels", json=body)
    assert answer.status_code == 201, answer.text
    return order


FOREIGN_IN_WAREHOUSE = {"sku": SOAP, "gtin": GTIN, "serial": "SERIAL-OF-SOAP-0", "owner": OWNER}
UNKNOWN_IN_WAREHOUSE = {"sku": "NOBODYS-1", "gtin": NO_GTIN, "serial": "NONE", "owner": "nobody", "order_id": NOBODYS}


async def test_at_the_warehouse_anothers_thing_looks_like_one_that_is_not_there(warehouse: WarehouseService) -> None:
    order = await boxed(warehouse, SOAP, "SERIAL-OF-SOAP-0", GTIN)
    foreign, headers = {**FOREIGN_IN_WAREHOUSE, "order_id": str(order)}, bearer(key_of(INTRUDER))
    tried = of_vendors("warehouse")
    assert {path for _, path in tried} == {
        *("/products", "/products/{sku}", "/stock", "/units", "/units/{gtin}/{serial}", "/orders/{order_id}/lines")
    }
    for method, path in tried:
        paths = [(filled(path, things), things) for things in (foreign, UNKNOWN_IN_WAREHOUSE)]
        answers = [status_and_text(await warehouse.http.request(method, url, headers=headers)) for url, _ in paths]
        assert answers[0] == answers[1], path
        assert not FORBIDDEN.search(answers[0][1]), path
        assert answers[0][0] == (404 if "{" in path else 200)
    for path in ("/products", "/stock", "/units"):
        for name in ("sku", "gtin", "owner"):
            filtered = [
                status_and_text(await warehouse.http.get(path, params={name: things[name]}, headers=headers))
                for things in (foreign, UNKNOWN_IN_WAREHOUSE)
            ]
            assert filtered[0] == filtered[1], (path, name)
            assert not FORBIDDEN.search(filtered[0][1]) or filtered[0][0] == 422, (path, name)


async def test_at_the_warehouse_a_vendor_sees_its_own(warehouse: WarehouseService) -> None:
    order = await boxed(warehouse, SOAP, "SERIAL-OF-SOAP-0", GTIN)
    mixed = await warehouse.reserved({SOAP: 1, OTHER: 1})
    headers = bearer(key_of(OWNER))

    async def shown(path: str) -> Any:
        answer = await warehouse.http.get(path, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    assert [product["sku"] for product in (await shown("/products"))["products"]] == [SOAP]
    assert (await shown(f"/products/{SOAP}"))["owner"] == OWNER
    stock = await shown("/stock")
    assert [(level["sku"], level["reserved"]) for level in stock["stock"]] == [(SOAP, 2)]
    assert stock["totals"]["received"] == 2
    assert [row["serial"] for row in (await shown("/units"))["units"]] == ["SERIAL-OF-SOAP-0", "SERIAL-OF-SOAP-1"]
    unit = await shown(f"/units/{GTIN}/SERIAL-OF-SOAP-0")
    assert (unit["state"], unit["order_id"]) == ("packed", str(order))
    lines = await shown(f"/orders/{order}/lines")
    assert (lines["stage"], lines["lines"]) == ("packed", [{"line": 1, "sku": SOAP, "quantity": 1}])
    assert (await shown(f"/orders/{mixed}/lines"))["lines"] == [{"line": 1, "sku": SOAP, "quantity": 1}]
    everything = (await warehouse.http.get(f"/orders/{mixed}/lines")).json()
    assert [line["sku"] for line in everything["lines"]] == [SOAP, OTHER]


async def test_at_the_warehouse_a_unit_without_a_sku_is_nobodys_yet(warehouse: WarehouseService) -> None:
    await warehouse.platform.pool.execute("update units set sku = null where serial = 'SERIAL-OF-SOAP-0'")
    answer = await warehouse.http.get(f"/units/{GTIN}/SERIAL-OF-SOAP-0", headers=bearer(key_of(OWNER)))
    assert answer.status_code == 404


async def test_at_the_warehouse_what_is_no_vendors_is_closed_to_its_key(warehouse: WarehouseService) -> None:
    for method, path in of_others("warehouse"):
        answer = await warehouse.http.request(
            method, filled(path, {**FOREIGN_IN_WAREHOUSE, "order_id": NOBODYS}), headers=bearer(key_of(OWNER))
        )
        assert answer.status_code == 403, (method, path)


# --- provenance ---


@pytest.fixture
async def provenance(fresh_database: FreshDatabase) -> AsyncIterator[ProvenanceService]:
    """With events of a unit of one vendor's soap, of its box, and of a lot."""
    async with provenance_service(settings(await fresh_database("provenance"))) as made:
        of_soap = approved(owner=OWNER, vendor_id=vendor_stream(OWNER).id, gtin=GTIN)
        of_serum = approved(owner=INTRUDER, vendor_id=vendor_stream(INTRUDER).id, gtin=OTHER_GTIN)
        serum = of_serum.model_copy(update={"sku": OTHER, "id": UUID(int=0)})
        await made.consume(key_made(OWNER), key_made(INTRUDER), of_soap, type(serum).model_validate(serum.model_dump()))
        unit = UnitKey(gtin=GTIN, serial="SERIAL-OF-SOAP-0")
        await made.consume(received([unit]).model_copy(update={"gtin": GTIN}))
        await made.consume(packed([unit], uuid4()))
        line = ReceivedLine(sku=SOAP, quantity=5, lot=LOT, gtin=GTIN)
        await made.consume(GoodsReceived(receipt_id=uuid4(), occurred_at=NOW, lines=(line,)))
        yield made


def event_document(gtin: str, serial: str) -> dict[str, Any]:
    return {
        "type": "ObjectEvent",
        "eventTime": YESTERDAY,
        "eventTimeZoneOffset": "+01:00",
        "epcList": [f"https://id.gs1.org/01/{gtin}/21/{serial}"],
        "action": "OBSERVE",
        "bizStep": "inspecting",
    }


def body_of(path: str, event: Mapping[str, Any]) -> dict[str, Any]:
    if path == "/events":
        return dict(event)
    return {
        "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": "2026-11-24T10:00:00.000Z",
        "epcisBody": {"eventList": [event]},
    }


async def test_at_provenance_anothers_thing_looks_like_one_that_is_not_there(provenance: ProvenanceService) -> None:
    headers = bearer(key_of(INTRUDER))
    posted = await provenance.http.post("/events", json=event_document(GTIN, "A"), headers=bearer(key_of(OWNER)))
    assert posted.status_code == 201, posted.text
    document = body_of("/capture", event_document(GTIN, "B"))
    job = await provenance.http.post("/capture", json=document, headers=bearer(key_of(OWNER)))
    assert job.status_code == 202, job.text
    foreign = {
        "event_id": posted.json()["eventID"],
        "epc": PLACE.unit(GTIN, "SERIAL-OF-SOAP-0"),
        "capture_id": job.headers["Location"].rpartition("/")[2],
    }
    unknown = {
        "event_id": event_hash(event_document(NO_GTIN, "A")),
        "epc": PLACE.unit(NO_GTIN, "NONE"),
        "capture_id": NOBODYS,
    }
    tried = of_vendors("provenance")
    assert {(method, path) for method, path in tried if method != "options"} == {
        ("get", "/events"),
        ("post", "/events"),
        ("get", "/events/{event_id}"),
        ("get", "/epcs/{epc}/events"),
        ("get", "/capture"),
        ("post", "/capture"),
        ("get", "/capture/{capture_id}"),
    }
    for method, path in tried:
        answers = []
        for things, gtin in ((foreign, GTIN), (unknown, NO_GTIN)):
            body = body_of(path, event_document(gtin, "A")) if method == "post" else None
            answers.append(
                status_and_text(await provenance.http.request(method, filled(path, things), json=body, headers=headers))
            )
        assert answers[0] == answers[1], (method, path)
        assert not FORBIDDEN.search(answers[0][1]), (method, path)
    for name, foreign_value, other in (
        ("MATCH_epc", foreign["epc"], unknown["epc"]),
        ("MATCH_anyEPC", f"https://id.gs1.org/01/{GTIN}", f"https://id.gs1.org/01/{NO_GTIN}"),
        ("MATCH_epc", PLACE.lot(GTIN, LOT), PLACE.lot(NO_GTIN, LOT)),
        ("EQ_eventID", foreign["event_id"], unknown["event_id"]),
    ):
        filtered = [
            status_and_text(await provenance.http.get("/events", params={name: value}, headers=headers))
            for value in (foreign_value, other)
        ]
        assert filtered[0] == filtered[1], name
        assert filtered[0][0] == 200
    for epc in (PLACE.lot(GTIN, LOT), PLACE.lot(GTIN, "NONE")):
        path = f"/epcs/{quote(epc, safe='')}/events"
        mine, theirs = [await provenance.http.get(path, headers=bearer(key_of(owner))) for owner in (OWNER, INTRUDER)]
        assert (LOT in mine.text, theirs.status_code, LOT in theirs.text) == (LOT in epc, 200, False)
        told_of = [
            status_and_text(
                await provenance.http.post(
                    "/events", json=event_document(gtin, "A") | {"epcList": [event_epc]}, headers=headers
                )
            )
            for gtin, event_epc in ((GTIN, epc), (NO_GTIN, PLACE.lot(NO_GTIN, LOT)))
        ]
        assert told_of[0] == told_of[1]


async def test_at_provenance_what_is_no_vendors_is_closed_to_its_key(provenance: ProvenanceService) -> None:
    for method, path in of_others("provenance"):
        answer = await provenance.http.request(
            method, filled(path, {"gtin": GTIN, "serial": "SERIAL-OF-SOAP-0"}), headers=bearer(key_of(OWNER))
        )
        assert answer.status_code == 403, (method, path)


# --- keys as makers tells of them ---


async def test_at_the_warehouse_a_key_opens_once_it_was_told_until_its_end(warehouse: WarehouseService) -> None:
    await opens_until_its_end(warehouse, "/stock")


async def test_at_provenance_a_key_opens_once_it_was_told_until_its_end(provenance: ProvenanceService) -> None:
    await opens_until_its_end(provenance, "/events")


async def opens_until_its_end(running: WarehouseService | ProvenanceService, path: str) -> None:
    made = key_made("third")
    ended = VendorKeyEnded(vendor_id=made.vendor_id, occurred_at=NOW, sha256=made.sha256, ends_at=NOW)

    async def status(owner: str) -> int:
        return (await running.http.get(path, headers=bearer(key_of(owner)))).status_code

    async def not_after(key: VendorKeyMade) -> datetime | None:
        end: datetime | None = await running.platform.pool.fetchval(
            "select not_after from api_keys where hash = $1", bytes.fromhex(key.sha256)
        )
        return end

    assert await status("third") == 401
    await running.consume(made)
    assert await status("third") == 200
    await running.consume(ended)
    assert await not_after(made) == NOW
    fourth, fifth = key_made("fourth"), key_made("fifth")
    await running.consume(made, fourth)
    assert await not_after(made) == NOW
    # Its end may be read before it, and what was ended here by hand is not begun again.
    await running.consume(ended.model_copy(update={"sha256": fifth.sha256, "id": UUID(int=0)}))
    rows = await running.platform.pool.fetch("select name from api_keys where scope = 'vendor'")
    assert key_name(fifth.vendor_id) not in {row["name"] for row in rows}
    await running.consume(fifth)
    assert await status("fifth") == 401
    by_hand = await running.platform.pool.fetchval(
        "update api_keys set not_after = now() where name = $1 returning not_after", key_name(fourth.vendor_id)
    )
    far = VendorKeyEnded(
        vendor_id=fourth.vendor_id, occurred_at=NOW, sha256=fourth.sha256, ends_at=by_hand + timedelta(days=1)
    )
    await running.consume(far)
    assert await not_after(fourth) == by_hand


async def test_a_key_of_ours_is_never_made_a_vendors(warehouse: WarehouseService) -> None:
    hash_of_ours = await warehouse.platform.pool.fetchval("select hash from api_keys where name = 'packer'")
    made = VendorKeyMade(vendor_id=vendor_stream("sly").id, occurred_at=NOW, sha256=hash_of_ours.hex())
    ended = VendorKeyEnded(vendor_id=made.vendor_id, occurred_at=NOW, sha256=made.sha256, ends_at=NOW)
    await warehouse.consume(made, ended)
    row = await warehouse.platform.pool.fetchrow(
        "select name, scope, not_after from api_keys where hash = $1", hash_of_ours
    )
    assert row is not None
    assert tuple(row) == ("packer", "warehouse", None)
