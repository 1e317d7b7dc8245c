"""A new installation: a database and a role for each service, migrations, topics, API keys, rights on the broker.

`python -m services.provision` does it on servers that run already, from its settings and secrets, and exits. It can be
repeated: what exists stays, passwords and keys become those given now, new migrations are applied.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
from aiokafka.errors import KafkaError
from pydantic import Field, SecretStr, create_model

from contracts.topics import TOPICS, readable_by
from services.registry import SERVICES
from shared.messaging.kafka import Connection, connection
from shared.operations.kafka_rights import NotGranted, Rights, grant
from shared.operations.migrate import migrate
from shared.operations.provision import add_api_key, create_topics, provision_database
from shared.scopes import Scope
from shared.settings import PlatformSettings, with_password

_PASSWORDS: dict[str, Any] = {
    **{f"{name}_database_password": (SecretStr, ...) for name in SERVICES},
    **{f"{name}_kafka_password": (SecretStr, SecretStr("")) for name in SERVICES},
}


class Settings(create_model("Passwords", __base__=PlatformSettings, **_PASSWORDS)):  # type: ignore[misc]
    """What it reads besides the platform's settings; its Kafka user must be the brokers' superuser."""

    database_admin_url: SecretStr = Field(default=SecretStr("postgresql://postgres@localhost/postgres"))
    postgres_password: SecretStr = Field(default=SecretStr(""), description="when that URL holds none")
    database_prefix: str = Field(default="silkpost", pattern=r"^[a-z][a-z0-9_]*$", description="prefix of their names")
    kafka_replicas: int = Field(default=1, ge=1, description="brokers that hold each topic")

    api_key_marketplace: SecretStr = Field(default=SecretStr(""), description="for marketplaces; none when empty")
    api_key_warehouse: SecretStr = SecretStr("")
    api_key_operator: SecretStr = SecretStr("")
    api_key_service: SecretStr = SecretStr("")

    def of_service(self, service: str, kind: str) -> str:
        """The password of this service for its `database` or for `kafka`."""
        secret: SecretStr = getattr(self, f"{service}_{kind}_password")
        return secret.get_secret_value()

    def api_keys(self) -> dict[Scope, str]:
        """Those that are set, by scope."""
        keys: dict[Scope, SecretStr] = {
            "marketplace": self.api_key_marketplace,
            "warehouse": self.api_key_warehouse,
            "operator": self.api_key_operator,
            "service": self.api_key_service,
        }
        return {scope: key.get_secret_value() for scope, key in keys.items() if key.get_secret_value()}


async def provision(
    admin_dsn: str,
    kafka: Connection | str,
    *,
    passwords: Mapping[str, str],
    api_keys: Mapping[Scope, str],
    prefix: str = "silkpost",
    replicas: int = 1,
) -> dict[str, str]:
    """Creates databases, topics and keys; the services' DSNs by name. `passwords`: of the database roles, by service.

    Raises KafkaError, OSError and asyncpg's errors.
    """
    migrating = asyncio.Lock()  # Alembic keeps its context in module globals

    async def database(service: str) -> str:
        dsn = await provision_database(admin_dsn, f"{prefix}_{service}", passwords[service])
        async with migrating:
            await asyncio.to_thread(migrate, service, dsn)
        for scope, key in api_keys.items():
            await add_api_key(dsn, key=key, name=f"{scope}-1", scope=scope)
        return dsn

    dsns, _ = await asyncio.gather(
        asyncio.gather(*(database(service) for service in SERVICES)),
        create_topics(kafka, TOPICS, replicas=replicas),
    )
    return dict(zip(SERVICES, dsns, strict=True))


def rights_of(service: str) -> Rights:
    """What a service may do on the brokers: write to its own topics, read its own and those it consumes."""
    publishes = tuple(topic.name for topic in TOPICS if topic.producer == service)
    subscriptions = tuple(topic.name for topic in readable_by(service))
    # It reads its own ones to compare their ends with its outbox: the broker may have lost records.
    return Rights(user=service, writes=publishes, reads=_distinct((*publishes, *subscriptions)), group=service)


def _distinct(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


async def main(settings: Settings) -> None:
    """Provisions everything that the settings name."""
    kafka = connection(settings)
    await provision(
        with_password(settings.database_admin_url.get_secret_value(), settings.postgres_password.get_secret_value()),
        kafka,
        passwords={service: settings.of_service(service, "database") for service in SERVICES},
        api_keys=settings.api_keys(),
        prefix=settings.database_prefix,
        replicas=settings.kafka_replicas,
    )
    users = {service: settings.of_service(service, "kafka") for service in SERVICES}
    if settings.kafka_security_protocol.startswith("SASL_") and all(users.values()):
        await asyncio.to_thread(grant, settings, users, [rights_of(service) for service in SERVICES])
    sys.stdout.write(f"{len(SERVICES)} databases, {len(TOPICS)} topics and {len(settings.api_keys())} keys are there\n")


if __name__ == "__main__":
    try:
        asyncio.run(main(Settings()))
    except (KafkaError, NotGranted, OSError, asyncpg.PostgresError) as error:
        sys.exit(f"not provisioned: {type(error).__name__}: {error}")
