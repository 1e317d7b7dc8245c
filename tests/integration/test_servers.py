"""The embedded servers: they come up by themselves, survive a kill, and leave nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from contracts.topics import TOPICS
from sandbox.local.processes import free_port
from sandbox.local.servers import Broker, Postgres, ServerUnavailableError, running_servers
from shared.operations.provision import create_topics, provision_database

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
async def postgres(tmp_path: Path) -> AsyncIterator[Postgres]:
    server = Postgres(tmp_path)
    try:
        await server.start()
    except ServerUnavailableError as missing:
        pytest.skip(str(missing))
    yield server
    server.stop()


async def test_what_postgres_has_committed_outlives_its_kill(postgres: Postgres) -> None:
    connection = await asyncpg.connect(postgres.admin_dsn)
    await connection.execute("create table kept (value integer)")
    await connection.execute("insert into kept values (7)")
    postgres.kill()
    await connection.close(timeout=1)
    await postgres.start()
    connection = await asyncpg.connect(postgres.admin_dsn)
    assert await connection.fetchval("select value from kept") == 7
    await connection.close()


async def test_postgres_lets_nobody_in_without_the_password(postgres: Postgres) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(f"postgresql://postgres:guess@127.0.0.1:{postgres.port}/postgres")


async def test_a_role_enters_its_own_database_only(postgres: Postgres) -> None:
    dsn = await provision_database(postgres.admin_dsn, "one", "p/w@1")
    other = await provision_database(postgres.admin_dsn, "other", "secret")
    assert await provision_database(postgres.admin_dsn, "one", "p/w@1") == dsn
    connection = await asyncpg.connect(dsn)
    await connection.close()
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(dsn.rpartition("/")[0] + "/" + other.rpartition("/")[2])


async def test_the_broker_forgets_everything_and_keeps_its_port(own_broker: Broker) -> None:
    async def first_record() -> bytes:
        async with AIOKafkaConsumer(
            "orders.events", bootstrap_servers=own_broker.bootstrap, auto_offset_reset="earliest"
        ) as consumer:
            return (await consumer.getone()).value or b""

    async def send(value: bytes) -> None:
        async with AIOKafkaProducer(bootstrap_servers=own_broker.bootstrap) as producer:
            await producer.send_and_wait("orders.events", value, partition=0)

    await send(b"before")
    assert await first_record() == b"before"
    before = own_broker.bootstrap
    own_broker.kill()
    await own_broker.start()
    assert own_broker.bootstrap == before
    await create_topics(own_broker.bootstrap, TOPICS)
    await send(b"after")
    assert await first_record() == b"after"


async def test_topics_are_made_once_however_often_they_are_asked_for(own_broker: Broker) -> None:
    await create_topics(own_broker.bootstrap, TOPICS)
    await create_topics(own_broker.bootstrap, TOPICS)


async def test_servers_named_by_the_environment_win(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_ADMIN_URL", "postgresql://db.invalid/postgres")
    monkeypatch.setenv("KAFKA_BOOTSTRAP", "kafka.invalid:9092")
    async with running_servers(tmp_path) as servers:
        assert servers.postgres is None
        assert servers.broker is None
        assert servers.admin_dsn == "postgresql://db.invalid/postgres"
        assert servers.kafka_bootstrap == "kafka.invalid:9092"
    assert not os.listdir(tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent died")
def test_a_killed_parent_takes_its_servers_along() -> None:
    environment = {name: value for name, value in os.environ.items() if name not in _NAMED_SERVERS}
    parent = subprocess.Popen(
        [sys.executable, "-m", "sandbox.local.servers"], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    with parent, parent.stdout as printed:
        if not printed.readline():
            pytest.skip("no embedded servers here")
        children = _children(parent.pid)
        assert len(children) == 2
        parent.send_signal(signal.SIGKILL)
    until = time.monotonic() + 10
    while any(Path(f"/proc/{child}/stat").exists() and _running(child) for child in children):
        assert time.monotonic() < until
        time.sleep(0.05)


def test_two_ports_are_never_the_same() -> None:
    assert len({free_port() for _ in range(50)}) == 50


_NAMED_SERVERS = ("DATABASE_ADMIN_URL", "KAFKA_BOOTSTRAP")


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _running(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
