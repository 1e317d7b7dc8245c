"""Which facts are believed on which topic, by the topic table: those of its producer, under the ids that follow."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiokafka import TopicPartition

from contracts import topics
from contracts.base import Event, Topic, parse_fact
from contracts.carrier import LabelCreated
from contracts.orders import OrderClosed
from contracts.warehouse import StockRefused
from shared.ledger.outbox import headers
from shared.messaging.decoder import Decoded, Decoder, as_record

EXAMPLES = sorted((Path(__file__).parents[2] / "contracts" / "examples").glob("*/*.json"))
FACTS = [(path.parent.name, path.read_text(encoding="utf-8")) for path in EXAMPLES if path.parent.name in Event.BY_TYPE]
EVERY_KIND = tuple({kind for topic in topics.TOPICS for kind in topic.events})
LEDGER: Any = None
"""Reading needs none."""


def read(topic: Topic, fact_type: str, body: str, event: Event, made_up: UUID | None = None) -> Decoded:
    """As every service would that consumes all kinds of facts of all topics."""
    decoder = Decoder(topics.TOPICS, EVERY_KIND, LEDGER, lambda: datetime.now(UTC))
    key = str(event.stream_id)
    record_headers = headers(made_up or event.id, fact_type, topic.producer, key, "0@0", None)
    raw = SimpleNamespace(offset=0, key=key.encode(), value=body.encode(), headers=record_headers)
    return decoder.read(as_record(TopicPartition(topic.name, 0), raw))


@pytest.mark.parametrize("topic", [topic for topic in topics.TOPICS if topic.events], ids=lambda topic: topic.name)
def test_a_fact_is_believed_on_the_topic_of_its_producer_alone(topic: Topic) -> None:
    """A case, which every service may open, from the service that it names."""
    believed = {kind.NAME for kind in topic.events}
    for fact_type, body in FACTS:
        event = parse_fact(fact_type, body)
        decoded = read(topic, fact_type, body, event)
        ours = event.NAME in believed and event.publisher in (None, topic.producer)
        assert (decoded.fate if decoded.cause else "believed") == ("believed" if ours else "foreign"), fact_type


@pytest.mark.parametrize(
    ("topic", "kind"),
    [(topics.TRACKING, StockRefused), (topics.CARRIER, OrderClosed)],
    ids=["stock-refused on tracking.events", "order-closed on carrier.events"],
)
def test_a_fact_of_another_service_on_a_topic_that_is_read_closes_no_order(topic: Topic, kind: type[Event]) -> None:
    fact_type, body = next(fact for fact in FACTS if fact[0] == kind.TYPE)
    decoded = read(topic, fact_type, body, kind.model_validate_json(body))
    assert (decoded.event, decoded.fate) == (None, "foreign")


def test_a_second_label_under_a_made_up_id_overwrites_none() -> None:
    fact_type, body = next(fact for fact in FACTS if fact[0] == LabelCreated.TYPE)
    label = LabelCreated.model_validate_json(body)
    made_up = label.model_copy(update={"id": uuid4(), "tracking_number": "LY000000014FR"})
    decoded = read(topics.CARRIER, fact_type, made_up.model_dump_json(), label, made_up.id)
    assert (decoded.event, decoded.fate) == (None, "foreign")
    assert read(topics.CARRIER, fact_type, body, label).event == label
