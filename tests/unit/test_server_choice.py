"""Which servers the tests take, by what the environment says and what an engine holds."""

from __future__ import annotations

import pytest

from tests.servers import chosen, description

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


def test_another_word_is_no_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVERS", "docker")
    with pytest.raises(ValueError, match="SERVERS is embedded or containers"):
        chosen.__wrapped__()


def test_the_report_names_what_the_environment_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP", "kafka.invalid:9092")
    assert "Kafka of KAFKA_BOOTSTRAP" in description()
