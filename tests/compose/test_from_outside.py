"""What the published ports let in."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections import Counter
from collections.abc import AsyncIterator

import httpx
import pytest

from sandbox.demo.api import Api
from sandbox.demo.orders import DemoOrders, Order, place
from sandbox.demo.scenarios import BY_NAME
from services.registry import SERVICES
from tests.support.compose import raw_http
from tests.support.compose.deployment import Deployment, docker
from tests.support.waiting import until

OF_THEMSELVES = ("/metrics", "/docs", "/docs/orders", "/openapi.json", "/livez", "/readyz")
HALF_REQUESTS = 1_000
RELOADS = 15
HEARTBEATS = 4
"""Of 15 seconds: longer than the proxy bears silence."""


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        yield client


async def ready_replicas(client: httpx.AsyncClient, deployment: Deployment, service: str) -> int:
    """How many the proxy knows."""
    page = (await client.get(f"{deployment.internal_url('proxy')}/metrics")).text
    name = f'haproxy_backend_active_servers{{proxy="{service}"}} '
    return next(int(line.removeprefix(name)) for line in page.splitlines() if line.startswith(name))


async def new_order(deployment: Deployment) -> Order:
    async with Api(deployment.urls, deployment.api_keys) as api:
        prefix = f"P{secrets.token_hex(2).upper()}"
        [order] = await place(api, [BY_NAME["delivered"]], deployment.clock.now, prefix=prefix, into=DemoOrders())
        return order


@pytest.mark.parametrize("service", SERVICES)
async def test_what_a_service_tells_of_itself_is_not_published(
    deployment: Deployment, client: httpx.AsyncClient, service: str
) -> None:
    for path in OF_THEMSELVES:
        assert (await client.get(deployment.urls[service] + path)).status_code == 404, path
        assert (await client.get(deployment.internal_urls[service] + path)).status_code == 200, path


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(
    ("request_", "status", "field"),
    [
        pytest.param(raw_http.get("/x", "X-Long: " + "a" * 16_384), 431, "header", id="a head over 16 KiB"),
        pytest.param(raw_http.get("/" + "a" * 8_192), 414, "URL", id="a URL over 8 KiB"),
        pytest.param(raw_http.get("/x", *(f"X-{n}: 1" for n in range(63))), 431, "header", id="more than 64 fields"),
        pytest.param(
            b"POST /orders HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 262145\r\n\r\n",
            413,
            "body",
            id="a body over 256 KiB",
        ),
    ],
)
async def test_what_is_too_large_is_refused_with_its_field(
    deployment: Deployment, service: str, request_: bytes, status: int, field: str
) -> None:
    async with asyncio.timeout(60):
        answered, body = await raw_http.answer(deployment.urls[service], request_)
    assert (answered, json.loads(body)["status"], json.loads(body)["errors"][0]["field"]) == (status, status, field)


async def test_what_is_just_small_enough_reaches_the_service(deployment: Deployment) -> None:
    for request in (
        raw_http.get("/x", "X-Long: " + "a" * 16_000),
        raw_http.get("/" + "a" * 8_191),
        raw_http.get("/x", *(f"X-{n}: 1" for n in range(60))),
    ):
        assert (await raw_http.answer(deployment.urls["orders"], request))[0] == 404


async def test_half_requests_are_cut_and_hold_up_nobody(deployment: Deployment, client: httpx.AsyncClient) -> None:
    url = deployment.urls["tracking"]
    halves = (b"GET /tracking/X HTTP/1.1\r\nHost: a\r\n", b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{")
    opened = [await raw_http.connect(url) for _ in range(HALF_REQUESTS)]
    try:
        for n, (_, writer) in enumerate(opened):
            writer.write(halves[n % len(halves)])
        assert (await client.get(f"{url}/orders/x/tracking")).status_code == 404
        async with asyncio.timeout(180):
            await asyncio.gather(*(raw_http.until_closed(reader) for reader, _ in opened))
    finally:
        for _, writer in opened:
            writer.close()


async def test_an_address_that_a_client_claims_is_not_believed(
    deployment: Deployment, client: httpx.AsyncClient
) -> None:
    async def ask(n: int) -> int:
        claimed = {
            "X-Forwarded-For": f"203.0.113.{n}",
            "Forwarded": f"for=203.0.113.{n}",
            "X-Real-IP": f"203.0.113.{n}",
        }
        return (await client.get(f"{deployment.urls['tracking']}/tracking/XX000000000FR", headers=claimed)).status_code

    assert 429 in await asyncio.gather(*(ask(n) for n in range(150))), "one client, many names"


async def test_a_stream_outlives_the_patience_of_the_proxy(deployment: Deployment, client: httpx.AsyncClient) -> None:
    order = await new_order(deployment)
    url, secret = f"{deployment.urls['tracking']}/orders/{order.id}/tracking", {"secret": order.secret}

    async def known() -> bool:
        return (await client.get(url, params=secret)).status_code == 200

    await until(known)
    heartbeats = 0
    async with asyncio.timeout(240), client.stream("GET", f"{url}/stream", params=secret) as stream:
        async for line in stream.aiter_lines():
            heartbeats += line.startswith(": ping")
            if heartbeats == HEARTBEATS:
                break
    assert heartbeats == HEARTBEATS, "it was cut"


async def test_a_dead_replica_is_passed_over(deployment: Deployment, client: httpx.AsyncClient) -> None:
    await asyncio.to_thread(deployment.make, "scale", "SERVICE=orders", "N=2")

    async def both() -> bool:
        return await ready_replicas(client, deployment, "orders") == 2

    await until(both)
    dead, alive = deployment.containers("orders")
    await asyncio.to_thread(docker, "kill", dead["Id"])
    headers = {"Authorization": f"Bearer {deployment.api_keys['marketplace']}"}
    for _ in range(20):
        assert (await client.get(f"{deployment.urls['orders']}/orders", headers=headers)).status_code == 200
        assert (await client.post(f"{deployment.urls['orders']}/orders", headers=headers, json={})).status_code == 422
    await asyncio.to_thread(deployment.start, "orders")
    await until(both)
    assert alive["State"]["Running"]


async def test_a_configuration_is_reloaded_under_traffic(deployment: Deployment, client: httpx.AsyncClient) -> None:
    """No request is refused while the proxy takes its configuration anew, and a stream that was open stays so."""
    order = await new_order(deployment)
    url, secret = f"{deployment.urls['tracking']}/orders/{order.id}/tracking", {"secret": order.secret}

    async def known() -> bool:
        return (await client.get(url, params=secret)).status_code == 200

    await until(known)
    before = workers(deployment)
    (proxy,) = deployment.containers("proxy")
    statuses: Counter[int] = Counter()

    async def ask() -> None:
        """On a new connection each time: an open one stays with the process that took it."""
        none_kept = httpx.Limits(max_keepalive_connections=0)
        async with httpx.AsyncClient(trust_env=False, timeout=30, limits=none_kept) as other:
            while True:
                statuses[(await other.get(url, params=secret)).status_code] += 1

    async def reload() -> None:
        await asyncio.to_thread(docker, "kill", "--signal", "USR2", proxy["Id"])
        enough = statuses.total() + 100
        await until(lambda: statuses.total() > enough)

    async with asyncio.timeout(120), client.stream("GET", f"{url}/stream", params=secret) as stream:
        lines = stream.aiter_lines()
        await anext(lines)
        async with asyncio.TaskGroup() as clients:
            asking = [clients.create_task(ask()) for _ in range(4)]
            for _ in range(RELOADS):
                await reload()
            for task in asking:
                task.cancel()
        assert workers(deployment) > before
        assert set(statuses) == {200}, statuses
        async for line in lines:
            if line.startswith(": ping"):
                break
        else:
            raise AssertionError("the stream was cut")


def workers(deployment: Deployment) -> int:
    """How many processes the proxy has: a master, and a worker of each configuration that still serves somebody."""
    (proxy,) = deployment.containers("proxy")
    return len(docker("top", proxy["Id"]).splitlines()) - 1
