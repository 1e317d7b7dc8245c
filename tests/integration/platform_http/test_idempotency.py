"""Requests that are repeated under one Idempotency-Key."""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

import asyncpg
import httpx

from tests.support.edge_service import GOOD


async def test_the_same_key_has_the_same_answer(client: httpx.AsyncClient) -> None:
    key = {"Idempotency-Key": uuid4().hex}
    first = await client.post("/things", json=GOOD, headers=key)
    again = await client.post("/things", json=GOOD, headers=key)
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["location"] == first.headers["location"]
    other = await client.post("/things", json={**GOOD, "name": "b"}, headers=key)
    assert other.status_code == 422
    stranger = await client.post("/things", json=GOOD, headers={**key, "Authorization": "Bearer boss-key"})
    assert UUID(stranger.json()["id"]) != UUID(first.json()["id"])
    assert (await client.post("/things", json=GOOD, headers={"Idempotency-Key": "x" * 256})).status_code == 400


async def test_fifty_at_once_are_one(client: httpx.AsyncClient, dsn: str) -> None:
    db = await asyncpg.connect(dsn)
    before = await db.fetchval("select count(*) from facts")
    key = {"Idempotency-Key": uuid4().hex}
    answers = await asyncio.gather(*(client.post("/things", json=GOOD, headers=key) for _ in range(50)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.json()["id"] for answer in answers if answer.status_code == 201}) == 1
    assert await db.fetchval("select count(*) from facts") == before + 1
    await db.close()
