"""Every consumer parses every example of every event it hears."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from contracts.base import Event
from contracts.topics import TOPICS, heard_by, of_producer
from shared.ledger.facts import Facts
from tests.invented import WORD, WORDS, invented, open_fields

EXAMPLES = sorted((Path(__file__).parents[2] / "contracts" / "examples").glob("*/*.json"))
SERVICES = sorted({service for topic in TOPICS for service in (topic.producer, *topic.consumers)})


def hears(service: str) -> tuple[type[Event], ...]:
    """The table at the end of the service's handlers."""
    table: tuple[type[Event], ...] = importlib.import_module(f"services.{service}.handlers").HEARS
    return table


@pytest.mark.parametrize("service", SERVICES)
def test_it_hears_only_what_its_topics_carry(service: str) -> None:
    topics = list(heard_by(service))
    if any(topic.producer == service for topic in TOPICS):
        topics.append(of_producer(service))
    carried = {event for topic in topics for event in topic.events}
    contracts = {event for event in hears(service) if event.__module__.startswith("contracts.")}
    assert contracts
    assert contracts <= carried


@pytest.mark.parametrize("service", SERVICES)
def test_it_parses_every_example_of_what_it_hears(service: str) -> None:
    for heard in hears(service):
        examples = [example for example in EXAMPLES if example.parent.name == heard.TYPE]
        assert examples or not heard.__module__.startswith("contracts.")
        for example in examples:
            event = heard.model_validate_json(example.read_text(encoding="utf-8"))
            facts = Facts(event.order_id, [event])
            assert facts.get(heard, event.subject) == event


@pytest.mark.parametrize("service", SERVICES)
def test_it_parses_words_of_open_vocabularies_that_it_does_not_know(service: str) -> None:
    for heard in hears(service):
        for example in [example for example in EXAMPLES if example.parent.name == heard.TYPE]:
            event = invented(heard.model_validate_json(example.read_text(encoding="utf-8")))
            assert [
                getattr(event, name) for name in open_fields(heard) if getattr(event, name) not in (WORD, None)
            ] in (
                [],
                [WORDS["language"]],
            )
