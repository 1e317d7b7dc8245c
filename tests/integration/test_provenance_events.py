"""Events over HTTP by GS1's REST binding of EPCIS 2.0: asked for, told by others, and shown in bundles."""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import httpx
import jsonschema
import pytest

from contracts.base import vendor_stream
from contracts.makers import Product, ProductApproved
from contracts.warehouse import GoodsReceived, PackedLot, ReceivedLine, UnitKey
from services.provenance.domain.bundles import BadBundle, verify_bundle
from services.provenance.domain.event_hash import event_hash
from services.provenance.domain.leaves import event_leaf
from services.provenance.domain.signing import parse_jws
from services.provenance.main import audited
from shared.operations.provision import keep_api_key
from shared.scopes import Scope
from tests.support.databases import FreshDatabase
from tests.support.provenance_samples import GTIN, ISSUER, PLACE, SSCC
from tests.support.provenance_service import (
    NOW,
    ProvenanceService,
    delivered,
    handed_over,
    packed,
    provenance_service,
    received,
    returned,
    settings,
    units,
)

OWN, FOREIGN = "03012345678902", "03245678901236"
VENDOR, OTHER = vendor_stream("vieux-port"), vendor_stream("other")
OPERATOR, WAREHOUSE, MAKER, RIVAL = "operator-key", "warehouse-key", "maker-key", "rival-key"
KEYS: tuple[tuple[str, str, Scope], ...] = (
    (OPERATOR, "operator", "operator"),
    (WAREHOUSE, "warehouse", "warehouse"),
    (MAKER, f"vendor:{VENDOR.id}", "vendor"),
    (RIVAL, f"vendor:{OTHER.id}", "vendor"),
    ("nobody", "vendor", "vendor"),
    ("shop", "shop", "marketplace"),
)
SCHEMA_FILE = os.environ.get("EPCIS_SCHEMA", "")
SCHEMA = json.loads(Path(SCHEMA_FILE).read_text(encoding="utf-8")) if SCHEMA_FILE else None
BOX = "030123450000000031"
YESTERDAY = (datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)).isoformat()
"""The same for each event, however long a test takes: asked for twice it is one event."""


def approved(owner: str, gtin: str, sku: str) -> ProductApproved:
    product = {
        "version": 1,
        "owner": owner,
        "vendor_id": vendor_stream(owner).id,
        "gtin": gtin,
        "hs_code": "34011100",
        "origin": "FR",
        "net_weight_g": 300,
        "length_mm": 90,
        "width_mm": 60,
        "height_mm": 40,
        "unit_value": {"amount": "9.50", "currency": "EUR"},
    }
    return ProductApproved(sku=sku, occurred_at=NOW, product=Product.model_validate(product))


@pytest.fixture
async def service(fresh_database: FreshDatabase) -> AsyncIterator[ProvenanceService]:
    async with provenance_service(settings(await fresh_database("provenance"))) as made:
        async with made.platform.pool.acquire() as db:
            for key, name, scope in KEYS:
                await keep_api_key(db, key=key, name=name, scope=scope)
        await made.consume(approved("vieux-port", OWN, "SAVON"), approved("other", FOREIGN, "SERUM"))
        yield made


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def names_versions(answer: httpx.Response) -> bool:
    return [answer.headers.get(f"GS1-{standard}-Version") for standard in ("EPCIS", "CBV")] == ["2.0.0"] * 2


def checked(answer: httpx.Response) -> list[dict[str, Any]]:
    """The events of an answer, which is valid by GS1's schema where that is at hand."""
    assert answer.status_code == 200, answer.text
    assert names_versions(answer)
    document = answer.json()
    if SCHEMA is not None:
        jsonschema.validate(document, SCHEMA, format_checker=jsonschema.FormatChecker())
    events: list[dict[str, Any]] = document["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
    for event in events:
        content = {name: value for name, value in event.items() if name != "silkpost:saidBy"}
        assert event["eventID"] == event_hash(content)
    return events


async def query(service: ProvenanceService, key: str = OPERATOR, **parameters: str) -> list[dict[str, Any]]:
    return checked(await service.http.get("/events", params=parameters, headers=bearer(key)))


def steps(events: list[dict[str, Any]]) -> list[str]:
    return [event["bizStep"] for event in events]


async def of_unit(service: ProvenanceService, epc: str, key: str = OPERATOR) -> list[str]:
    return steps(checked(await service.http.get(f"/epcs/{quote(epc, safe='')}/events", headers=bearer(key))))


def event(serial: str = "A1", gtin: str = OWN, **changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "type": "ObjectEvent",
        "eventTime": YESTERDAY,
        "eventTimeZoneOffset": "+01:00",
        "epcList": [f"https://id.gs1.org/01/{gtin}/21/{serial}"],
        "action": "OBSERVE",
        "bizStep": "inspecting",
        "disposition": "conformant",
        "readPoint": {"id": "https://id.gs1.org/414/3012345000000"},
    }
    return made | changes


def packing(serial: str = "A1", gtin: str = OWN, **changes: Any) -> dict[str, Any]:
    made = event(serial, gtin, type="AggregationEvent", action="ADD", bizStep="packing", disposition="in_progress")
    children = made.pop("epcList")
    return {**made, "parentID": f"https://id.gs1.org/00/{BOX}", "childEPCs": children, **changes}


def document(*events: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": "2026-11-24T10:00:00.000Z",
        "epcisBody": {"eventList": list(events)},
    }
    return made | changes


async def capture(
    service: ProvenanceService, body: Any, key: str = MAKER, headers: Mapping[str, str] | None = None
) -> httpx.Response:
    return await service.http.post("/capture", json=body, headers={**bearer(key), **(headers or {})})


async def capture_events(service: ProvenanceService, *events: Mapping[str, Any], key: str = MAKER) -> None:
    body = document(*events)
    if SCHEMA is not None:
        jsonschema.validate(body, SCHEMA)
    answer = await capture(service, body, key)
    assert answer.status_code == 202, answer.text


def faults(answer: httpx.Response) -> list[tuple[str, str]]:
    assert answer.status_code == 400, answer.text
    assert names_versions(answer)
    return [
        (fault["field"].removeprefix("epcisBody.eventList[0]."), fault["rule"]) for fault in answer.json()["errors"]
    ]


async def way(service: ProvenanceService) -> tuple[list[UnitKey], UUID]:
    some, order = units(3), uuid4()
    await service.consume(received(some))
    await service.consume(packed(some, order), handed_over(order), delivered(order))
    return some, order


async def test_events_are_asked_for_by_what_they_say(service: ProvenanceService) -> None:
    some, order = await way(service)
    await service.consume(returned(some[:1], some[1:], order))
    everything = await query(service)
    assert len(everything) == 3 + 3 + 2 + 3 + 1 + 2
    assert all({"recordTime"} <= set(row) and "@context" not in row for row in everything)
    unit = PLACE.unit(some[0].gtin, some[0].serial)
    box = PLACE.box(SSCC)
    assert steps(await query(service, EQ_bizStep="packing|shipping")) == [*["packing"] * 3, "shipping"]
    assert steps(await query(service, EQ_disposition="inactive")) == ["decommissioning"] * 2
    assert steps(await query(service, eventType="AggregationEvent", EQ_action="DELETE")) == ["unpacking"] * 3
    assert steps(await query(service, MATCH_epc=unit)) == ["commissioning", "packing", "unpacking", "receiving"]
    assert steps(await query(service, MATCH_epc=f"{unit}|{box}", LT_eventTime="2026-11-24T12:00:00Z")) == [
        *("commissioning", "packing", "shipping")
    ]
    assert steps(await query(service, MATCH_parentID=box)) == [*["packing"] * 3, *["unpacking"] * 3]
    assert len(await query(service, MATCH_anyEPC=box)) == 3 + 2 + 3
    assert len(await query(service, MATCH_epc=f"https://id.gs1.org/01/{GTIN}")) == 12
    assert steps(
        await query(service, GE_eventTime="2026-12-01T00:00:00Z", LT_eventTime="2026-12-10T00:00:00+01:00")
    ) == ["arriving"]
    assert await query(service, EXISTS_errorDeclaration="true") == []
    (shipped,) = await query(service, EQ_bizStep="shipping")
    assert await query(service, EQ_eventID=shipped["eventID"]) == [shipped]
    assert len(await query(service, GE_recordTime=everything[0]["recordTime"])) == 14
    assert await query(service, LT_recordTime="2026-11-01T00:00:00Z") == []
    assert await of_unit(service, unit) == ["commissioning", "packing", "unpacking", "receiving"]
    assert len(await of_unit(service, "urn:epc:id:sscc:3012345.0000000001")) == 3 + 2 + 3
    assert await of_unit(service, "urn:epc:id:sscc:3012345.0000000002") == []
    text = json.dumps(everything)
    assert not any(word in text for word in (str(order), "CA000000017FR", "price", "city", "name", "SAVON"))


async def test_events_of_lots_are_quantities_and_asked_for_by_lot(service: ProvenanceService) -> None:
    [unit], order = units(1), uuid4()
    lots = (PackedLot(gtin=OWN, lot="L/1", quantity=3, sku="SAVON"),)
    came_in = GoodsReceived(
        receipt_id=uuid4(),
        occurred_at=NOW,
        lines=(ReceivedLine(sku="SAVON", quantity=5, lot="L/1", gtin=OWN), ReceivedLine(sku="SERUM", quantity=1)),
    )
    await service.consume(came_in, received([unit]))
    await service.consume(packed([unit], order).model_copy(update={"lots": lots}), handed_over(order))
    await service.consume(came_in, returned([unit], (), order).model_copy(update={"lots": lots}))
    lot, box = PLACE.lot(OWN, "L/1"), PLACE.box(SSCC)
    events = await query(service, MATCH_anyEPC=lot)
    assert [(row["bizStep"], row["disposition"], *_amount(row)) for row in events] == [
        ("receiving", "in_progress", lot, 5),
        ("packing", "in_progress", lot, 3),
        ("unpacking", "in_progress", lot, 3),
        ("receiving", "returned", lot, 3),
    ]
    assert [event.get("parentID") for event in events] == [None, box, box, None]
    assert await of_unit(service, lot, MAKER) == steps(events)
    assert await of_unit(service, lot, RIVAL) == []
    assert steps(await query(service, MATCH_epc=box)) == ["shipping"]
    assert steps(await query(service, MATCH_parentID=box)) == [*["packing"] * 2, *["unpacking"] * 2]
    assert await query(service, MATCH_epc=f"https://id.gs1.org/01/{OWN}") == [], "of its units with serials"
    await service.publish()
    assert (await service.state())["size"] == 1 + 4 + 1 + 4
    bundle = (await service.bundle(unit)).json()
    shown = [dict(parse_jws(row["jws"]).event) for row in bundle["events"]]
    assert steps(shown) == ["commissioning", "packing", "shipping", "unpacking", "receiving"]
    assert not any("uantityList" in field for row in shown for field in row)


def _amount(event: Mapping[str, Any]) -> tuple[str, int]:
    [amount] = event.get("quantityList") or event["childQuantityList"]
    return amount["epcClass"], amount["quantity"]


async def test_events_come_a_page_at_a_time(service: ProvenanceService) -> None:
    await way(service)
    url, rows = "/events?perPage=3&EQ_action=ADD%7COBSERVE", list[dict[str, Any]]()
    pages = 0
    while url:
        answer = await service.http.get(url, headers=bearer(WAREHOUSE))
        rows += checked(answer)
        url = answer.links["next"]["url"] if "next" in answer.links else ""
        pages += 1
    assert (pages, rows) == (3, await query(service))


@pytest.mark.parametrize(
    ("path", "field", "rule"),
    [
        ("/events?EQ_bizstep=packing", "EQ_bizstep", "unknown_parameter"),
        ("/events?EQ_correctiveEventID=x", "EQ_correctiveEventID", "unknown_parameter"),
        ("/events?EQ_bizStep=a%20b", "EQ_bizStep", "string_pattern_mismatch"),
        (f"/events?EQ_bizStep={'|'.join(['a'] * 21)}", "EQ_bizStep", "string_pattern_mismatch"),
        ("/events?EQ_eventID=1", "EQ_eventID", "string_pattern_mismatch"),
        ("/events?GE_eventTime=yesterday", "GE_eventTime", "datetime_from_date_parsing"),
        ("/events?perPage=0", "perPage", "greater_than_equal"),
        ("/events?perPage=201", "perPage", "less_than_equal"),
        ("/events?MATCH_epc=x", "MATCH_epc", "epc"),
        (
            f"/events?MATCH_parentID={'|'.join(['https://x.example/00/030123450000000010'] * 21)}",
            "MATCH_parentID",
            "epc",
        ),
        ("/epcs/x/events", "epc", "epc"),
        (f"/epcs/{quote(PLACE.box(SSCC), safe='')}/events?MATCH_anyEPC={PLACE.box(SSCC)}", "MATCH_anyEPC", "twice"),
    ],
)
async def test_a_parameter_that_is_not_known_or_wrong_is_named(
    service: ProvenanceService, path: str, field: str, rule: str
) -> None:
    answer = await service.http.get(path, headers=bearer(OPERATOR))
    assert answer.status_code == 422, answer.text
    assert [(fault["field"], fault["rule"]) for fault in answer.json()["errors"]] == [(field, rule)]


async def test_a_bad_token_or_another_form_of_epcs_is_refused(service: ProvenanceService) -> None:
    answer = await service.http.get("/events?nextPageToken=x", headers=bearer(OPERATOR))
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "nextPageToken")
    urns = {**bearer(OPERATOR), "GS1-EPC-Format": "Always_EPC_URN"}
    for path in ("/events", f"/epcs/{quote(PLACE.box(SSCC), safe='')}/events"):
        assert (await service.http.get(path, headers=urns)).status_code == 406


async def test_a_vendor_sees_its_own_units_and_no_boxes(service: ProvenanceService) -> None:
    mine, foreign = UnitKey(gtin=OWN, serial="A1"), UnitKey(gtin=FOREIGN, serial="B1")
    order = uuid4()
    for unit in (mine, foreign):
        await service.consume(received([unit]).model_copy(update={"gtin": unit.gtin}))
    await service.consume(packed([mine, foreign], order), handed_over(order))
    for key, unit, other in ((MAKER, mine, foreign), (RIVAL, foreign, mine)):
        seen = await query(service, key)
        assert steps(seen) == ["commissioning", "packing"]
        assert f"/01/{other.gtin}/" not in json.dumps(seen)
        assert await of_unit(service, PLACE.unit(unit.gtin, unit.serial), key) == ["commissioning", "packing"]
        assert await of_unit(service, PLACE.unit(other.gtin, other.serial), key) == []
        assert await of_unit(service, PLACE.box(SSCC), key) == ["packing"]
    assert len(await query(service, WAREHOUSE)) == 5


@pytest.mark.parametrize("path", ["/events", f"/epcs/{quote(PLACE.box(SSCC), safe='')}/events"])
async def test_others_see_nothing(service: ProvenanceService, path: str) -> None:
    assert (await service.http.get(path)).status_code == 401
    assert (await service.http.get(path, headers=bearer("shop"))).status_code == 403
    assert (await service.http.get(path, headers=bearer("nobody"))).status_code == 403


async def test_events_from_before_are_found_as_later_ones(service: ProvenanceService) -> None:
    some, order = await way(service)
    await service.consume(returned(some[:1], some[1:], order))
    await service.platform.pool.execute(
        """update events set kind = null, action = null, step = null, disposition = null, parent = null,
                             recorded_at = null"""
    )
    assert len(await query(service)) == 14
    assert await query(service, EQ_bizStep="packing") == []
    migration = importlib.import_module("services.provenance.migrations.0003_queries")
    [fill] = [statement for statement in migration.STATEMENTS if "update events" in statement]
    await service.platform.pool.execute(fill)
    assert steps(await query(service, EQ_bizStep="packing|shipping")) == [*["packing"] * 3, "shipping"]
    assert steps(await query(service, eventType="AggregationEvent", EQ_action="DELETE")) == ["unpacking"] * 3
    assert steps(await query(service, EQ_disposition="inactive")) == ["decommissioning"] * 2
    assert steps(await query(service, MATCH_parentID=PLACE.box(SSCC))) == [*["packing"] * 3, *["unpacking"] * 3]


async def test_what_was_erased_is_not_shown(service: ProvenanceService) -> None:
    some, _ = await way(service)
    await service.platform.pool.execute("update events set jws = null, salt = null where serial = $1", some[0].serial)
    assert await of_unit(service, PLACE.unit(some[0].gtin, some[0].serial)) == []


async def test_what_a_vendor_tells_is_logged_and_shown_as_its_word(service: ProvenanceService) -> None:
    unit = UnitKey(gtin=OWN, serial="A1")
    await capture_events(service, event(action="ADD", bizStep="commissioning", disposition="active"), packing())
    await service.consume(received([unit]).model_copy(update={"gtin": OWN}))
    seen = await query(service, MAKER)
    assert [row.get("silkpost:saidBy") for row in seen] == ["vendor:vieux-port", "vendor:vieux-port", None]
    assert seen[0]["epcList"] == [PLACE.unit(OWN, "A1")]
    assert seen[1]["parentID"] == PLACE.box(BOX)
    await service.publish()
    made = settings("postgresql://")
    shown = verify_bundle((await service.bundle(unit)).content, made.trust(), ISSUER)
    assert shown.said_by == ["vendor:vieux-port", "vendor:vieux-port", None]
    assert [row["eventID"] for row in shown.events] == [row["eventID"] for row in seen]
    assert "agree" in await audited(service.log)


async def test_whose_word_it_is_cannot_be_changed(service: ProvenanceService) -> None:
    await capture_events(service, event())
    await service.publish()
    bundle = json.loads((await service.bundle(UnitKey(gtin=OWN, serial="A1"))).content)
    [logged] = bundle["events"]
    assert parse_jws(logged["jws"]).said_by == "vendor:vieux-port"
    leaf = await service.platform.pool.fetchval("select n.leaf from entries n join events e on e.entry = n.seq")
    assert leaf == event_leaf(logged["jws"], bytes.fromhex(logged["salt"]))
    _, payload, signature = logged["jws"].split(".")
    logged["jws"] = f"eyJhbGciOiJFZERTQSIsImtpZCI6ImsiLCJ0eXAiOiJlcGNpcy1ldmVudCtqd3MifQ.{payload}.{signature}"
    with pytest.raises(BadBundle):
        verify_bundle(json.dumps(bundle).encode(), settings("postgresql://").trust(), ISSUER)


async def test_the_same_event_again_is_the_same_event(service: ProvenanceService) -> None:
    sent = event()
    same = {**sent, "epcList": [f"https://shop.example/01/{OWN}/21/A1?1=2"], "eventTime": sent["eventTime"][:-6] + "Z"}
    await capture_events(service, sent, sent)
    await capture_events(service, same)
    await capture_events(service, same, key=OPERATOR)
    assert [row["silkpost:saidBy"] for row in await query(service)] == ["vendor:vieux-port"]


async def test_an_event_that_was_wrong_stays_beside_its_declaration(service: ProvenanceService) -> None:
    wrong, right = event(), event(bizStep="receiving", disposition="in_progress")
    declaration = {
        "declarationTime": datetime.now(UTC).isoformat(),
        "reason": "incorrect_data",
        "correctiveEventIDs": [event_hash(right)],
    }
    declared = {**wrong, "eventID": event_hash(wrong), "errorDeclaration": declaration}
    assert faults(await capture(service, document(declared))) == [("errorDeclaration", "original")]
    await capture_events(service, wrong)
    await capture_events(service, declared, right)
    await capture_events(service, declared)
    assert faults(await capture(service, document(declared), OPERATOR)) == [("errorDeclaration", "original")]
    seen = await query(service, MAKER)
    assert [row["eventID"] for row in seen] == [event_hash(wrong), event_hash(right), event_hash(wrong)]
    assert [row["eventID"] for row in await query(service, EXISTS_errorDeclaration="true")] == [event_hash(wrong)]
    assert seen[2]["errorDeclaration"]["correctiveEventIDs"] == [event_hash(right)]


async def test_an_operator_declares_wrong_what_we_said(service: ProvenanceService) -> None:
    unit = UnitKey(gtin=OWN, serial="A1")
    await service.consume(received([unit]).model_copy(update={"gtin": OWN}))
    (ours,) = await query(service)
    sent = {name: value for name, value in ours.items() if name not in ("recordTime", "@context")}
    declared = {**sent, "errorDeclaration": {"declarationTime": "2026-11-26T10:00:00Z", "reason": "did_not_occur"}}
    assert faults(await capture(service, document(declared))) == [("errorDeclaration", "original")]
    await capture_events(service, declared, key=OPERATOR)
    assert [row.get("silkpost:saidBy") for row in await query(service)] == [None, "operator"]


async def test_a_document_is_taken_whole_or_not_at_all(service: ProvenanceService) -> None:
    answer = await capture(service, document(event(), event("B1", FOREIGN), event("C1", "03012345678919")))
    refused = [(fault["field"], fault["rule"]) for fault in answer.json()["errors"]]
    assert refused == [(f"epcisBody.eventList[{n}].epcList[0]", "own_product") for n in (1, 2)], "unknown as foreign"
    assert await query(service) == []
    assert faults(await capture(service, document(event()), RIVAL)) == [("epcList[0]", "own_product")]
    await capture_events(service, event("B1", FOREIGN), event("C1", "03012345678919"), key=OPERATOR)


QUANTITY = {"epcClass": f"https://id.gs1.org/01/{OWN}/10/L-1", "quantity": 3}
FUTURE = (datetime.now(UTC) + timedelta(hours=1)).isoformat()


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"type": "TransactionEvent"}, ("epcisBody.eventList[0]", "union_tag_invalid")),
        ({"eventTime": FUTURE}, ("eventTime", "future")),
        ({"eventTime": "2020-01-01T00:00:00Z"}, ("eventTime", "too_old")),
        ({"eventTime": "2026-11-24T10:00:00"}, ("eventTime", "timezone_aware")),
        ({"eventTimeZoneOffset": "+1"}, ("eventTimeZoneOffset", "string_pattern_mismatch")),
        ({"action": "MOVE"}, ("action", "literal_error")),
        ({"bizStep": "https://ref.gs1.org/cbv/BizStep-packing"}, ("bizStep", "literal_error")),
        ({"disposition": "lost"}, ("disposition", "literal_error")),
        ({"epcList": []}, ("epcList", "too_short")),
        ({"epcList": [f"https://id.gs1.org/01/{OWN}/21/{n}" for n in range(2)]}, ("epcList", "too_long")),
        ({"epcList": [f"https://id.gs1.org/01/{OWN}"]}, ("epcList[0]", "unit")),
        ({"epcList": [f"https://id.gs1.org/01/{OWN}/21/%E4%B8%AD"]}, ("epcList[0]", "unit")),
        ({"epcList": ["https://id.gs1.org/01/03012345678903/21/A1"]}, ("epcList[0]", "check_digit")),
        ({"readPoint": {"id": "geo:48.85,2.35"}}, ("readPoint.id", "gln")),
        ({"bizLocation": {"id": "https://id.gs1.org/414/3012345000001"}}, ("bizLocation.id", "check_digit")),
        ({"eventID": "urn:uuid:1"}, ("eventID", "string_pattern_mismatch")),
        ({"eventID": f"ni:///sha-256;{'0' * 64}?ver=CBV2.0"}, ("eventID", "event_hash")),
        ({"bizTransactionList": [{"bizTransaction": "urn:x"}]}, ("bizTransactionList", "extra_forbidden")),
        ({"quantityList": [QUANTITY]}, ("quantityList", "extra_forbidden")),
        ({"example:city": "Paris"}, ("example:city", "extra_forbidden")),
        ({"errorDeclaration": {"declarationTime": FUTURE}}, ("errorDeclaration.declarationTime", "future")),
    ],
)
async def test_a_rule_that_an_event_breaks_is_named(
    service: ProvenanceService, changes: dict[str, Any], fault: tuple[str, str]
) -> None:
    assert faults(await capture(service, document({**event(), **changes}))) == [fault]


@pytest.mark.parametrize(
    ("changes", "field", "rule"),
    [
        ({"type": "EPCISQueryDocument"}, "type", "literal_error"),
        ({"@context": ["https://ns.example/context"]}, "@context", "literal_error"),
        ({"epcisHeader": {}}, "epcisHeader", "extra_forbidden"),
        ({"epcisBody": {"eventList": []}}, "epcisBody.eventList", "too_short"),
        ({"epcisBody": {"eventList": [event()] * 201}}, "epcisBody.eventList", "too_long"),
    ],
)
async def test_a_rule_that_a_document_breaks_is_named(
    service: ProvenanceService, changes: dict[str, Any], field: str, rule: str
) -> None:
    answer = await capture(service, document(event(), **changes))
    assert answer.status_code == 400, answer.text
    assert all(fault["field"].startswith(field) for fault in answer.json()["errors"]), answer.json()
    assert rule in {fault["rule"] for fault in answer.json()["errors"]}


async def test_others_tell_only_so_much_of_a_unit(service: ProvenanceService) -> None:
    words = ["inspecting", "packing", "storing", "loading", "shipping"]
    await capture_events(service, *(event(bizStep=word) for word in words[:3]))
    answer = await capture(service, document(*(event(bizStep=word) for word in words)))
    assert [(fault["field"], fault["rule"]) for fault in answer.json()["errors"]] == [
        ("epcisBody.eventList[4].epcList[0]", "unit_full")
    ]
    await capture_events(service, *(event(bizStep=word) for word in words[:4]))
    assert len(await query(service)) == 4


async def test_a_capture_job_is_done_and_its_own_senders(service: ProvenanceService) -> None:
    answer = await capture(service, document(event()), headers={"Idempotency-Key": "one"})
    again = await capture(service, document(event()), headers={"Idempotency-Key": "one"})
    assert (answer.status_code, again.headers["Location"]) == (202, answer.headers["Location"])
    job = await service.http.get(answer.headers["Location"], headers=bearer(MAKER))
    assert job.status_code == 200
    assert {name: job.json()[name] for name in ("running", "success", "captureErrorBehaviour", "errors")} == {
        "running": False,
        "success": True,
        "captureErrorBehaviour": "rollback",
        "errors": [],
    }
    assert answer.headers["Location"] == f"/capture/{job.json()['captureID']}"
    assert (await service.http.get(answer.headers["Location"], headers=bearer(OPERATOR))).status_code == 200
    for path in (answer.headers["Location"], f"/capture/{UUID(int=1)}"):
        assert (await service.http.get(path, headers=bearer(RIVAL))).status_code == 404


async def tell(service: ProvenanceService, body: Any, key: str = MAKER, **headers: str) -> httpx.Response:
    return await service.http.post("/events", json=body, headers={**bearer(key), **headers})


async def test_one_event_is_told_by_itself_and_read_by_its_id(service: ProvenanceService) -> None:
    body = {"@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"], **event()}
    answer = await tell(service, body, **{"Idempotency-Key": "one"})
    assert answer.status_code == 201, answer.text
    assert (answer.headers["GS1-EPCIS-Version"], answer.json()["eventID"]) == ("2.0.0", event_hash(body))
    assert answer.headers["Location"] == f"/events/{quote(event_hash(body), safe='')}"
    again = await tell(service, body, **{"Idempotency-Key": "one"})
    assert (again.status_code, again.headers["Location"]) == (201, answer.headers["Location"])
    assert again.headers["GS1-CBV-Version"] == "2.0.0"
    assert (await tell(service, body)).status_code == 409
    assert (await tell(service, body, OPERATOR)).status_code == 409, "whoever tells it"
    [shown] = checked(await service.http.get(answer.headers["Location"], headers=bearer(MAKER)))
    assert (shown["silkpost:saidBy"], shown["bizStep"]) == ("vendor:vieux-port", "inspecting")
    declared = {**event_body(answer), "errorDeclaration": {"declarationTime": datetime.now(UTC).isoformat()}}
    assert (await tell(service, declared)).status_code == 201
    assert len(checked(await service.http.get(answer.headers["Location"], headers=bearer(MAKER)))) == 2


def event_body(answer: httpx.Response) -> dict[str, Any]:
    return {name: value for name, value in answer.json().items() if name != "@context"}


async def test_a_fault_of_one_event_is_named_by_its_field(service: ProvenanceService) -> None:
    for changes, field, rule in (
        ({"epcList": [f"https://id.gs1.org/01/{FOREIGN}/21/A1"]}, "epcList[0]", "own_product"),
        ({"action": "MOVE"}, "action", "literal_error"),
        ({"eventTime": FUTURE}, "eventTime", "future"),
        ({"type": "TransactionEvent"}, "body", "union_tag_invalid"),
        ({"@context": ["https://ns.example/context"]}, "@context", "literal_error"),
    ):
        answer = await tell(service, {**event(), **changes})
        assert answer.status_code == 400, answer.text
        named = answer.json()["errors"][0]
        assert (named["field"].partition(".")[0], named["rule"]) == (field, rule), answer.text
    assert (await tell(service, event(), RIVAL)).status_code == 400
    assert (await tell(service, event(), WAREHOUSE)).status_code == 403


async def test_an_event_that_is_unknown_or_anothers_is_not_found(service: ProvenanceService) -> None:
    await capture_events(service, event())
    [stored_event] = await query(service, MAKER)
    known, unknown = (
        quote(text, safe="") for text in (stored_event["eventID"], f"ni:///sha-256;{'0' * 64}?ver=CBV2.0")
    )
    answers = [await service.http.get(f"/events/{path}", headers=bearer(RIVAL)) for path in (known, unknown, "x")]
    assert {(answer.status_code, answer.text) for answer in answers} == {(404, answers[0].text)}
    assert len(checked(await service.http.get(f"/events/{known}", headers=bearer(WAREHOUSE)))) == 1
    nul = await service.http.get("/events/a%00b", headers=bearer(WAREHOUSE))
    assert (nul.status_code, nul.json()["errors"][0]["field"]) == (422, "event_id"), "PostgreSQL holds no such text"


async def test_every_refusal_says_which_versions_are_spoken(service: ProvenanceService) -> None:
    await capture_events(service, event())
    answers = [
        (401, await service.http.get("/events")),
        (403, await service.http.get("/events", headers=bearer("shop"))),
        (404, await service.http.get("/events/x", headers=bearer(MAKER))),
        (404, await service.http.get(f"/capture/{UUID(int=1)}", headers=bearer(MAKER))),
        (406, await service.http.get("/events", headers={**bearer(MAKER), "GS1-EPCIS-Max": "1.2"})),
        (409, await tell(service, event())),
        (415, await service.http.post("/events", content=b"<a/>", headers=bearer(MAKER))),
        (422, await service.http.get("/events?EQ_bizstep=packing", headers=bearer(MAKER))),
        (422, await service.http.get("/events?perPage=0", headers=bearer(MAKER))),
        (422, await service.http.get("/capture/x", headers=bearer(MAKER))),
    ]
    for status, answer in answers:
        assert (answer.status_code, names_versions(answer)) == (status, True), answer.text


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/events", "OPTIONS, GET, POST"),
        ("/events/ni%3A%2F%2F%2Fsha-256", "OPTIONS, GET"),
        ("/epcs/x/events", "OPTIONS, GET"),
        ("/capture", "OPTIONS, GET, POST"),
        (f"/capture/{UUID(int=1)}", "OPTIONS, GET"),
    ],
)
async def test_a_resource_says_what_it_can_do(service: ProvenanceService, path: str, allowed: str) -> None:
    answer = await service.http.options(path, headers=bearer(MAKER))
    assert (answer.status_code, answer.headers["Allow"]) == (204, allowed)
    for standard in ("EPCIS", "CBV"):
        for what in ("Version", "Min", "Max"):
            assert answer.headers[f"GS1-{standard}-{what}"] == "2.0.0"
    assert answer.headers["GS1-EPC-Format"] == "Always_GS1_Digital_Link"
    bounds = ("GS1-EPCIS-Capture-Limit", "GS1-EPCIS-Capture-File-Size-Limit", "GS1-Capture-Error-Behaviour")
    expected = ["200", "262144", "rollback"] if path == "/capture" else [None] * 3
    assert [answer.headers.get(name) for name in bounds] == expected
    assert (await service.http.options(path)).status_code == 401


async def test_who_reads_or_tells_in_another_version_is_refused(service: ProvenanceService) -> None:
    event_id = quote(f"ni:///sha-256;{'0' * 64}?ver=CBV2.0", safe="")
    for path in ("/events", f"/events/{event_id}", f"/epcs/{quote(PLACE.box(SSCC), safe='')}/events", "/capture"):
        for header, value in (("GS1-EPCIS-Max", "1.2"), ("GS1-CBV-Min", "2.1"), ("GS1-EPCIS-Min", "two")):
            answer = await service.http.get(path, headers={**bearer(MAKER), header: value})
            assert answer.status_code == 406, (path, header)
        spoken = {**bearer(MAKER), "GS1-EPCIS-Min": "1.0.0", "GS1-EPCIS-Max": "2.0", "GS1-CBV-Max": "2.0.0"}
        assert (await service.http.get(path, headers=spoken)).status_code in (200, 404)
    old = {"GS1-EPCIS-Version": "1.2"}
    assert (await capture(service, document(event()), headers=old)).status_code == 406
    assert (await tell(service, event(), **old)).status_code == 406
    assert (await capture(service, document(event()), headers={"GS1-CBV-Version": "2.0"})).status_code == 202


async def test_capture_jobs_are_listed_to_their_own_senders(service: ProvenanceService) -> None:
    for serial in ("A1", "A2", "A3"):
        await capture_events(service, event(serial))
    await capture_events(service, event("A4"), key=OPERATOR)
    url, seen = "/capture?perPage=2", list[str]()
    while url:
        page = await service.http.get(url, headers=bearer(MAKER))
        assert (page.status_code, page.headers["GS1-EPCIS-Version"]) == (200, "2.0.0")
        seen += [job["captureID"] for job in page.json()]
        url = page.links["next"]["url"] if "next" in page.links else ""
    assert len(set(seen)) == 3
    assert [job["captureID"] for job in (await service.http.get("/capture", headers=bearer(OPERATOR))).json()][
        1:
    ] == seen
    assert (await service.http.get("/capture", headers=bearer(RIVAL))).json() == []


async def test_what_is_no_document_in_json_is_refused(service: ProvenanceService) -> None:
    xml = await service.http.post(
        "/capture", content=b"<a/>", headers={**bearer(MAKER), "Content-Type": "application/xml"}
    )
    assert xml.status_code == 415
    broken = await service.http.post(
        "/capture", content=b"{", headers={**bearer(MAKER), "Content-Type": "application/ld+json"}
    )
    assert broken.status_code == 400
    greedy = await capture(service, document(event()), headers={"GS1-Capture-Error-Behaviour": "proceed"})
    assert faults(greedy) == [("GS1-Capture-Error-Behaviour", "enum")]
    assert (await capture(service, document(event()), WAREHOUSE)).status_code == 403
    assert (await capture(service, document(event()), "nobody")).status_code == 403


async def test_what_others_say_makes_no_unit_ours_and_ends_none(service: ProvenanceService) -> None:
    ours, theirs = (UnitKey(gtin=OWN, serial=serial) for serial in ("A1", "B1"))
    await service.consume(received([ours]).model_copy(update={"gtin": OWN}))
    ended = event(action="DELETE", bizStep="decommissioning", disposition="inactive")
    await capture_events(service, event(), event("B1"), ended)
    page = await service.page(ours)
    assert "This code is ours" in page.text
    assert page.text.count("said by vieux-port, not by us") == 2
    assert (await service.page(theirs)).status_code == 404
    body = {"units": [theirs.model_dump()]}
    refused = await service.http.post("/label-sheets", json=body, headers=bearer(WAREHOUSE))
    assert [fault["rule"] for fault in refused.json()["errors"]] == ["unknown"]
