"""Events that others tell: what is taken in of them, and what becomes of those that are known."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contracts.warehouse import UnitKey
from services.provenance.domain.capture import (
    AHEAD,
    MOST_A_UNIT,
    OLDEST,
    OPERATOR,
    Captured,
    Declaration,
    Identity,
    Said,
    alone,
    in_document,
    judge,
    new_of,
)
from services.provenance.domain.epcis import answered, query_document
from services.provenance.domain.event_hash import event_hash
from services.provenance.domain.queries import things_of
from tests.support.provenance_samples import PLACE

NOW = datetime(2026, 11, 24, 9, 30, 0, 999_600, tzinfo=UTC)
OWN_GTIN, SSCC = "03012345678902", "030123450000000017"
MAKER = "vendor:vieux-port"
SAID = Said(
    happened_at=NOW - timedelta(days=1),
    offset="+01:00",
    action="OBSERVE",
    step="inspecting",
    epc=f"https://shop.example/01/{OWN_GTIN}/21/a%2Fb",
    disposition="conformant",
    read_point="urn:epc:id:sgln:3245678.90123.0",
    location=f"https://id.gs1.org/414/{PLACE.location}",
)
PACKED = replace(SAID, action="ADD", step="packing", parent=f"https://id.gs1.org/00/{SSCC}", disposition=None)


def captured(statement: Said = SAID, by: str = MAKER) -> Captured:
    made = judge(statement, PLACE, NOW, by)
    assert isinstance(made, Captured), made
    return made


def declared(statement: Said = SAID, hours: int = 1) -> Said:
    return replace(statement, declaration=Declaration(statement.happened_at + timedelta(hours=hours), "did_not_occur"))


def test_an_event_stands_as_this_issuer_names_things_and_keeps_its_hash() -> None:
    made = captured()
    assert made.event.fields == {
        "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],
        "type": "ObjectEvent",
        "eventTime": "2026-11-23T09:30:01.000Z",
        "eventTimeZoneOffset": "+01:00",
        "epcList": [PLACE.unit(OWN_GTIN, "a/b")],
        "action": "OBSERVE",
        "bizStep": "inspecting",
        "disposition": "conformant",
        "readPoint": {"id": "https://id.silkpost.example/414/3245678901236"},
        "bizLocation": PLACE.here,
        "eventID": made.identity.event_id,
    }
    as_sent = {
        "type": "ObjectEvent",
        "eventTime": SAID.happened_at.isoformat(),
        "eventTimeZoneOffset": "+01:00",
        "epcList": [SAID.epc],
        "action": "OBSERVE",
        "bizStep": "inspecting",
        "disposition": "conformant",
        "readPoint": {"id": SAID.read_point},
        "bizLocation": {"id": SAID.location},
    }
    assert made.identity == Identity(event_hash(as_sent), None)
    assert (made.unit, made.event.said_by) == (UnitKey(gtin=OWN_GTIN, serial="a/b"), MAKER)
    assert captured(replace(SAID, event_id=event_hash(as_sent))) == made


def test_a_box_holds_one_unit() -> None:
    event = captured(replace(PACKED, read_point=None, location=None)).event.fields
    assert (event["type"], event["parentID"]) == ("AggregationEvent", PLACE.box(SSCC))
    assert event["childEPCs"] == [PLACE.unit(OWN_GTIN, "a/b")]
    assert not {"epcList", "disposition", "readPoint", "bizLocation"} & event.keys()


def test_a_declaration_keeps_the_id() -> None:
    wrong = captured(declared())
    assert wrong.identity == Identity(
        captured().identity.event_id, SAID.happened_at.replace(second=1, microsecond=0) + timedelta(hours=1)
    )
    assert wrong.identity.original == captured().identity
    assert wrong.event.fields["errorDeclaration"]["reason"] == "did_not_occur"
    bare = captured(replace(SAID, declaration=Declaration(NOW)))
    assert bare.event.fields["errorDeclaration"] == {"declarationTime": "2026-11-24T09:30:01.000Z"}
    assert len({event.event.name for event in (captured(), wrong, bare)}) == 3


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({"happened_at": NOW + AHEAD + timedelta(seconds=1)}, [("eventTime", "future")]),
        ({"happened_at": NOW - OLDEST - timedelta(seconds=1)}, [("eventTime", "too_old")]),
        ({"epc": "urn:x"}, [("epcList[0]", "unit")]),
        ({"epc": f"https://x.example/01/{OWN_GTIN}/21/%7F"}, [("epcList[0]", "unit")]),
        ({"epc": "https://x.example/01/03012345678903/21/1"}, [("epcList[0]", "check_digit")]),
        ({"epc": "urn:x", "parent": "urn:y"}, [("childEPCs[0]", "unit"), ("parentID", "sscc")]),
        ({"parent": "https://x.example/00/030123450000000018"}, [("parentID", "check_digit")]),
        ({"read_point": "geo:1,2"}, [("readPoint.id", "gln")]),
        ({"location": "https://x.example/414/3245678901237"}, [("bizLocation.id", "check_digit")]),
        ({"event_id": "another"}, [("eventID", "event_hash")]),
        ({"declaration": Declaration(NOW + timedelta(hours=1))}, [("errorDeclaration.declarationTime", "future")]),
        (
            {"declaration": Declaration(NOW - timedelta(days=2))},
            [("errorDeclaration.declarationTime", "before_event")],
        ),
    ],
)
def test_every_rule_that_is_broken_is_named(changes: dict[str, Any], faults: list[tuple[str, str]]) -> None:
    result = judge(replace(SAID, **changes), PLACE, NOW, MAKER)
    assert isinstance(result, list)
    assert [(fault.field, fault.rule) for fault in result] == faults


def test_what_is_known_is_not_told_again_and_originals_come_first() -> None:
    wrong, right, other = captured(declared()), captured(), captured(PACKED)
    new, faults = new_of([wrong, right, right, other], {other.identity: None}, {}, MAKER, in_document)
    assert (new, faults) == ([right.event, wrong.event], [])
    assert new_of([wrong, right], {right.identity: MAKER, wrong.identity: MAKER}, {}, MAKER, in_document) == ([], [])


@pytest.mark.parametrize(
    ("by", "said_by", "allowed"),
    [
        (MAKER, MAKER, True),
        (MAKER, None, False),
        (MAKER, OPERATOR, False),
        (MAKER, "vendor:other", False),
        (OPERATOR, OPERATOR, True),
        (OPERATOR, None, True),
        (OPERATOR, MAKER, False),
    ],
)
def test_who_said_an_event_may_declare_it_wrong(by: str, said_by: str | None, allowed: bool) -> None:
    wrong = captured(declared(), by)
    new, faults = new_of([wrong], {wrong.identity.original: said_by}, {}, by, in_document)
    assert (bool(new), not faults) == (allowed, allowed)
    _, faults = new_of([wrong], {}, {}, by, in_document)
    assert [(fault.field, fault.rule) for fault in faults] == [("epcisBody.eventList[0].errorDeclaration", "original")]


def test_others_tell_only_so_much_of_a_unit() -> None:
    first, second = captured(), captured(PACKED)
    assert new_of([first], {}, {first.unit: MOST_A_UNIT - 1}, MAKER, in_document)[1] == []
    _, faults = new_of([first, second], {}, {first.unit: MOST_A_UNIT - 1}, MAKER, in_document)
    assert [(fault.field, fault.rule) for fault in faults] == [("epcisBody.eventList[1].childEPCs[0]", "unit_full")]
    _, faults = new_of([second], {}, {second.unit: MOST_A_UNIT}, MAKER, alone)
    assert [fault.field for fault in faults] == ["childEPCs[0]"], "of an event by itself"


def test_an_answer_says_when_and_by_whom_it_was_told() -> None:
    event = captured().event.fields
    ours, theirs = answered(event, NOW, None), answered(event, NOW, MAKER)
    assert ours == {**event, "recordTime": "2026-11-24T09:30:01.000Z"}
    assert theirs == {**ours, "silkpost:saidBy": MAKER}
    made = query_document([theirs], NOW)
    assert made["@context"][1] == {"silkpost": "https://silkpost.example/terms/"}
    [shown] = made["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
    assert shown == {name: value for name, value in theirs.items() if name != "@context"}


def test_what_a_query_names() -> None:
    things = things_of([SAID.epc, f"https://x.example/00/{SSCC}", f"https://x.example/01/{OWN_GTIN}"])
    assert things is not None
    assert (things.units, things.boxes, things.products) == (
        [UnitKey(gtin=OWN_GTIN, serial="a/b")],
        [SSCC],
        [OWN_GTIN],
    )
    assert things_of([SAID.epc, "urn:x"]) is None
    assert things_of([f"https://x.example/01/{OWN_GTIN}/21/%7F"]) is None
