"""A deployment by the Makefile's own targets, for tests: with secrets, ports, data and a business clock of its own."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sandbox.local.processes import free_port
from services.credentials import SCOPES, read
from services.registry import SERVICES
from shared import clock
from shared.scopes import Scope

ROOT = Path(__file__).resolve().parents[3]
DOCKER, MAKE = shutil.which("docker") or "docker", shutil.which("make") or "make"
NOWHERE = "http://127.0.0.1:1"
START = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)


class Deployment:
    """What the demo needs of a deployment, for containers that are reached through their published ports only."""

    def __init__(self, folder: Path, *, profile: str, speed: float) -> None:
        self.folder = folder
        self.name = f"silkpost-test-{secrets.token_hex(3)}"
        self._speed = speed
        self._clock_file = folder / "clock" / "clock.json"
        self._ports = {name: str(free_port()) for name in (*SERVICES, "sandbox", "prometheus")}
        self.environment = {
            **os.environ,
            **{f"{name.upper()}_PORT": port for name, port in self._ports.items()},
            "COMPOSE_PROJECT_NAME": self.name,
            "TRACKING_URL": f"http://localhost:{self._ports['tracking']}",
            "SECRETS_DIR": str(folder / "secrets"),
            "CLOCK_DIR": str(self._clock_file.parent),
            "PROFILE": profile,
            "COMPOSE_OVERLAY": "tests/support/compose/clock.yml",
        }

    @property
    def urls(self) -> dict[str, str]:
        return {name: f"http://127.0.0.1:{port}" for name, port in self._ports.items()}

    @property
    def internal_urls(self) -> dict[str, str]:
        """Of each service's first replica, at the address by which the host knows it: the port is published nowhere."""
        urls: dict[str, str] = {}
        for container in self.containers():
            if container["State"]["Running"]:
                urls.setdefault(container["Config"]["Labels"]["com.docker.compose.service"], _internal_url(container))
        return {name: urls.get(name, NOWHERE) for name in SERVICES}

    def internal_url(self, name: str) -> str:
        """Of the first container of this name."""
        return _internal_url(self.containers(name)[0])

    @property
    def api_keys(self) -> dict[Scope, str]:
        return {scope: read(self.folder / "secrets", f"api_key_{scope}") for scope in SCOPES}

    @property
    def clock(self) -> clock.Clock:
        return clock.Clock.from_file(self._clock_file)

    def change_speed(self, speed: float) -> None:
        clock.change_speed(self._clock_file, speed)

    def up(self) -> None:
        """`make up`: everything is ready when it returns."""
        self._clock_file.parent.mkdir(parents=True)
        clock.create(self._clock_file, START, self._speed)
        self.make("up")

    def down(self) -> None:
        self.make("down", "VOLUMES=1")

    def make(self, *arguments: str) -> None:
        """AssertionError with what was printed when it fails."""
        done = subprocess.run(
            [MAKE, "--no-print-directory", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"make {' '.join(arguments)}\n{done.stdout[-2000:]}{done.stderr[-4000:]}"

    def containers(self, service: str | None = None) -> list[dict[str, Any]]:
        """What the engine knows of each container of this deployment, by the replicas' numbers."""
        labels = [f"label=com.docker.compose.project={self.name}"]
        if service:
            labels.append(f"label=com.docker.compose.service={service}")
        ids = docker("ps", "--all", "--quiet", *(part for label in labels for part in ("--filter", label))).split()
        # One that is removed at this moment is missing from the answer, and makes the exit code 1.
        inspected = subprocess.run([DOCKER, "inspect", *ids], capture_output=True, text=True, check=False)
        containers: list[dict[str, Any]] = json.loads(inspected.stdout) if ids else []
        return sorted(containers, key=lambda container: str(container["Name"]))

    def kill(self, service: str | None = None) -> None:
        """As a crash would; it stays dead. Without a name: everything."""
        running = [container["Id"] for container in self.containers(service) if container["State"]["Running"]]
        docker("kill", *running)

    def start(self, service: str, seconds: float = 90) -> None:
        """Starts what was killed, and waits until it is healthy."""
        docker("start", *(container["Id"] for container in self.containers(service)))
        until = time.monotonic() + seconds
        while any(container["State"]["Health"]["Status"] != "healthy" for container in self.containers(service)):
            assert time.monotonic() < until, f"{service} does not get healthy"
            time.sleep(0.5)

    def logs(self, service: str) -> str:
        """What the first replica printed last."""
        done = subprocess.run(
            [DOCKER, "logs", "--tail", "60", self.containers(service)[0]["Id"]],
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout + done.stderr

    def execute(self, service: str, *command: str) -> subprocess.CompletedProcess[str]:
        """Runs a command in the first container of this name, as its own user."""
        container = self.containers(service)[0]["Id"]
        return subprocess.run([DOCKER, "exec", container, *command], capture_output=True, text=True, check=False)

    def run(self, service: str, program: str) -> subprocess.CompletedProcess[str]:
        """Runs a Python program in the first replica of a service, as the service's own user and with its secrets."""
        container = self.containers(service)[0]["Id"]
        return subprocess.run(
            [DOCKER, "exec", "--interactive", container, "python", "-"],
            input=program,
            capture_output=True,
            text=True,
            check=False,
        )


def _internal_url(container: dict[str, Any]) -> str:
    networks = container["NetworkSettings"]["Networks"].values()
    return f"http://{next(network['IPAddress'] for network in networks if network['IPAddress'])}:8001"


@contextmanager
def running(folder: Path, *, profile: str, speed: float) -> Iterator[Deployment]:
    """A deployment that is gone afterwards, with its volumes and networks."""
    deployment = Deployment(folder, profile=profile, speed=speed)
    try:
        deployment.up()
        yield deployment
    finally:
        deployment.down()


def docker(*arguments: str) -> str:
    """What the engine answers. Raises CalledProcessError."""
    return subprocess.run([DOCKER, *arguments], capture_output=True, text=True, check=True).stdout
