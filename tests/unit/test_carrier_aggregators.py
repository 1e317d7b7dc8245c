"""AfterShip's and EasyPost's call-backs: how they are signed, what their words mean, and what is none of theirs."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any

import pytest

from contracts.vocabularies import RANKS
from services.carrier.api.aggregators import is_signed, secrets_of
from services.carrier.carriers.carrier import Aggregator
from services.carrier.carriers.laposte import CARRIER
from services.carrier.carriers.laposte.aggregators import MEANINGS, MOST_EVENTS, read_aftership, read_easypost
from services.carrier.domain.carrier import InvalidReport, ParcelEvents
from shared.http.json_reader import VALUES, NotJson, read_leniently
from tests.support import hostile_values

NUMBER = "CY123456785FR"
SECRET, OTHER = "a-secret-of-aftership", "another-secret-of-ours"
AFTERSHIP, EASYPOST = CARRIER.aggregators


def aftership(*checkpoints: Any, number: Any = NUMBER) -> dict[str, Any]:
    msg = {"tracking_number": number, "slug": "la-poste-colissimo", "checkpoints": list(checkpoints)}
    return {"event": "tracking_update", "event_id": "b5b5c7a5-1", "ts": 1795000000, "msg": msg}


def easypost(*details: Any, number: Any = NUMBER) -> dict[str, Any]:
    result = {"object": "Tracker", "tracking_code": number, "tracking_details": list(details)}
    return {"id": "evt_1", "object": "Event", "description": "tracker.updated", "result": result}


def read(reported: ParcelEvents | None) -> list[tuple[str | None, datetime | None, int, str | None]]:
    assert reported is not None
    assert reported.tracking_number == NUMBER
    return [(event.code, event.scanned_at, event.utc_offset_minutes, event.country) for event in reported.events]


def test_aftership_signs_the_body_in_base64() -> None:
    body = b'{"event":"tracking_update"}'
    signature = base64.b64encode(hmac.new(SECRET.encode(), body, hashlib.sha256).digest()).decode()
    assert is_signed(AFTERSHIP, [OTHER, SECRET], signature, body)
    assert not is_signed(AFTERSHIP, [OTHER], signature, body)
    assert not is_signed(AFTERSHIP, [SECRET], signature, body + b" ")
    assert not is_signed(AFTERSHIP, [SECRET], "\u00e9", body)
    assert not is_signed(AFTERSHIP, [], signature, body)


def test_easypost_signs_in_hexadecimal_with_the_secret_in_unicodes_form_nfkd() -> None:
    body = b'{"description":"tracker.updated"}'
    decomposed = "se\u0301same-ouvre-toi"
    signature = "hmac-sha256-hex=" + hmac.new(decomposed.encode(), body, hashlib.sha256).hexdigest()
    assert is_signed(EASYPOST, ["s\u00e9same-ouvre-toi"], signature, body)
    assert not is_signed(EASYPOST, ["sesame-ouvre-toi"], signature, body)


def test_a_secret_that_could_be_guessed_is_refused() -> None:
    assert secrets_of(f" {SECRET},{OTHER}, ") == (SECRET, OTHER)
    assert secrets_of("") == ()
    with pytest.raises(ValueError, match="at least 16"):
        secrets_of(f"{SECRET},short")


def test_checkpoints_of_aftership() -> None:
    reported = aftership(
        {"checkpoint_time": "2026-11-20T10:00:00+08:00", "subtag": "InTransit_004", "country_region": "CHN"},
        {"checkpoint_time": "2026-11-16T09:30:00", "subtag": "InTransit_002", "country_iso3": "FRA", "raw_tag": "PC1"},
        {"checkpoint_time": "2026-11-21T10:00:00Z", "subtag": "Exception_099", "raw_tag": "Bonjour"},
        {"checkpoint_time": "hier", "subtag": "Delivered_001"},
    )
    assert read(read_aftership(reported)) == [
        ("aftership:InTransit_004", datetime(2026, 11, 20, 2, tzinfo=UTC), 480, "CN"),
        ("PC1", datetime(2026, 11, 16, 8, 30, tzinfo=UTC), 60, "FR"),
        ("unknown", datetime(2026, 11, 21, 10, tzinfo=UTC), 0, None),
        (None, None, 0, None),
    ]


def test_details_of_easypost() -> None:
    reported = easypost(
        {"datetime": "2026-11-22T03:00:00Z", "status": "out_for_delivery", "tracking_location": {"country": "CN"}},
        {"datetime": "2026-11-22T04:00:00Z", "status": "eaten", "tracking_location": {"country": "China"}},
        {"status": "delivered"},
    )
    assert read(read_easypost(reported)) == [
        ("easypost:out_for_delivery", datetime(2026, 11, 22, 3, tzinfo=UTC), 0, "CN"),
        ("unknown", datetime(2026, 11, 22, 4, tzinfo=UTC), 0, None),
        (None, None, 0, None),
    ]


def test_the_city_of_each() -> None:
    scanned_at = "2026-11-20T10:00:00+08:00"
    first = read_aftership(
        aftership({"checkpoint_time": scanned_at, "city": "Shanghai"}, {"checkpoint_time": scanned_at})
    )
    second = read_easypost(
        easypost(
            {"datetime": scanned_at, "tracking_location": {"city": "SHANGHAI", "zip": "200120"}},
            {"datetime": scanned_at, "tracking_location": {"city": "200120"}},
            {"datetime": scanned_at, "tracking_location": None},
        )
    )
    assert first is not None
    assert second is not None
    assert [event.city for event in first.events] == ["Shanghai", None]
    assert [event.city for event in second.events] == ["SHANGHAI", None, None]


@pytest.mark.parametrize(("code", "meaning"), MEANINGS.items())
def test_their_words_are_read_as_statuses_that_we_know(code: str, meaning: Any) -> None:
    assert CARRIER.read(code, "CN") == meaning
    assert meaning.status is None or meaning.status in RANKS


def test_la_postes_own_codes_keep_their_meaning() -> None:
    assert CARRIER.read("DO1", "CN").status == "import_customs"


@pytest.mark.parametrize(
    ("aggregator", "other"), [(AFTERSHIP, {"event": "edd_revise"}), (EASYPOST, {"description": "batch.updated"})]
)
def test_what_is_about_anything_else_is_none_of_ours(aggregator: Aggregator, other: dict[str, Any]) -> None:
    assert aggregator.read(other) is None


@pytest.mark.parametrize(
    ("aggregator", "callback", "field"),
    [
        (AFTERSHIP, {"event": "tracking_update", "msg": []}, "msg"),
        (AFTERSHIP, aftership(number="X"), "msg.tracking_number"),
        (AFTERSHIP, aftership(7), "msg.checkpoints"),
        (AFTERSHIP, aftership(*[{}] * (MOST_EVENTS + 1)), "msg.checkpoints"),
        (EASYPOST, {"description": "tracker.created"}, "result"),
        (EASYPOST, easypost(number=None), "result.tracking_code"),
        (EASYPOST, {**easypost(), "result": {"tracking_code": NUMBER}}, "result.tracking_details"),
    ],
)
def test_what_is_no_call_back_names_its_field(aggregator: Aggregator, callback: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidReport) as caught:
        aggregator.read(callback)
    assert caught.value.field == field


CHECKPOINT = {
    "checkpoint_time": "2026-11-20T10:00:00+08:00",
    "subtag": "InTransit_004",
    "raw_tag": "ET3",
    "country_region": "CHN",
    "city": "Shanghai",
}
DETAIL = {
    "datetime": "2026-11-22T03:00:00Z",
    "status": "delivered",
    "tracking_location": {"country": "CN", "city": "Shanghai"},
}


@pytest.mark.parametrize(("aggregator", "callback"), [(AFTERSHIP, aftership(CHECKPOINT)), (EASYPOST, easypost(DETAIL))])
def test_any_value_in_any_field_is_read_or_named_as_a_fault(aggregator: Aggregator, callback: dict[str, Any]) -> None:
    """And what is read can be kept."""
    for place in filter(None, hostile_values.places(callback)):
        for value in (*hostile_values.NUMBERS, *hostile_values.TEXTS, *hostile_values.OTHERS):
            sent = hostile_values.as_json(hostile_values.put(callback, place, value))
            try:
                received = read_leniently(sent, values=VALUES)
                reported = aggregator.read(received)
            except (NotJson, InvalidReport):
                continue
            aggregator.event_id(received)
            for event in reported.events if reported else ():
                event.raw.decode()
                for text in filter(None, (event.code, event.country, event.city)):
                    assert "\0" not in text
                    text.encode()


def test_a_call_back_is_known_by_its_id_within_the_signed_body() -> None:
    assert AFTERSHIP.event_id(aftership()) == "b5b5c7a5-1"
    assert EASYPOST.event_id(easypost()) == "evt_1"
    assert EASYPOST.event_id({"id": "two words"}) is None
