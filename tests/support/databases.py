"""Databases of tests: what the fixture `fresh_database` gives, and copies."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import asyncpg

from sandbox.local.servers import Servers

FreshDatabase = Callable[[str], Awaitable[str]]


async def copy_database(servers: Servers, dsn: str, copy: str) -> None:
    """As from a backup; nothing may be connected to the database."""
    connection = await asyncpg.connect(servers.admin_dsn)
    name, target = dsn.rpartition("/")[2], copy.rpartition("/")[2]
    try:
        owner = await connection.fetchval("select pg_get_userbyid(datdba) from pg_database where datname = $1", name)
        await connection.execute(f'create database "{target}" template "{name}" owner "{owner}"')
    finally:
        await connection.close()
