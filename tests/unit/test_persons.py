from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

from aiokafka import TopicPartition

from contracts.persons import PersonRecord
from services.persons.facts import PersonRecorded
from services.persons.records import RECORD, TOPIC, Persons
from shared.messaging.decoder import Decoded, Decoder, Record
from shared.sealing import Seal
from tests.support.customs_samples import BUYER, CONTACT

OLD, NEW = {"v1": bytes(32)}, {"v2": bytes(range(32))}
NOW = datetime(2026, 11, 26, tzinfo=UTC)


def persons(keys: dict[str, bytes]) -> Persons:
    return Persons({"contact": Seal(keys), "national_id": Seal(keys)})


def read(record: PersonRecord, by: Persons) -> Decoded:
    """As the consumer reads it; what a decoder does with facts is not needed here."""
    decoder = Decoder([], [], None, lambda: NOW, [by])  # type: ignore[arg-type]
    key, body = str(record.order_id).encode(), record.model_dump_json().encode()
    return decoder.read(Record(TopicPartition(TOPIC, 0), 7, key, body, RECORD, None, 0, 0, None))


def test_a_record_is_taken_whichever_of_the_keys_has_sealed_it() -> None:
    for keys in (OLD, NEW):
        record = persons(keys).sealed(uuid4(), CONTACT, BUYER)
        decoded = read(record, persons({**NEW, **OLD}))
        assert isinstance(decoded.event, PersonRecorded)
        assert decoded.kept == record


def test_a_record_of_a_key_that_is_not_given_waits_for_a_replay_and_names_it() -> None:
    decoded = read(persons(NEW).sealed(uuid4(), CONTACT, BUYER), persons(OLD))
    assert (decoded.event, decoded.fate) == (None, "failing")
    assert decoded.cause == "sealed by key v2 of CONTACT_KEY, not given here"


def test_a_part_that_is_not_sealed_at_all_is_none_of_ours() -> None:
    record = PersonRecord(order_id=uuid4(), contact="name", national_id="number")
    assert read(record, persons(OLD)).fate == "foreign"
