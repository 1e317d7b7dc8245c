from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID, uuid4

from services import markers
from services.persons.erasures import erase_marked
from shared.loop import Loop
from tests.support.marker_topic import MarkerTopic


def marker(order_id: UUID) -> tuple[bytes, bytes]:
    return str(order_id).encode(), b'{"order_id": "%s", "erased_at": "2026-11-26T00:00:00Z"}' % str(order_id).encode()


async def erased(records: list[tuple[bytes | None, bytes | None]]) -> list[UUID]:
    erased_ids: list[UUID] = []

    async def erase(order_ids: Sequence[UUID]) -> int:
        assert len(order_ids) <= markers.BATCH
        erased_ids.extend(order_ids)
        return 0

    await erase_marked(erase, MarkerTopic("orders.erasures", records), Loop("broker"))  # type: ignore[arg-type]
    return erased_ids


async def test_every_marker_from_the_first_to_the_last_is_heeded() -> None:
    orders = [uuid4() for _ in range(2 * markers.BATCH + 1)]
    assert set(await erased([marker(order_id) for order_id in orders])) == set(orders)


async def test_what_is_no_marker_erases_nobody() -> None:
    order_id, other = uuid4(), uuid4()
    key, value = marker(order_id)
    foreign = [(str(other).encode(), value), (key, b"{}"), (key, None), (None, value), (key, b"\xff")]
    assert await erased([*foreign, marker(other)]) == [other]
