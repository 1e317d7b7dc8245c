"""Child processes that die with their parent, and ports for them."""

from __future__ import annotations

import atexit
import contextlib
import itertools
import os
import signal
import socket
import subprocess
import sys
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# Runs between fork and exec of every child. A program of its own is safe to start from a process with threads; a
# function run in the forked child (preexec_fn) is not. Linux clears the death signal when the user changes, so the
# order matters: drop the rights, set the signal, then check that the parent is still there.
_LAUNCHER = """
import os, sys
parent, number, uid, gid, *argv = sys.argv[1:]
libc = None
if sys.platform == "linux":
    import ctypes
    libc = ctypes.CDLL(None)
if int(uid):
    try:
        os.setgroups([])
        os.setgid(int(gid))
        os.setuid(int(uid))
    except OSError as error:
        sys.exit(f"cannot run {argv[0]} as user {uid}: {error.strerror}")
if libc is not None:
    libc.prctl(1, int(number))
    if os.getppid() != int(parent):
        sys.exit(1)
try:
    os.execv(argv[0], argv)
except OSError as error:
    sys.exit(f"cannot run {argv[0]}: {error.strerror}")
"""

_LOWEST_PORT, _PORTS = 20_000, 12_000
_candidates = itertools.count(os.getpid() * 1009)
_TAIL_BYTES = 16_384
_STARTED: weakref.WeakSet[Process] = weakref.WeakSet()


class CannotStartError(RuntimeError):
    """Something cannot be started here; the message says what, why and what to do."""


@dataclass(frozen=True)
class User:
    """The user that a child of root runs as; 0 keeps the parent's."""

    uid: int = 0
    gid: int = 0


def free_port() -> int:
    """A free loopback port, another one at each call. Raises CannotStartError.

    It lies below the range of ports for outgoing connections, so that a child that is killed finds its port free when
    it is started again. The search begins at a port that depends on this process's number, far apart for neighbouring
    numbers, so that two runs started side by side do not choose the same port.
    """
    for _ in range(_PORTS):
        port = _LOWEST_PORT + next(_candidates) % _PORTS
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise CannotStartError(
        f"no port of 127.0.0.1 from {_LOWEST_PORT} to {_LOWEST_PORT + _PORTS - 1} can be had: all are taken, or this "
        "place has no loopback network; end what holds them, or run where there is one"
    )


def launched(argv: Sequence[str], *, user: User = User(), death_signal: int = signal.SIGKILL) -> list[str]:
    """The command line that runs `argv` as `user`, and ends it when this process ends (Linux)."""
    return [
        *(sys.executable, "-I", "-S", "-c", _LAUNCHER),
        *(str(os.getpid()), str(int(death_signal)), str(user.uid), str(user.gid)),
        *argv,
    ]


class Process:
    """One child with its log file. It can be killed, ended and started again with the same command line.

    Start it from the main thread: on Linux a child dies with the thread that started it.
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        log: Path,
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        user: User = User(),
        death_signal: int = signal.SIGKILL,
    ) -> None:
        self.name = name
        self.log = log
        self._argv = launched(argv, user=user, death_signal=death_signal)
        self._env = dict(env) if env is not None else None
        self._cwd = cwd
        self._child: subprocess.Popen[bytes] | None = None
        self._log_begins = 0

    @property
    def pid(self) -> int:
        if self._child is None:
            raise RuntimeError(f"{self.name} was never started")
        return self._child.pid

    @property
    def alive(self) -> bool:
        return self._child is not None and self._child.poll() is None

    @property
    def exit_code(self) -> int | None:
        """None while it runs or was never started; negative: the signal that ended it."""
        return self._child.poll() if self._child is not None else None

    def start(self, extra: Mapping[str, str] | None = None) -> None:
        """`extra`: environment variables for this time only."""
        if self.alive:
            return
        with self.log.open("ab") as log:
            self._log_begins = log.tell()
            self._child = subprocess.Popen(
                self._argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._env if not extra else {**(os.environ if self._env is None else self._env), **extra},
                cwd=self._cwd,
                start_new_session=True,  # Ctrl-C in the terminal is the parent's to answer
            )
        _STARTED.add(self)

    def send(self, number: int) -> None:
        if self._child is not None and self.alive:
            self._child.send_signal(number)

    def kill(self) -> None:
        """As `kill -9`; waits until it has ended."""
        if self._child is not None:
            self.send(signal.SIGKILL)
            self._child.wait()

    def wait(self) -> int:
        """Waits until it ends by itself; returns its exit code."""
        if self._child is None:
            raise RuntimeError(f"{self.name} was never started")
        return self._child.wait()

    def end(self, number: int = signal.SIGTERM, seconds: float = 60) -> int | None:
        """Sends the signal and waits, by default for longer than a service may drain; then kills it. Returns the exit
        code, None when it was never started."""
        if self._child is None:
            return None
        self.send(number)
        try:
            return self._child.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return self._child.returncode

    def tail(self, lines: int = 15) -> str:
        """The last lines that it has logged since its last start."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as log:
            log.seek(max(self._log_begins, log.seek(0, os.SEEK_END) - _TAIL_BYTES))
            return "\n".join(log.read().decode(errors="replace").splitlines()[-lines:])


def describe_exit(exit_code: int | None) -> str:
    """How a process ended, in words. `exit_code` as `subprocess` gives it."""
    if exit_code is None:
        return "runs"
    if exit_code >= 0:
        return f"ended with exit code {exit_code}"
    try:
        return f"was ended by signal {-exit_code} ({signal.Signals(-exit_code).name})"
    except ValueError:
        return f"was ended by signal {-exit_code}"


@atexit.register
def _kill_all() -> None:
    for process in list(_STARTED):
        process.kill()
