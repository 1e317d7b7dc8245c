"""How our clients reach the brokers and authenticate."""

from __future__ import annotations

import ssl
from typing import TypedDict

from shared.settings import PlatformSettings

REQUEST_MS = 10_000
"""After this long without an answer a broker counts as dead: the network of a machine that died refuses nothing."""


class Connection(TypedDict):
    """aiokafka's keywords, alike for its producer, its consumer and its admin client."""

    bootstrap_servers: list[str]
    security_protocol: str
    sasl_mechanism: str
    sasl_plain_username: str | None
    sasl_plain_password: str | None
    ssl_context: ssl.SSLContext | None


def connection(settings: PlatformSettings) -> Connection:
    """Host names are checked against certificates; there is no way around that. Raises OSError without the CA file."""
    protocol = settings.kafka_security_protocol
    encrypted = protocol in ("SSL", "SASL_SSL")
    return Connection(
        bootstrap_servers=[broker.strip() for broker in settings.kafka_bootstrap.split(",")],
        security_protocol=protocol,
        sasl_mechanism=settings.kafka_sasl_mechanism,
        sasl_plain_username=settings.kafka_username or None,
        sasl_plain_password=settings.kafka_password.get_secret_value() or None,
        ssl_context=ssl.create_default_context(cafile=settings.kafka_ca_file or None) if encrypted else None,
    )


def anonymous(bootstrap: str) -> Connection:
    """For brokers without authentication."""
    return connection(PlatformSettings.model_construct(kafka_bootstrap=bootstrap))
