"""Real witnesses over real HTTP: the sandbox's, and litewitness, which others wrote."""

from __future__ import annotations

import base64
import os
import socket
import sqlite3
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sandbox.local.processes import free_port
from sandbox.witness.app import app
from sandbox.witness.witness import Witness
from services.provenance.domain.log.notes import COSIGNATURE, SignerKey, VerifierKey, parse_verifier_key
from services.provenance.domain.log.tree import EMPTY_ROOT
from tests.support.http_server import serving
from tests.support.log_judges import LITEWITNESS
from tests.support.provenance_log import witness_key

NAME = "lite.example"


@dataclass(frozen=True)
class Running:
    key: VerifierKey
    url: str

    @property
    def setting(self) -> str:
        """As WITNESSES names it."""
        return f"{self.key}={self.url}"


@asynccontextmanager
async def sandbox_witness(logs: Iterable[VerifierKey], number: int = 1, ahead: int = 0) -> AsyncIterator[Running]:
    """`ahead`: seconds by which its clock is ahead of ours."""
    key = witness_key(number)
    witness = Witness([str(log) for log in logs], lambda: int(time.time()) + ahead, key)
    async with serving(app(witness)) as url:
        yield Running(key.verifier, url)


@contextmanager
def litewitness(folder: Path, log: VerifierKey) -> Iterator[Running]:
    """litewitness with a key in an agent of its own, which knows this log."""
    folder.mkdir()
    private, agent_socket, database = Ed25519PrivateKey.generate(), folder / "agent", folder / "witness.db"
    key_file, public_file, output = folder / "key", folder / "key.pub", folder / "log"
    open_ssh, none = serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    key_file.touch(mode=0o600)
    key_file.write_bytes(private.private_bytes(serialization.Encoding.PEM, open_ssh, none))
    public_file.write_bytes(
        private.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    )
    port, server = free_port(), None
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", agent_socket], stdout=subprocess.DEVNULL)  # noqa: S607
    try:
        _until(agent_socket.exists)
        environment = {**os.environ, "SSH_AUTH_SOCK": str(agent_socket)}
        subprocess.run(["ssh-add", "-q", key_file], env=environment, check=True)  # noqa: S607
        listed = subprocess.run(
            ["ssh-keygen", "-lf", public_file],  # noqa: S607
            capture_output=True,
            text=True,
            check=True,
        )
        _know(database, log)
        options = {"name": NAME, "db": str(database), "ssh-agent": str(agent_socket), "listen": f"127.0.0.1:{port}"}
        command = [str(LITEWITNESS), "-key", listed.stdout.split()[1]]
        with output.open("wb") as lines:
            server = subprocess.Popen(
                [*command, *(part for name, value in options.items() for part in (f"-{name}", value))], stderr=lines
            )
        _until(lambda: _listens(port))
        key = parse_verifier_key(output.read_text().partition("vkey=")[2].split()[0].strip('"'))
        assert key == SignerKey(NAME, COSIGNATURE, private).verifier
        yield Running(key, f"http://127.0.0.1:{port}")
    finally:
        for process in (server, agent):
            if process is not None:
                process.kill()
                process.wait()


def _until(question: Callable[[], bool]) -> None:
    ends = time.monotonic() + 30
    while not question():
        if time.monotonic() > ends:
            raise TimeoutError
        time.sleep(0.05)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _know(database: Path, log: VerifierKey) -> None:
    """What `witnessctl add-log` and `add-key` write."""
    with sqlite3.connect(database) as db:
        db.execute("create table log (origin text primary key, tree_size integer not null, tree_hash text not null)")
        db.execute("create table key (origin text not null, key text not null)")
        db.execute("insert into log values (?, 0, ?)", (log.name, base64.b64encode(EMPTY_ROOT).decode()))
        db.execute("insert into key values (?, ?)", (log.name, str(log)))
    db.close()
