"""Labels on real servers: made, refused, uncertain after a lost answer, shown to whom they concern."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from pypdf import PdfReader

from contracts.carrier import LabelCreated, LabelRefused
from contracts.warehouse import OrderWithdrawn
from sandbox.local.servers import Servers
from tests.support.carrier_service import OPERATOR, WAREHOUSE, CarrierService, carrier_service
from tests.support.databases import FreshDatabase
from tests.support.waiting import until


async def test_a_label_is_made_kept_and_shown(carrier: CarrierService) -> None:
    order_id, (number,) = await carrier.labelled()
    assert (await carrier.http.get(f"/orders/{order_id}/parcels/1/label")).status_code == 401
    answer = await carrier.http.get(f"/orders/{order_id}/parcels/1/label", headers=WAREHOUSE)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF")
    again = {**WAREHOUSE, "If-None-Match": answer.headers["etag"]}
    assert (await carrier.http.get(f"/orders/{order_id}/parcels/1/label", headers=again)).status_code == 304
    assert (
        await carrier.count("person_reads", "order_id = $1 and part = 'label' and asked_by = 'packer'", order_id) == 2
    )
    sealed = await carrier.platform.pool.fetchval("select pdf from labels where tracking_number = $1", number)
    assert b"%PDF" not in sealed
    for missing in (f"/orders/{order_id}/parcels/2/label", f"/orders/{uuid4()}/parcels/1/label"):
        assert (await carrier.http.get(missing, headers=WAREHOUSE)).status_code == 404


async def test_the_cn23_is_read_on_its_own(carrier: CarrierService) -> None:
    order_id, (number,) = await carrier.labelled()
    page = f"/orders/{order_id}/parcels/1/cn23"
    assert (await carrier.http.get(page)).status_code == 401
    answer = await carrier.http.get(page, headers=WAREHOUSE)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["x-tracking-number"] == number
    assert len(PdfReader(BytesIO(answer.content)).pages) == 4  # one a copy
    again = {**WAREHOUSE, "if-none-match": answer.headers["etag"]}
    assert (await carrier.http.get(page, headers=again)).status_code == 304
    read = (await carrier.http.get(f"/orders/{order_id}/person/reads", headers=OPERATOR)).json()["reads"]
    of_packers = [(row["part"], row["purpose"], row["asked_by"]) for row in read if row["asked_by"] != "(service)"]
    assert of_packers == [("cn23", "parcel 1", "packer")] * 2
    for missing in (f"/orders/{order_id}/parcels/2/cn23", f"/orders/{uuid4()}/parcels/1/cn23"):
        assert (await carrier.http.get(missing, headers=WAREHOUSE)).status_code == 404
    await carrier.platform.pool.execute("update labels set cn23 = null where tracking_number = $1", number)
    answer_without_cn23 = await carrier.http.get(page, headers=WAREHOUSE)
    assert (answer_without_cn23.status_code, answer_without_cn23.json()["title"]) == (404, "no CN23 for this parcel")


async def test_papers_for_a_label_printer_are_passed_through(servers: Servers, fresh_database: FreshDatabase) -> None:
    formats = {"laposte_printing": "ZPL_10x15_203dpi", "laposte_cn23_printing": "ZPL_10x12_203dpi"}
    async with carrier_service(servers, fresh_database, **formats) as carrier:
        order_id, _ = await carrier.labelled()
        for page, formats_printed in (("label", 1), ("cn23", 4)):
            answer = await carrier.http.get(f"/orders/{order_id}/parcels/1/{page}", headers=WAREHOUSE)
            assert answer.headers["content-type"] == "application/vnd.zebra-zpl"
            assert answer.content.count(b"^XA") == formats_printed


async def test_a_label_that_bears_the_cn23_is_read_as_both(servers: Servers, fresh_database: FreshDatabase) -> None:
    async with carrier_service(servers, fresh_database, laposte_printing="PDF_A4_300dpi_UL") as carrier:
        order_id, _ = await carrier.labelled()
        pages = [
            (await carrier.http.get(f"/orders/{order_id}/parcels/1/{page}", headers=WAREHOUSE)).content
            for page in ("label", "cn23")
        ]
        assert pages[0] == pages[1]
        assert pages[0].count(b"CN 23") == 1


async def test_the_slip_beside_a_label_has_the_characters_whole(carrier: CarrierService) -> None:
    order_id, (number,) = await carrier.labelled()
    page = f"/orders/{order_id}/parcels/1/slip"
    assert (await carrier.http.get(page)).status_code == 401
    answer = await carrier.http.get(page, headers=WAREHOUSE)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text.split("\n") == [
        number,
        "收件人 王小明",
        "电话 +8613800138000",
        "地址 广东省深圳市南山区科技园南路1号3栋502室",
        "邮编 518057",
        "",
    ]
    again = {**WAREHOUSE, "if-none-match": answer.headers["etag"]}
    assert (await carrier.http.get(page, headers=again)).status_code == 304
    read = (await carrier.http.get(f"/orders/{order_id}/person/reads", headers=OPERATOR)).json()["reads"]
    assert ("contact", "slip of parcel 1") in {
        (row["part"], row["purpose"]) for row in read if row["asked_by"] != "(service)"
    }
    for missing in (f"/orders/{order_id}/parcels/2/slip", f"/orders/{uuid4()}/parcels/1/slip"):
        assert (await carrier.http.get(missing, headers=WAREHOUSE)).status_code == 404


async def test_the_slip_is_a_page_with_its_font_where_a_pdf_is_asked_for(carrier: CarrierService) -> None:
    order_id, (number,) = await carrier.labelled()
    page = f"/orders/{order_id}/parcels/1/slip"
    answer = await carrier.http.get(page, headers={**WAREHOUSE, "accept": "application/pdf"})
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["vary"] == "Accept"
    (printed,) = PdfReader(BytesIO(answer.content)).pages
    text = printed.extract_text().replace("\n", "")
    for part in (number, "收件人 王小明", "+8613800138000", "广东省深圳市南山区科技园南路1号3栋502室", "518057"):
        assert part in text
    again = {**WAREHOUSE, "accept": "application/pdf", "if-none-match": answer.headers["etag"]}
    assert (await carrier.http.get(page, headers=again)).status_code == 304
    rare = await carrier.packed(contact={"street": "科技园\U00020bb7路1号"})
    await carrier.until(rare, LabelCreated, 1)
    page = f"/orders/{rare}/parcels/1/slip"
    refused = await carrier.http.get(page, headers={**WAREHOUSE, "accept": "application/pdf"})
    assert (refused.status_code, refused.json()["detail"]) == (409, "Ask for text/plain.")
    assert "\U00020bb7" in (await carrier.http.get(page, headers=WAREHOUSE)).text


async def test_two_parcels_two_labels(carrier: CarrierService) -> None:
    _, numbers = await carrier.labelled(2)
    assert len(set(numbers)) == 2


async def test_a_label_is_refused_where_no_carrier_goes(carrier: CarrierService) -> None:
    order_id = await carrier.packed(contact={"country": "XX"})
    assert (await carrier.until(order_id, LabelRefused, 1)).reason == "no_route"


async def test_a_label_is_refused_for_the_parcel_s_own_fault(carrier: CarrierService) -> None:
    order_id = await carrier.packed(weight_g=30_001)
    assert (await carrier.until(order_id, LabelRefused, 1)).reason == "sls:parcel.weight.range"


@pytest.mark.parametrize(("kind", "more"), [("429", {"retry_after": 0}), ("429", {}), ("500", {})])
async def test_a_busy_carrier_leaves_no_unconfirmed_label(
    carrier: CarrierService, kind: str, more: dict[str, Any]
) -> None:
    await carrier.fault("sls", kind, **more)
    order_id, _ = await carrier.labelled()
    assert await carrier.count("unconfirmed_labels", "order_id = $1", order_id) == 0


async def test_a_label_whose_papers_were_lost_is_had_by_its_number(carrier: CarrierService) -> None:
    await carrier.fault("sls", "cut_pdf")
    order_id, (number,) = await carrier.labelled()
    assert await carrier.announced(f"T{order_id.hex[:10]}-1") == 1
    view = (await carrier.http.get(f"/orders/{order_id}", headers=OPERATOR)).json()
    assert [label["tracking_number"] for label in view["labels"]] == [number]
    assert {"lastName:latin", "line2:latin"} < set(view["labels"][0]["changes"])
    assert view["ghost_labels"] == []
    for page in ("label", "cn23"):
        answer = await carrier.http.get(f"/orders/{order_id}/parcels/1/{page}", headers=WAREHOUSE)
        assert answer.content.endswith(b"%%EOF\n")


async def test_a_label_that_is_not_to_be_had_by_its_number_is_unconfirmed_and_another_is_made(
    carrier: CarrierService,
) -> None:
    await carrier.fault("sls", "cut_pdf", 2)
    order_id, (number,) = await carrier.labelled()
    assert await carrier.announced(f"T{order_id.hex[:10]}-1") == 2
    view = (await carrier.http.get(f"/orders/{order_id}", headers=OPERATOR)).json()
    assert [label["tracking_number"] for label in view["labels"]] == [number]
    (ghost,) = view["ghost_labels"]
    assert ghost["reason"] == "sls:label_no_pdf"
    assert ghost["tracking_number"] != number


@pytest.mark.parametrize(("kind", "reason"), [("lost_answer", "sls:RemoteProtocolError"), ("truncated", None)])
async def test_after_a_lost_answer_the_call_is_repeated_and_an_unconfirmed_label_recorded(
    carrier: CarrierService, kind: str, reason: str | None
) -> None:
    await carrier.fault("sls", kind)
    order_id, (number,) = await carrier.labelled()
    assert await carrier.announced(f"T{order_id.hex[:10]}-1") == 2
    view = (await carrier.http.get(f"/orders/{order_id}", headers=OPERATOR)).json()
    assert [label["tracking_number"] for label in view["labels"]] == [number]
    assert {"lastName:latin", "line2:latin"} < set(view["labels"][0]["changes"])
    assert len(view["ghost_labels"]) == 1
    assert reason is None or view["ghost_labels"][0]["reason"] == reason


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("gzip_bomb", "sls:answer_encoding"),
        ("endless", "sls:answer_size"),
        ("trickle", "sls:answer_time"),
        ("html", "sls:unreadable"),
        ("wrong_type", "sls:unreadable"),
    ],
)
async def test_an_unreadable_answer_leaves_an_unconfirmed_label(
    carrier: CarrierService, kind: str, reason: str
) -> None:
    await carrier.fault("sls", kind)
    order_id, (number,) = await carrier.labelled()
    view = (await carrier.http.get(f"/orders/{order_id}", headers=OPERATOR)).json()
    assert [label["tracking_number"] for label in view["labels"]] == [number]
    assert [label["reason"] for label in view["ghost_labels"]] == [reason]


async def test_an_answer_that_takes_too_long_counts_as_lost(carrier: CarrierService) -> None:
    await carrier.fault("sls", "slow", seconds=5)
    order_id, _ = await carrier.labelled()
    assert await carrier.count("unconfirmed_labels", "order_id = $1 and reason = 'sls:answer_time'", order_id) == 1


async def test_a_label_for_an_order_withdrawn_meanwhile_is_kept_and_never_shown(carrier: CarrierService) -> None:
    before = await carrier.injected("sls", "slow")
    await carrier.fault("sls", "slow", seconds=2)
    order_id = await carrier.packed()

    async def slow_answer_injected() -> bool:
        return await carrier.injected("sls", "slow") > before

    await until(slow_answer_injected)
    await carrier.consume(OrderWithdrawn(order_id=order_id, occurred_at=datetime.now(UTC), reason="shopper"))
    await carrier.until_count(1, "labels", "order_id = $1", order_id)
    assert LabelCreated not in await carrier.facts(order_id)
    assert await carrier.count("labels", "order_id = $1 and used", order_id) == 0
    assert (await carrier.http.get(f"/orders/{order_id}/parcels/1/label", headers=WAREHOUSE)).status_code == 404
    number = await carrier.platform.pool.fetchval("select tracking_number from labels where order_id = $1", order_id)
    async with carrier.without_callbacks():
        await carrier.scan(number, "PC1", "FR")  # somebody used it all the same
    await carrier.platform.pool.execute("update labels set polled_at = now() - interval '25 hours' where not used")
    await carrier.until_count(1, "raw_scans", "tracking_number = $1 and code = 'PC1' and source = 'poll'", number)


async def test_a_label_is_not_shown_after_withdrawal(carrier: CarrierService) -> None:
    order_id, _ = await carrier.labelled()
    await carrier.consume(OrderWithdrawn(order_id=order_id, occurred_at=datetime.now(UTC), reason="shopper"))
    for page in ("label", "cn23", "slip"):
        assert (await carrier.http.get(f"/orders/{order_id}/parcels/1/{page}", headers=WAREHOUSE)).status_code == 410
