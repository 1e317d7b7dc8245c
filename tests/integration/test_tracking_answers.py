"""Tracking on a real PostgreSQL: what it answers to whom."""

from __future__ import annotations

import importlib
from datetime import timedelta
from uuid import UUID, uuid4

import httpx
import pytest

from contracts.warehouse import ParcelRepacked
from services.links import link_secret
from tests.support.databases import FreshDatabase
from tests.support.http_server import serving
from tests.support.tracking_orders import BEGIN, label, number, packed, placed, scan
from tests.support.tracking_service import TrackingService, tracking_service


async def test_the_public_answer_is_an_allow_list(tracking: TrackingService) -> None:
    order = await tracking.shipped(parcels=2)
    answer = await tracking.http.get(f"/tracking/{number(order)}")
    assert answer.json() == {"status": "accepted", "status_at": "2026-11-03T08:00:00Z", "country": "FR"}
    same = await tracking.http.get(f"/tracking/{number(order)}", headers={"If-None-Match": answer.headers["etag"]})
    assert same.status_code == 304
    typed = f" {number(order)[:2].lower()} {number(order)[2:6]}.{number(order)[6:].lower()} "
    for path in (f"/tracking/{typed}", f"/track/parcels/{typed}?lang=en"):
        as_typed = await tracking.http.get(path)
        assert as_typed.content == (await tracking.http.get(path.replace(typed, number(order)))).content, path
        assert as_typed.status_code == 200


async def test_a_city_is_for_who_has_the_secret(tracking: TrackingService) -> None:
    order = await tracking.shipped()
    await tracking.consume(scan(order, "ET3", "arrived_destination", 90).model_copy(update={"city": "Roissy"}))
    secret = {"secret": tracking.secret(order)}
    document = (await tracking.http.get(f"/orders/{order}/tracking", params=secret)).json()
    assert [parcel.get("city") for parcel in document["parcels"]] == ["Roissy"]
    assert document["timeline"][-1]["city"] == "Roissy"
    assert "Roissy" in (await tracking.http.get(f"/track/{order}", params=secret)).text
    for path in (f"/tracking/{number(order)}", f"/track/parcels/{number(order)}"):
        public = await tracking.http.get(path)
        assert public.status_code == 200
        assert "Roissy" not in public.text


async def test_the_number_of_a_box_that_was_given_up_is_no_parcels_any_more(tracking: TrackingService) -> None:
    order, (current, old) = uuid4(), (2, 1)
    plan = packed(order, 2)
    await tracking.consume(placed(order), plan, label(order, old), label(order, current))
    assert (await tracking.http.get(f"/tracking/{number(order, old)}")).status_code == 200
    box = plan.parcels[0].model_copy(update={"parcel": 3})
    await tracking.consume(ParcelRepacked(order_id=order, occurred_at=BEGIN + timedelta(hours=1), parcel=old, box=box))
    answers = [await tracking.http.get(f"/tracking/{number(order, parcel)}") for parcel in (old, current)]
    assert [answer.status_code for answer in answers] == [404, 200]


async def test_a_hold_is_public(tracking: TrackingService) -> None:
    order = await tracking.shipped()
    held = scan(order, "DO3", "import_customs", 90)
    await tracking.consume(held.model_copy(update={"sets": ("customs_held",), "id": UUID(int=0)}))
    answer = (await tracking.http.get(f"/tracking/{number(order)}")).json()
    assert (answer["status"], answer["flags"]) == ("import_customs", ["customs_held"])
    page = await tracking.http.get(f"/track/parcels/{number(order)}", headers={"Accept-Language": "en"})
    assert "Held by customs" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


async def test_a_hold_of_before_is_public_after_the_migration(tracking: TrackingService) -> None:
    order, free = await tracking.shipped(parcels=2), await tracking.shipped()
    held = scan(order, "DO3", "import_customs", 90, 2)
    await tracking.consume(held.model_copy(update={"sets": ("customs_held",), "id": UUID(int=0)}))
    pool = tracking.platform.pool
    await pool.execute("alter table parcels drop column flags")
    migration = importlib.import_module("services.tracking.migrations.0004_public_flags")
    for statement in migration.STATEMENTS:
        await pool.execute(statement)
    rows = await pool.fetch("select order_id, parcel, flags from parcels where order_id = any($1)", [order, free])
    assert {(row["order_id"], row["parcel"]): row["flags"] for row in rows} == {
        (order, 1): [],
        (order, 2): ["customs_held"],
        (free, 1): [],
    }


async def test_the_page_of_a_number_shows_nothing_of_the_order(tracking: TrackingService) -> None:
    order = await tracking.shipped()
    page = await tracking.http.get(f"/track/parcels/{number(order)}", headers={"Accept-Language": "fr"})
    assert (page.status_code, page.headers["content-language"]) == (200, "fr")
    assert "Pris en charge par La Poste" in page.text
    for secret in (str(order), tracking.secret(order), f"TM-{order.hex[:8]}", "soap", "SOAP"):
        assert secret not in page.text
    same = await tracking.http.get(
        f"/track/parcels/{number(order)}", headers={"Accept-Language": "fr", "If-None-Match": page.headers["etag"]}
    )
    assert same.status_code == 304
    missing = [await tracking.http.get(f"/track/parcels/{n}") for n in ("CY000000000FR", "cy-1", "X" * 200)]
    assert {(answer.status_code, answer.text) for answer in missing} == {(404, missing[0].text)}


async def test_the_page_of_a_number_names_the_carrier_whose_it_is(tracking: TrackingService) -> None:
    order = uuid4()
    by_ems = label(order).model_copy(update={"carrier": "ems"})
    await tracking.consume(placed(order), packed(order, 1), by_ems, scan(order, "EMA", "accepted", 24))
    page = await tracking.http.get(f"/track/parcels/{number(order)}", headers={"Accept-Language": "fr"})
    assert "Pris en charge par EMS" in page.text
    assert "La Poste" not in page.text
    unlabelled = uuid4()
    await tracking.consume(scan(unlabelled, "PC1", "accepted", 24))
    page = await tracking.http.get(f"/track/parcels/{number(unlabelled)}", headers={"Accept-Language": "fr"})
    assert "Pris en charge par notre transporteur" in page.text


async def test_scripts_of_any_site_may_read_the_public_answer_and_no_other(tracking: TrackingService) -> None:
    order = await tracking.shipped()
    path, origin = f"/tracking/{number(order)}", {"Origin": "https://shop.example"}
    preflight = await tracking.http.options(path, headers={**origin, "Access-Control-Request-Method": "GET"})
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-methods"] == "GET, HEAD, OPTIONS"
    public = [
        preflight,
        await tracking.http.get(path, headers=origin),
        await tracking.http.get("/tracking/CY000000000FR", headers=origin),
        await tracking.http.get(path, params={"x": "1"}, headers=origin),
    ]
    assert [answer.status_code for answer in public] == [204, 200, 404, 422]
    for answer in public:
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in answer.headers
    for closed in (
        await tracking.http.get(f"/orders/{order}/tracking", params={"secret": tracking.secret(order)}, headers=origin),
        await tracking.http.get(f"/track/parcels/{number(order)}", headers=origin),
    ):
        assert closed.status_code == 200
        assert "access-control-allow-origin" not in closed.headers
    assert (await tracking.http.options(f"/orders/{order}/tracking", headers=origin)).status_code == 405


async def test_head_answers_as_get_without_a_body(tracking: TrackingService) -> None:
    order = await tracking.shipped()
    secret = {"secret": tracking.secret(order)}
    async with (
        serving(tracking.app) as address,
        httpx.AsyncClient(base_url=address, trust_env=False) as http,
    ):
        for path, query in (
            (f"/tracking/{number(order)}", {}),
            (f"/track/parcels/{number(order)}", {}),
            (f"/orders/{order}/tracking", secret),
            (f"/track/{order}", secret),
        ):
            got, head = await http.get(path, params=query), await http.head(path, params=query)
            assert (head.status_code, head.content) == (200, b"")
            assert head.headers["etag"] == got.headers["etag"]
        assert (await http.head("/tracking/CY000000000FR")).status_code == 404


async def test_what_is_unknown_malformed_or_forbidden_has_one_answer(tracking: TrackingService) -> None:
    order, stranger = await tracking.shipped(), uuid4()
    wrong = tracking.secret(uuid4())
    answers = [
        await tracking.http.get("/tracking/CY000000000FR"),
        await tracking.http.get("/tracking/cy-1"),
        await tracking.http.get(f"/tracking/{'X' * 200}"),
        await tracking.http.get(f"/orders/{order}/tracking"),
        await tracking.http.get(f"/orders/{order}/tracking", params={"secret": wrong}),
        await tracking.http.get(
            f"/orders/{order}/tracking", params={"secret": "v9.é\udc80".encode("utf-8", "replace")}
        ),
        await tracking.http.get(f"/orders/{stranger}/tracking", params={"secret": tracking.secret(stranger)}),
        await tracking.http.get("/orders/none/tracking", params={"secret": wrong}),
        await tracking.http.get(
            f"/orders/{order}/tracking", headers={"X-Tracking-Secret": wrong, "If-None-Match": "*"}
        ),
        await tracking.http.get(f"/orders/{order}/tracking/stream", params={"secret": wrong}),
        await tracking.http.get(f"/orders/{stranger}/tracking/stream", params={"secret": tracking.secret(stranger)}),
    ]
    assert {(answer.status_code, answer.text) for answer in answers} == {(404, answers[0].text)}
    assert answers[0].headers["content-type"] == "application/problem+json"
    pages = [
        await tracking.http.get(f"/track/{order}", params={"secret": wrong}),
        await tracking.http.get(f"/track/{order}"),
        await tracking.http.get(f"/track/{stranger}", params={"secret": tracking.secret(stranger)}),
        await tracking.http.get("/track/none"),
    ]
    assert {(page.status_code, page.text) for page in pages} == {(404, pages[0].text)}


async def test_the_document_with_its_secret(tracking: TrackingService) -> None:
    order = await tracking.shipped(parcels=2)
    by_query = await tracking.http.get(f"/orders/{order}/tracking", params={"secret": tracking.secret(order)})
    by_header = await tracking.http.get(
        f"/orders/{order}/tracking", headers={"X-Tracking-Secret": tracking.secret(order)}
    )
    assert by_query.status_code == 200
    assert by_query.content == by_header.content
    assert by_query.headers["referrer-policy"] == "no-referrer"
    document = by_query.json()
    assert [parcel["status"] for parcel in document["parcels"]] == ["accepted", "accepted"]
    assert {step["actor"] for step in document["next"]} == {"carrier"}
    assert "26.00" not in by_query.text

    tag = by_query.headers["etag"]
    stored = await tracking.platform.pool.fetchval("select etag from documents where order_id = $1", order)
    assert tag == f'"{stored}"'
    ask = {"X-Tracking-Secret": tracking.secret(order), "If-None-Match": tag}
    assert (await tracking.http.get(f"/orders/{order}/tracking", headers=ask)).status_code == 304
    await tracking.consume(scan(order, "ET2", "at_origin_exchange", 48))
    changed = await tracking.http.get(f"/orders/{order}/tracking", headers=ask)
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag


async def test_a_secret_of_an_older_key_still_opens(tracking: TrackingService) -> None:
    order = await tracking.shipped()
    older = link_secret({"v1": b"1" * 32}, order)
    assert (await tracking.http.get(f"/orders/{order}/tracking", params={"secret": older})).status_code == 200


async def test_a_repeated_fact_changes_nothing(tracking: TrackingService) -> None:
    order = await tracking.shipped()
    before = await tracking.platform.pool.fetchrow("select xmin::text, body from documents where order_id = $1", order)
    await tracking.consume(scan(order, "PC1", "accepted", 24), label(order))
    assert before == await tracking.platform.pool.fetchrow(
        "select xmin::text, body from documents where order_id = $1", order
    )


async def test_guessing_is_slowed_down(fresh_database: FreshDatabase) -> None:
    async with tracking_service(await fresh_database("tracking"), public_burst=3) as tracking:
        answers = [await tracking.http.get("/tracking/CY000000000FR") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [404, 404, 404, 429]
    assert int(answers[-1].headers["retry-after"]) >= 1


@pytest.mark.parametrize(
    ("accept", "tag", "words"),
    [
        ("zh-CN,zh;q=0.9", "zh-Hans", "法国邮政已揽收"),
        ("fr-FR,en;q=0.5", "fr", "Pris en charge par La Poste"),
        ("en", "en", "Taken in charge by La Poste"),
        ("de", "zh-Hans", "北京时间"),
    ],
)
async def test_the_page_in_the_readers_language(tracking: TrackingService, accept: str, tag: str, words: str) -> None:
    order = await tracking.shipped()
    page = await tracking.http.get(
        f"/track/{order}", params={"secret": tracking.secret(order)}, headers={"Accept-Language": accept}
    )
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert f'lang="{tag}"' in page.text
    assert words in page.text
    again = await tracking.http.get(
        f"/track/{order}",
        params={"secret": tracking.secret(order)},
        headers={"Accept-Language": accept, "If-None-Match": page.headers["etag"]},
    )
    assert again.status_code == 304


async def test_the_page_shows_a_document_with_the_fields_of_a_later_version(tracking: TrackingService) -> None:
    order = await tracking.shipped()
    later = """update documents
               set body = convert_to((convert_from(body, 'UTF8')::jsonb || '{"added_later": 1}')::text, 'UTF8')
               where order_id = $1"""
    await tracking.platform.pool.execute(later, order)
    answer = await tracking.http.get(f"/track/{order}?secret={tracking.secret(order)}")
    assert answer.status_code == 200
