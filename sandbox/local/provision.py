"""Databases, topics and secrets of a new local stack."""

from __future__ import annotations

from sandbox.local.servers import Servers
from services import provision as installation
from services.credentials import Secrets


async def provision(servers: Servers, secrets: Secrets, *, prefix: str = "silkpost") -> dict[str, str]:
    """Creates what the services need; returns their DSNs by name. `prefix` begins the databases' names."""
    return await installation.provision(
        servers.admin_dsn,
        servers.kafka_bootstrap,
        passwords=secrets.database_passwords,
        api_keys=secrets.api_keys,
        prefix=prefix,
    )
