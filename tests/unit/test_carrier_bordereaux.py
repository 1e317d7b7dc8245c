"""Bordereaux: the lists that a manifest needs, La Poste's request and answers, and what follows from them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import jsonschema
import pytest

from contracts.base import manifest_stream
from contracts.sls_limits import BORDEREAU_PARCELS
from contracts.warehouse import ManifestClosed, ManifestParcel
from services.carrier.carriers.laposte.bordereau import bordereau_request, read_bordereau_answer
from services.carrier.carriers.laposte.label_request import Contract
from services.carrier.domain.bordereaux import (
    LONGEST_WAIT_SECONDS,
    BordereauMade,
    BordereauRefused,
    created,
    orders_of,
    outputs,
    parts,
    seconds_after,
)
from services.carrier.domain.carrier import AnswerLost, Sender, TryLater
from shared.http.counterpart_answer import Answer
from shared.ledger.facts import Facts
from tests.support.least_pdf import page

GOLDEN = Path(__file__).parents[1] / "golden" / "laposte"
SCHEMA = json.loads((GOLDEN / "generate-bordereau.schema.json").read_text(encoding="utf-8"))
NOW = datetime(2026, 11, 20, 17, tzinfo=UTC)
MANIFEST = UUID(int=7)
SENDER = Sender("Silkpost", "1 rue de la Soie", "69001", "Lyon", "+33400000000", "expeditions@silkpost.example")
CONTRACT = Contract("123456", "pass", SENDER)
PDF = page("Bordereau 1042", ["1 colis"])
SIZES = {"laposte": 2, "other": None}
BOUNDARY = "uuid:7d1f"
MULTIPART = f'multipart/related; type="application/json"; boundary="{BOUNDARY}"; start="<jsonInfos>"'


def closed(parcels: int, carrier: str = "laposte") -> ManifestClosed:
    return ManifestClosed(
        manifest_id=MANIFEST,
        occurred_at=NOW,
        carrier=carrier,
        parcels=tuple(
            ManifestParcel(order_id=UUID(int=1 + place // 2), parcel=1 + place % 2, tracking_number=f"CY{place}FR")
            for place in range(parcels)
        ),
    )


def answered(infos: object, pdf: bytes | None = PDF, *, cut: int = 0) -> Answer:
    parts = [("jsonInfos", json.dumps(infos).encode()), *([("deliveryPaper", pdf)] if pdf is not None else [])]
    body = b"".join(
        f"--{BOUNDARY}\r\nContent-Type: x/y\r\nContent-ID: <{name}>\r\n\r\n".encode() + content + b"\r\n"
        for name, content in parts
    )
    body += f"--{BOUNDARY}--\r\n".encode()
    return Answer(200, MULTIPART, body[: len(body) - cut])


def success(number: object = 1042) -> dict[str, object]:
    return {"messages": [{"id": "0", "type": "INFOS"}], "bordereauHeader": {"bordereauNumber": number}}


def test_a_long_manifest_needs_several_lists_in_the_order_of_the_scans() -> None:
    facts = Facts(manifest_stream(MANIFEST), [closed(5)])
    assert [part.tracking_numbers for part in parts(facts, SIZES)] == [
        ("CY0FR", "CY1FR"),
        ("CY2FR", "CY3FR"),
        ("CY4FR",),
    ]
    assert [(job.kind, job.subject) for job in outputs(facts, SIZES)] == [
        ("bordereau.laposte", "1"),
        ("bordereau.laposte", "2"),
        ("bordereau.laposte", "3"),
    ]


def test_a_list_that_is_made_is_not_asked_for_again() -> None:
    facts = Facts(manifest_stream(MANIFEST), [closed(3)])
    first = parts(facts, SIZES)[0]
    facts.add(created(MANIFEST, first, "1042", NOW))
    assert [job.subject for job in outputs(facts, SIZES)] == ["2"]
    made = parts(facts, SIZES)[0].created
    assert made is not None
    assert (made.number, made.tracking_numbers, made.carrier) == ("1042", ("CY0FR", "CY1FR"), "laposte")


def test_a_carrier_without_lists_is_asked_for_none() -> None:
    for facts in (Facts(manifest_stream(MANIFEST), [closed(3, "other")]), Facts(manifest_stream(MANIFEST))):
        assert list(outputs(facts, SIZES)) == []
    assert orders_of(Facts(manifest_stream(MANIFEST)), ["CY0FR"]) == []


def test_a_list_names_the_orders_of_its_own_parcels() -> None:
    facts = Facts(manifest_stream(MANIFEST), [closed(5)])
    assert orders_of(facts, ("CY0FR", "CY1FR")) == [UUID(int=1)]
    assert orders_of(facts, ("CY1FR", "CY4FR")) == [UUID(int=1), UUID(int=3)]


def test_a_list_that_is_not_made_is_asked_for_more_and_more_seldom() -> None:
    assert [seconds_after(attempt) for attempt in (1, 3, 4, 5, 6, 50)] == [
        None,
        None,
        60,
        120,
        240,
        LONGEST_WAIT_SECONDS,
    ]


@pytest.mark.parametrize("contract", [CONTRACT, Contract("", "", SENDER, api_key="key")])
def test_the_request_is_as_the_specification_has_it(contract: Contract) -> None:
    body = json.loads(bordereau_request(["CY123456785FR", "LY000000014FR"], contract))
    jsonschema.validate(body, SCHEMA)
    assert body["generateBordereauParcelNumberList"] == {"parcelsNumbers": ["CY123456785FR", "LY000000014FR"]}
    assert ("password" in body) == (not contract.api_key)


def test_a_list_is_made() -> None:
    assert read_bordereau_answer(answered(success())) == BordereauMade("1042", PDF)
    assert read_bordereau_answer(answered(success("1042"))) == BordereauMade("1042", PDF)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (answered(success(), pdf=None), "sls:bordereau_no_pdf"),
        (answered(success(), pdf=PDF[: len(PDF) // 2]), "sls:bordereau_no_pdf"),
        (answered(success(), cut=len(BOUNDARY) + 8), "sls:bordereau_no_pdf"),
        (answered(success(None)), "sls:bad_bordereau_number"),
        (answered(success("王小明")), "sls:bad_bordereau_number"),
        (answered({"messages": [{"id": "0"}]}), "sls:bad_bordereau_number"),
        (Answer(200, "text/html", b"<html></html>"), "sls:unreadable"),
        (Answer(502, "text/html", b""), "sls:http_502"),
        (Answer(504, "text/html", b""), "sls:http_504"),
    ],
)
def test_a_success_that_cannot_be_read_may_have_left_a_list(answer: Answer, reason: str) -> None:
    assert read_bordereau_answer(answer) == AnswerLost(reason)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, {"messages": [{"id": "30950", "type": "ERROR"}]}, BordereauRefused("sls:30950")),
        (401, {"messages": [{"id": "30000", "type": "ERROR"}]}, BordereauRefused("sls:30000")),
        (422, {"status": 422, "error": "Unprocessable Entity"}, BordereauRefused("sls:http_422")),
        (500, {}, TryLater("sls:http_500")),
        (429, {}, TryLater("sls:http_429", 7)),
    ],
)
def test_a_refusal_or_a_delay_leaves_no_list(status: int, body: object, expected: object) -> None:
    retry_after = 7.0 if status == 429 else None
    answer = Answer(status, "application/json", json.dumps(body).encode(), retry_after)
    assert read_bordereau_answer(answer) == expected


def test_a_list_has_no_more_parcels_than_la_poste_s_own_modules_ask_for() -> None:
    assert BORDEREAU_PARCELS == 50
