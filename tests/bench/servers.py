"""Where benches run: servers for the whole run and, for each turn, fresh databases, topics and processes on them."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import secrets
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from aiokafka.admin import AIOKafkaAdminClient

from contracts.topics import TOPICS
from sandbox.demo.goods import BY_SKU
from sandbox.local import servers as embedded
from sandbox.local.processes import Process
from sandbox.local.provision import provision
from sandbox.local.stack import ROOT, Stack
from services.credentials import Secrets
from services.registry import SERVICES
from services.warehouse.main import service as warehouse
from services.warehouse.settings import Settings as WarehouseSettings
from shared import clock
from shared.operations.provision import create_topics
from shared.platform import build_app, connected
from tests.bench.samples import SKUS
from tests.support import servers as sources

UNITS = 1_000_000
Commands = Mapping[str, Sequence[str]]
"""What runs in a turn: a service's name, or `sandbox`, and the arguments of `python -m` that play its part."""


class BenchError(RuntimeError):
    """A turn went wrong; its figures would mean nothing."""


class BenchServers:
    """The servers of a run. `turn` gives each contestant the same start: empty topics, databases as provisioned."""

    def __init__(self, servers: embedded.Servers, directory: Path) -> None:
        self.servers = servers
        self.directory = directory
        self.secrets = Secrets()
        self._prefix = f"bench_{secrets.token_hex(3)}"
        self._templates: dict[str, str] = {}
        self._turns = itertools.count(1)

    async def prepare(self) -> None:
        """One set of databases, migrated, with keys and goods; turns get copies of it."""
        self._templates = await provision(self.servers, self.secrets, prefix=self._prefix)
        await _receive_goods(self._templates["warehouse"], self.secrets)

    async def words(self) -> str:
        """The servers, as a table should name them."""
        db = await asyncpg.connect(self.servers.admin_dsn)
        try:
            version, fsync = await db.fetchval("show server_version"), await db.fetchval("show fsync")
        finally:
            await db.close()
        match self.servers.broker:
            case embedded.Broker():
                broker = "the embedded broker, in memory"
            case None:
                broker = "the broker of KAFKA_BOOTSTRAP"
            case _:
                broker = f"{sources.KAFKA} in a container"
        return f"PostgreSQL {version.split()[0]} (fsync {fsync}), {broker}"

    @asynccontextmanager
    async def turn(
        self,
        commands: Commands,
        *,
        settings: Mapping[str, Mapping[str, str]] | None = None,
        deaf: Sequence[str] = (),
    ) -> AsyncIterator[Stand]:
        """Runs the commands on fresh databases and topics until the end of the context; BenchError when one died.

        `settings`: environment variables by name. `deaf` are those that answer no HTTP: nobody waits for them.
        """
        number = next(self._turns)
        directory = self.directory / f"turn-{number}"
        (directory / "logs").mkdir(parents=True)
        stack = Stack(directory, servers=self.servers, settings=settings)
        stack.secrets = self.secrets
        names = tuple(commands)
        clock.create(stack.clock_file, datetime.now(UTC), 1.0)
        stack.choose_addresses()
        await self._empty_topics()
        services = [name for name in names if name in SERVICES]
        stack.dsns = self._templates | await self._copies(services, number)
        stand = Stand(stack, {name: ("-m", *arguments) for name, arguments in commands.items()})
        try:
            yield await stand.start([name for name in names if name not in deaf])
            stand.require_alive()
        finally:
            await stand.stop()
            await self._drop(stack.dsns[name] for name in services)

    async def close(self) -> None:
        """Leaves somebody else's servers as they were."""
        if self.servers.postgres is None:
            await self._drop(self._templates.values(), roles=True)
            await _drop_topics(self.servers.kafka_bootstrap)

    async def _empty_topics(self) -> None:
        if isinstance(self.servers.broker, embedded.Broker):
            await asyncio.to_thread(self.servers.broker.kill)
            await self.servers.broker.start()
        else:
            await _drop_topics(self.servers.kafka_bootstrap)
        await create_topics(self.servers.kafka_bootstrap, TOPICS)

    async def _copies(self, names: Sequence[str], number: int) -> dict[str, str]:
        copies = {}
        db = await asyncpg.connect(self.servers.admin_dsn)
        try:
            for name in names:
                template = self._templates[name].rpartition("/")[2]
                copy = f"{template}_{number}"
                await db.execute(f'create database "{copy}" template "{template}" owner "{template}"')
                copies[name] = f"{self._templates[name].rpartition('/')[0]}/{copy}"
            # What the last turn left behind is written now, not in the middle of this one.
            await db.execute("checkpoint")
        finally:
            await db.close()
        return copies

    async def _drop(self, dsns: Any, *, roles: bool = False) -> None:
        db = await asyncpg.connect(self.servers.admin_dsn)
        try:
            for name in [dsn.rpartition("/")[2] for dsn in dsns]:
                await db.execute(f'drop database if exists "{name}" with (force)')
                if roles:
                    await db.execute(f'drop role if exists "{name}"')
        finally:
            await db.close()


class Stand:
    """The processes of one turn."""

    def __init__(self, stack: Stack, commands: Commands) -> None:
        self.stack = stack
        self._loads = itertools.count(1)
        for name, arguments in commands.items():
            stack.processes[name] = Process(
                name,
                [sys.executable, *arguments],
                stack.run_dir / "logs" / f"{name}.log",
                env=stack.environment(name),
                cwd=ROOT,
            )

    @property
    def urls(self) -> Mapping[str, str]:
        return self.stack.urls

    @property
    def dsns(self) -> Mapping[str, str]:
        return self.stack.dsns

    @property
    def secrets(self) -> Secrets:
        return self.stack.secrets

    @property
    def kafka(self) -> str:
        return self.stack.servers.kafka_bootstrap

    def key(self, scope: Any) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.secrets.api_keys[scope]}"}

    async def start(self, wait_for: Sequence[str]) -> Stand:
        for process in self.stack.processes.values():
            process.start()
        try:
            await self.stack.ready(wait_for)
        except BaseException:
            await self.stop()
            raise
        return self

    def require_alive(self) -> None:
        for process in self.stack.processes.values():
            if not process.alive:
                raise BenchError(f"{process.name} ended with {process.exit_code}:\n{process.tail()}")

    async def stop(self) -> None:
        running = [process for process in self.stack.processes.values() if process.alive]
        await asyncio.gather(*(asyncio.to_thread(process.end) for process in running))

    async def child(self, module: str, plan: Mapping[str, Any], patience: float) -> dict[str, Any]:
        """What `python -m <module> plan result` writes as its result, as JSON. BenchError when it writes none."""
        number = next(self._loads)
        paths = [self.stack.run_dir / f"{part}-{number}.json" for part in ("plan", "result")]
        await asyncio.to_thread(paths[0].write_text, json.dumps(plan))
        argv = [sys.executable, "-m", module, *map(str, paths)]
        log = self.stack.run_dir / "logs" / f"child-{number}.log"
        process = Process(module, argv, log, env={"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1"}, cwd=ROOT)
        process.start()
        try:
            async with asyncio.timeout(patience):
                while process.alive:
                    self.require_alive()
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise BenchError(f"{module} does not come to its end:\n{process.tail()}") from None
        finally:
            await asyncio.to_thread(process.end)
        if process.exit_code != 0:
            raise BenchError(f"{module} failed:\n{process.tail()}")
        result: dict[str, Any] = json.loads(await asyncio.to_thread(paths[1].read_text))
        return result


@asynccontextmanager
async def bench_servers(*, containers: bool = False) -> AsyncIterator[BenchServers]:
    """Servers and databases to take turns on, gone at the end: those of the environment, else embedded ones, or
    containers with their default durability."""
    with tempfile.TemporaryDirectory(prefix="silkpost-bench-") as directory:
        path = Path(directory)
        started = sources.running_servers(path, durable=True) if containers else embedded.running_servers(path)
        async with started as servers:
            made = BenchServers(servers, Path(directory))
            try:
                await made.prepare()
                yield made
            finally:
                with suppress(OSError, asyncpg.PostgresError):
                    await made.close()


async def _drop_topics(bootstrap: str) -> None:
    """Waits until they are gone."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        ours = {topic.name for topic in TOPICS}
        while leftovers := ours & set(await admin.list_topics()):
            await admin.delete_topics(sorted(leftovers))
            await asyncio.sleep(0.5)
    finally:
        await admin.close()


async def _receive_goods(dsn: str, known: Secrets) -> None:
    """Enough of everything, through the warehouse's own interface."""
    settings = WarehouseSettings.model_validate({"database_url": dsn, "storage_key": known.storage_keys["warehouse"]})
    async with connected(warehouse, settings) as (platform, service):
        transport = httpx.ASGITransport(build_app(platform, service))
        headers = {"Authorization": f"Bearer {known.api_keys['operator']}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://warehouse", headers=headers) as client:
            for sku in SKUS:
                (await client.put(f"/products/{sku}", json=_product(sku))).raise_for_status()
            lines = [{"sku": sku, "quantity": UNITS} for sku in SKUS]
            receipt = {"reference": "BENCH-1", "owner": "bench", "lines": lines}
            (await client.post("/receipts", json=receipt)).raise_for_status()


def _product(sku: str) -> dict[str, object]:
    good = BY_SKU[sku]
    return {
        "owner": "bench",
        "gtin": good.gtin,
        "hs_code": good.hs_code,
        "origin": "FR",
        "net_weight_g": good.weight_g,
        "length_mm": good.size_mm[0],
        "width_mm": good.size_mm[1],
        "height_mm": good.size_mm[2],
        "unit_value": {"amount": f"{good.price:.2f}", "currency": "EUR"},
    }
