"""Three brokers with users, rights and TLS: what the services need is allowed, nothing else, and a broker may die."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from contracts.topics import TOPICS
from sandbox.demo.clock_speed import SLOW
from sandbox.demo.scenarios import BY_NAME
from tests.support.compose.demo_run import run_demo
from tests.support.compose.deployment import Deployment, running

DELIVERED = BY_NAME["delivered"]


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with running(tmp_path_factory.mktemp("stack"), profile="sandbox cluster secure", speed=SLOW) as started:
        yield started
        started.kill()  # brokers that are told to leave all at once wait in vain for each other


@pytest.mark.parametrize(
    ("changed", "topic", "refusal"),
    [
        pytest.param({}, "orders.events", "TopicAuthorizationFailedError", id="another service's topic"),
        pytest.param({"kafka_password": "guess"}, "tracking.events", "AuthenticationFailed", id="a wrong password"),
        pytest.param({"kafka_username": "orders"}, "tracking.events", "AuthenticationFailed", id="another name"),
        pytest.param(
            {"kafka_security_protocol": "SSL"}, "tracking.events", "KafkaConnectionError", id="no name at all"
        ),
        pytest.param(
            {"kafka_security_protocol": "PLAINTEXT"}, "tracking.events", "KafkaConnectionError", id="in clear"
        ),
        pytest.param(
            {"kafka_username": "admin", "kafka_sasl_mechanism": "PLAIN"},
            "tracking.events",
            "AuthenticationFailed",
            id="the brokers' own name",
        ),
        pytest.param(
            {"kafka_bootstrap": "kafka-2:9093"}, "tracking.events", "UnsupportedSaslMechanism", id="a controller's door"
        ),
    ],
)
def test_the_brokers_refuse(deployment: Deployment, changed: dict[str, str], topic: str, refusal: str) -> None:
    patience_ms = 4_000 if refusal == "KafkaConnectionError" else 30_000  # this refusal is an answer that never comes
    program = f"""
import asyncio
from aiokafka import AIOKafkaProducer
from shared.messaging.kafka import connection
from shared.settings import PlatformSettings
async def main():
    producer = AIOKafkaProducer(**connection(PlatformSettings(**{changed!r})), request_timeout_ms={patience_ms})
    try:
        await producer.start()
        await producer.send_and_wait({topic!r}, b"forged")
    except Exception as error:
        print(type(error).__name__, error)
    else:
        print("taken")
    finally:
        await producer.stop()
asyncio.run(main())
"""
    done = deployment.run("tracking", program)
    assert refusal in done.stdout + done.stderr, done.stdout + done.stderr


@pytest.mark.parametrize("service", sorted({topic.producer for topic in TOPICS}))
def test_a_service_writes_to_its_own_topics_only(deployment: Deployment, service: str) -> None:
    """As the topic table has it, which is what readers believe."""
    program = f"""
import asyncio
from aiokafka import AIOKafkaProducer
from aiokafka.errors import TopicAuthorizationFailedError
from shared.messaging.kafka import connection
from shared.settings import PlatformSettings
async def main():
    async with AIOKafkaProducer(**connection(PlatformSettings())) as producer:
        for topic in {[topic.name for topic in TOPICS if topic.producer != service]!r}:
            try:
                await producer.send_and_wait(topic, b"forged")
            except TopicAuthorizationFailedError:
                print("refused", topic)
asyncio.run(main())
"""
    done = deployment.run(service, program)
    refused = {line.removeprefix("refused ") for line in done.stdout.splitlines()}
    assert refused == {topic.name for topic in TOPICS if topic.producer != service}, done.stdout + done.stderr


def test_postgres_answers_over_tls_only(deployment: Deployment) -> None:
    program = """
import asyncio, asyncpg
from services.orders.settings import Settings
async def main():
    dsn = Settings().database_dsn()
    connection = await asyncpg.connect(dsn)
    print(await connection.fetchval("select version from pg_stat_ssl where pid = pg_backend_pid()"))
    try:
        await asyncpg.connect(dsn.partition("?")[0] + "?sslmode=disable")
    except asyncpg.InvalidAuthorizationSpecificationError:
        return
    raise SystemExit("it was let in")
asyncio.run(main())
"""
    done = deployment.run("orders", program)
    assert (done.returncode, done.stdout) == (0, "TLSv1.3\n"), done.stderr


async def test_with_users_rights_and_tls_nothing_stops_when_a_broker_dies(
    deployment: Deployment,
) -> None:
    async def kill_one() -> None:
        await asyncio.sleep(4)
        deployment.kill("kafka-2")

    await run_demo(deployment, [DELIVERED] * 8, "KB", meanwhile=kill_one)
    await asyncio.to_thread(deployment.start, "kafka-2")
    await run_demo(deployment, [DELIVERED] * 3, "KC", meanwhile=lambda: asyncio.to_thread(deployment.kill, "kafka"))
