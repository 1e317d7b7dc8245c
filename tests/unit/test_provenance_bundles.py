"""A unit's bundle: what it shows, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from services.provenance.domain import epcis
from services.provenance.domain.bundles import MAX_BYTES, BadBundle, TooLarge, Verified, verify_bundle
from services.provenance.domain.leaves import KeyLeaf, name_of
from services.provenance.domain.log.notes import BadNote
from services.provenance.domain.log.proofs import parse_proof
from services.provenance.domain.signing import IssuerKey
from tests.support.provenance_samples import (
    AT,
    GTIN,
    ISSUER,
    OTHER_SSCC,
    PLACE,
    SERIAL,
    SSCC,
    UNIT,
    WITNESS,
    UnitLog,
    history,
    issuer_key,
    unit_log,
)

LOG = unit_log()
BUNDLE = LOG.bundle()


def verify(data: bytes, log: UnitLog = LOG) -> Verified:
    return verify_bundle(data, log.log.trust([WITNESS], 1), ISSUER)


def edited(edit: Callable[[Any], object]) -> bytes:
    bundle = json.loads(BUNDLE)
    edit(bundle)
    return json.dumps(bundle).encode()


def test_a_bundle_shows_the_units_way() -> None:
    shown = verify(BUNDLE)
    assert (shown.unit, list(shown.events)) == (UNIT, history())
    assert shown.checkpoint.checkpoint.size == LOG.log.edge.size
    assert len(BUNDLE) < MAX_BYTES


def test_each_proof_in_it_is_a_file_of_its_own() -> None:
    bundle = json.loads(BUNDLE)
    proof = parse_proof(f"{bundle['events'][0]['proof']}\n{bundle['checkpoint']}".encode())
    assert str(proof) == str(LOG.log.proof(LOG.events[0][0], [WITNESS]))


def test_without_a_witness_it_shows_nothing() -> None:
    with pytest.raises(BadBundle, match="0 witnesses have signed"):
        verify(LOG.bundle(witnesses=()))


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b" " * (MAX_BYTES + 1), "at most 32768 bytes"),
        (b"{", "is JSON"),
        (b"[]", "format"),
        (b'{"format": "another"}', "format"),
        (edited(lambda bundle: bundle.pop("checkpoint")), "checkpoint: text"),
        (edited(lambda bundle: bundle.update(keys={})), "keys: a list"),
        (edited(lambda bundle: bundle.update(events=[1])), "events: a list"),
        (edited(lambda bundle: bundle.update(events=[])), "events: none"),
        (edited(lambda bundle: bundle.update(unit=PLACE.unit(GTIN, "OTHER"))), "neither of the unit nor"),
        (edited(lambda bundle: bundle["keys"][0].update(leaf="another")), "not a key of"),
        (edited(lambda bundle: bundle["events"][0].update(salt="zz")), "64 hexadecimal"),
        (edited(lambda bundle: bundle["events"][0].update(salt="00" * 32)), "the leaf is not at index"),
        (edited(lambda bundle: bundle["events"][0].update(jws="a.b")), "three parts"),
        (edited(lambda bundle: bundle["events"].pop(1)), "neither of the unit nor"),
        (edited(lambda bundle: bundle.update(keys=[])), "no key that counted"),
    ],
)
def test_a_bad_bundle_breaks_a_rule(data: bytes, rule: str) -> None:
    with pytest.raises(BadBundle, match=rule):
        verify(data)


def with_keys(*changes: tuple[str, IssuerKey]) -> UnitLog:
    """A log with these changes of keys, then one event signed by key 1."""
    log = UnitLog()
    for change, key in changes:
        log.key(KeyLeaf("added" if change == "added" else "revoked", key.kid, key.public))
    log.event(history()[0], issuer_key(), of_unit=True)
    return log


def test_a_key_counts_from_its_leaf_to_its_revocation() -> None:
    key, other = issuer_key(1), issuer_key(2)
    for log in (with_keys(("added", key)), with_keys(("added", other), ("added", key), ("revoked", other))):
        assert len(verify(log.bundle(), log).events) == 1
    again = with_keys(("added", key), ("revoked", key), ("added", key))
    assert len(verify(again.bundle(), again).events) == 1
    for log in (
        with_keys(("added", other)),
        with_keys(("added", key), ("revoked", key)),
        with_keys(("revoked", key)),
    ):
        with pytest.raises(BadBundle, match="no key that counted"):
            verify(log.bundle(), log)
    late = with_keys()
    late.key(KeyLeaf("added", key.kid, key.public))
    with pytest.raises(BadBundle, match="no key that counted"):
        verify(late.bundle(), late)
    forged = UnitLog()
    forged.key(KeyLeaf("added", key.kid, other.public))
    forged.event(history()[0], key, of_unit=True)
    with pytest.raises(BadBundle, match="no key that counted"):
        verify(forged.bundle(), forged)


@pytest.mark.parametrize(
    ("event", "rule"),
    [
        ({**history()[0], "eventID": "another"}, "not that of its content"),
        ({**history()[0], "lot": "1"}, "not an event of ours"),
        ({"type": "ObjectEvent"}, "not an event of ours"),
        ({"type": "ObjectEvent", "eventTime": 1}, "not an event of ours"),
        ({"epcList": [UNIT]}, "not an event of ours"),
    ],
)
def test_an_event_that_is_not_ours_is_refused(event: epcis.Fields, rule: str) -> None:
    log = UnitLog()
    log.key(KeyLeaf("added", issuer_key().kid, issuer_key().public))
    log.event(event, issuer_key(), of_unit=False)
    with pytest.raises(BadBundle, match=rule):
        verify(log.bundle(), log)


def test_an_event_that_names_another_before_it_is_refused() -> None:
    log = with_keys(("added", issuer_key()))
    log.event(history()[1], issuer_key(), of_unit=True, previous=name_of(b"another"))
    with pytest.raises(BadBundle, match="does not name the unit's event before"):
        verify(log.bundle(), log)
    log.previous = None
    log.events.pop()
    log.event(history()[1], issuer_key(), of_unit=True)  # names none
    with pytest.raises(BadBundle, match="does not name the unit's event before"):
        verify(log.bundle(), log)


def test_the_first_event_may_name_one_that_is_not_shown() -> None:
    """It was erased, or is in the log before."""
    log = unit_log()
    log.events.pop(0)
    assert list(verify(log.bundle(), log).events) == history()[1:]


def test_what_is_too_much_is_said() -> None:
    log = unit_log()
    for _ in range(30):
        log.event(epcis.packed(PLACE, AT, OTHER_SSCC, GTIN, SERIAL), issuer_key(), of_unit=True)
    with pytest.raises(TooLarge, match="at most 32768"):
        log.bundle()


def test_any_byte_changed_changes_nothing_that_is_shown_or_is_found() -> None:
    """A byte of white space or of a key's name may change without harm; nothing that is shown may."""
    shown = verify(BUNDLE)
    for position in range(0, len(BUNDLE), 7):
        data = BUNDLE[:position] + bytes([BUNDLE[position] ^ 1]) + BUNDLE[position + 1 :]
        try:
            verified = verify(data)
        except (BadBundle, BadNote):
            continue
        assert (verified.unit, verified.events) == (shown.unit, shown.events)


def test_boxes_of_other_units_are_not_shown() -> None:
    log = unit_log()
    log.event(epcis.shipped(PLACE, AT, OTHER_SSCC), issuer_key(), of_unit=False)
    with pytest.raises(BadBundle, match="neither of the unit nor of a box"):
        verify(log.bundle(), log)
    assert SSCC in BUNDLE.decode() or SSCC in str(verify(BUNDLE).events)
