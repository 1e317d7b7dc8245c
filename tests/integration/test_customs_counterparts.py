"""Gateways in trouble, paused, or without an answer: each declaration once all the same."""

from __future__ import annotations

import asyncio

import pytest

from contracts.customs import ImportDeclared, ParcelDeclared
from services.customs.destinations.cn.gateway import IMPORT_GATEWAY
from shared.jobs import pauses
from tests.support.customs_samples import WINE
from tests.support.customs_service import CustomsService

BAD_ANSWERS = ("gzip_bomb", "endless", "trickle", "html")


@pytest.mark.parametrize("kind", ["429", "500", "lost_answer", "truncated", "slow"])
async def test_a_gateway_in_trouble_is_asked_again_and_declares_once(customs: CustomsService, kind: str) -> None:
    name = f"douane-{kind.replace('_', '')}"
    await customs.fault("douane", kind)
    await customs.packed(name, lines=WINE)
    await customs.until(name, ParcelDeclared, 1)
    assert len(await customs.exported(f"TM{name}-1")) == 1


@pytest.mark.parametrize("kind", ["429", "500", "lost_answer", "truncated"])
async def test_a_single_window_in_trouble_gets_every_message_once(customs: CustomsService, kind: str) -> None:
    name = f"port-{kind.replace('_', '')}"
    await customs.fault("chinaport", kind, 3)
    await customs.departed(name)
    await customs.until(name, ImportDeclared, 1)
    received = await customs.received(f"TM{name}-1")
    assert set(received) == {"CEB311", "CEB511", "CEB621"}
    await customs.fault("chinaport", kind, 0)


async def test_a_gateway_that_answers_what_is_no_answer_is_asked_again_and_declares_once(
    customs: CustomsService,
) -> None:
    for kind in BAD_ANSWERS:
        await customs.fault("douane", kind)
    await customs.packed("douane-bad", lines=WINE)
    await customs.until("douane-bad", ParcelDeclared, 1)
    assert len(await customs.exported("TMdouane-bad-1")) == 1


async def test_a_single_window_that_answers_what_is_no_answer_gets_every_message_once(customs: CustomsService) -> None:
    for kind in BAD_ANSWERS:
        await customs.fault("chinaport", kind, 2)
    await customs.departed("port-bad")
    await customs.until("port-bad", ImportDeclared, 1)
    assert set(await customs.received("TMport-bad-1")) == {"CEB311", "CEB511", "CEB621"}
    await customs.fault("chinaport", "html", 0)


async def test_a_counterpart_that_is_paused_gets_nothing_and_drains_on_resume(customs: CustomsService) -> None:
    async with customs.platform.pool.acquire() as db:
        await pauses.pause(db, IMPORT_GATEWAY)
    try:
        await customs.departed("paused")
        await asyncio.sleep(0.5)
        assert await customs.received("TMpaused-1") == {}
    finally:
        async with customs.platform.pool.acquire() as db:
            await pauses.resume(db, IMPORT_GATEWAY)
    await customs.until("paused", ImportDeclared, 1)
