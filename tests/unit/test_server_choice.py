"""Which servers the tests take, by what the environment says and what an engine holds."""

from __future__ import annotations

import gc
import socket
import sys
from pathlib import Path

import pytest

from tests.support.servers import chosen, description

NO_ENGINE = "tcp://127.0.0.1:1"


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SERVERS", "DATABASE_ADMIN_URL", "KAFKA_BOOTSTRAP"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_HOST", NO_ENGINE)


@pytest.mark.parametrize("source", ["containers", "embedded"])
def test_a_choice_is_kept(monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    monkeypatch.setenv("SERVERS", source)
    assert chosen.__wrapped__() == source


def test_without_an_engine_the_embedded_ones_serve() -> None:
    assert chosen.__wrapped__() == "embedded"


def test_an_engine_that_is_gone_leaves_nothing_open(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    with socket.socket(socket.AF_UNIX) as engine:
        engine.bind(str(tmp_path / "engine.sock"))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/engine.sock")
    unraised: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", unraised.append)
    assert chosen.__wrapped__() == "embedded"
    gc.collect()
    assert not unraised
    assert not recwarn.list


def test_another_word_is_no_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVERS", "docker")
    with pytest.raises(ValueError, match="SERVERS is embedded or containers"):
        chosen.__wrapped__()


def test_the_report_names_what_the_environment_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP", "kafka.invalid:9092")
    assert "Kafka of KAFKA_BOOTSTRAP" in description()
