"""The local stack: PostgreSQL, a broker, the services and the sandbox, each a process on this machine."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from base64 import b64decode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import asyncpg
import httpx
from aiokafka.errors import KafkaError
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sandbox.local.processes import CannotStartError, Process, describe_exit, free_port
from sandbox.local.provision import provision
from sandbox.local.servers import FETCH_WAIT_MS, Broker, BrokerServer, Servers, running_servers
from services.credentials import Secrets
from services.provenance.domain.log.notes import ED25519, SignerKey
from services.registry import BY_NAME, SERVICES
from shared import clock

ROOT = Path(__file__).resolve().parents[2]
LOG_ORIGIN = "log.silkpost.example/provenance"
"""As the setting of that name says unless told otherwise."""
START = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
"""Where business time begins by default: a Monday, 8:00 in Paris, 15:00 in Beijing."""


class StackError(CannotStartError):
    """The stack did not start; the message says why, with the end of a process's log."""


class Stack:
    """An async context: everything is ready when it is entered, and stopped when it is left.

    `settings` adds environment variables to a process by name. `prepare` is called when the servers run and every
    address is known, before any process is started. `servers` run already and are not stopped; without them the stack
    starts its own. Logs are in `<run_dir>/logs`.
    """

    def __init__(
        self,
        run_dir: Path,
        *,
        start: datetime = START,
        speed: float = 1.0,
        prefix: str = "silkpost",
        settings: Mapping[str, Mapping[str, str]] | None = None,
        prepare: Callable[[Stack], Awaitable[None]] | None = None,
        servers: Servers | None = None,
    ) -> None:
        self.run_dir = run_dir
        self.secrets = Secrets()
        self.clock_file = run_dir / "clock.json"
        self.urls: dict[str, str] = {}
        self.internal_urls: dict[str, str] = {}
        """Where each serves health, metrics and docs; the sandbox does so at its only address."""
        self.dsns: dict[str, str] = {}
        self.processes: dict[str, Process] = {}
        self.address_overrides: dict[tuple[str, str], str] = {}
        """The address that a service is given instead of the real one: (service, host:port) to host:port."""
        self._start, self._speed, self._prefix = start, speed, prefix
        self._settings = settings or {}
        self._prepare = prepare
        self._exit = AsyncExitStack()
        self._servers = servers

    @property
    def servers(self) -> Servers:
        if self._servers is None:
            raise RuntimeError("the stack does not run")
        return self._servers

    @property
    def broker(self) -> BrokerServer:
        """The stack's own broker, to kill and to start again; RuntimeError when the broker is not its own."""
        if self.servers.broker is None:
            raise RuntimeError("the stack did not start the broker")
        return self.servers.broker

    @property
    def files(self) -> Path:
        """What counterparts exchange as files, a folder each."""
        return self.run_dir / "files"

    @property
    def clock(self) -> clock.Clock:
        return clock.Clock.from_file(self.clock_file)

    def change_speed(self, speed: float) -> None:
        """Business time runs at this speed shortly afterwards: when every process has read it."""
        clock.change_speed(self.clock_file, speed)

    async def __aenter__(self) -> Self:
        logs = self.run_dir / "logs"
        try:
            for folder in (logs, self.files / "ems"):
                await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
        except OSError as error:
            raise StackError(
                f"the logs cannot be written to {logs} ({error.strerror}): run it in a folder of yours with room"
            ) from error
        try:
            if self._servers is None:
                self._servers = await self._exit.enter_async_context(running_servers(logs))
            self.dsns = await self._provision(self._servers)
            clock.create(self.clock_file, self._start, self._speed)
            names = (*SERVICES, "sandbox")
            self.choose_addresses()
            if self._prepare is not None:
                await self._prepare(self)
            for name in names:
                self._add(name)
            await self.ready(names)
        except BaseException:
            await self.__aexit__()
            raise
        return self

    def choose_addresses(self) -> None:
        """Chooses the ports of every process."""
        self.urls = {name: _free_address() for name in (*SERVICES, "sandbox")}
        self.internal_urls = {**self.urls, **{name: _free_address() for name in SERVICES}}

    async def __aexit__(self, *_: object) -> None:
        """Services drain before the servers stop; their exit codes say whether they did."""
        running = [process for process in self.processes.values() if process.alive]
        await asyncio.gather(*(asyncio.to_thread(process.end) for process in running))
        await self._exit.aclose()

    async def _provision(self, servers: Servers) -> dict[str, str]:
        try:
            return await provision(servers, self.secrets, prefix=self._prefix)
        except (OSError, KafkaError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            where = urlsplit(servers.admin_dsn).netloc.rpartition("@")[2]
            raise StackError(
                f"databases and topics cannot be made on PostgreSQL at {where} and the broker at "
                f"{servers.kafka_bootstrap}: {type(error).__name__}: {error}"
            ) from error

    async def ready(self, names: Sequence[str] = (*SERVICES, "sandbox"), seconds: float = 60) -> None:
        """Waits until all are ready; StackError when one is not within `seconds`."""
        until = time.monotonic() + seconds
        async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
            await asyncio.gather(*(self._ready(client, name, until) for name in names))

    async def _ready(self, client: httpx.AsyncClient, name: str, until: float) -> None:
        process = self.processes[name]
        while True:
            try:
                if (await client.get(f"{self.internal_urls[name]}/readyz")).status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                pass  # not listening yet
            if not process.alive or time.monotonic() > until:
                state = "does not get ready" if process.alive else describe_exit(process.exit_code)
                raise StackError(f"{name} {state}; its log: {process.log}. The end of its log:\n{process.tail()}")
            await asyncio.sleep(0.1)

    def add_replica(self, service: str, number: int, extra: Mapping[str, str] | None = None) -> str:
        """Starts one more process of the service beside the first (which is number 1); its name, for `ready`."""
        name = f"{service}-{number}"
        for urls in (self.urls, self.internal_urls):
            urls.setdefault(name, _free_address())
        self._add(name, extra)
        return name

    def _add(self, name: str, extra: Mapping[str, str] | None = None) -> None:
        service = _service(name)
        module = "sandbox" if service == "sandbox" else f"services.{service}"
        self.processes[name] = Process(
            name,
            [sys.executable, "-m", module],
            self.run_dir / "logs" / f"{name}.log",
            env=self.environment(name),
            cwd=ROOT,
        )
        self.processes[name].start(extra)

    def kill(self, name: str) -> None:
        """kill -9."""
        self.processes[name].kill()

    def start(self, name: str, extra: Mapping[str, str] | None = None) -> None:
        """`extra`: environment variables for this time only."""
        self.processes[name].start(extra)

    async def restart(self, name: str) -> None:
        """Kills it, starts it again and waits until it is ready."""
        self.kill(name)
        self.start(name)
        await self.ready([name])

    def environment(self, name: str) -> dict[str, str]:
        """The environment of this process; what else the surroundings hold is left out."""
        service = _service(name)
        variables = {
            "CLOCK_FILE": str(self.clock_file),
            "HTTP_HOST": "127.0.0.1",
            "HTTP_PORT": self.urls[name].rpartition(":")[2],
            "KAFKA_BOOTSTRAP": self.servers.kafka_bootstrap,
            "PUBLIC_URL": self.urls[name],
        }
        if service in SERVICES:
            variables |= {
                "INTERNAL_PORT": self.internal_urls[name].rpartition(":")[2],
                "DATABASE_URL": self.dsns[service],
                "STORAGE_KEY": self.secrets.storage_keys[service],
            }
        if isinstance(self.servers.broker, Broker):
            variables["FETCH_WAIT_MS"] = str(FETCH_WAIT_MS)
        variables = {**variables, **self._service_variables(service), **self._settings.get(service, {})}
        for (whose, address), instead in self.address_overrides.items():
            if whose == service:
                variables = {name: value.replace(address, instead) for name, value in variables.items()}
        return {**_inherited(), **variables}

    def _service_variables(self, service: str) -> dict[str, str]:
        """What only this one needs."""
        secret = self.secrets
        if service == "sandbox":
            return {
                "CARRIER_WEBHOOK_URL": f"{self.urls['carrier']}/webhooks/laposte",
                "WEBHOOK_SECRET": secret.webhook_secret,
                "OKAPI_KEY": secret.okapi_key,
                "LAPOSTE_CONTRACT_NUMBER": BY_NAME["carrier"].local["laposte_contract_number"],
                "LAPOSTE_PASSWORD": secret.laposte_password,
                "WITNESS_LOGS": log_key(secret.log_key),
                "EMS_FEED_DIR": BY_NAME["carrier"].local["ems_feed_dir"].format(files=self.files),
            }
        declared = BY_NAME[service]
        places = {**self.urls, "files": str(self.files)}
        settings = {name: value.format_map(places) for name, value in declared.local.items()}
        return {name.upper(): value for name, value in (settings | secret.of_service(declared)).items()}


def log_key(secret: str) -> str:
    """The verifier key of the log whose secret this is, as the witness knows it."""
    return str(SignerKey(LOG_ORIGIN, ED25519, Ed25519PrivateKey.from_private_bytes(b64decode(secret))).verifier)


def _free_address() -> str:
    return f"http://127.0.0.1:{free_port()}"


def _service(name: str) -> str:
    """The service that the process of this name is a replica of."""
    return name.partition("-")[0]


def _inherited() -> dict[str, str]:
    """What a process needs of the surroundings; a DATABASE_URL or proxy there must not reach a service by accident."""
    names = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "SYSTEMROOT")
    traces = {name: value for name, value in os.environ.items() if name.startswith("OTEL_")}
    return (
        {name: os.environ[name] for name in names if name in os.environ}
        | traces
        | {"PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"}
    )
