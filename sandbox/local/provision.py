"""A new installation of Silkpost for one machine, with secrets of its own."""

from __future__ import annotations

from sandbox.local.servers import Servers
from services import provision as installation
from services.credentials import SERVICES, Secrets

__all__ = ["SERVICES", "Secrets", "provision"]


async def provision(servers: Servers, known: Secrets, *, prefix: str = "silkpost") -> dict[str, str]:
    """Makes everything the services need; their DSNs by name. `prefix` begins the databases' names."""
    return await installation.provision(
        servers.admin_dsn,
        servers.kafka_bootstrap,
        passwords=known.database_passwords,
        api_keys=known.api_keys,
        prefix=prefix,
    )
