"""When the relay begins another round, and when it waits for a commit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from shared.ledger import outbox
from shared.loop import Loop
from shared.messaging import relay as module
from shared.messaging.relay import ROWS_A_PARTITION, Relay
from shared.settings import PlatformSettings

Round = Callable[[Relay], int]


class Waiting(Exception):
    """The relay has nothing to do."""


class Patience(Loop):
    async def wait_for(self, event: asyncio.Event, seconds: float) -> None:
        raise Waiting


async def rounds(monkeypatch: pytest.MonkeyPatch, *outcomes: Round) -> int:
    """How many rounds the relay makes until it waits, when each sends as many rows as told."""

    async def nothing(*_: object) -> None:
        return None

    monkeypatch.setattr(module, "notice_lost_tail", nothing)
    monkeypatch.setattr(outbox, "raise_floor", nothing)
    alive = SimpleNamespace(
        _sender=SimpleNamespace(sender_task=asyncio.Future()), client=SimpleNamespace(_sync_task=asyncio.Future())
    )
    monkeypatch.setattr(Relay, "_new", lambda _: alive)
    server: Any = None
    relay = Relay(PlatformSettings.model_construct(), server, server, "test", [], server)
    made = 0

    async def send_once() -> int:
        nonlocal made
        made += 1
        return outcomes[made - 1](relay)

    monkeypatch.setattr(relay, "send_once", send_once)
    with pytest.raises(Waiting):
        await relay._send(Patience("relay"))
    return made


def sends(rows: int) -> Round:
    return lambda _: rows


def commits_meanwhile(relay: Relay) -> int:
    relay.wake()
    return 1


async def test_after_all_was_sent_the_relay_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await rounds(monkeypatch, sends(3)) == 1


async def test_what_one_round_could_not_take_leaves_in_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await rounds(monkeypatch, sends(ROWS_A_PARTITION), sends(1)) == 2


async def test_what_is_committed_during_a_round_leaves_in_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await rounds(monkeypatch, commits_meanwhile, sends(1)) == 2
