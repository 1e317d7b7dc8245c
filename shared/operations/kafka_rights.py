"""Users of the brokers and what each may do: SCRAM credentials and access rules, by Kafka's admin protocol."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialAlteration,
    UserScramCredentialUpsertion,
)

from shared.settings import PlatformSettings

ITERATIONS = 8192
"""Of SCRAM's key derivation. The passwords are drawn, not chosen."""
TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Rights:
    """What one user may do; everything else is refused."""

    user: str
    writes: tuple[str, ...]
    reads: tuple[str, ...]
    group: str


class NotGranted(Exception):
    """The brokers refused, or could not be reached; the text is their answer."""


def grant(settings: PlatformSettings, passwords: Mapping[str, str], rights: Sequence[Rights]) -> None:
    """Users with these passwords (SCRAM-SHA-512), by name, and their rules. Users that exist get the password, rules
    that exist stay. Blocks for up to two minutes. Raises NotGranted."""
    admin = AdminClient(_configuration(settings))
    users: list[UserScramCredentialAlteration] = [
        UserScramCredentialUpsertion(
            user, ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, ITERATIONS), password.encode()
        )
        for user, password in passwords.items()
    ]
    rules = [rule for granted in rights for rule in _rules(granted)]
    try:
        _wait(admin.alter_user_scram_credentials(users, request_timeout=TIMEOUT_SECONDS).values())
        _wait(admin.create_acls(rules, request_timeout=TIMEOUT_SECONDS).values())
    except KafkaException as refused:
        raise NotGranted(str(refused)) from refused


def _wait(requests: Iterable[Future[Any]]) -> None:
    for future in requests:
        future.result()


def _rules(rights: Rights) -> Iterator[AclBinding]:
    def allow(resource: ResourceType, name: str, operation: AclOperation) -> AclBinding:
        user, host = f"User:{rights.user}", "*"
        return AclBinding(resource, name, ResourcePatternType.LITERAL, user, host, operation, AclPermissionType.ALLOW)

    for topic in rights.writes:
        yield allow(ResourceType.TOPIC, topic, AclOperation.WRITE)
    for topic in rights.reads:
        yield allow(ResourceType.TOPIC, topic, AclOperation.READ)
    for topic in sorted({*rights.writes, *rights.reads}):
        yield allow(ResourceType.TOPIC, topic, AclOperation.DESCRIBE)
    yield allow(ResourceType.GROUP, rights.group, AclOperation.READ)


def _configuration(settings: PlatformSettings) -> dict[str, str | int | float | bool]:
    """The settings as librdkafka names them. Host names are checked against certificates, as it does by itself."""
    named = {
        "bootstrap.servers": settings.kafka_bootstrap,
        "security.protocol": settings.kafka_security_protocol,
        "sasl.mechanism": settings.kafka_sasl_mechanism,
        "sasl.username": settings.kafka_username,
        "sasl.password": settings.kafka_password.get_secret_value(),
        "ssl.ca.location": settings.kafka_ca_file,
    }
    return {name: value for name, value in named.items() if value}
