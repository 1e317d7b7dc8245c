"""Users of the brokers and what each may do: SCRAM credentials and access rules, by Kafka's admin protocol."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import for_code
from aiokafka.protocol.admin import CreateAclsRequest_v1
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    CompactArray,
    CompactBytes,
    CompactString,
    Int8,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)

from shared.messaging.kafka import Connection

ITERATIONS = 8192
"""Of SCRAM's key derivation. The passwords are drawn, not chosen."""
_SCRAM_SHA_512 = 2
_ALLOW, _LITERAL, _NO_ERROR = 3, 3, 0


@dataclass(frozen=True, slots=True)
class Rights:
    """What one user may do; everything else is refused."""

    user: str
    writes: tuple[str, ...]
    reads: tuple[str, ...]
    group: str


class _Resource(IntEnum):
    TOPIC = 2
    GROUP = 3


class _Operation(IntEnum):
    READ = 3
    WRITE = 4
    DESCRIBE = 8


async def create_user(kafka: Connection, user: str, password: str) -> None:
    """A user with this password (SCRAM-SHA-512); one that exists gets it. The broker is told salted hashes only."""
    salt = secrets.token_bytes(32)
    salted = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ITERATIONS)
    async with _admin(kafka) as admin:
        answer = await admin._send_to_controller(_AlterScram(user, salt, salted))
    for _, code, message, *_ in answer.results:
        if code != _NO_ERROR:
            raise for_code(code)(message)


async def grant(kafka: Connection, rights: Sequence[Rights]) -> None:
    """Adds the rules; those that are there stay. Raises KafkaError."""
    async with _admin(kafka) as admin:
        answer = await admin._send_to_controller(_CreateAcls([rule for one in rights for rule in _rules(one)]))
    for code, message in answer.creation_responses:
        if code != _NO_ERROR:
            raise for_code(code)(message)


def _rules(rights: Rights) -> Iterator[tuple[object, ...]]:
    def allow(resource: _Resource, name: str, operation: _Operation) -> tuple[object, ...]:
        return (int(resource), name, _LITERAL, f"User:{rights.user}", "*", int(operation), _ALLOW)

    for topic in rights.writes:
        yield allow(_Resource.TOPIC, topic, _Operation.WRITE)
    for topic in rights.reads:
        yield allow(_Resource.TOPIC, topic, _Operation.READ)
    for topic in {*rights.writes, *rights.reads}:
        yield allow(_Resource.TOPIC, topic, _Operation.DESCRIBE)
    yield allow(_Resource.GROUP, rights.group, _Operation.READ)


@asynccontextmanager
async def _admin(kafka: Connection) -> AsyncIterator[Any]:
    admin = AIOKafkaAdminClient(**kafka)
    try:
        await admin.start()
        yield admin
    finally:
        await admin.close()


class _CreateAcls(Request[CreateAclsRequest_v1]):  # type: ignore[misc]  # aiokafka has no types
    """Many rules at once, which aiokafka's own builder does not do."""

    API_KEY = 30

    def __init__(self, rules: Sequence[tuple[object, ...]]) -> None:
        self._rules = rules

    def build(self, request_struct_class: type[CreateAclsRequest_v1]) -> Any:
        return request_struct_class(list(self._rules))


class _AlterScramResponse(Response):  # type: ignore[misc]  # aiokafka has no types
    API_KEY = 51
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "results",
            CompactArray(
                ("user", CompactString("utf-8")),
                ("error_code", Int16),
                ("error_message", CompactString("utf-8")),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _AlterScramStruct(RequestStruct):  # type: ignore[misc]  # aiokafka has no types
    """AlterUserScramCredentials (KIP-554), which aiokafka does not have."""

    API_KEY = 51
    API_VERSION = 0
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = _AlterScramResponse
    SCHEMA = Schema(
        ("deletions", CompactArray(("name", CompactString("utf-8")), ("mechanism", Int8), ("tags", TaggedFields))),
        (
            "upsertions",
            CompactArray(
                ("name", CompactString("utf-8")),
                ("mechanism", Int8),
                ("iterations", Int32),
                ("salt", CompactBytes),
                ("salted_password", CompactBytes),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _AlterScram(Request[_AlterScramStruct]):  # type: ignore[misc]  # aiokafka has no types
    API_KEY = 51

    def __init__(self, user: str, salt: bytes, salted_password: bytes) -> None:
        self._upsertion: tuple[object, ...] = (user, _SCRAM_SHA_512, ITERATIONS, salt, salted_password, {})

    def build(self, request_struct_class: type[_AlterScramStruct]) -> Any:
        return request_struct_class([], [self._upsertion], {})
