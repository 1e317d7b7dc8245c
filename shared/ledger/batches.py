"""A batch in one transaction; an item that cannot be handled is set aside by itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from shared.db import TRANSIENT, Relock
from shared.telemetry import log

Item = TypeVar("Item")


async def isolate_failures(
    items: Sequence[Item],
    handle: Callable[[Sequence[Item]], Awaitable[None]],
    set_aside: Callable[[Item, Exception], Awaitable[None]],
    *,
    passing: tuple[type[Exception], ...] = TRANSIENT,
) -> None:
    """Handles the items together; when that fails, each half by itself, in order, down to a single item that fails,
    which is set aside.

    `handle` works in a transaction of its own, so that nothing of a failed batch stays. `passing` errors are no fault
    of an item: they are raised, so that the whole batch is tried again later.
    """
    try:
        await handle(items)
    except passing as error:
        # A smaller batch needs fewer locks.
        if not isinstance(error, Relock) or len(items) == 1:
            raise
    except Exception as error:
        if len(items) == 1:
            await set_aside(items[0], error)
            return
        log.warning("a batch is split, for it could not be handled together", items=len(items), error=error)
    else:
        return
    middle = len(items) // 2
    for half in (items[:middle], items[middle:]):
        await isolate_failures(half, handle, set_aside, passing=passing)
