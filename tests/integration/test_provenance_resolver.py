"""GS1 Digital Links resolved, on a real PostgreSQL."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import jsonschema
import pytest

from contracts.warehouse import UnitKey
from services.provenance.domain.resolver import CONTEXT, DEFAULT, EVENTS, PRODUCT, WAY
from services.provenance.store import events as events_table
from services.provenance.store import looks
from tests.support.databases import FreshDatabase
from tests.support.provenance_samples import GTIN
from tests.support.provenance_service import (
    PACKER,
    ProvenanceService,
    approved,
    packed,
    page_path,
    provenance_service,
    received,
    settings,
    units,
    verified,
)
from tests.support.resolver_suite import DESCRIPTION_SCHEMA, LINKSET_SCHEMA, SUITE

ROOT = "https://id.silkpost.example"
HOST = {"Host": "id.silkpost.example"}
SCHEMAS = pytest.mark.skipif(not SUITE, reason="GS1's schemas are not at hand: GS1_RESOLVER_SUITE=<folder>")


@pytest.fixture
async def dsn(fresh_database: FreshDatabase) -> str:
    return await fresh_database("provenance")


async def sold(service: ProvenanceService) -> UnitKey:
    """A unit whose events are proven."""
    some = units(2)
    await service.consume(verified(), approved())
    await service.consume(received(some))
    await service.consume(packed(some, uuid4()))
    await service.publish()
    return some[0]


def link(unit: UnitKey) -> str:
    return page_path(unit).removeprefix("/page")


async def resolve(service: ProvenanceService, path: str, method: str = "GET", **headers: str) -> httpx.Response:
    """Without following where it leads."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return await service.http.request(method, path, headers={**HOST, **sent}, follow_redirects=False)


async def all_links(service: ProvenanceService, path: str) -> dict[str, dict[str, Any]]:
    answer = await resolve(service, f"{path}?linkType=linkset")
    assert answer.status_code == 200, answer.text
    return {entry["anchor"]: entry for entry in answer.json()["linkset"]}


async def test_a_code_leads_to_the_page_with_its_query(dsn: str) -> None:
    async with provenance_service(settings(dsn)) as service:
        unit = await sold(service)
        for method in ("GET", "HEAD"):
            answer = await resolve(service, f"{link(unit)}?lang=fr&17=261231;x", method)
            assert answer.status_code == 307
            assert answer.headers["Location"] == f"{ROOT}{page_path(unit)}?lang=fr&17=261231;x"
            assert answer.headers["Link"] == (
                f'<{ROOT}{link(unit)}?linkType=linkset>; rel="linkset"; type="application/linkset+json"'
            )
            assert answer.headers["Access-Control-Allow-Origin"] == "*"
        elsewhere = await service.http.get(link(unit), follow_redirects=False)
        assert elsewhere.headers["Location"] == page_path(unit), "by another name it stays there"
        for path in (f"{link(unit)}/", f"/01/{GTIN[1:]}/21/{unit.serial}"):
            assert (await resolve(service, path)).headers["Location"] == f"{ROOT}{page_path(unit)}", path
        page = await service.http.get(link(unit), headers={"Accept-Language": "zh"})
        assert page.status_code == 200
        assert page.headers["Content-Language"] == "zh"


async def test_only_a_page_that_is_shown_is_a_look(dsn: str) -> None:
    async with provenance_service(settings(dsn)) as service:
        unit = await sold(service)
        for query in ("", "?linkType=linkset", "?linkType=gs1:traceability"):
            await resolve(service, f"{link(unit)}{query}")
        async with service.platform.pool.acquire() as db:
            assert (await looks.figures(db, unit)).count == 0
        await service.http.get(link(unit))
        async with service.platform.pool.acquire() as db:
            assert (await looks.figures(db, unit)).count == 1


async def test_a_type_of_link_leads_to_what_fits_best(dsn: str) -> None:
    async with provenance_service(settings(dsn)) as service:
        unit = await sold(service)

        async def led(kind: str, **headers: str) -> str:
            answer = await resolve(service, f"{link(unit)}?linkType={kind}", **headers)
            assert answer.status_code == 307, answer.text
            location, _, query = answer.headers["Location"].rpartition(f"linkType={kind}")
            assert query == ""
            return str(location.removeprefix(ROOT).rstrip("?&"))

        page, product = page_path(unit), f"/page/01/{GTIN}"
        assert await led("gs1:defaultLink") == page
        assert await led("gs1:traceability") == f"{page}?lang=en"
        assert await led("https://gs1.org/voc/traceability", Accept_Language="fr-CH, en;q=0.5") == f"{page}?lang=fr"
        assert await led("gs1:traceability", Accept_Language="de") == f"{page}?lang=en"
        bundle = await led("gs1:traceability", Accept="application/json")
        assert bundle == f"/units/{unit.gtin}/{unit.serial}/bundle"
        assert await led("gs1:pip", Accept_Language="zh") == f"{product}?lang=zh", "of the product above it"
        assert (await led("gs1:epcis")).endswith("/events")
        for kind in ("gs1:verificationService", "gs1:certificationInfo", "gs1:nosuchlt", "schema:url"):
            refused = await resolve(service, f"{link(unit)}?linkType={kind}", Accept="text/html")
            assert refused.status_code == 404, kind
            assert "nothing of the kind" in refused.text


async def test_the_targets_take_what_the_resolver_passes_on(dsn: str) -> None:
    async with provenance_service(settings(dsn)) as service:
        unit = await sold(service)
        for entry in (await all_links(service, link(unit))).values():
            for kind, links in entry.items():
                for target in links if isinstance(links, list) else ():
                    answer = await service.http.get(
                        target["href"].removeprefix(ROOT),
                        params={"linkType": kind} if "?" not in target["href"] else None,
                        headers=PACKER,
                    )
                    assert answer.status_code == 200, (kind, target)
                    assert answer.headers["Content-Type"].startswith(target.get("type", "text/html"))


async def test_the_linkset_has_what_is_known_of_the_unit_and_its_product(dsn: str) -> None:
    async with provenance_service(settings(dsn)) as service:
        unit = await sold(service)
        anchors = await all_links(service, link(unit))
        assert {anchor: set(entry) for anchor, entry in anchors.items()} == {
            f"{ROOT}{link(unit)}": {"anchor", "itemDescription", DEFAULT, WAY, EVENTS},
            f"{ROOT}/01/{GTIN}": {"anchor", "itemDescription", DEFAULT, PRODUCT, EVENTS},
        }
        same = [
            await resolve(service, link(unit), Accept="application/linkset+json"),
            await resolve(service, f"{link(unit)}?linkType=all", Accept="application/json"),
            await resolve(service, f"{link(unit)}?linkType=linkset", Accept="application/ld+json"),
        ]
        assert [answer.status_code for answer in same] == [200] * 3
        kinds = [answer.headers["Content-Type"].partition(";")[0] for answer in same]
        assert kinds == ["application/linkset+json", "application/json", "application/ld+json"]
        assert same[2].json() == {"@context": CONTEXT, **same[0].json()}
        assert same[0].json() == same[1].json()
        for answer in same:
            assert answer.headers["Link"] == (
                f'<{CONTEXT}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'
            )


async def test_unknown_and_erased_look_the_same(dsn: str) -> None:
    async with provenance_service(settings(dsn)) as service:
        unit = await sold(service)
        async with service.platform.pool.acquire() as db:
            await events_table.erase(db, unit)
        unknown = UnitKey(gtin=GTIN, serial=unit.serial[:-1] + "9")

        async def answer_to(key: UnitKey, query: str, **headers: str) -> tuple[int, str]:
            answer = await resolve(service, link(key) + query, **headers)
            whole = json.dumps([sorted(answer.headers.items()), answer.text])
            return answer.status_code, whole.replace(key.serial, "SERIAL")

        for kind in ("", "linkset", "gs1:traceability", "gs1:pip", "gs1:epcis"):
            query = f"?linkType={kind}" if kind else ""
            assert await answer_to(unit, query) == await answer_to(unknown, query), query
        assert set(await all_links(service, link(unit))) == {f"{ROOT}/01/{GTIN}"}, "up to its product"
        page = await service.http.get(link(unit), headers={"Accept-Language": "en"})
        assert page.status_code == 404, "not the page of the product: that would look as if all were well"
        assert "Unknown does not mean fake" in page.text


async def test_a_unit_of_a_product_that_nobody_stated_is_known_all_the_same(dsn: str) -> None:
    async with provenance_service(settings(dsn)) as service:
        some = units(1)
        await service.consume(received(some))
        assert (await resolve(service, link(some[0]))).status_code == 307
        assert (await resolve(service, f"/01/{GTIN}")).status_code == 404
        assert (await resolve(service, f"/01/{GTIN}/21/OTHER")).status_code == 404
        assert (await resolve(service, f"/01/{GTIN}/10/OTHER")).status_code == 404


async def test_a_lot_leads_to_its_page_and_a_third_partys_serial_to_the_product(dsn: str) -> None:
    async with provenance_service(settings(dsn)) as service:
        await sold(service)
        for path, page in (("/10/L-1", "/10/L-1"), ("/22/2A/10/L-1", "/22/2A/10/L-1"), ("/235/X1", ""), ("", "")):
            answer = await resolve(service, f"/01/{GTIN}{path}")
            assert answer.headers["Location"] == f"{ROOT}/page/01/{GTIN}{page}"
        assert set(await all_links(service, f"/01/{GTIN}/10/L-1")) == {f"{ROOT}/01/{GTIN}/10/L-1", f"{ROOT}/01/{GTIN}"}


async def test_what_is_no_digital_link_is_refused(dsn: str) -> None:
    async with provenance_service(settings(dsn)) as service:
        await sold(service)
        wrong_digit = f"{GTIN[:-1]}{(int(GTIN[-1]) + 1) % 10}"
        qualified = [f"{GTIN}/{rest}" for rest in ("foo", "21/A/10/B", "17/261231", "21/%")]
        for path in ("", GTIN[:-2], wrong_digit, *qualified):
            refused = await resolve(service, f"/01/{path}", Accept="application/json")
            assert refused.status_code == 400, path
            assert refused.headers["Content-Type"] == "application/problem+json"
            assert refused.headers["Access-Control-Allow-Origin"] == "*"
        page = await resolve(service, f"/01/{wrong_digit}", Accept="text/html,*/*;q=0.8", Accept_Language="fr")
        assert (page.status_code, page.headers["Content-Language"]) == (400, "fr")
        assert "un chiffre du numéro du produit est faux" in page.text
        assert wrong_digit not in page.text


async def test_scripts_of_other_pages_may_ask(dsn: str) -> None:
    async with provenance_service(settings(dsn, public_burst=1, public_rate=0.01)) as service:
        unit = await sold(service)
        for _ in range(3):
            answer = await resolve(service, link(unit), "OPTIONS", Origin="https://shop.example")
            assert answer.status_code == 204
            assert answer.headers["Access-Control-Allow-Origin"] == "*"
            assert answer.headers["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"
            assert 'rel="linkset"' in answer.headers["Link"]
        assert (await resolve(service, "/01/no", "OPTIONS")).status_code == 204
        assert (await resolve(service, link(unit), "POST")).status_code == 405


async def test_scripts_of_other_pages_read_a_bundle_and_why_there_is_none(dsn: str) -> None:
    async with provenance_service(settings(dsn, public_burst=2, public_rate=0.01)) as service:
        unit = await sold(service)
        known, unknown = (f"/units/{unit.gtin}/{serial}/bundle" for serial in (unit.serial, "UNKNOWN"))
        answers = [await service.http.get(path) for path in (known, unknown, f"{unknown}?x=1", known)]
        assert [answer.status_code for answer in answers] == [200, 404, 422, 429]
        assert {answer.headers["Access-Control-Allow-Origin"] for answer in answers} == {"*"}


async def test_a_client_that_asks_too_often_waits(dsn: str) -> None:
    async with provenance_service(settings(dsn, public_rate=0.1, public_burst=2)) as service:
        answers = [await resolve(service, f"/01/{GTIN}/21/{n}", Accept="text/html") for n in range(3)]
        assert [answer.status_code for answer in answers] == [404, 404, 429]
        assert int(answers[2].headers["Retry-After"]) >= 1
        assert "Try again in a minute" in answers[2].text


async def test_the_resolver_describes_itself(dsn: str) -> None:
    async with provenance_service(settings(dsn, digital_links="https://id.shop.example")) as service:
        answer = await service.http.get("/.well-known/gs1resolver")
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert answer.json()["resolverRoot"] == "https://id.shop.example"


@SCHEMAS
async def test_description_and_linksets_are_valid_by_the_schemas_of_gs1(dsn: str) -> None:
    async with provenance_service(settings(dsn)) as service:
        unit = await sold(service)
        described = (await service.http.get("/.well-known/gs1resolver")).json()
        schema = json.loads((Path(SUITE) / DESCRIPTION_SCHEMA).read_text(encoding="utf-8"))
        jsonschema.validate(described, schema)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**described, "supportedPrimaryKeys": ["1"]}, schema)
        schema = json.loads((Path(SUITE) / LINKSET_SCHEMA).read_text(encoding="utf-8"))
        for path in (link(unit), f"/01/{GTIN}/10/L-1", f"/01/{GTIN}"):
            jsonschema.validate((await resolve(service, f"{path}?linkType=linkset")).json(), schema)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({"linkset": [{"anchor": ROOT}]}, schema)
