"""La Poste's own lists of what was handed over with a manifest: made, made twice, refused, shown, erased."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.base import manifest_stream
from contracts.carrier import BordereauCreated
from contracts.warehouse import ManifestClosed, ManifestParcel
from services.carrier.carriers.carrier import Calls, Connected
from services.carrier.carriers.laposte import CARRIER
from services.carrier.domain.bordereaux import BordereauMade
from services.carrier.domain.carrier import Account
from services.carrier.jobs.bordereaux import BordereauJob
from services.carrier.store import bordereaux
from shared.http.client import Client, Counterpart
from shared.jobs.worker import ClaimedJob
from shared.ledger.facts import Facts
from tests.support.carrier_service import OPERATOR, WAREHOUSE, CarrierService
from tests.support.least_pdf import page
from tests.support.waiting import until


async def closed(carrier: CarrierService, *orders: tuple[UUID, list[str]]) -> UUID:
    """A manifest of these orders with their tracking numbers."""
    manifest_id = uuid4()
    parcels = tuple(
        ManifestParcel(order_id=order_id, parcel=place, tracking_number=number)
        for order_id, numbers in orders
        for place, number in enumerate(numbers, start=1)
    )
    await carrier.consume(
        ManifestClosed(manifest_id=manifest_id, occurred_at=datetime.now(UTC), carrier="laposte", parcels=parcels)
    )
    return manifest_id


async def facts_of(carrier: CarrierService, manifest_id: UUID) -> Facts:
    async with carrier.platform.pool.acquire() as db:
        return (await carrier.platform.ledger.read(db, [manifest_stream(manifest_id)]))[manifest_id]


async def until_made(carrier: CarrierService, manifest_id: UUID, part: int = 1) -> BordereauCreated:
    async def made() -> BordereauCreated | None:
        return (await facts_of(carrier, manifest_id)).get(BordereauCreated, part)

    return await until(made)


async def at_la_poste(carrier: CarrierService, *numbers: str) -> list[str]:
    """The lists that La Poste has of exactly these parcels."""
    account = (await carrier.outside.get("/control/account")).json()
    return [
        str(bordereau["number"]) for bordereau in account["bordereaux"] if bordereau["parcel_numbers"] == list(numbers)
    ]


async def listed(carrier: CarrierService, manifest_id: UUID) -> list[dict[str, Any]]:
    answer = await carrier.http.get(f"/manifests/{manifest_id}/bordereaux", headers=WAREHOUSE)
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()["bordereaux"]
    return rows


async def test_a_list_is_made_kept_and_shown(carrier: CarrierService) -> None:
    order_id, numbers = await carrier.labelled(2)
    manifest_id = await closed(carrier, (order_id, numbers))
    made = await until_made(carrier, manifest_id)
    assert (made.tracking_numbers, [made.number]) == (tuple(numbers), await at_la_poste(carrier, *numbers))
    [row] = await listed(carrier, manifest_id)
    assert (row["number"], row["parcels"], row["stored"]) == (made.number, numbers, True)
    assert (row["refused"], row["unconfirmed"]) == (None, 0)
    path = f"/manifests/{manifest_id}/bordereaux/1"
    answer = await carrier.http.get(path, headers=WAREHOUSE)
    assert (answer.headers["content-type"], answer.headers["x-bordereau-number"]) == ("application/pdf", made.number)
    assert all(number.encode() in answer.content for number in numbers)
    again = {**WAREHOUSE, "If-None-Match": answer.headers["etag"]}
    assert (await carrier.http.get(path, headers=again)).status_code == 304
    read = (await carrier.http.get(f"/orders/{order_id}/person/reads", headers=OPERATOR)).json()["reads"]
    assert ("bordereau", f"manifest {manifest_id}", "packer") in {
        (row["part"], row["purpose"], row["asked_by"]) for row in read
    }
    sealed = await carrier.platform.pool.fetchval("select pdf from bordereaux where number = $1", made.number)
    assert b"%PDF" not in sealed


async def test_the_lists_are_for_the_warehouse(carrier: CarrierService) -> None:
    order_id, numbers = await carrier.labelled()
    manifest_id = await closed(carrier, (order_id, numbers))
    await until_made(carrier, manifest_id)
    for path in (f"/manifests/{manifest_id}/bordereaux", f"/manifests/{manifest_id}/bordereaux/1"):
        assert (await carrier.http.get(path)).status_code == 401
        for other in (uuid4(), order_id):
            unknown = path.replace(str(manifest_id), str(other))
            assert (await carrier.http.get(unknown, headers=WAREHOUSE)).status_code == 404
    assert (await carrier.http.get(f"/orders/{manifest_id}", headers=OPERATOR)).status_code == 404
    for part, status in (("2", 404), ("0", 422), ("x", 422), ("1001", 422)):
        path = f"/manifests/{manifest_id}/bordereaux/{part}"
        assert (await carrier.http.get(path, headers=WAREHOUSE)).status_code == status


@pytest.mark.parametrize("kind", ["lost_answer", "truncated", "cut_pdf", "html"])
async def test_after_a_lost_answer_a_second_list_is_made_and_one_shown(carrier: CarrierService, kind: str) -> None:
    order_id, numbers = await carrier.labelled()
    await carrier.fault("sls", kind)
    manifest_id = await closed(carrier, (order_id, numbers))
    made = await until_made(carrier, manifest_id)
    lists = await at_la_poste(carrier, *numbers)
    assert len(lists) == 2
    assert made.number == lists[1]
    [row] = await listed(carrier, manifest_id)
    assert (row["number"], row["unconfirmed"]) == (made.number, 1)


@pytest.mark.parametrize("kind", ["429", "500", "slow"])
async def test_a_busy_carrier_makes_one_list(carrier: CarrierService, kind: str) -> None:
    order_id, numbers = await carrier.labelled()
    await carrier.fault("sls", kind, seconds=0.2)
    manifest_id = await closed(carrier, (order_id, numbers))
    made = await until_made(carrier, manifest_id)
    assert await at_la_poste(carrier, *numbers) == [made.number]
    [row] = await listed(carrier, manifest_id)
    assert row["unconfirmed"] == 0


async def test_a_refused_list_shows_its_reason_until_it_is_made(carrier: CarrierService) -> None:
    order_id, numbers = await carrier.labelled()
    unknown = await closed(carrier, (order_id, ["CY000000005FR"]))

    async def refused() -> bool:
        return [row["refused"] for row in await listed(carrier, unknown)] == ["sls:30950"]

    await until(refused)
    assert await carrier.count("refused_bordereaux") == 1
    made = await closed(carrier, (order_id, numbers))
    await until_made(carrier, made)  # the refused one holds up no other


async def test_a_long_manifest_has_a_list_for_every_fifty_parcels(carrier: CarrierService) -> None:
    order_id, (number, *_) = await carrier.labelled()
    size = CARRIER.bordereau_parcels or 0
    manifest_id = await closed(carrier, *[(order_id, [number]) for _ in range(size + 1)])
    first, second = [await until_made(carrier, manifest_id, part) for part in (1, 2)]
    assert (len(first.tracking_numbers), len(second.tracking_numbers)) == (size, 1)
    assert first.number != second.number


async def test_a_list_that_came_twice_is_kept_beside_and_not_shown(carrier: CarrierService) -> None:
    """Two replicas have asked for it: the lease of the first ran out."""
    order_id, numbers = await carrier.labelled()
    ledger, answers = carrier.platform.ledger, iter(("9000001", "9000002"))

    async def make_bordereau(_: Sequence[str]) -> BordereauMade:
        return BordereauMade(next(answers), page("Bordereau", []))

    async def unused(_: Any) -> Any:
        raise AssertionError("only lists are asked for")

    calls = Calls(unused, unused, unused, Account("main"), make_bordereau=make_bordereau)
    connected = Connected(CARRIER, Counterpart("carrier.laposte", Client()), calls)
    async with carrier.paused():
        manifest_id = await closed(carrier, (order_id, numbers))
        stream = manifest_stream(manifest_id)
        job = BordereauJob(ledger, carrier.platform.seal, carrier.platform.clock, connected, 90)
        both = [await job.run(ClaimedJob("bordereau.laposte", stream, "1", 1)) for _ in range(2)]
        for done in both:
            async with ledger.transaction() as db:
                assert done.save is not None
                await done.save(db, (await ledger.lock(db, [stream]))[stream.id])
                await ledger.publish(db, done.published)
        answer = await carrier.http.get(f"/manifests/{manifest_id}/bordereaux/1", headers=WAREHOUSE)
        assert answer.headers["x-bordereau-number"] == "9000001"
        assert await carrier.count("bordereaux", "manifest_id = $1 and not used", manifest_id) == 1
        [row] = await listed(carrier, manifest_id)
        assert row["number"] == "9000001"


async def test_an_erasure_drops_the_list_and_keeps_its_number(carrier: CarrierService) -> None:
    order_id, numbers = await carrier.labelled()
    manifest_id = await closed(carrier, (order_id, numbers))
    made = await until_made(carrier, manifest_id)
    await carrier.erase(order_id)
    await carrier.until_count(1, "bordereaux", "number = $1 and pdf is null", made.number)
    path = f"/manifests/{manifest_id}/bordereaux/1"
    assert (await carrier.http.get(path, headers=WAREHOUSE)).status_code == 410
    [row] = await listed(carrier, manifest_id)
    assert (row["number"], row["stored"]) == (made.number, False)
    later = await closed(carrier, (order_id, numbers))  # erased before the list came
    second = await until_made(carrier, later)
    await carrier.until_count(1, "bordereaux", "number = $1 and pdf is null", second.number)


async def test_a_restored_database_knows_the_number_again(carrier: CarrierService) -> None:
    manifest_id = uuid4()
    fact = BordereauCreated(
        manifest_id=manifest_id,
        occurred_at=datetime.now(UTC),
        part=1,
        carrier="laposte",
        number="77",
        tracking_numbers=("CY000000005FR",),
    )
    async with carrier.platform.pool.acquire() as db:
        await bordereaux.save_restored(db, [fact])
    path = f"/manifests/{manifest_id}/bordereaux/1"
    assert (await carrier.http.get(path, headers=WAREHOUSE)).status_code == 410
