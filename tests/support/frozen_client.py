"""`python -m tests.support.frozen_client DSN`: locks the row of `held`, says so, and reads an answer of 400
MB, which takes twenty seconds."""

from __future__ import annotations

import asyncio
import sys

from shared.db import new_pool


async def main(dsn: str) -> None:
    pool = new_pool(dsn, 2, "frozen")
    await pool
    async with pool.acquire() as db, db.transaction():
        await db.execute("select from held for update")
        sys.stdout.write("held\n")
        sys.stdout.flush()
        await db.fetch("select repeat('x', 1000000), pg_sleep(0.05) from generate_series(1, 400)")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
