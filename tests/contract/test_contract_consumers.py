"""Every consumer parses every example of every event it consumes."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from contracts.base import Event, lifted, parse_fact, versions_of
from contracts.topics import TOPICS, of_producer, subscribed_by
from services.registry import BY_NAME
from shared.ledger.facts import Facts
from tests.support.unknown_words import WORD, WORDS, invented, open_fields

SERVICES = sorted({name for topic in TOPICS for name in (topic.producer, *topic.consumers)} & BY_NAME.keys())
"""Of the topic table, those that are there."""
EXAMPLES = sorted((Path(__file__).parents[2] / "contracts" / "examples").glob("*/*.json"))


def subscriptions(service: str) -> tuple[type[Event], ...]:
    """The table at the end of the service's handlers."""
    table: tuple[type[Event], ...] = importlib.import_module(f"services.{service}.handlers").SUBSCRIPTIONS
    return table


@pytest.mark.parametrize("service", SERVICES)
def test_it_consumes_only_what_its_topics_carry(service: str) -> None:
    topics = list(subscribed_by(service))
    if any(topic.producer == service for topic in TOPICS):
        topics.append(of_producer(service))
    carried = {event for topic in topics for event in topic.events}
    contracts = {event for event in subscriptions(service) if event.__module__.startswith("contracts.")}
    assert contracts
    assert contracts <= carried


@pytest.mark.parametrize("service", SERVICES)
def test_it_parses_every_example_of_what_it_consumes(service: str) -> None:
    for consumed in subscriptions(service):
        examples = [example for example in EXAMPLES if example.parent.name in versions_of(consumed)]
        assert examples or not consumed.__module__.startswith("contracts.")
        for example in examples:
            event = lifted(parse_fact(example.parent.name, example.read_text(encoding="utf-8")))
            facts = Facts(event.stream, [event])
            assert facts.get(consumed, event.subject) == event


@pytest.mark.parametrize("service", SERVICES)
def test_it_parses_words_of_open_vocabularies_that_it_does_not_know(service: str) -> None:
    for consumed in subscriptions(service):
        for example in [example for example in EXAMPLES if example.parent.name == consumed.TYPE]:
            event = invented(consumed.model_validate_json(example.read_text(encoding="utf-8")))
            assert [
                getattr(event, name) for name in open_fields(consumed) if getattr(event, name) not in (WORD, None)
            ] in (
                [],
                [WORDS["language"]],
            )
