"""The event hash of CBV: the examples of its reference implementation, and what it says of what it cannot read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from services.provenance.domain.event_hash import event_hash, pre_hash

GOLDEN = Path(__file__).parents[1] / "golden" / "event_hash"
EVENT = {
    "type": "ObjectEvent",
    "eventTime": "2020-03-04T11:00:30.999+01:00",
    "eventTimeZoneOffset": "+01:00",
    "epcList": ["https://id.gs1.org/01/04012345111118/21/9876", "https://id.gs1.org/01/04012345111118/21/5432"],
    "action": "OBSERVE",
    "bizStep": "departing",
    "readPoint": {"id": "https://id.gs1.org/414/4012345000054/254/1"},
}
TEXT = (
    "eventType=ObjectEventeventTime=2020-03-04T10:00:30.999ZeventTimeZoneOffset=+01:00"
    "epcListepc=https://id.gs1.org/01/04012345111118/21/5432epc=https://id.gs1.org/01/04012345111118/21/9876"
    "action=OBSERVEbizStep=https://ref.gs1.org/cbv/BizStep-departing"
    "readPointid=https://id.gs1.org/414/4012345000054/254/1"
)
SPACES = {"ex": "https://ns.example/"}


def events_of(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Without the fields that the tool's own `ignoreFields` names."""
    body = document["epcisBody"]
    results = body.get("queryResults", {})
    ignored = document.get("repository-x:ignoreFields") or results.get("repository-x:ignoreFields") or ()
    for event in body.get("eventList") or results["resultsBody"]["eventList"]:
        yield {name: value for name, value in event.items() if name not in ignored}


@pytest.mark.parametrize("file", sorted(GOLDEN.glob("*.jsonld")), ids=lambda file: file.stem)
def test_the_examples_of_the_reference_have_its_hashes(file: Path) -> None:
    document = json.loads(file.read_text(encoding="utf-8"))
    made = [event_hash(event, document["@context"]) for event in events_of(document)]
    assert made == file.with_suffix(".hashes").read_text().split()


def test_events_that_are_one_have_one_hash() -> None:
    document = json.loads((GOLDEN / "equal.json").read_text())
    assert len({event_hash(event, document["@context"]) for event in events_of(document)}) == 1


def test_the_hash_is_of_the_text_of_the_standard() -> None:
    assert pre_hash(EVENT) == TEXT
    assert event_hash(EVENT) == f"ni:///sha-256;{sha256(TEXT.encode()).hexdigest()}?ver=CBV2.0"


def test_what_is_told_of_an_event_is_not_in_its_hash() -> None:
    about = {
        "eventID": "another",
        "recordTime": "2021-01-01T00:00:00Z",
        "errorDeclaration": {"declarationTime": "2021-01-01T00:00:00Z"},
        "comment": "a comment",
    }
    assert event_hash({**EVENT, **about}) == event_hash(EVENT)


@pytest.mark.parametrize(
    ("fields", "end"),
    [
        ({"ex:a": None, "ex:b": "", "ilmd": {}}, "{https://ns.example/}a{https://ns.example/}b"),
        (
            {"ex:a": [["2", {"ex:c": True}], "1"]},
            "".join(f"{{https://ns.example/}}a{value}" for value in ("=1", "=2", "{https://ns.example/}c=true")),
        ),
        ({"ex:a": {"comment": "none", "bare": "+07.50"}}, "{https://ns.example/}abare=7.5"),
        ({"ex:a": "1e400"}, "{https://ns.example/}a=1e400"),
        ({"ex:a": "urn:epcglobal:cbv:btt:po"}, "{https://ns.example/}a=https://ref.gs1.org/cbv/BTT-po"),
        ({"ilmd": {"ex:lot": "L"}}, "ilmd{https://ns.example/}lot=L"),
        ({"sensorElementList": [None, {}]}, ""),
        ({"sourceList": [{"source": "urn:x"}], "destinationList": []}, "sourceListsource=urn:x"),
    ],
)
def test_what_has_no_place_follows_in_order(fields: dict[str, Any], end: str) -> None:
    assert pre_hash({**EVENT, **fields}, [SPACES]) == TEXT + end


@pytest.mark.parametrize("context", [None, SPACES, ["https://ns.example/context", SPACES]])
def test_a_namespace_is_of_the_document_or_of_the_event(context: object) -> None:
    event = {**EVENT, "ex:a": "ex:b", "@context": [SPACES]}
    assert pre_hash(event, context) == f"{TEXT}{{https://ns.example/}}a=https://ns.example/b"


@pytest.mark.parametrize(
    ("event", "rule"),
    [
        ({**EVENT, "lot": "1"}, "no rule for the field lot"),
        ({**EVENT, "other:lot": "1"}, "no rule for the field other:lot"),
        ({**EVENT, "readPoint": "here"}, "no rule for such a readPoint"),
        ({**EVENT, "readPoint": {"id": {}}}, "no rule for such a id"),
        ({**EVENT, "eventTime": "2020-03-04T11:00:30"}, "offset"),
        ({**EVENT, "eventTime": "0001-01-01T00:00:00+10:00"}, "years"),
        ({**EVENT, "eventTime": "soon"}, "isoformat"),
        ({**EVENT, "type": None}, "a type"),
        ({**EVENT, "eventTime": 1}, "eventTime"),
    ],
)
def test_what_cannot_be_hashed_is_refused(event: dict[str, Any], rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        event_hash(event)


def test_what_lies_too_deep_is_refused() -> None:
    deep: Any = "1"
    for _ in range(30):
        deep = {"ex:a": deep}
    with pytest.raises(ValueError, match="at most 20 levels"):
        event_hash({**EVENT, "ex:a": deep}, SPACES)
