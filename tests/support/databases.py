"""Databases of tests: what the fixture `fresh_database` gives, and copies."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import asyncpg

from sandbox.local.servers import Servers

FreshDatabase = Callable[[str], Awaitable[str]]


async def copy_database(servers: Servers, dsn: str, copy: str) -> None:
    """As from a backup; nothing may be connected to the database."""
    connection = await asyncpg.connect(servers.admin_dsn)
    name = dsn.rpartition("/")[2]  # its owner is a role of the same name
    try:
        await connection.execute(f'create database "{copy.rpartition("/")[2]}" template "{name}" owner "{name}"')
    finally:
        await connection.close()
