from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

from aiokafka import TopicPartition

from contracts.persons import ChangedContact, PersonRecord
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


def test_a_record_says_up_to_which_version_it_holds_the_contact() -> None:
    sealed = persons(NEW).sealed(uuid4(), CONTACT, BUYER)
    changes = tuple(ChangedContact(version=version, contact=sealed.contact) for version in (2, 4, 3))
    record = sealed.model_copy(update={"changes": changes})
    event = read(record, persons(NEW)).event
    assert isinstance(event, PersonRecorded)
    assert event.version == 4
    assert event.id != PersonRecorded(order_id=record.order_id, occurred_at=NOW).id


def test_a_changed_contact_of_a_key_that_is_not_given_waits_for_a_replay_too() -> None:
    sealed, newer = persons(OLD).sealed(uuid4(), CONTACT, BUYER), persons(NEW).sealed(uuid4(), CONTACT, BUYER)
    record = sealed.model_copy(update={"changes": (ChangedContact(version=2, contact=newer.contact),)})
    decoded = read(record, persons(OLD))
    assert (decoded.event, decoded.fate) == (None, "failing")
