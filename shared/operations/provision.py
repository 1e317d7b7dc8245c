"""What a new installation needs before its services start: roles, databases, topics and API keys.

Everything can be done again: what exists stays.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code
from pydantic import TypeAdapter

from contracts.base import PARTITIONS, Code, Topic
from shared.db import DB
from shared.messaging.kafka import Connection, anonymous
from shared.scopes import Scope

_NO_ERROR = 0
COMPACTED_WITHIN_MS = 24 * 60 * 60 * 1000


async def provision_database(admin_dsn: str, name: str, password: str) -> str:
    """A role and a database of this name that only this role may enter; the DSN with which it does.

    A role that exists gets the password, so that a lost one can be replaced.
    """
    connection = await asyncpg.connect(admin_dsn)
    try:
        role = await connection.fetchval("select quote_ident($1)", name)
        secret = await connection.fetchval("select quote_literal($1)", password)
        with contextlib.suppress(asyncpg.DuplicateObjectError):
            await connection.execute(f"create role {role} login")
        await connection.execute(f"alter role {role} password {secret}")
        with contextlib.suppress(asyncpg.DuplicateDatabaseError):
            await connection.execute(f"create database {role} owner {role}")
        await connection.execute(f"revoke all on database {role} from public")
    finally:
        await connection.close()
    where = urlsplit(admin_dsn)
    host = where.netloc.rpartition("@")[2]
    login = f"{quote(name, safe='')}:{quote(password, safe='')}"
    return urlunsplit(where._replace(netloc=f"{login}@{host}", path=f"/{quote(name, safe='')}"))


async def create_topics(
    kafka: Connection | str, topics: Sequence[Topic], *, replicas: int = 1, seconds: float = 30
) -> None:
    """Creates the topics that are missing; waits for a broker that is just starting. Raises KafkaError.

    `kafka`: how to reach it, or just where it is when it asks nobody who they are.
    """
    until = time.monotonic() + seconds
    how = anonymous(kafka) if isinstance(kafka, str) else kafka
    while True:
        try:
            return await _create_topics(how, topics, replicas)
        except KafkaError as error:
            if not error.retriable or time.monotonic() > until:
                raise
            await asyncio.sleep(0.2)


async def _create_topics(kafka: Connection, topics: Sequence[Topic], replicas: int) -> None:
    admin = AIOKafkaAdminClient(**kafka)
    try:
        await admin.start()
        wanted = [NewTopic(t.name, PARTITIONS, replicas, topic_configs=_configuration(t)) for t in topics]
        answer = await admin.create_topics(wanted)
        for name, code, *_ in answer.topic_errors:
            error = for_code(code)
            if code != _NO_ERROR and error is not TopicAlreadyExistsError:
                raise error(name)
    finally:
        await admin.close()


def _configuration(topic: Topic) -> Mapping[str, str]:
    if topic.compacted:
        # Without a longest lag an erased record stays until its segment is full, or a week old.
        return {"cleanup.policy": "compact", "max.compaction.lag.ms": str(COMPACTED_WITHIN_MS)}
    if topic.retention_days is None:
        return {}
    return {"retention.ms": str(topic.retention_days * 24 * 60 * 60 * 1000)}


async def add_api_key(dsn: str, *, key: str, name: str, scope: Scope, not_after: datetime | None = None) -> None:
    """As `keep_api_key`, in the database of this DSN."""
    connection = await asyncpg.connect(dsn)
    try:
        await keep_api_key(connection, key=key, name=name, scope=scope, not_after=not_after)
    finally:
        await connection.close()


async def keep_api_key(db: DB, *, key: str, name: str, scope: Scope, not_after: datetime | None = None) -> None:
    """Lets the bearer of `key` in, as `name`, until `not_after`. Only the key's SHA-256 is stored. A key that is known
    already, and may have been ended, keeps the time of its end.

    ValueError when the name is no `Code`: it goes into events, as the marketplace's name.
    """
    TypeAdapter(Code).validate_python(name)
    await db.execute(
        """insert into api_keys (hash, name, scope, not_after) values ($1, $2, $3, $4)
           on conflict (hash) do update set name = excluded.name, scope = excluded.scope""",
        hashlib.sha256(key.encode()).digest(),
        name,
        scope,
        not_after,
    )
