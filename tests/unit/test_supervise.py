"""Under `make run` a process that dies is named on the screen and started again; tests here use tiny processes."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from sandbox.local import supervise
from sandbox.local.processes import CannotStartError, Process, describe_exit
from sandbox.local.supervise import PAUSES, Supervised, keep_alive

PATIENCE = 30.0


class Screen:
    """What was reported, to wait for."""

    def __init__(self) -> None:
        self.reported: list[str] = []
        self._changed = asyncio.Event()

    def report(self, text: str) -> None:
        self.reported.append(text)
        self._changed.set()

    async def shows(self, words: str) -> str:
        async with asyncio.timeout(PATIENCE):
            while True:
                for text in self.reported:
                    if words in text:
                        return text
                self._changed.clear()
                await self._changed.wait()


async def up(process: Process) -> bool:
    """Once it has said so; False when it has ended instead."""
    async with asyncio.timeout(PATIENCE):
        while True:
            if not process.alive:
                return False
            if process.tail() == "up":
                return True
            await asyncio.sleep(0.02)


@asynccontextmanager
async def supervising(process: Process, screen: Screen) -> AsyncIterator[Supervised]:
    async def start() -> None:
        process.start()
        if not await up(process):
            raise CannotStartError("it ended")

    supervised = Supervised("carrier", lambda: process, start, "It forgets everything.")
    task = asyncio.create_task(keep_alive(supervised, screen.report))
    try:
        yield supervised
    finally:
        task.cancel()
        process.kill()


async def test_a_killed_process_is_named_with_its_last_words_and_its_log_and_is_started_again(tmp_path: Path) -> None:
    process = Process("carrier", ["/bin/sh", "-c", "echo up; exec sleep 600"], tmp_path / "carrier.log")
    screen = Screen()
    process.start()
    async with supervising(process, screen):
        assert await up(process)
        first = process.pid
        os.kill(first, signal.SIGKILL)
        shown = await screen.shows("signal 9 (SIGKILL)")
        assert shown.startswith("carrier was ended by signal 9 (SIGKILL); it is started again now.")
        assert "It forgets everything." in shown
        assert f"Its log: {tmp_path / 'carrier.log'}" in shown
        assert "  | up" in shown
        await screen.shows("carrier is ready again.")
        assert process.alive
        assert process.pid != first


async def test_a_process_that_dies_every_time_is_left_dead_and_said_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervise, "PAUSES", (0.0,) * len(PAUSES))
    process = Process(
        "carrier",
        [sys.executable, "-c", "import sys; print('no such setting'); sys.exit(3)"],
        tmp_path / "carrier.log",
    )
    screen = Screen()
    process.start()
    async with supervising(process, screen):
        shown = await screen.shows("is not started again")
    assert shown.startswith(f"carrier ended with exit code 3, {len(PAUSES) + 1} times in a row")
    assert f"tail -n 50 {tmp_path / 'carrier.log'}" in shown
    assert "  | no such setting" in shown
    assert process.log.read_text().count("no such setting") == len(PAUSES) + 1
    assert not [text for text in screen.reported if "ready again" in text]


async def test_one_that_ran_steadily_begins_a_new_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often it dies, as long as it works in between."""
    monkeypatch.setattr(supervise, "STEADY_SECONDS", 0.0)
    process = Process("carrier", ["/bin/sh", "-c", "echo up; exec sleep 600"], tmp_path / "carrier.log")
    screen = Screen()
    process.start()
    async with supervising(process, screen):
        for _ in range(len(PAUSES) + 2):
            screen.reported.clear()
            assert await up(process)
            os.kill(process.pid, signal.SIGTERM)
            assert "started again now" in await screen.shows("signal 15 (SIGTERM)")
            await screen.shows("ready again")


def test_last_words_are_those_since_the_last_start(tmp_path: Path) -> None:
    process = Process("teller", ["/bin/sh", "-c", 'echo "$WORDS"'], tmp_path / "teller.log")
    for words in ("first", "second"):
        process.start({"WORDS": words})
        assert process.wait() == 0
        assert process.tail() == words
    assert process.log.read_text() == "first\nsecond\n"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, "ended with exit code 0"),
        (-9, "was ended by signal 9 (SIGKILL)"),
        (-64, "was ended by signal 64 (SIGRTMAX)"),
    ],
)
def test_an_exit_code_in_words(code: int, words: str) -> None:
    assert describe_exit(code) == words
