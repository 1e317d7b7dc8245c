"""What a service tells of itself, and where."""

from __future__ import annotations

import re

import httpx
import pytest
from fastapi import FastAPI

from services.registry import SERVICES


async def test_a_service_without_its_loops_is_alive_but_not_ready(internal: httpx.AsyncClient) -> None:
    assert (await internal.get("/livez")).status_code == 200
    assert (await internal.get("/readyz")).status_code == 503
    assert "http_server_request_duration_seconds" in (await internal.get("/metrics")).text


@pytest.mark.parametrize(
    "path", ["/livez", "/readyz", "/metrics", "/docs", "/docs/orders", "/openapi.json", "/openapi/orders.json"]
)
async def test_what_a_service_tells_of_itself_is_not_public(
    client: httpx.AsyncClient, internal: httpx.AsyncClient, path: str
) -> None:
    public = await client.get(path)
    assert (public.status_code, public.headers["content-type"]) == (404, "application/problem+json")
    assert (await internal.get(path)).status_code in (200, 503)


async def test_the_internal_port_shows_the_public_api_and_lets_it_be_tried_out(
    apps: tuple[FastAPI, FastAPI], internal: httpx.AsyncClient
) -> None:
    document = (await internal.get("/openapi.json")).json()
    assert document == apps[0].openapi()
    assert set(document["paths"]) >= {"/things", "/page"}
    assert "/metrics" not in document["paths"]
    assert 'data-document="/openapi.json"' in (await internal.get("/docs")).text
    assert (await internal.get("/page")).text == "hello"
    missing = await internal.get("/nowhere")
    assert (missing.status_code, missing.headers["content-type"]) == (404, "application/problem+json")


async def test_metrics_have_labels_of_a_bounded_set(client: httpx.AsyncClient, internal: httpx.AsyncClient) -> None:
    for number in range(3):
        await client.request(f"FOO{number}", f"/things/{number}")
    page = (await internal.get("/metrics")).text
    assert 'http_request_method="_OTHER"' in page
    assert "FOO" not in page
    assert "/things/1" not in page


@pytest.mark.parametrize("path", ["/docs", *(f"/docs/{name}" for name in SERVICES)])
async def test_the_documentation_needs_no_other_host(internal: httpx.AsyncClient, path: str) -> None:
    """Every service's document is shown, by files of this port alone, and the browser is told to allow no others."""
    page = await internal.get(path)
    assert page.headers["content-security-policy"].startswith(
        "default-src 'none'; script-src 'self'; style-src 'self';"
    )
    assert "unsafe" not in page.headers["content-security-policy"]
    named = re.findall(r'(?:href|src|data-document)="([^"]+)"', page.text)
    assert len(named) >= 5 + len(SERVICES)
    for address in named:
        assert re.match("/[^/]", address), address
        assert (await internal.get(address)).status_code == 200, address


async def test_there_is_no_documentation_of_what_is_not_there(internal: httpx.AsyncClient) -> None:
    for path in ("/docs/nothing", "/openapi/nothing.json", "/docs-assets/__init__.py"):
        assert (await internal.get(path)).status_code == 404
