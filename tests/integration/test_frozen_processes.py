"""A machine that stood still: every process of the services is frozen for longer than its sessions live, and let go."""

from __future__ import annotations

import asyncio
import signal

import httpx
import pytest

from sandbox.local.supervise import supervised
from services.registry import SERVICES
from tests.support.operated_stack import Operated
from tests.support.waiting import until

pytestmark = pytest.mark.slow

FROZEN_SECONDS = 95.0
"""Longer than anything waits for a process: a transaction 15 s, a group of consumers 6 s, a client 60 s."""
BACK_SECONDS = 60.0
NOTICED_SECONDS = 10.0
"""In which a process that cannot go on ends."""


async def test_each_goes_on_or_ends_is_named_and_started_again(operated: Operated) -> None:
    """What they had in hand comes to its end, and new orders are taken in."""
    processes = {name: operated.stack.processes[name] for name in SERVICES}
    pids = {name: process.pid for name, process in processes.items()}
    messages: list[str] = []
    before = await operated.place(4)
    async with supervised(operated.stack, messages.append):
        for process in processes.values():
            process.send(signal.SIGSTOP)
        await asyncio.sleep(FROZEN_SECONDS)
        for process in processes.values():
            process.send(signal.SIGCONT)
        await asyncio.sleep(NOTICED_SECONDS)
        await until(lambda: all_ready(operated), BACK_SECONDS)
        ended = {name for name, process in processes.items() if process.pid != pids[name]}
        assert {words.partition(" ")[0] for words in messages if "it is started again" in words} == ended, messages
        after = await operated.place(2)
        with operated.fast():
            async with operated.actors([*before, *after]):
                await operated.stands([*before, *after], "delivered", seconds=180)
    for service in SERVICES:
        assert await operated.fetch(service, "select type, cause from dead_letters where replayed_at is null") == []


async def all_ready(operated: Operated) -> bool:
    async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
        try:
            answers = [await client.get(f"{operated.stack.internal_urls[name]}/readyz") for name in SERVICES]
        except httpx.TransportError:
            return False
    return {answer.status_code for answer in answers} == {httpx.codes.OK}
