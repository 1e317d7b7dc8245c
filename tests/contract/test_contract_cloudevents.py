"""What the relay writes into a record's headers is CloudEvents 1.0, as the `cloudevents` package reads it."""

from __future__ import annotations

from pathlib import Path

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary
from cloudevents.core.formats.json import JSONFormat
from jsonschema import Draft202012Validator

from contracts.asyncapi import EVENT_HEADERS
from contracts.base import Event
from contracts.topics import TOPICS
from shared.ledger.outbox import headers

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
TYPES = {name: kind for topic in TOPICS for name, kind in topic.types.items()}
EXAMPLES = sorted((Path(__file__).parents[2] / "contracts" / "examples").glob("*/*.json"))
EVENTS = [example for example in EXAMPLES if example.parent.name in TYPES]


def written(event: Event, traceparent: str | None = TRACE) -> dict[str, bytes]:
    return dict(headers(event.id, event.TYPE, "orders", str(event.stream_id), "0@0", traceparent))


@pytest.mark.parametrize("example", EVENTS, ids=lambda example: f"{example.parent.name}/{example.stem}")
def test_the_cloudevents_package_reads_the_event_back(example: Path) -> None:
    event = TYPES[example.parent.name].model_validate_json(example.read_text(encoding="utf-8"))
    message = KafkaMessage(
        headers=written(event), key=str(event.stream_id).encode(), value=event.model_dump_json().encode()
    )
    read = from_binary(message, JSONFormat())
    assert read.get_specversion() == "1.0"
    assert read.get_id() == str(event.id)
    assert read.get_type() == event.TYPE
    assert read.get_source() == "/silkpost/orders"
    assert read.get_subject() == str(event.stream)
    assert read.get_datacontenttype() == "application/json"
    assert read.get_extension("partitionkey") == str(event.stream_id)
    assert type(event).model_validate(read.get_data()) == event


@pytest.mark.parametrize("traceparent", [TRACE, None])
def test_the_headers_are_those_that_the_asyncapi_document_declares(traceparent: str | None) -> None:
    event = TYPES[EVENTS[0].parent.name].model_validate_json(EVENTS[0].read_text(encoding="utf-8"))
    sent = {name: value.decode() for name, value in written(event, traceparent).items()}
    validator = Draft202012Validator({**EVENT_HEADERS, "additionalProperties": False})
    validator.validate(sent)
