"""Papers of many parcels at once, on real servers."""

from __future__ import annotations

import json
import zipfile
from datetime import UTC, datetime
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

import httpx
from pypdf import PdfReader

from contracts.carrier import LabelCreated
from contracts.warehouse import OrderWithdrawn
from sandbox.local.servers import Servers
from shared.jobs import pauses
from tests.support.carrier_service import OPERATOR, WAREHOUSE, CarrierService, carrier_service
from tests.support.databases import FreshDatabase


async def batch(
    carrier: CarrierService, *wanted: tuple[UUID, int | None], accept: str = "application/json", **more: Any
) -> httpx.Response:
    parcels = [{"order_id": str(order_id), "parcel": parcel} for order_id, parcel in wanted]
    headers = {**WAREHOUSE, "accept": accept}
    return await carrier.http.post("/label-batches", json={"parcels": parcels, **more}, headers=headers)


def texts(pdf: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(BytesIO(pdf)).pages]


async def test_the_labels_of_many_parcels_are_one_pdf_in_the_order_given(carrier: CarrierService) -> None:
    first, (number_1, number_2) = await carrier.labelled(2)
    second, (number_3,) = await carrier.labelled()
    answer = await batch(carrier, (second, 1), (first, None), accept="application/pdf")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/pdf"
    assert [next(n for n in (number_1, number_2, number_3) if n in text) for text in texts(answer.content)] == [
        number_3,
        number_1,
        number_2,
    ]
    for order_id, parcels in ((first, 2), (second, 1)):
        read = (await carrier.http.get(f"/orders/{order_id}/person/reads", headers=OPERATOR)).json()["reads"]
        assert sum((row["part"], row["asked_by"]) == ("label", "packer") for row in read) == parcels


async def test_each_parcel_is_answered_and_a_zip_has_those_that_are_found(carrier: CarrierService) -> None:
    order_id, (number,) = await carrier.labelled()
    withdrawn, _ = await carrier.labelled()
    await carrier.consume(OrderWithdrawn(order_id=withdrawn, occurred_at=datetime.now(UTC), reason="shopper"))
    nobody = uuid4()
    wanted = ((nobody, 1), (order_id, 1), (withdrawn, None))
    states = [
        ("unknown", "no_such_order", None, None, 0),
        ("found", None, number, "application/pdf", 0),
        ("withdrawn", "order_withdrawn", None, None, 0),
    ]
    fields = ("state", "reason", "tracking_number", "media_type", "prints")
    seen = (await batch(carrier, *wanted)).json()["items"]
    assert [tuple(item[field] for field in fields) for item in seen] == states
    assert await carrier.count("person_reads", "order_id = $1 and asked_by = 'packer'", order_id) == 0

    answer = await batch(carrier, *wanted, accept="application/zip")
    archive = zipfile.ZipFile(BytesIO(answer.content))
    assert sorted(archive.namelist()) == ["items.json", "labels.pdf"]
    assert number in texts(archive.read("labels.pdf"))[0]
    states[1] = ("found", None, number, "application/pdf", 1)
    printed = json.loads(archive.read("items.json"))["items"]
    assert [tuple(item[field] for field in fields) for item in printed] == states

    refused = await batch(carrier, *wanted, accept="application/pdf")
    assert refused.status_code == 409
    named = [(error["field"], error["rule"]) for error in refused.json()["errors"]]
    assert named == [("parcels[0]", "no_such_order"), ("parcels[2]", "order_withdrawn")]
    assert await carrier.count("labels", "order_id = $1 and prints = 1", order_id) == 1


async def test_a_reprint_is_shown_and_counted(carrier: CarrierService) -> None:
    order_id, _ = await carrier.labelled()
    page = f"/orders/{order_id}/parcels/1/label"
    for time in ("1", "2"):
        answer = await carrier.http.get(page, headers=WAREHOUSE)
        assert answer.headers["x-label-prints"] == time
    unchanged = await carrier.http.get(page, headers={**WAREHOUSE, "if-none-match": answer.headers["etag"]})
    assert (unchanged.status_code, "x-label-prints" in unchanged.headers) == (304, False)
    again = await batch(carrier, (order_id, 1), accept="application/zip")
    items = json.loads(zipfile.ZipFile(BytesIO(again.content)).read("items.json"))["items"]
    assert [item["prints"] for item in items] == [3]
    view = (await carrier.http.get(f"/orders/{order_id}", headers=OPERATOR)).json()
    assert view["labels"][0]["prints"] == 3


async def test_cn23s_of_many_parcels(carrier: CarrierService) -> None:
    order_id, numbers = await carrier.labelled(2)
    answer = await batch(carrier, (order_id, None), accept="application/pdf", paper="cn23")
    assert len(texts(answer.content)) == 8  # four copies each
    assert await carrier.count("person_reads", "order_id = $1 and part = 'cn23'", order_id) == 2
    lost = "update labels set cn23 = null where tracking_number = $1"
    await carrier.platform.pool.execute(lost, numbers[0])
    items = (await batch(carrier, (order_id, None), paper="cn23")).json()["items"]
    assert [(item["state"], item["reason"]) for item in items] == [("gone", "not_kept"), ("found", None)]


async def test_zpl_of_many_parcels_is_one_file(servers: Servers, fresh_database: FreshDatabase) -> None:
    async with carrier_service(servers, fresh_database, laposte_printing="ZPL_10x15_203dpi") as carrier:
        order_id, numbers = await carrier.labelled(2)
        refused = await batch(carrier, (order_id, None), accept="application/pdf")
        assert [error["rule"] for error in refused.json()["errors"]] == ["pdf", "pdf"]
        answer = await batch(carrier, (order_id, 2), (order_id, 1), accept="application/zip")
        printed = zipfile.ZipFile(BytesIO(answer.content)).read("labels.zpl")
        assert printed.count(b"^XA") == printed.count(b"^XZ") == 2
        assert printed.index(numbers[1].encode()) < printed.index(numbers[0].encode())


async def test_on_request_items_have_the_carriers_answer(servers: Servers, fresh_database: FreshDatabase) -> None:
    async with carrier_service(servers, fresh_database) as carrier:
        async with carrier.paused():
            order_id = await carrier.packed()
            waiting = (await batch(carrier, (order_id, 1), check=True)).json()["items"]
            assert [item["reason"] for item in waiting] == ["not_checked"]
        await carrier.until(order_id, LabelCreated, 1)
        async with carrier.platform.ledger.transaction() as db:
            await pauses.pause_kind(db, "label.laposte", order_id)  # no label is made; what it would be is checked
        good, bad = await carrier.packed(), await carrier.packed(weight_g=30_001)
        items = (await batch(carrier, (good, 1), (bad, 1), (order_id, 1), check=True)).json()["items"]
        assert [(item["state"], item["reason"]) for item in items] == [
            ("not_yet", "possible"),
            ("not_yet", "sls:parcel.weight.range"),
            ("found", None),
        ]
        assert await carrier.announced(f"T{good.hex[:10]}-1") == 0


async def test_a_batch_is_bounded_and_for_the_warehouse(carrier: CarrierService) -> None:
    assert (await carrier.http.post("/label-batches", json={"parcels": []})).status_code == 401
    for body, field, rule in (
        ({"parcels": []}, "parcels", "too_short"),
        ({"parcels": [{"order_id": str(uuid4()), "parcel": 1}] * 501}, "parcels", "too_long"),
        ({"parcels": [{"order_id": "x"}]}, "parcels[0].order_id", "uuid_parsing"),
        ({"parcels": [{"order_id": str(uuid4())}], "paper": "slip"}, "paper", "literal_error"),
    ):
        answer = await carrier.http.post("/label-batches", json=body, headers=WAREHOUSE)
        assert answer.status_code == 422, answer.text
        (error,) = answer.json()["errors"]
        assert (error["field"], error["rule"]) == (field, rule)
    order_id, _ = await carrier.labelled(2)
    twice = await batch(carrier, (order_id, None), (order_id, 2))
    assert twice.status_code == 422
    assert [(error["field"], error["rule"]) for error in twice.json()["errors"]] == [("parcels[1]", "duplicate")]
    many = await batch(carrier, *[(order_id, None)] * 251)
    assert (many.status_code, many.json()["errors"][0]["rule"]) == (422, "too_long")
    await carrier.platform.pool.execute(
        "update labels set pdf = convert_to(repeat('x', 67108865), 'UTF8') where order_id = $1 and parcel = 2", order_id
    )
    large = await batch(carrier, (order_id, None), accept="application/zip")
    assert (large.status_code, large.json()["errors"][0]["rule"]) == (422, "max_bytes")
