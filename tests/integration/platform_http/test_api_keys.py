"""API keys: their scopes, their rates, and that they are judged first."""

from __future__ import annotations

import asyncio

import asyncpg
import httpx

from shared.operations.provision import add_api_key
from tests.support.edge_service import GOOD, application, ask_without_body, client_of


async def test_a_key_that_was_ended_is_not_brought_back_by_the_next_provisioning(dsn: str) -> None:
    await add_api_key(dsn, key="leaked-key", name="tmall", scope="marketplace")
    database = await asyncpg.connect(dsn)
    await database.execute("update api_keys set not_after = now() where hash = sha256('leaked-key')")
    await add_api_key(dsn, key="leaked-key", name="tmall", scope="marketplace")
    ended = "select not_after is not null from api_keys where hash = sha256('leaked-key')"
    assert await database.fetchval(ended)
    await database.close()


async def test_a_key_opens_its_own_scope_only(client: httpx.AsyncClient) -> None:
    for header, status in (
        ("Bearer tmall-key", 201),
        ("bearer boss-key", 201),
        ("Bearer floor-key", 403),
        ("Bearer nobody", 401),
        ("Basic tmall-key", 401),
        ("", 401),
    ):
        answer = await client.post("/things", json=GOOD, headers={"Authorization": header})
        assert answer.status_code == status, header
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_key_is_judged_before_the_body_is_read(dsn: str) -> None:
    """Without the right key not a byte of the body is asked for, whatever the route does with it."""
    async with application(dsn) as app:
        for header, status in (("", 401), ("Bearer nobody", 401), ("Bearer floor-key", 403)):
            assert await ask_without_body(app, header) == status


async def test_the_rate_of_a_name_is_its_own(dsn: str) -> None:
    async with application(dsn, key_rate=0.5, key_rates={"boss": 1000}) as app, client_of(app) as client:
        bodies = [await client.post("/things", json={}) for _ in range(2)]
        assert [answer.status_code for answer in bodies] == [422, 429]
        assert bodies[1].headers["retry-after"] == "2"
        boss = {"Authorization": "Bearer boss-key"}
        assert {(await client.post("/things", json={}, headers=boss)).status_code for _ in range(20)} == {422}


async def test_one_name_has_so_many_requests_under_way(dsn: str) -> None:
    async with application(dsn, key_under_way=3) as app, client_of(app) as client:
        answers = await asyncio.gather(*(client.post("/things", json=GOOD) for _ in range(10)))
        statuses = sorted(answer.status_code for answer in answers)
        assert statuses == [201] * 3 + [429] * 7
        assert all(answer.headers["retry-after"] == "1" for answer in answers if answer.status_code == 429)
        assert (await client.post("/things", json=GOOD)).status_code == 201


async def test_wrong_keys_are_bounded_and_keys_that_have_worked_still_do(dsn: str) -> None:
    settings = {"wrong_keys_rate": 0.001, "wrong_keys_burst": 5}
    async with application(dsn, **settings) as app, client_of(app) as client:
        assert (await client.post("/things", json={})).status_code == 422
        wrong = [{"Authorization": f"Bearer guess-{number}"} for number in range(8)]
        answers = await asyncio.gather(*(client.post("/things", json={}, headers=header) for header in wrong))
        assert sorted(answer.status_code for answer in answers) == [401] * 5 + [429] * 3
        assert all(int(answer.headers["retry-after"]) > 1 for answer in answers if answer.status_code == 429)
        assert (await client.post("/things", json={})).status_code == 422
        async with client_of(app, "192.0.2.9") as elsewhere:
            assert (await elsewhere.post("/things", json={}, headers=wrong[0])).status_code == 401
