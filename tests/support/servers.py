"""Which servers the tests run on: those the environment names, else containers, else the embedded ones.

`SERVERS=embedded` and `SERVERS=containers` choose. Without a choice containers are taken when an engine answers and has
both images already; only `SERVERS=containers` may pull them. `tests/e2e` and `tests/bench` run on those of `make run`.
"""

from __future__ import annotations

import asyncio
import gc
import io
import os
import secrets
import subprocess
import sys
import tarfile
import time
import warnings
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Literal

import asyncpg
import docker
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from docker.errors import DockerException, ImageNotFound
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

from sandbox.local import servers as embedded
from sandbox.local.processes import free_port
from sandbox.local.servers import Servers, ServerUnavailableError

KAFKA, POSTGRES = "apache/kafka:4.3.1", "postgres:17"
_NAMES = {"PostgreSQL": "DATABASE_ADMIN_URL", "Kafka": "KAFKA_BOOTSTRAP"}
_READY_SECONDS = 60.0
_PAUSE = 0.2
_DATA = "/var/lib/kafka/data"
_ON_HOST = sys.platform == "linux"
"""Whether containers share the host's network: through published ports the engine's proxy copies every byte."""
_REMOVAL = "import docker, sys; docker.from_env(timeout=600).containers.get(sys.argv[1]).remove(force=True, v=True)"
SMALL_DISK, SMALL_DISK_SIZE = "/small", "512m"
"""A disk in PostgreSQL's container for those who want to see it full; empty again after each start."""


@cache
def chosen() -> Literal["containers", "embedded"]:
    """Where the servers come from that the environment does not name. ValueError when `SERVERS` is something else."""
    match os.environ.get("SERVERS", ""):
        case "containers":
            return "containers"
        case "embedded":
            return "embedded"
        case "":
            return "containers" if not named() and _at_hand(KAFKA, POSTGRES) else "embedded"
        case other:
            raise ValueError(f"SERVERS is embedded or containers, not {other}")


def named() -> dict[str, str]:
    """What the environment names, by its variable."""
    return {name: variable for name, variable in _NAMES.items() if os.environ.get(variable)}


def description() -> str:
    """For the report of a run."""
    defaults = {
        "containers": {"PostgreSQL": f"{POSTGRES} in a container", "Kafka": f"{KAFKA} in a container"},
        "embedded": {"PostgreSQL": "PostgreSQL from its wheel", "Kafka": "embedded broker from its wheel"},
    }[chosen()]
    used = defaults | {name: f"{name} of {variable}" for name, variable in named().items()}
    return f"servers: {used['PostgreSQL']}, {used['Kafka']}"


@asynccontextmanager
async def running_servers(log_dir: Path, *, durable: bool = False) -> AsyncIterator[Servers]:
    """The two servers, stopped at the end where they are ours. `log_dir` must exist. Raises ServerUnavailableError.

    `durable`: a container's PostgreSQL syncs as it does by default, for figures that are to mean something.
    """
    if chosen() == "embedded":
        async with embedded.running_servers(log_dir) as servers:
            yield servers
        return
    async with embedded.started_or_named(lambda: PostgresContainer(durable=durable), BrokerContainer) as servers:
        yield servers


class PostgresContainer:
    """PostgreSQL in a container: what is committed outlives a kill, but not the container."""

    def __init__(self, *, durable: bool = False) -> None:
        self.port = free_port()
        self._password = secrets.token_urlsafe(24)
        inside = self.port if _ON_HOST else 5432
        settings = ["max_connections=300", "jit=off", "log_error_verbosity=terse", f"port={inside}"]
        if not durable:  # as with the embedded one, only the machine's own end could lose what was answered
            settings += ["fsync=off", "full_page_writes=off"]
        if _ON_HOST:
            settings.append("listen_addresses=127.0.0.1")
        self._container = _container(POSTGRES, inside, self.port)
        self._container.with_env("POSTGRES_PASSWORD", self._password)
        self._container.with_tmpfs_mount(SMALL_DISK, f"size={SMALL_DISK_SIZE},mode=755")
        self._container.with_command([part for setting in settings for part in ("-c", setting)])

    @property
    def admin_dsn(self) -> str:
        return f"postgresql://postgres:{self._password}@127.0.0.1:{self.port}/postgres"

    async def start(self) -> None:
        """Starts it, or again after a kill, and waits until it answers."""
        await asyncio.to_thread(_start, self._container)
        until = time.monotonic() + _READY_SECONDS
        while True:
            try:
                await (await asyncpg.connect(self.admin_dsn, timeout=5)).close()
                return
            except (OSError, TimeoutError, asyncpg.PostgresError) as error:
                if time.monotonic() > until:
                    raise ServerUnavailableError(f"{POSTGRES} does not answer: {_log(self._container)}") from error
            await asyncio.sleep(_PAUSE)

    def shell(self, script: str) -> None:
        """Runs it inside, as root. AssertionError with what was printed when it fails."""
        code, printed = self._container.get_wrapped_container().exec_run(["sh", "-c", script], user="root")
        assert code == 0, f"{script}: {printed.decode(errors='replace')}"

    def kill(self) -> None:
        """Ends it at once, without a checkpoint."""
        _kill(self._container)

    def stop(self) -> None:
        _remove(self._container)


class BrokerContainer:
    """Apache Kafka in a container, one node. Unlike the embedded broker it keeps its log when it is killed."""

    def __init__(self) -> None:
        self.port = free_port()
        if _ON_HOST:
            host, outside, controller, inside = "127.0.0.1", self.port, free_port(), free_port()
        else:
            host, outside, controller, inside = "", 9092, 9093, 9094
        self._container = _container(KAFKA, outside, self.port)
        settings = {
            "PROCESS_ROLES": "broker,controller",
            "NODE_ID": "1",
            "CONTROLLER_QUORUM_VOTERS": f"1@localhost:{controller}",
            "CONTROLLER_LISTENER_NAMES": "CONTROLLER",
            "INTER_BROKER_LISTENER_NAME": "INSIDE",
            "LISTENERS": f"OUTSIDE://{host}:{outside},CONTROLLER://localhost:{controller},INSIDE://localhost:{inside}",
            "ADVERTISED_LISTENERS": f"OUTSIDE://127.0.0.1:{self.port},INSIDE://localhost:{inside}",
            "LISTENER_SECURITY_PROTOCOL_MAP": "OUTSIDE:PLAINTEXT,CONTROLLER:PLAINTEXT,INSIDE:PLAINTEXT",
            "OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
            "TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
            "TRANSACTION_STATE_LOG_MIN_ISR": "1",
            "GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
            "AUTO_CREATE_TOPICS_ENABLE": "false",
            "LOG_DIRS": _DATA,
            "HEAP_OPTS": "-Xms256m -Xmx512m",
        }
        for name, value in settings.items():
            self._container.with_env(f"KAFKA_{name}", value)

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Starts it, or again after a kill, and waits until it answers."""
        await asyncio.to_thread(_start, self._container)
        until = time.monotonic() + _READY_SECONDS
        while True:
            admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap, request_timeout_ms=5000)
            try:
                await admin.start()
                return
            except (OSError, KafkaError) as error:
                if time.monotonic() > until:
                    raise ServerUnavailableError(f"{KAFKA} does not answer: {_log(self._container)}") from error
            finally:
                await admin.close()
            await asyncio.sleep(_PAUSE)

    def kill(self) -> None:
        _kill(self._container)

    def lose_tail(self, topics: Sequence[str]) -> int:
        """Of a killed broker, as a disk would that lied about its syncs: each log loses about the younger third of its
        record batches; how many were cut off in all."""
        stopped = self._container.get_wrapped_container()
        chunks, _ = stopped.get_archive(_DATA)
        cut = 0
        shortened = io.BytesIO()
        with (
            tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as whole,
            tarfile.open(fileobj=shortened, mode="w") as rest,
        ):
            for member in whole:
                path = Path(member.name)
                if path.suffix != ".log" or path.parent.name.rpartition("-")[0] not in topics:
                    continue
                file = whole.extractfile(member)
                data = file.read() if file else b""
                batches = _batches(data)
                lost = -(-len(batches) // 3)
                if not batches:
                    continue
                cut += lost
                data = data[: batches[-lost]]
                member.size = len(data)
                rest.addfile(member, io.BytesIO(data))
        stopped.put_archive(str(Path(_DATA).parent), shortened.getvalue())
        return cut

    def pause(self) -> None:
        """Freezes it: connections stay open, nothing answers."""
        self._container.get_wrapped_container().pause()

    def resume(self) -> None:
        self._container.get_wrapped_container().unpause()

    def stop(self) -> None:
        _remove(self._container)


def _batches(log: bytes) -> list[int]:
    """Where each record batch of a segment begins (its offset takes eight bytes, its length the next four)."""
    starts, start = [], 0
    while start + 12 <= len(log):
        starts.append(start)
        start += 12 + int.from_bytes(log[start + 8 : start + 12], "big")
    return starts


def _container(image: str, port: int, host_port: int) -> DockerContainer:
    if not _at_hand(testcontainers_config.ryuk_image):
        testcontainers_config.ryuk_disabled = True  # a helper's image is not pulled unasked; we stop what we start
    container = DockerContainer(image)
    if _ON_HOST:
        return container.with_kwargs(network_mode="host")
    container.ports[f"{port}/tcp"] = ("127.0.0.1", host_port)  # type: ignore[assignment]  # the engine takes a pair
    return container


def _start(container: DockerContainer) -> None:
    """The one container, so that what it wrote before a kill is still there. Raises ServerUnavailableError."""
    try:
        existing = container._container
        if existing is None:
            container.start()
        else:
            existing.start()
    except DockerException as failed:
        raise ServerUnavailableError(f"{container.image} cannot be started: {failed}") from failed


def _kill(container: DockerContainer) -> None:
    wrapped = container.get_wrapped_container()
    wrapped.kill()
    wrapped.wait()


def _remove(container: DockerContainer) -> None:
    """By a process of its own: to end it and to delete what hundreds of tests have written takes half a minute, which
    no run needs to wait for."""
    if container._container is None:
        return
    removal = (sys.executable, "-c", _REMOVAL, str(container.get_wrapped_container().id))
    subprocess.run(("/bin/sh", "-c", '"$@" >/dev/null 2>&1 &', "sh", *removal), check=True, start_new_session=True)
    container.get_docker_client().client.close()


def _log(container: DockerContainer) -> str:
    return str(container.get_wrapped_container().logs(tail=20).decode(errors="replace"))


def _at_hand(*images: str) -> bool:
    """Whether an engine answers and holds all of these images."""
    with warnings.catch_warnings():
        # Refused at a socket that an engine left behind, the client forgets to close its own: collect it here.
        warnings.simplefilter("ignore", ResourceWarning)
        try:
            client = docker.from_env(timeout=3)
        except DockerException:
            client = None
        gc.collect()
    if client is None:
        return False
    try:
        for image in images:
            client.images.get(image)
    except (DockerException, ImageNotFound):
        return False
    finally:
        client.close()
    return True
