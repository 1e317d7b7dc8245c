"""Events, their ids, their signatures, and the leaves that stand for them."""

from __future__ import annotations

import base64
import json
from datetime import timedelta, timezone

import pytest

from services.provenance.domain import epcis
from services.provenance.domain.event_hash import event_hash
from services.provenance.domain.leaves import KeyLeaf, event_leaf, name_of, origin_leaf, parse_key_leaf
from services.provenance.domain.signing import BadJws, did_document, parse_jws, sign_event
from tests.support.provenance_samples import (
    AT,
    GTIN,
    ISSUER,
    OTHER_SSCC,
    PLACE,
    SERIAL,
    SSCC,
    UNIT,
    every_event,
    issuer_key,
)


def test_every_event_has_the_id_of_its_content_and_no_two_the_same() -> None:
    events = every_event()
    assert [event["eventID"] for event in events] == [event_hash(event) for event in events]
    assert len({event["eventID"] for event in events}) == len(events)


def test_the_time_zone_in_which_it_is_said_does_not_matter() -> None:
    there = AT.astimezone(timezone(timedelta(hours=8)))
    assert epcis.shipped(PLACE, there, SSCC) == epcis.shipped(PLACE, AT, SSCC)


def test_an_error_declaration_keeps_the_id() -> None:
    event = epcis.packed(PLACE, AT, SSCC, GTIN, SERIAL)
    right = epcis.packed(PLACE, AT, OTHER_SSCC, GTIN, SERIAL)
    wrong = epcis.declared_wrong(event, AT, "incorrect_data", [right["eventID"]])
    assert wrong["eventID"] == event["eventID"] == event_hash(wrong)
    assert wrong["errorDeclaration"] == {
        "declarationTime": "2026-11-24T09:30:00.000Z",
        "reason": "incorrect_data",
        "correctiveEventIDs": [right["eventID"]],
    }
    assert "correctiveEventIDs" not in epcis.declared_wrong(event, AT, "did_not_occur")["errorDeclaration"]


def test_any_character_of_a_serial_is_escaped() -> None:
    assert PLACE.unit(GTIN, "a/b+c!(d)") == f"https://id.silkpost.example/01/{GTIN}/21/a%2Fb%2Bc%21%28d%29"
    assert PLACE.lot(GTIN, "L/1") == f"https://id.silkpost.example/01/{GTIN}/10/L%2F1"


def test_a_document_holds_the_events() -> None:
    made = epcis.document(every_event(), AT)
    assert (made["type"], len(made["epcisBody"]["eventList"])) == ("EPCISDocument", 7)


def test_a_leaf_shows_neither_event_nor_serial() -> None:
    jws = sign_event(epcis.commissioned(PLACE, AT, GTIN, SERIAL), issuer_key(), None)
    leaf = event_leaf(jws, bytes(32))
    assert leaf.startswith(b"silkpost-event/v1\n")
    assert len(leaf) == 62
    assert event_leaf(jws, b"1" * 32) != leaf
    with pytest.raises(ValueError, match="32 bytes"):
        event_leaf(jws, b"")


def test_a_key_leaf_reads_back() -> None:
    key = issuer_key()
    leaf = KeyLeaf("revoked", key.kid, key.public)
    assert parse_key_leaf(str(leaf)) == leaf
    assert parse_key_leaf(str(KeyLeaf("added", key.kid, key.public))) == KeyLeaf("added", key.kid, key.public)
    assert parse_key_leaf(str(leaf).replace("revoked", "gone")) is None
    slack = f"silkpost-key/v1\nadded\n{key.kid}\n{'A' * 42}B="
    assert parse_key_leaf(slack) is None


def test_a_new_log_names_the_end_of_the_old_one() -> None:
    assert origin_leaf("note").startswith(b"silkpost-origin/v1\n")
    assert origin_leaf("note") != origin_leaf("another")


def test_a_signed_event_reads_back_and_verifies() -> None:
    key, event = issuer_key(), epcis.commissioned(PLACE, AT, GTIN, SERIAL)
    signed = parse_jws(sign_event(event, key, name_of(b"leaf")))
    assert (signed.kid, signed.previous, signed.event) == (key.kid, name_of(b"leaf"), event)
    assert signed.verifies(key.public)
    assert not signed.verifies(issuer_key(2).public)
    assert parse_jws(sign_event(event, key, None)).previous is None
    assert (signed.said_by, parse_jws(sign_event(event, key, None, "operator")).said_by) == (None, "operator")


def jws_of(header: object, event: object) -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, event)]
    return ".".join([*parts, "AAAA"])


HEADER = {"alg": "EdDSA", "typ": "epcis-event+jws", "kid": "k"}


@pytest.mark.parametrize(
    ("jws", "rule"),
    [
        ("a" * 9_000, "at most 8192"),
        ("a.b", "three parts"),
        ("!.b.c", "base64url"),
        ("e30.e31.AAAA", "base64url"),
        ("AAAA.AAAA.AAAA", "are JSON"),
        (jws_of([], {}), "JSON objects"),
        (jws_of({**HEADER, "alg": "none"}, {}), "alg EdDSA"),
        (jws_of({**HEADER, "typ": "JWT"}, {}), "alg EdDSA"),
        (jws_of({**HEADER, "kid": 1}, {}), "alg EdDSA"),
        (jws_of({**HEADER, "prev": 1}, {}), "prev"),
        (jws_of({**HEADER, "said_by": 1}, {}), "said_by"),
    ],
)
def test_a_bad_jws_breaks_a_rule(jws: str, rule: str) -> None:
    with pytest.raises(BadJws, match=rule):
        parse_jws(jws)


def test_the_did_document_has_the_keys_that_count() -> None:
    key = issuer_key()
    made = did_document(ISSUER, {key.kid: key.public})
    assert (made["id"], made["assertionMethod"]) == (ISSUER, [key.kid])
    assert base64.urlsafe_b64decode(made["verificationMethod"][0]["publicKeyJwk"]["x"] + "=") == key.public


def test_no_event_names_what_it_must_not() -> None:
    assert UNIT in json.dumps(every_event())
    assert not any(word in json.dumps(every_event()) for word in ("order", "tracking", "price", "person", "city"))
