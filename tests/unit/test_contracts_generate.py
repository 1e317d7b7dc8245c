"""The generator: deterministic, fresh or stale, and refusing to write what would break a reader."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from contracts.base import Event
from contracts.generate import files, main, models, schema
from contracts.topics import TOPICS


@pytest.fixture
def written(tmp_path: Path) -> Path:
    assert main([], tmp_path) == 0
    return tmp_path


def edit(file: Path, change: dict[str, Any], *path: str) -> None:
    body = json.loads(file.read_text(encoding="utf-8"))
    node = body
    for step in path:
        node = node[step]
    node.update(change)
    file.write_text(json.dumps(body), encoding="utf-8")


def test_what_was_written_is_fresh(written: Path) -> None:
    assert main(["--check"], written) == 0


def test_the_output_is_the_same_every_time() -> None:
    first = files({name: schema(name, model) for name, model in models().items()})
    assert files({name: schema(name, model) for name, model in models().items()}) == first


def test_a_stale_file_fails_the_check_and_is_named(written: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (written / "asyncapi.yaml").write_text("asyncapi: 3.0.0\n", encoding="utf-8")
    (written / "schemas" / "order-placed.v1.json").unlink()
    assert main(["--check"], written) == 1
    errors = capsys.readouterr().err
    assert "contracts/asyncapi.yaml" in errors
    assert "contracts/schemas/order-placed.v1.json" in errors
    assert not (written / "schemas" / "order-placed.v1.json").exists()


def test_a_change_of_words_is_stale_but_not_refused(written: Path) -> None:
    edit(written / "schemas" / "order-closed.v1.json", {"description": "Over."})
    assert main(["--check"], written) == 1
    assert main([], written) == 0
    assert main(["--check"], written) == 0


@pytest.mark.parametrize("arguments", [[], ["--check"]])
def test_a_breaking_change_is_refused_with_event_field_and_rule(
    written: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    committed = written / "schemas" / "order-closed.v1.json"
    edit(committed, {"paid_back": {"type": "string"}}, "properties")
    before = {file: file.read_bytes() for file in written.rglob("*") if file.is_file()}
    assert main(arguments, written) == 1
    assert "order-closed.v1: $.paid_back: field-removed" in capsys.readouterr().err
    assert {file: file.read_bytes() for file in written.rglob("*") if file.is_file()} == before


def test_an_event_may_not_disappear(written: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (written / "schemas" / "order-sold.v1.json").write_text('{"type": "object"}', encoding="utf-8")
    assert main([], written) == 1
    assert "order-sold.v1: event-removed" in capsys.readouterr().err


@pytest.mark.parametrize("name", models())
def test_a_schema_is_valid_json_schema_of_2020_12(name: str) -> None:
    body = schema(name, models()[name])
    assert body["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    Draft202012Validator.check_schema(body)


def test_every_event_stands_on_a_topic() -> None:
    on_topics = {event for topic in TOPICS for event in topic.types.values()}
    declared = {event for event in Event.BY_TYPE.values() if event.__module__.startswith("contracts.")}
    assert on_topics == declared


def test_every_reference_of_the_asyncapi_document_resolves() -> None:
    texts = files({name: schema(name, model) for name, model in models().items()})
    document = yaml.safe_load(texts["asyncapi.yaml"])
    references = list(_references(document))
    assert references
    for reference in references:
        if reference.startswith("./"):
            assert reference.removeprefix("./") in texts
            continue
        node = document
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]


def test_the_asyncapi_document_says_what_the_topic_table_says() -> None:
    document = yaml.safe_load(files({name: schema(name, model) for name, model in models().items()})["asyncapi.yaml"])
    assert document["asyncapi"] == "3.0.0"
    for topic in TOPICS:
        expected = list(topic.types) or list(topic.messages)
        assert list(document["channels"][topic.name]["messages"]) == expected
        for consumer in topic.consumers:
            assert document["operations"][f"{consumer}.receive.{topic.name}"]["action"] == "receive"
        assert document["operations"][f"{topic.producer}.send.{topic.name}"]["action"] == "send"


def _references(node: object) -> list[str]:
    match node:
        case {"$ref": str(reference)}:
            return [reference]
        case dict():
            return [reference for value in node.values() for reference in _references(value)]
        case list():
            return [reference for value in node for reference in _references(value)]
        case _:
            return []
