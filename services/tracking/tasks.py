"""The endless loop of tracking: listens for changed documents, and wakes the live streams that show them."""

from __future__ import annotations

import asyncio
from uuid import UUID

import asyncpg

from services.tracking import store
from services.tracking.api.streams import Streams
from shared.db import read_only
from shared.loop import Loop

TIMEOUT_SECONDS = 5.0
"""For connecting and for each statement on the connection that listens."""
RECONNECT_SECONDS = 3.0
"""How long a connection to a server that takes no writes is kept."""


async def listen(dsn: str, streams: Streams, loop: Loop) -> None:
    """Listens until cancelled, then ends the streams. Reconnects after the server was away, and then wakes every stream
    to look up what it missed."""
    try:
        await loop.repeat(lambda: _listen_once(dsn, streams, loop), 0)
    finally:
        streams.close()


async def _listen_once(dsn: str, streams: Streams, loop: Loop) -> None:
    began = loop.now()
    connection = await asyncpg.connect(dsn, timeout=TIMEOUT_SECONDS, command_timeout=TIMEOUT_SECONDS)

    def on_notify(_connection: object, _pid: int, _channel: str, payload: object) -> None:
        streams.wake(UUID(str(payload)))

    try:
        await connection.add_listener(store.CHANNEL, on_notify)
        streams.wake_all()
        while True:
            loop.tick()
            await connection.execute("select 1")
            loop.healthy()
            await asyncio.sleep(1)
            if read_only(connection) and loop.now() - began > RECONNECT_SECONDS:
                return  # a notification comes from the server that takes the writes: another one after a failover
    finally:
        connection.terminate()
