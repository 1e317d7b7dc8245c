"""Which columns hold what was made with a key: a column that its service does not declare would be left out when keys
change, and be unreadable once the old key is gone."""

from __future__ import annotations

import importlib
from collections.abc import Mapping

import asyncpg
import pytest

from services.openapi import ENVIRONMENT, settings_class
from services.registry import BY_NAME, SERVICES
from shared.db import new_pool
from shared.platform import Platform, keyed_of
from tests.support.databases import FreshDatabase

OF_THE_PLATFORM = {
    "api_keys.hash": "SHA-256 of a random key",
    "dead_letters.key": "a record as it came: the key is the id of a stream",
    "dead_letters.body": "a record as it came: persons' records are sealed in it, under keys of their topic",
}
NOT_KEYED: Mapping[str, Mapping[str, str]] = {
    "orders": {},
    "warehouse": {},
    "customs": {"quota.person": "that of quota_entries, which refers to it and is counted"},
    "carrier": {
        "feed_files.digest": "a plain hash of a whole file",
        "persons.national_id": "never kept here: the carrier has no key for it",
        "raw_scans.digest": "a plain hash of an event, by which a repeated one is known",
    },
    "tracking": {"documents.body": "what is answered, byte for byte: holds no personal data"},
    "makers": {"published_keys.hash": "SHA-256 of a random key"},
    "provenance": {
        "entries.leaf": "what anyone may read in the log",
        "events.salt": "random, and part of what is shown to who holds the unit",
        "issuer_keys.public": "a public key",
        "tiles.hashes": "hashes of leaves, for anyone to read",
    },
}
"""Columns of bytes that no key has made, and what they are."""


async def keyed(service: str, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """What the service declares with the keys that it has in a deployment."""
    for name, value in ENVIRONMENT.items():
        if name == "STORAGE_KEY" or name.lower() in BY_NAME[service].secrets:
            monkeypatch.setenv(name, value)
    root = importlib.import_module(f"services.{service}.main")
    settings = settings_class(root)()
    platform = Platform(settings, new_pool(settings.database_dsn(), settings.database_pool, "silkpost"))
    return {f"{keyed_column.table}.{keyed_column.column}" for keyed_column in keyed_of(root.service(platform))}


async def bytes_columns(dsn: str) -> set[str]:
    db = await asyncpg.connect(dsn)
    try:
        rows = await db.fetch(
            """select table_name || '.' || column_name from information_schema.columns
               where table_schema = 'public' and data_type = 'bytea'"""
        )
    finally:
        await db.close()
    return {name for (name,) in rows}


@pytest.mark.parametrize("service", SERVICES)
async def test_every_column_of_bytes_is_declared_as_made_with_a_key_or_has_a_reason(
    service: str, fresh_database: FreshDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = OF_THE_PLATFORM.keys() | NOT_KEYED[service].keys()
    columns, declared = await bytes_columns(await fresh_database(service)), await keyed(service, monkeypatch)
    assert declared & plain == set()
    assert columns == declared | plain
