"""Foreign images by digest: what `make pin-images` writes, and that the deployment takes it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
MAKE = shutil.which("make") or "make"
DIGEST = f"sha256:{'0123456789abcdef' * 4}"
FOREIGN = {
    "PYTHON_IMAGE": "python:3.13-slim",
    "KAFKA_IMAGE": "apache/kafka:4.3.1",
    "POSTGRES_IMAGE": "postgres:17",
    "HAPROXY_IMAGE": "haproxy:3.0",
    "PROMETHEUS_IMAGE": "prom/prometheus:v3.5.0",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of what the command reads."""
    (tmp_path / "deploy").mkdir()
    for path in ("docker-compose.yml", "Makefile", "deploy/pin-images"):
        shutil.copy(ROOT / path, tmp_path / path)
    return tmp_path


def pin(folder: Path, answer: str) -> subprocess.CompletedProcess[str]:
    """Runs the command with an engine that answers by this line of shell; `$image` is what it is asked for."""
    tools = folder / "tools"
    tools.mkdir()
    check = '[ "$*" = "buildx imagetools inspect --format {{json .Manifest.Digest}} $6" ] || exit 9'
    (tools / "docker").write_text(f"#!/bin/sh\nimage=$6\n{check}\n{answer}\n")
    (tools / "docker").chmod(0o755)
    path = f"{tools}{os.pathsep}{os.environ['PATH']}"
    command = [str(folder / "deploy/pin-images")]
    return subprocess.run(command, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False)


def written(folder: Path) -> dict[str, str]:
    lines = (folder / "deploy/images.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if not line.startswith("#"))


def test_every_foreign_image_is_written_with_its_digest(folder: Path) -> None:
    done = pin(folder, f"""echo '"{DIGEST}"'""")
    assert done.returncode == 0, done.stderr
    assert written(folder) == {name: f"{image}@{DIGEST}" for name, image in FOREIGN.items()}


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(f'[ "$image" != postgres:17 ] || exit 1; echo {DIGEST}', id="one is not found"),
        pytest.param("echo sha256:0123", id="a digest too short"),
        pytest.param(f"echo 'Name: {DIGEST}'", id="another format"),
        pytest.param(f"echo {DIGEST}; echo {DIGEST}", id="two"),
        pytest.param("true", id="nothing"),
    ],
)
def test_what_was_pinned_stays_when_a_digest_cannot_be_had(folder: Path, answer: str) -> None:
    before = f"POSTGRES_IMAGE=postgres:17@{DIGEST}\n"
    (folder / "deploy/images.env").write_text(before)
    done = pin(folder, answer)
    assert done.returncode != 0
    assert "nothing is written" in done.stderr
    assert {path.name: path.read_text() for path in (folder / "deploy").glob("images.env*")} == {"images.env": before}


@pytest.mark.parametrize(
    ("files", "named"),
    [
        ((), []),
        ((".env",), [".env"]),
        (("deploy/images.env",), ["deploy/images.env"]),
        ((".env", "deploy/images.env"), ["deploy/images.env", ".env"]),
    ],
)
def test_the_deployment_takes_what_was_pinned_unless_its_settings_say_otherwise(
    folder: Path, files: tuple[str, ...], named: list[str]
) -> None:
    """Of two files Compose follows the last."""
    for file in files:
        (folder / file).touch()
    command = [MAKE, "--dry-run", "down", "PROFILE=", "COMPOSE_OVERLAY="]
    printed = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout
    assert re.findall(r"--env-file (\S+)", printed) == named


def test_no_image_is_named_without_a_variable() -> None:
    compose = (ROOT / "docker-compose.yml").read_text()
    defaults = dict(re.findall(r"\$\{([A-Z]+_IMAGE):-([^}]+)\}", compose))
    assert {name: image for name, image in defaults.items() if not image.startswith("silkpost")} == FOREIGN
    for name, service in yaml.safe_load(compose)["services"].items():
        assert re.fullmatch(r"\$\{[A-Z]+_IMAGE:-[^}]+\}", service["image"]), name
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert f"ARG PYTHON_IMAGE={FOREIGN['PYTHON_IMAGE']}\n" in dockerfile
    assert set(re.findall(r"^FROM (\S+) AS", dockerfile, re.M)) == {"${PYTHON_IMAGE}", "silkpost"}
