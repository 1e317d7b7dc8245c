"""The pulse of a loop."""

from __future__ import annotations

import asyncio

import pytest

from shared.loop import Loop


async def test_a_slow_counterpart_is_no_stuck_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.loop.TICK_SECONDS", 0.01)
    loop, answered, ticks = Loop("poll"), asyncio.Event(), 0

    async def slow() -> str:
        nonlocal ticks
        while ticks < 3:
            before = loop.last_tick
            while loop.last_tick == before:  # noqa: ASYNC110  # nothing tells of a tick
                await asyncio.sleep(0)
            ticks += 1
        answered.set()
        return "answer"

    async with asyncio.timeout(60):
        assert await loop.while_waiting(slow()) == "answer"
    assert answered.is_set()


async def test_what_a_call_raises_is_raised_and_leaving_cancels_it() -> None:
    loop, cancelled = Loop("poll"), asyncio.Event()

    async def failing() -> None:
        raise ConnectionResetError

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    with pytest.raises(ConnectionResetError):
        await loop.while_waiting(failing())
    waiting = asyncio.create_task(loop.while_waiting(endless()))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait({waiting})
    await cancelled.wait()
    assert waiting.cancelled()


class Enough(Exception):
    pass


@pytest.mark.parametrize(("pause", "waits"), [(0, [7]), (7, [7, 7])])
async def test_after_a_failure_a_step_is_run_at_once_or_in_its_turn(
    monkeypatch: pytest.MonkeyPatch, *, pause: float, waits: list[float]
) -> None:
    monkeypatch.setattr("shared.loop.back_off_seconds", lambda _: 0)
    loop, outcomes, waited = Loop("gauges"), iter([OSError(), None, Enough()]), list[float]()
    troubles: list[str | None] = []

    async def step() -> None:
        troubles.append(loop.trouble)
        if (outcome := next(outcomes)) is not None:
            raise outcome

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(loop, "sleep", sleep)
    with pytest.raises(Enough):
        await loop.repeat(step, 7, pause=pause)
    assert waited == waits
    assert troubles == ["starting", "OSError", None]
