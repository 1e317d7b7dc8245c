"""PostgreSQL and a Kafka-protocol broker from Python wheels, as child processes.

`DATABASE_ADMIN_URL` and `KAFKA_BOOTSTRAP` name servers that run already; those are not started.
`python -m sandbox.local.servers` starts what is missing, prints the two variables and waits for Ctrl-C.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

import asyncpg

from sandbox.local.processes import CannotStartError, Process, User, describe_exit, free_port
from sandbox.local.programs import MAKE_ROOM, broker_program, postgres_home, postgres_user
from sandbox.local.programs import ServerUnavailableError as ServerUnavailableError

# fsync and full_page_writes guard against a machine that loses power, which throw-away data need not; a commit that
# was answered still outlives the death of any process. Terse errors, since a statement or its detail may hold a
# person's data.
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "on",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "30min",
    "jit": "off",
    "timezone": "UTC",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}
FETCH_WAIT_MS = 20
"""The embedded broker holds each fetch for the whole of its wait, even when records arrive; Kafka answers at once."""
_ATTEMPTS = 3


class Postgres:
    """One PostgreSQL on loopback with its own data directory, which is removed when it is stopped."""

    def __init__(self, log_dir: Path) -> None:
        self._log = log_dir / "postgres.log"
        self._password = secrets.token_urlsafe(24)
        self._user = User()
        self._home: Path | None = None
        self._programs = Path()
        self.process: Process | None = None
        self.port = 0

    @property
    def admin_dsn(self) -> str:
        return f"postgresql://postgres:{self._password}@127.0.0.1:{self.port}/postgres"

    async def start(self) -> None:
        """Creates the data directory on the first call; starts the server, on its earlier port if it had one, and waits
        until it answers."""
        home = self._home or await self._create()
        earlier_port = self.port
        for _ in range(_ATTEMPTS):
            self.port = earlier_port or free_port()
            self.process = self._server(home)
            self.process.start()
            if await _answers(self.process, self._ping, seconds=60):
                return
            if earlier_port or "could not bind" not in self.process.tail():
                break  # otherwise another process took the port meanwhile
        raise _not_started("PostgreSQL", self.process)

    def kill(self) -> None:
        """Ends it at once, without a checkpoint, as a crash would (committed data stay)."""
        if self.process:
            self.process.end(signal.SIGQUIT)

    def stop(self) -> None:
        if self.process:
            self.process.end(signal.SIGINT)
        if self._home:
            shutil.rmtree(self._home, ignore_errors=True)

    async def _create(self) -> Path:
        self._user = postgres_user()
        home, self._programs = postgres_home(self._user)
        self._home = home
        password_file = home / "password"
        try:
            password_file.write_text(self._password)
            if self._user.uid:
                os.chown(password_file, self._user.uid, self._user.gid)
        except OSError as error:
            raise ServerUnavailableError(f"{home} cannot be written: {error.strerror}; {MAKE_ROOM}") from error
        initdb = [
            *(str(self._programs / "initdb"), "--pgdata", str(home / "data"), "--username", "postgres"),
            *("--auth", "scram-sha-256", "--pwfile", str(password_file)),
            *("--encoding", "UTF8", "--locale", "C", "--no-sync", "--no-instructions"),
        ]
        process = Process("initdb", initdb, self._log, cwd=home, user=self._user)
        process.start()
        failed = await asyncio.to_thread(process.wait)
        password_file.unlink()
        if failed:
            raise _not_started("PostgreSQL", process)
        return home

    def _server(self, home: Path) -> Process:
        settings = [f"--{name}={value}" for name, value in (_SETTINGS | {"port": str(self.port)}).items()]
        argv = [str(self._programs / "postgres"), "-D", str(home / "data"), *settings]
        # SIGQUIT, not SIGKILL: the server takes its own children and its shared memory with it.
        return Process("postgres", argv, self._log, cwd=home, user=self._user, death_signal=signal.SIGQUIT)

    async def _ping(self) -> bool:
        try:
            connection = await asyncpg.connect(self.admin_dsn, timeout=5)
        except (OSError, TimeoutError, asyncpg.PostgresError):
            return False
        await connection.close()
        return True


class Broker:
    """Tansu in memory: Kafka's protocol without Kafka. Topics, records and offsets are lost when it dies."""

    def __init__(self, log_dir: Path) -> None:
        self._log = log_dir / "broker.log"
        self.process: Process | None = None
        self.port = 0

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Starts it, on its earlier port if it had one, and waits until it accepts connections."""
        program = str(broker_program())
        for _ in range(_ATTEMPTS):
            port = self.port or free_port()
            url = f"tcp://127.0.0.1:{port}"
            argv = [
                *(program, "--listener-url", url, "--advertised-listener-url", url),
                *("--storage-engine", "memory://tansu/"),
            ]
            self.process = Process("broker", argv, self._log)
            self.process.start()
            if await _answers(self.process, partial(_accepts, port), seconds=30):
                self.port = port
                return
        raise _not_started("the broker", self.process)

    def kill(self) -> None:
        """As `kill -9`. Topics, records and offsets are lost."""
        if self.process:
            self.process.kill()

    def pause(self) -> None:
        """Suspends it: connections stay open, nothing answers."""
        if self.process:
            self.process.send(signal.SIGSTOP)

    def resume(self) -> None:
        if self.process:
            self.process.send(signal.SIGCONT)

    def stop(self) -> None:
        self.kill()


class DatabaseServer(Protocol):
    """A PostgreSQL that can be ended and started again, wherever it runs."""

    @property
    def admin_dsn(self) -> str: ...

    async def start(self) -> None: ...

    def kill(self) -> None: ...

    def stop(self) -> None: ...


class BrokerServer(Protocol):
    """A broker that can be killed, suspended and started again, wherever it runs."""

    @property
    def bootstrap(self) -> str: ...

    async def start(self) -> None: ...

    def kill(self) -> None: ...

    def pause(self) -> None: ...

    def resume(self) -> None: ...

    def stop(self) -> None: ...


@dataclass(frozen=True)
class Servers:
    """Where PostgreSQL and the broker are. The handles are None for servers that were not started here."""

    admin_dsn: str
    kafka_bootstrap: str
    postgres: DatabaseServer | None = None
    broker: BrokerServer | None = None


@asynccontextmanager
async def running_servers(log_dir: Path) -> AsyncIterator[Servers]:
    """The two servers from their wheels, where the environment names none. `log_dir` must exist. Raises
    ServerUnavailableError."""
    async with started_or_named(lambda: Postgres(log_dir), lambda: Broker(log_dir)) as servers:
        yield servers


@asynccontextmanager
async def started_or_named(
    new_postgres: Callable[[], DatabaseServer], new_broker: Callable[[], BrokerServer]
) -> AsyncIterator[Servers]:
    """Each server that the environment names; a new one where it names none. New ones are started side by side, and
    stopped at the end."""
    admin_dsn, bootstrap = os.environ.get("DATABASE_ADMIN_URL", ""), os.environ.get("KAFKA_BOOTSTRAP", "")
    postgres = None if admin_dsn else new_postgres()
    broker = None if bootstrap else new_broker()
    started = [server for server in (postgres, broker) if server is not None]
    try:
        await asyncio.gather(*(server.start() for server in started))
        yield Servers(
            admin_dsn=postgres.admin_dsn if postgres else admin_dsn,
            kafka_bootstrap=broker.bootstrap if broker else bootstrap,
            postgres=postgres,
            broker=broker,
        )
    finally:
        for server in started:
            server.stop()


def _not_started(server: str, process: Process | None) -> ServerUnavailableError:
    """With the last lines of the process's log, and advice where they allow it."""
    if process is None:
        return ServerUnavailableError(f"{server} was never started")
    output = process.tail()
    state = "does not answer" if process.alive else describe_exit(process.exit_code)
    advice = f" The temporary folder is full: {MAKE_ROOM}." if "No space left on device" in output else ""
    return ServerUnavailableError(
        f"{server} did not start: {process.name} {state}.{advice} The end of its log:\n{output}"
    )


async def _answers(process: Process, ask: Callable[[], Awaitable[bool]], seconds: float) -> bool:
    """True once `ask` is; False when the process ends or the time is over."""
    until = time.monotonic() + seconds
    while process.alive and time.monotonic() < until:
        if await ask():
            return process.alive
        await asyncio.sleep(0.05)
    return False


async def _accepts(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def _main() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with tempfile.TemporaryDirectory(prefix="silkpost-servers-") as logs:
        async with running_servers(Path(logs)) as servers:
            print(f"export DATABASE_ADMIN_URL={servers.admin_dsn}")
            print(f"export KAFKA_BOOTSTRAP={servers.kafka_bootstrap}", flush=True)
            await stop.wait()


if __name__ == "__main__":
    try:
        asyncio.run(_main())
    except CannotStartError as error:
        sys.exit(str(error))
