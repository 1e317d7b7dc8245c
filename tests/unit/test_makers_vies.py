"""VIES' answers, as recorded and as broken: only its own yes or no says anything about a number."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.makers.domain.vies import FOR_GOOD, NoVatAnswer, name_match, question, read
from shared.http.counterpart_answer import Answer
from tests.support.makers_samples import GOLDEN

VAT = "FR96552100554"


def answer(body: object, status: int = 200) -> Answer:
    return Answer(status, "application/json", body if isinstance(body, bytes) else json.dumps(body).encode())


def golden(name: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads((GOLDEN / f"{name}.json").read_text())
    return body


def test_the_question_names_the_hub_where_it_has_a_number() -> None:
    assert question(VAT, "") == golden("question")
    assert question(VAT, "FR83404833048") == golden("question-with-requester")


def test_a_valid_number_comes_with_its_evidence() -> None:
    entry = read(answer(golden("valid")), VAT)
    assert (entry.valid, entry.name, entry.consultation) == (
        True,
        "SAVONNERIE DU VIEUX PORT",
        "WAPIAAAAW1234567",
    )
    assert entry.address == "12 QUAI DU PORT\n13002 MARSEILLE"


def test_an_invalid_number_comes_without() -> None:
    entry = read(answer(golden("invalid")), VAT)
    assert (entry.valid, entry.name, entry.address, entry.consultation) == (False, "", "", "")


@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize("code", [*sorted(FOR_GOOD), "MS_UNAVAILABLE", "GLOBAL_MAX_CONCURRENT_REQ_TIME", "VOW-ERR-1"])
def test_a_fault_is_read_whatever_its_status(code: str, status: int) -> None:
    body = golden("fault")
    body["errorWrappers"][0]["error"] = code
    with pytest.raises(NoVatAnswer) as raised:
        read(answer(body, status), VAT)
    assert (raised.value.reason, raised.value.for_good) == (code, code in FOR_GOOD)


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (b"<html>busy</html>", 503, "http:503"),
        (b"<html>busy</html>", 200, "unreadable"),
        ([1], 200, "unreadable"),
        ({"valid": True}, 502, "http:502"),
        ({"valid": True}, 200, "unreadable"),  # of no number
        ({"valid": "true", "countryCode": "FR", "vatNumber": "96552100554"}, 200, "unreadable"),
        ({"valid": False, "countryCode": "FR", "vatNumber": "83404833048"}, 200, "unreadable"),  # of another
        ({"actionSucceed": False}, 200, "unknown_fault"),
        ({"actionSucceed": False, "errorWrappers": ["MS_UNAVAILABLE"]}, 200, "unknown_fault"),
        ({"errorWrappers": [{"error": "no code at all"}]}, 200, "unknown_fault"),
        ({"isValid": False, "userError": "MS_UNAVAILABLE"}, 200, "MS_UNAVAILABLE"),  # as the web form's own call
        ({"valid": False, "userError": 7}, 200, "unknown_fault"),
    ],
)
def test_what_is_no_answer_says_nothing(body: object, status: int, reason: str) -> None:
    with pytest.raises(NoVatAnswer) as raised:
        read(answer(body, status), VAT)
    assert raised.value.reason == reason


def test_a_text_is_bounded_and_fit_to_be_kept() -> None:
    body = golden("valid") | {"name": "A\0" * 2_000, "address": "\ud800 rue", "userError": "VALID"}
    entry = read(answer(body), VAT)
    assert (set(entry.name), len(entry.name), entry.address) == ({"A", "?"}, 1_000, "? rue")
    assert read(answer(body | {"address": 7}), VAT).address == ""


@pytest.mark.parametrize("word", ["MARIE_AUBAGNE_0491900001", "0491900001", "Marie Aubagne", "A\0", "\ud800"])
@pytest.mark.parametrize("status", [200, 400, 500])
def test_a_person_in_the_place_of_a_code_or_a_number_goes_no_further(word: str, status: int) -> None:
    """What is kept beside the sealed evidence, and shown in cases, is of a known list or form."""
    for fault in ({"actionSucceed": False, "errorWrappers": [{"error": word}]}, {"valid": False, "userError": word}):
        with pytest.raises(NoVatAnswer) as raised:
            read(answer(fault, status), VAT)
        assert raised.value.reason == "unknown_fault"
    numbered = read(answer(golden("valid") | {"requestIdentifier": f"{word} Aubagne"}), VAT)
    assert (numbered.valid, numbered.consultation) == (True, "")


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "valid": st.booleans() | st.none() | st.text(max_size=3),
            "countryCode": st.sampled_from(["FR", "DE", None]),
            "vatNumber": st.sampled_from(["96552100554", "1", None]),
            "userError": st.sampled_from(["VALID", "INVALID", "TIMEOUT", None]),
            "actionSucceed": st.booleans(),
            "errorWrappers": st.lists(st.dictionaries(st.sampled_from(["error"]), st.text(max_size=5)), max_size=2),
            "name": st.text(max_size=9) | st.integers(),
        },
    ),
    st.sampled_from([200, 400, 404, 429, 500, 503]),
)
def test_nothing_but_a_plain_no_means_invalid(body: dict[str, Any], status: int) -> None:
    try:
        entry = read(answer(body, status), VAT)
    except NoVatAnswer:
        return
    assert status == 200
    assert (body["valid"], body["countryCode"], body["vatNumber"]) == (entry.valid, "FR", "96552100554")
    assert not body.get("errorWrappers")


@pytest.mark.parametrize(
    ("stated", "registered", "match"),
    [
        ("Savonnerie du Vieux-Port SAS", "SAVONNERIE DU VIEUX PORT", "same"),
        ("S.A.S. Maison Crème", "MAISON CREME", "same"),
        ("Port Vieux", "VIEUX PORT SARL", "same"),
        ("Maison Rose", "MAISON DES GRASSES ROSES", "differs"),
        ("Kräuterhof Lindau GmbH", "", "withheld"),
    ],
)
def test_names_are_compared_by_their_words(stated: str, registered: str, match: str) -> None:
    assert name_match(stated, registered) == match
