"""Makers tells the other services which keys of vendors work."""

from __future__ import annotations

from hashlib import sha256

import httpx

from contracts.base import Event, parse_fact, vendor_key_stream
from contracts.makers import VendorKeyEnded, VendorKeyEvent, VendorKeyMade
from services.makers.api.vendor_keys import KeyPublishing
from services.vendor_keys import key_name
from shared.operations.api_keys import end_key
from shared.operations.provision import keep_api_key
from tests.support.makers_service import MakersService, VendorKey


def digest(bearer: str) -> str:
    return sha256(bearer.removeprefix("Bearer ").encode()).hexdigest()


async def published_keys(makers: MakersService, vendor: VendorKey) -> list[VendorKeyEvent]:
    """Of the vendor's keys, in the order of their publishing."""
    rows = await makers.platform.pool.fetch("select type, body from outbox where type like 'vendor-key-%' order by id")
    events: list[Event] = [parse_fact(row["type"], row["body"]) for row in rows]
    return [event for event in events if isinstance(event, VendorKeyEvent) and str(event.vendor_id) == vendor.id]


async def make(makers: MakersService, vendor: VendorKey, **body: object) -> httpx.Response:
    return await makers.http.post(f"{vendor.path}/keys", json=body, headers=vendor.headers)


async def test_each_key_is_told_by_its_hash_and_each_end_of_it(makers: MakersService) -> None:
    vendor = await makers.add("publishing")
    [first] = await published_keys(makers, vendor)
    assert first == VendorKeyMade(
        vendor_id=first.vendor_id, occurred_at=first.occurred_at, sha256=digest(vendor.headers["Authorization"])
    )
    made = await make(makers, vendor, replaces=first.sha256[:12], overlap_hours=24)
    assert made.status_code == 201, made.text
    _, second, ended = await by_name(makers, vendor, first.sha256)
    assert second.sha256 == digest(made.json()["key"])
    assert isinstance(ended, VendorKeyEnded)
    row = await makers.platform.pool.fetchval(
        "select not_after from api_keys where hash = $1", bytes.fromhex(first.sha256)
    )
    assert (ended.sha256, ended.turn, ended.ends_at) == (first.sha256, 1, row)
    assert made.json()["key"] not in str([event.model_dump() for event in await published_keys(makers, vendor)])
    # Ended for good, before its hours are over: told again, sooner.
    headers = {"Authorization": f"Bearer {made.json()['key']}"}
    assert (await makers.http.delete(f"{vendor.path}/keys/{first.sha256[:12]}", headers=headers)).status_code == 204
    facts = await makers.facts(vendor_key_stream(first.sha256))
    first_end, second_end = sorted(facts.all(VendorKeyEnded), key=lambda event: event.turn)
    assert (first_end.turn, second_end.turn, second_end.ends_at < first_end.ends_at) == (1, 2, True)


async def by_name(makers: MakersService, vendor: VendorKey, first: str) -> list[VendorKeyEvent]:
    """The key that was there first, the other one, and an end."""
    events = await published_keys(makers, vendor)
    made = [event for event in events if isinstance(event, VendorKeyMade)]
    made.sort(key=lambda event: event.sha256 != first)
    return [*made, *(event for event in events if isinstance(event, VendorKeyEnded))]


async def test_a_key_that_no_request_has_changed_is_told_by_the_task(makers: MakersService) -> None:
    vendor, key = await makers.add("quiet"), "a-key-that-an-operators-command-has-made"
    publishing = KeyPublishing(makers.platform.ledger, makers.platform.clock)

    async def round_of_task() -> int:
        return await makers.platform.ledger.run(publishing.publish)

    await round_of_task()
    async with makers.platform.pool.acquire() as db:
        await keep_api_key(
            db, key=key, name=key_name((await published_keys(makers, vendor))[0].vendor_id), scope="vendor"
        )
        await keep_api_key(db, key="odd", name="vendor-of-nobody", scope="vendor")
    await round_of_task()
    assert await round_of_task() == 0, "what is told is told once"
    assert digest(key) in {event.sha256 for event in await published_keys(makers, vendor)}
    async with makers.platform.pool.acquire() as db:
        await end_key(db, digest(key)[:12], 0)
    await round_of_task()
    assert VendorKeyEnded in await makers.facts(vendor_key_stream(digest(key)))
    assert not len(await makers.facts(vendor_key_stream(digest("odd"))))


async def test_a_request_that_is_refused_tells_nothing(makers: MakersService) -> None:
    vendor = await makers.add("refused")
    before = await published_keys(makers, vendor)
    for _ in range(19):
        assert (await make(makers, vendor)).status_code == 201
    assert (await make(makers, vendor)).status_code == 409
    assert (await make(makers, vendor, replaces="0" * 12)).status_code == 404
    assert len(await published_keys(makers, vendor)) == len(before) + 19


async def test_a_vendor_makes_only_so_many_keys_in_a_day(makers: MakersService) -> None:
    vendor = await makers.add("rotating")
    await makers.platform.pool.execute(
        """insert into api_keys (hash, name, scope, not_after)
           select sha256(('rotated ' || n)::bytea), $1, 'vendor', now() - interval '1 hour'
           from generate_series(1, 98) n""",
        f"vendor:{vendor.id}",
    )
    assert (await make(makers, vendor)).status_code == 201
    answer = await make(makers, vendor)
    assert (answer.status_code, answer.json()["title"]) == (409, "too many keys in a day")
