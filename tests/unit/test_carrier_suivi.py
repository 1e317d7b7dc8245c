"""Suivi v2's answers, in every shape it gives them, and call-backs, which share them."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.bad_answers import PAGE
from services.carrier.api.callbacks import read_callback
from services.carrier.carriers.laposte import CALLBACKS
from services.carrier.carriers.laposte.mapping import (
    MOST_EVENTS,
    MOST_NEW_EVENTS,
    GroupRefused,
    read_answer,
    read_envelope,
    read_new_events,
)
from services.carrier.domain.carrier import InvalidReport, ParcelEvents, Unreachable
from services.carrier.domain.details import ParcelDetails
from shared.http.problems import Problem

GOLDEN = Path(__file__).parents[1] / "golden" / "laposte"
NUMBER = "CY123456785FR"


def golden(name: str) -> bytes:
    return (GOLDEN / name).read_bytes()


def envelope(**event: Any) -> dict[str, Any]:
    return {"returnCode": 200, "shipment": {"idShip": NUMBER, "event": [event]}}


def test_an_array_of_one_envelope() -> None:
    (tracked,) = read_answer([NUMBER], 200, golden("suivi-delivered.json"))
    assert tracked.tracking_number == NUMBER
    assert [event.code for event in tracked.events] == ["DI1", "MD2", "ET1", "ET3", "ET2", "ET1", "PC1", "DR1"]
    assert tracked.events[0].scanned_at == datetime(2026, 11, 20, 3, 12, 40, tzinfo=UTC)
    assert tracked.events[0].utc_offset_minutes == 60
    assert {event.country for event in tracked.events} == {None}


def test_an_object_instead_of_an_array() -> None:
    (tracked,) = read_answer([NUMBER], 200, golden("suivi-object.json"))
    assert [event.code for event in tracked.events] == ["DR1"]


def test_is_final_is_not_read() -> None:
    (tracked,) = read_answer([NUMBER], 200, golden("suivi-returned.json"))
    assert [event.code for event in tracked.events] == ["DI2", "RE1"]


def test_several_ids_each_with_its_own_code() -> None:
    ids = [NUMBER, "LY000000014FR", "RB123456785GB"]
    parcels = read_answer(ids, 207, golden("suivi-207.json"))
    assert [(tracked.tracking_number, len(tracked.events)) for tracked in parcels] == [
        (NUMBER, 2),
        ("LY000000014FR", 0),
        ("RB123456785GB", 0),
    ]


def test_an_id_that_la_poste_could_not_look_up_is_not_reported_as_unknown() -> None:
    known, fault = {"returnCode": 104, "idShip": NUMBER}, {"returnCode": 504, "idShip": "LY000000014FR"}
    ids = [NUMBER, "LY000000014FR"]
    assert read_answer(ids, 207, json.dumps([known, fault]).encode()) == [ParcelEvents(NUMBER, ())]
    with pytest.raises(Unreachable, match="suivi:fault"):
        read_answer(ids, 207, json.dumps([fault]).encode())


@pytest.mark.parametrize(
    ("status", "file"),
    [(404, "suivi-404.json"), (404, "suivi-404.txt"), (400, "suivi-400.json"), (200, "suivi-404.json")],
)
def test_a_parcel_that_is_not_known_yet(status: int, file: str) -> None:
    assert read_answer([NUMBER], status, golden(file)) == [ParcelEvents(NUMBER, ())]


@pytest.mark.parametrize(("status", "file"), [(404, "suivi-404.txt"), (400, "suivi-400.json")])
def test_a_group_refused_whole_is_asked_one_by_one(status: int, file: str) -> None:
    with pytest.raises(GroupRefused):
        read_answer([NUMBER, "LY000000014FR"], status, golden(file))


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (401, golden("gateway-401.json"), "suivi:key_refused"),
        (429, golden("gateway-429.json"), "suivi:quota"),
        (500, b"<html>oops</html>", "suivi:http_500"),
        (503, b"", "suivi:http_503"),
        (200, golden("gateway-401.json"), "suivi:unreadable"),
        (200, b"<html>maintenance</html>", "suivi:unreadable"),
        (200, b'[{"returnCode":200,', "suivi:unreadable"),
        (200, b"[]", "suivi:unreadable"),
        (302, b"", "suivi:unreadable"),
        (200, PAGE, "suivi:unreadable"),
        (200, json.dumps([{"returnCode": 200, "idShip": NUMBER}] * 11).encode(), "suivi:unreadable"),
    ],
)
def test_no_answer_about_any_parcel(status: int, body: bytes, reason: str) -> None:
    with pytest.raises(Unreachable) as caught:
        read_answer([NUMBER], status, body)
    assert caught.value.reason == reason


def test_an_event_nested_deep_is_no_answer_and_no_crash() -> None:
    """It could be read, and then not be written again: the reader of scans went down with it."""
    for levels in (40, 900, 960, 980):
        deep = json.dumps(envelope(code="DR1", note=0)).replace("0}", "[" * levels + "]" * levels + "}").encode()
        with pytest.raises(Unreachable):
            read_answer([NUMBER], 200, deep)
        with pytest.raises(Problem):
            read_callback(b'{"type":"shipment.updated","data":' + deep + b"}", CALLBACKS)


def test_events_of_one_parcel_have_a_bound() -> None:
    reported = envelope()
    reported["shipment"]["event"] = [{"code": "DR1", "n": n} for n in range(MOST_EVENTS)]
    assert len(read_envelope(reported).events) == MOST_EVENTS
    reported["shipment"]["event"].append({})
    with pytest.raises(InvalidReport) as caught:
        read_envelope(reported)
    assert (caught.value.field, caught.value.rule) == ("shipment.event", "max_items")
    assert read_answer([NUMBER], 200, json.dumps(reported).encode()) == []


def test_a_call_back_holds_new_events_only_and_so_fewer() -> None:
    """La Poste sends what is new; a poll may report a parcel's whole history."""
    reported = envelope()
    reported["shipment"]["event"] = [{"code": "DR1", "n": n} for n in range(MOST_NEW_EVENTS)]
    assert len(read_new_events(reported).events) == MOST_NEW_EVENTS
    reported["shipment"]["event"].append({})
    with pytest.raises(InvalidReport) as caught:
        read_new_events(reported)
    assert (caught.value.field, caught.value.rule) == ("shipment.event", "too_long")
    assert len(read_envelope(reported).events) == MOST_NEW_EVENTS + 1


def test_retry_after_is_handed_on() -> None:
    with pytest.raises(Unreachable) as caught:
        read_answer([NUMBER], 429, b"", 7.0)
    assert caught.value.retry_after == 7.0


def test_an_envelope_nobody_asked_for_is_left_out() -> None:
    assert read_answer(["LY000000014FR"], 200, golden("suivi-object.json")) == []


@pytest.mark.parametrize(
    ("reported", "utc", "offset"),
    [
        ("2026-11-16T23:50:00+01:00", "2026-11-16T22:50:00", 60),
        ("2026-11-17T06:50:00+08:00", "2026-11-16T22:50:00", 480),
        ("2026-11-16T22:50:00Z", "2026-11-16T22:50:00", 0),
        ("2026-11-16T23:50:00.123+0100", "2026-11-16T22:50:00.123", 60),
        ("2026-11-16T23:50:00", "2026-11-16T22:50:00", 60),  # no offset: French time, in winter
        ("2026-07-16T23:50:00", "2026-07-16T21:50:00", 120),  # and in summer
    ],
)
def test_times_become_utc_and_keep_their_offset(reported: str, utc: str, offset: int) -> None:
    (event,) = read_envelope(envelope(code="ET3", date=reported)).events
    assert event.scanned_at == datetime.fromisoformat(utc).replace(tzinfo=UTC)
    assert event.utc_offset_minutes == offset


@pytest.mark.parametrize(
    "event",
    [
        {"code": "ET1"},
        {"date": "2026-11-16T23:50:00+01:00"},
        {"code": "ET1", "date": "hier"},
        {"code": "ET1", "date": 1},
        {"code": "ET1", "date": "0001-01-01T00:00:00+14:00"},
        {"code": "ET1", "date": "1999-12-31T23:50:00Z"},
        {"code": "ET1", "date": "2200-01-01T00:00:00Z"},
        {"code": "ET1", "date": "9999-12-31T23:59:00-01:00"},
        {"code": "ET1", "date": "2026-11-16T23:50:00+23:00"},
        {"code": "E T", "date": "2026-11-16T23:50:00+01:00"},
        {"code": None, "date": None},
    ],
)
def test_an_unreadable_event_is_kept_as_it_came(event: dict[str, Any]) -> None:
    (read,) = read_envelope(envelope(**event)).events
    assert (read.code, read.scanned_at) == (None, None)
    assert json.loads(read.raw) == event


def test_text_that_is_no_unicode_is_kept_too() -> None:
    body = b'{"type":"shipment.updated","data":{"shipment":{"idShip":"CY123456785FR","event":[{"code":"\\ud800"}]}}}'
    (event,) = read_callback(body, CALLBACKS)[0].reported.events
    assert event.raw == b'{"code":"\\ud800"}'


def test_a_single_event_without_its_array() -> None:
    shipment = {"idShip": NUMBER, "event": {"code": "PC1", "date": "2026-11-16T23:50:00+01:00"}}
    assert [event.code for event in read_envelope({"shipment": shipment}).events] == ["PC1"]


@pytest.mark.parametrize("country", ["cn", "CHN", "", 1, None])
def test_a_country_is_two_capitals_or_none(country: object) -> None:
    (event,) = read_envelope(envelope(code="ET3", date="2026-11-16T23:50:00Z", country=country)).events
    assert event.country is None


def on_the_way(code: str, *steps: Any) -> str | None:
    """The country in which the parcel was at this event, at noon."""
    reported = {"code": code, "date": "2026-11-16T12:00:00+01:00"}
    (event,) = read_envelope({"shipment": {"idShip": NUMBER, "event": [reported], "timeline": list(steps)}}).events
    assert json.loads(event.raw) == reported
    return event.country


@pytest.mark.parametrize("code", ["DO1", "DO2", "DO3"])
def test_an_event_of_customs_is_where_its_step_of_the_timeline_is(code: str) -> None:
    handed_over = {"id": 2, "date": "2026-11-16T12:00:00+01:00", "country": "FR"}
    assert on_the_way(code, handed_over, {"id": 3, "date": "2026-11-16T11:00:00Z", "country": "CN"}) == "CN"
    later = {"id": 3, "date": "2026-11-16T18:00:00+01:00", "country": "CN"}  # where it was since, not where it was then
    assert on_the_way(code, handed_over, later) is None
    assert on_the_way(code, "?", {"id": 3}, {"id": 3, "country": "CN"}) is None


def test_any_event_is_where_its_own_step_of_the_timeline_is() -> None:
    noon = "2026-11-16T12:00:00+01:00"
    assert on_the_way("ET1", {"id": 3, "date": noon, "country": "CN"}) == "CN"
    assert on_the_way("PC1", {"id": 2, "date": noon, "country": "FR"}, {"id": 3, "date": noon, "country": "CN"}) == "FR"
    assert on_the_way("MD2", {"id": 3, "date": noon, "country": "CN"}) is None


def shipment(**fields: Any) -> dict[str, Any]:
    return {"returnCode": 200, "shipment": {"idShip": NUMBER, "event": [], **fields}}


def test_steps_reached_without_events_are_the_acceptance_they_say() -> None:
    """The shape of a public client's test: no event, two steps reached."""
    steps = [
        {"id": 1, "status": True, "date": "2026-11-15T18:00:00+01:00", "country": "FR"},
        {"id": 2, "status": True, "date": "2026-11-16T09:30:00+01:00", "country": "FR"},
        {"id": 3, "status": False},
        {"id": 4, "status": False, "date": "2026-11-20T09:30:00+01:00"},
    ]
    events = read_envelope(shipment(timeline=steps)).events
    assert [(event.code, event.scanned_at, event.country) for event in events] == [
        ("DR1", datetime(2026, 11, 15, 17, tzinfo=UTC), "FR"),
        ("PC1", datetime(2026, 11, 16, 8, 30, tzinfo=UTC), "FR"),
    ]
    real = {"code": "PC1", "date": "2026-11-16T09:30:40+01:00"}
    assert [event.code for event in read_envelope(shipment(event=[real], timeline=steps)).events] == ["PC1"]


@pytest.mark.parametrize("step", [4, 5, 0, "2", None])
def test_an_ambiguous_step_is_ignored(step: Any) -> None:
    reached = {"id": step, "status": True, "date": "2026-11-20T09:30:00+01:00"}
    assert read_envelope(shipment(timeline=[reached, "?"])).events == ()


def test_what_is_reported_beside_the_events() -> None:
    details = read_envelope(
        shipment(
            product="colissimo",
            estimDate="2026-12-05T00:00:00+01:00",
            url="https://www.laposte.fr/outils/suivre-vos-envois?code=CY123456785FR",
            contextData={
                "partner": {"name": "China Post", "network": "EMS", "reference": "LY000000014CN"},
                "removalPoint": {"name": "  望京\n邮政支局 ", "type": "BDP"},
            },
        )
    ).details
    assert details == ParcelDetails(
        product="colissimo",
        expected_on=date(2026, 12, 5),
        partner="China Post",
        partner_number="LY000000014CN",
        pickup_point="望京 邮政支局",
        page="https://www.laposte.fr/outils/suivre-vos-envois?code=CY123456785FR",
    )


@pytest.mark.parametrize(
    ("words", "city"),
    [
        (" Roissy-en\nFrance ", "Roissy-en France"),
        ("上海市", "上海市"),
        ("L'Haÿ-les-Roses", "L'Haÿ-les-Roses"),
        ("x" * 61, None),
        ("75015 Paris", None),
        ("Paris 15", None),
        ("世纪大道88号", None),
        ("a\u202eb", None),
        ("", None),
        (7, None),
        (None, None),
    ],
)
def test_a_city_is_one_of_a_list_in_one_line(words: Any, city: str | None) -> None:
    event = {"code": "ET3", "date": "2026-11-20T09:30:00+01:00", "country": "CN", "city": words}
    assert [event.city for event in read_envelope(shipment(event=[event])).events] == [city]


DAY = "2026-12-05T00:00:00+01:00"


def test_the_hours_of_the_day_on_which_it_is_expected() -> None:
    details = read_envelope(
        shipment(estimDate=DAY, estimHourMin="2026-12-05T02:00:00+01:00", estimHourMax="2026-12-05T05:30:00+01:00")
    ).details
    assert details is not None
    assert (details.expected_from, details.expected_until) == (
        datetime(2026, 12, 5, 1, tzinfo=UTC),
        datetime(2026, 12, 5, 4, 30, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    "fields",
    [
        # As recorded: one instant for both, three days after the estimate.
        {"estimHourMin": "2026-12-08T18:00:36+01:00", "estimHourMax": "2026-12-08T18:00:36+01:00"},
        {"estimHourMin": "2026-12-05T18:00:36+01:00", "estimHourMax": "2026-12-05T18:00:36+01:00"},
        {"estimHourMin": "2026-12-05T12:00:00+01:00", "estimHourMax": "2026-12-05T09:00:00+01:00"},
        {"estimHourMin": "2026-12-05T22:00:00+01:00", "estimHourMax": "2026-12-06T02:00:00+01:00"},
        {"estimHourMin": "2026-12-04T09:00:00+01:00", "estimHourMax": "2026-12-05T09:00:00+01:00"},
        {"estimHourMin": "2026-12-05T09:00:00+01:00"},
        {"estimHourMax": "2026-12-05T09:00:00+01:00"},
        {"estimHourMin": "9", "estimHourMax": 12},
    ],
)
def test_hours_that_are_none_of_the_day_are_left_out(fields: dict[str, Any]) -> None:
    assert read_envelope(shipment(estimDate=DAY, **fields)).details == ParcelDetails(expected_on=date(2026, 12, 5))


def test_hours_without_a_day_are_left_out() -> None:
    hours = {"estimHourMin": "2026-12-05T09:00:00+01:00", "estimHourMax": "2026-12-05T12:00:00+01:00"}
    assert read_envelope(shipment(**hours)).details is None


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"estimDate": "bientôt"},
        {"estimDate": "0001-01-01"},
        {"estimDate": 7},
        {"product": "un envoi"},
        {"product": "Wang.Xiaoming.13800138000"},
        {"product": ["colissimo"]},
        {"contextData": "?"},
        {"contextData": {"partner": ["China Post"], "removalPoint": {"name": "x" * 81}}},
        {"contextData": {"partner": {"name": "a\u202eb", "reference": "ly 1"}}},
        {"url": "https://laposte.fr.evil.example/"},
        {"url": "https://www.laposte.fr@evil.example/"},
        {"url": "http://www.laposte.fr/"},
        {"url": "https://www.laposte.fr/" + "x" * 200},
        {"url": "https://[laposte.fr/"},
        {"url": 1},
    ],
)
def test_details_that_cannot_be_read_are_left_out(fields: dict[str, Any]) -> None:
    assert read_envelope(shipment(**fields)).details is None


@pytest.mark.parametrize(
    "number", ["", "CY12345678", "CY123456784FR", "CY_23456785FR", "8Q00000000420123", 1234567890123, None]
)
def test_an_envelope_needs_a_parcel_s_id(number: object) -> None:
    with pytest.raises(InvalidReport, match="letters and digits"):
        read_envelope({"shipment": {"idShip": number}})


@pytest.mark.parametrize("reported", [None, "CY123456785FR", [envelope()], 7])
def test_an_envelope_is_an_object(reported: object) -> None:
    for read in (read_envelope, read_new_events):
        with pytest.raises(InvalidReport) as caught:
            read(reported)
        assert (caught.value.field, caught.value.rule) == ("", "object")


def test_equal_events_have_equal_bytes_whatever_the_order_of_their_keys() -> None:
    event = read_envelope(envelope(code="ET1", date="2026-11-16T23:50:00Z", label="x")).events[0]
    other = read_envelope(envelope(label="x", date="2026-11-16T23:50:00Z", code="ET1")).events[0]
    assert event.raw == other.raw


def call_back(data: Any) -> bytes:
    return json.dumps({"type": "shipment.updated", "data": data}).encode()


def test_a_call_back_about_several_parcels_is_kept_apart() -> None:
    other = {"returnCode": 200, "shipment": {"idShip": "LY000000014FR", "event": [{"code": "PC1"}]}}
    parts = read_callback(call_back([envelope(code="ET3"), other]), CALLBACKS)
    assert [part.reported.tracking_number for part in parts] == [NUMBER, "LY000000014FR"]
    assert [json.loads(part.body) for part in parts] == [envelope(code="ET3"), other]


@pytest.mark.parametrize(
    ("data", "field", "rule"),
    [
        ([], "data", "items"),
        ([envelope(code="ET3")] * 11, "data", "items"),
        ([envelope(code="ET3"), {"shipment": {"idShip": "X"}}], "data[1].shipment.idShip", "parcel_id"),
        ([7], "data[0]", "object"),
    ],
)
def test_a_call_back_about_several_parcels_has_a_bound(data: Any, field: str, rule: str) -> None:
    with pytest.raises(Problem) as caught:
        read_callback(call_back(data), CALLBACKS)
    (fault,) = caught.value.errors
    assert (fault.field, fault.rule) == (field, rule)


def test_a_call_back() -> None:
    (part,) = read_callback(golden("callback.json"), CALLBACKS)
    tracked = part.reported
    assert part.body == golden("callback.json")
    assert tracked.tracking_number == NUMBER
    (event,) = tracked.events
    assert (event.code, event.country, event.utc_offset_minutes) == ("ET3", "CN", 480)


@pytest.mark.parametrize(
    ("body", "field", "rule"),
    [
        (b"", "body", "json"),
        (b"not json", "body", "json"),
        (b"\xff\xfe", "body", "json"),
        (b"[" * 100_000, "body", "values"),
        (b"[" * 2_000 + b"]" * 2_000, "body", "depth"),
        (b"[]", "body", "object"),
        (b"{}", "type", "const"),
        (b'{"type":"shipment.created"}', "type", "const"),
        (b'{"type":"shipment.updated"}', "data", "object"),
        (b'{"type":"shipment.updated","data":[]}', "data", "items"),
        (b'{"type":"shipment.updated","data":{}}', "data.shipment.idShip", "parcel_id"),
        (
            b'{"type":"shipment.updated","data":{"shipment":{"idShip":"CY123456784FR"}}}',
            "data.shipment.idShip",
            "parcel_id",
        ),
        (
            b'{"type":"shipment.updated","data":{"shipment":{"idShip":"CY123456785FR","event":"ET1"}}}',
            "data.shipment.event",
            "array",
        ),
    ],
)
def test_a_bad_call_back_is_named_by_field_and_rule(body: bytes, field: str, rule: str) -> None:
    with pytest.raises(Problem) as caught:
        read_callback(body, CALLBACKS)
    assert caught.value.status == 400
    assert [(error.field, error.rule) for error in caught.value.errors] == [(field, rule)]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["shipment", "event", "idShip", "timeline", "returnCode", "code", "date"]), inner
        )
    ),
    max_leaves=15,
)


@given(JSON, st.sampled_from([200, 207, 400, 401, 404, 429, 500]), st.integers(1, 3))
def test_any_json_is_answered_or_refused_never_a_crash(reported: object, status: int, count: int) -> None:
    try:
        parcels = read_answer([NUMBER] * count, status, json.dumps(reported).encode())
    except (Unreachable, GroupRefused):
        return
    assert {tracked.tracking_number for tracked in parcels} <= {NUMBER}


@given(st.binary(max_size=60), st.sampled_from([200, 207, 404, 400]))
def test_any_bytes_likewise(body: bytes, status: int) -> None:
    try:
        assert read_answer([NUMBER], status, body) in ([], [ParcelEvents(NUMBER, ())])
    except Unreachable:
        return
