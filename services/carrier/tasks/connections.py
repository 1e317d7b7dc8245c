"""The connections to a counterpart live as long as the service."""

from __future__ import annotations

from shared.http.client import Counterpart
from shared.loop import Loop

TICK_SECONDS = 3600.0


async def keep_connections(counterpart: Counterpart, loop: Loop) -> None:
    """Until cancelled; then closes them, once the calls under way have ended."""
    loop.healthy()
    try:
        while True:
            await loop.sleep(TICK_SECONDS)
    finally:
        await counterpart.close()
