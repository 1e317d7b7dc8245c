"""What requests are answered: faults by field and rule, without secrets, and entity tags."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from shared.http.problems import FAULTS_NAMED
from tests.support.edge_service import application, client_of


async def test_all_faults_of_a_body_are_named_and_none_is_echoed(client: httpx.AsyncClient) -> None:
    answer = await client.post("/things", json={"name": "far too long", "items": [{"quantity": 0}, {}]})
    assert answer.status_code == 422
    assert {(error["field"], error["rule"]) for error in answer.json()["errors"]} == {
        ("name", "string_too_long"),
        ("items[0].quantity", "greater_than_equal"),
        ("items[1].quantity", "missing"),
    }
    assert "far too long" not in answer.text


async def test_what_is_not_json_or_too_large_is_refused(client: httpx.AsyncClient) -> None:
    json = {"Content-Type": "application/json"}
    assert (await client.post("/things", content=b"{", headers=json)).status_code == 400
    stated = await client.post("/things", content=b"x" * 4000)

    async def trickle() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b"x" * 100

    unstated = await client.post("/things", content=trickle(), headers=json)
    assert (stated.status_code, unstated.status_code) == (413, 413)


async def test_errors_tell_no_secrets(client: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]) -> None:
    answer = await client.get("/broken/my-secret")
    assert (answer.status_code, answer.json()["title"]) == (500, "internal error")
    assert "my-secret" not in answer.text
    refused = await client.get("/refused")
    assert refused.json() == {
        "type": "about:blank",
        "status": 409,
        "title": "no",
        "detail": "because",
        "errors": [{"field": "a.b", "rule": "rule", "message": "words"}],
    }
    missing = await client.get("/nowhere")
    assert (missing.status_code, missing.headers["content-type"]) == (404, "application/problem+json")


async def test_an_entity_tag_saves_the_body(client: httpx.AsyncClient) -> None:
    first = await client.get("/page")
    tag = first.headers["etag"]
    again = await client.get("/page", headers={"If-None-Match": f'"other", {tag}'})
    assert (first.text, again.status_code, again.content) == ("hello", 304, b"")
    assert (await client.get("/page", headers={"If-None-Match": '"other"'})).status_code == 200


@pytest.mark.parametrize(
    ("raw", "field", "rule"),
    [
        (b'{"name": "a", "name": "b", "items": []}', "name", "name_repeated"),
        (b'{"name": "\\ud800", "items": []}', "body", "unicode"),
        (b'{"name": NaN}', "body", "json"),
        (b"[" * 5000, "body", "depth"),
        (b"9" * 100, "body", "number"),
    ],
)
async def test_a_body_that_the_framework_parses_is_read_by_the_same_reader(
    client: httpx.AsyncClient, raw: bytes, field: str, rule: str
) -> None:
    answer = await client.post("/things", content=raw[:2000], headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert [(fault["field"], fault["rule"]) for fault in answer.json()["errors"]] == [(field, rule)]


async def test_faults_are_named_up_to_a_number(dsn: str) -> None:
    async with application(dsn, body_limit=65_536) as app, client_of(app) as client:
        answer = await client.post("/things", json={"name": "a", "items": [{}] * 2000})
        assert (answer.status_code, len(answer.json()["errors"])) == (422, FAULTS_NAMED)


async def test_nobody_is_led_where_the_host_header_says(client: httpx.AsyncClient) -> None:
    answer = await client.get("/page/", headers={"Host": "elsewhere.example"})
    assert (answer.status_code, answer.headers.get("location")) == (404, None)


async def test_an_unknown_query_parameter_is_named(client: httpx.AsyncClient) -> None:
    answer = await client.get("/page", params={"page": "1", "nämé": "2"})
    assert answer.status_code == 422
    assert [(error["field"], error["rule"]) for error in answer.json()["errors"]] == [
        (r"n\xe4m\xe9", "unknown_parameter"),
        ("page", "unknown_parameter"),
    ]
