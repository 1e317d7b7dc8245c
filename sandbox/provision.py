"""A new installation of Silkpost for one machine: databases, topics, keys, from the table of topics."""

from __future__ import annotations

import asyncio
import base64
import secrets
from dataclasses import dataclass, field

from contracts.topics import TOPICS
from sandbox.servers import Servers
from shared.migrate import migrate
from shared.provision import Scope, add_api_key, create_topics, provision_database

SERVICES = ("orders", "warehouse", "customs", "carrier", "tracking")
SCOPES: tuple[Scope, ...] = ("marketplace", "warehouse", "operator")


def sealing_key() -> str:
    """32 random bytes, base64."""
    return base64.b64encode(secrets.token_bytes(32)).decode()


@dataclass(frozen=True)
class Secrets:
    """Every secret of one installation, drawn anew."""

    api_keys: dict[Scope, str] = field(default_factory=lambda: {scope: secrets.token_urlsafe(24) for scope in SCOPES})
    storage_keys: dict[str, str] = field(default_factory=lambda: {service: sealing_key() for service in SERVICES})
    contact_key: str = field(default_factory=sealing_key)
    national_id_key: str = field(default_factory=sealing_key)
    link_keys: str = field(default_factory=lambda: f"v1:{sealing_key()}")
    webhook_secret: str = field(default_factory=lambda: f"whsec_{sealing_key()}")
    okapi_key: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    laposte_password: str = field(default_factory=lambda: secrets.token_urlsafe(16))


async def provision(servers: Servers, known: Secrets, *, prefix: str = "silkpost") -> dict[str, str]:
    """Makes everything the services need; their DSNs by name. `prefix` begins the databases' names."""

    migrating = asyncio.Lock()  # Alembic keeps its context in module globals

    async def database(service: str) -> str:
        dsn = await provision_database(servers.admin_dsn, f"{prefix}_{service}", secrets.token_urlsafe(24))
        async with migrating:
            await asyncio.to_thread(migrate, service, dsn)
        for scope, key in known.api_keys.items():
            await add_api_key(dsn, key=key, name=f"{scope}-1", scope=scope)
        return dsn

    dsns, _ = await asyncio.gather(
        asyncio.gather(*(database(service) for service in SERVICES)),
        create_topics(servers.kafka_bootstrap, TOPICS),
    )
    return dict(zip(SERVICES, dsns, strict=True))
