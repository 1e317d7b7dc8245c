"""The code tables: what each code means, and the mistakes others made with them."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.vocabularies import HOLD_REASONS, STATUSES, Flag
from services.carrier.carriers.codes import EMSEVT
from services.carrier.carriers.laposte.codes import COLISSIMO, OKAPI, UNKNOWN, UNKNOWN_CODE, of_table, read
from services.carrier.domain.carrier import CodeMeaning

FINAL = {"delivered", "returned", "lost", "seized", "destroyed", "cancelled"}


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("DR1", "announced"),
        ("PC1", "accepted"),
        ("PC2", "accepted"),
        ("ET1", "in_transit"),
        ("ET2", "at_origin_exchange"),
        ("ET3", "arrived_destination"),
        ("ET4", "in_transit_country"),
        ("EP1", "at_delivery_office"),
        ("DO1", "customs"),
        ("DO2", "customs_released"),
        ("DO3", None),
        ("PB1", None),
        ("PB2", None),
        ("MD2", "out_for_delivery"),
        ("ND1", None),
        ("AG1", "available_for_pickup"),
        ("RE1", "returning"),
        ("DI0", "delivered"),
        ("DI1", "delivered"),
        ("DI2", "returned"),
        ("DR2", None),
        ("DI3", None),
        ("ID0", None),
        ("ID1", None),
    ],
)
def test_okapi(code: str, status: str | None) -> None:
    assert read(code, None).status == status
    assert code in OKAPI


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("COMCFM", "announced"),
        ("PCHCFM", "accepted"),
        ("AECEXP", "in_transit"),
        ("EXPCFM", "at_origin_exchange"),
        ("DOUEXP", "export_customs"),
        ("AAREXP", "arrived_destination"),
        ("DOUDOU", "import_customs"),
        ("DOUVIS", "import_cleared"),
        ("DCHDDT", "import_cleared"),
        ("AARCFM", "at_delivery_office"),
        ("LIVCFM", "delivered"),
        ("LIVREO", "returned"),
        ("RENEMB", "returning"),
        ("SOLDDR", "seized"),
        ("SOLVOL", "lost"),
        ("ANNULE", "cancelled"),
    ],
)
def test_colissimo(code: str, status: str) -> None:
    assert read(code, None).status == status


class TestMistakesOfOthers:
    def test_et1_is_not_out_for_delivery_and_says_nothing_of_the_country(self) -> None:
        assert read("ET1", None).status == read("ET1", "CN").status == read("ET1", "FR").status == "in_transit"

    def test_entering_customs_is_a_step_and_no_fault(self) -> None:
        assert read("DO1", None).status == "customs"
        assert read("DO1", None).sets == ()

    def test_delivered_to_the_sender_is_not_delivered(self) -> None:
        assert read("DI2", None).status == read("LIVREO", None).status == "returned"

    def test_a_return_is_not_a_refusal_by_the_addressee(self) -> None:
        assert read("RE1", None) == CodeMeaning("returning", clears=("customs_held", "problem", "delayed"))

    @pytest.mark.parametrize("code", ["RSTTAF", "DEPGUI", "RENAVI", "AARBPR", "MLVARS", "PCHMQT", "AG1", "EP1"])
    def test_waiting_or_deposited_is_not_delivered(self, code: str) -> None:
        assert read(code, None).status not in FINAL

    def test_an_announcement_is_not_a_delivery_round(self) -> None:
        assert read("DR1", None).status == "announced"

    @pytest.mark.parametrize("code", ["AN1", "ZZ9", "QWERTY", "x"])
    def test_an_unknown_code_moves_nothing(self, code: str) -> None:
        assert read(code, None) == UNKNOWN == CodeMeaning(None)


@pytest.mark.parametrize(
    ("code", "country", "status"),
    [
        ("DO1", "FR", "export_customs"),
        ("DO1", "CN", "import_customs"),
        ("DO2", "FR", "export_cleared"),
        ("DO2", "CN", "import_cleared"),
        ("DO2", None, "customs_released"),
        ("DO1", "AE", "customs"),
        ("DO2", "AE", "customs_released"),
    ],
)
def test_the_side_of_customs_follows_from_either_country_and_from_no_other(
    code: str, country: str | None, status: str
) -> None:
    assert read(code, country).status == status


@pytest.mark.parametrize(
    ("code", "sets"),
    [
        ("DO3", "customs_held"),
        ("DOUDDI", "customs_held"),
        ("DOUFCM", "customs_held"),
        ("ND1", "delivery_failed"),
        ("RENNRV", "delivery_failed"),
        ("RENCAD", "delivery_failed"),
        ("PB1", "problem"),
        ("DR2", "problem"),
        ("SOLDOC", "problem"),
        ("DI3", "delayed"),
    ],
)
def test_flags_stand_beside_the_status(code: str, sets: str) -> None:
    assert read(code, None).sets == (sets,)
    assert read(code, None).status is None


@pytest.mark.parametrize(
    ("flag", "cleared_by"),
    [
        ("customs_held", {"DO2", "ET1", "ET3", "EP1", "MD2", "AG1", "DI1", "RE1"}),
        ("delivery_failed", {"MD2", "AG1", "DI1", "DI0"}),
        ("problem", {"PB2", "ET1", "PC1", "MD2", "DI1"}),
        ("delayed", {"ET1", "MD2", "DI1"}),
    ],
)
def test_flags_are_cleared(flag: str, cleared_by: set[str]) -> None:
    assert cleared_by <= {code for code, reading in OKAPI.items() if flag in reading.clears}


def test_a_hold_is_not_cleared_by_what_happens_before_or_within_customs() -> None:
    for code in ("DR1", "PC1", "ET2", "DO1", "DOUDOU", "DO3", "PB2", "DI3", "ID0"):
        assert "customs_held" not in read(code, None).clears


def test_the_tables_use_the_contract_s_words_and_never_set_what_they_clear() -> None:
    for reading in (*OKAPI.values(), *COLISSIMO.values(), *EMSEVT.values()):
        assert reading.status is None or reading.status in STATUSES
        assert set(reading.sets) | set(reading.clears) <= set(get_args(Flag))
        assert not set(reading.sets) & set(reading.clears)


def test_the_tables_do_not_overlap() -> None:
    assert not OKAPI.keys() & COLISSIMO.keys()
    assert not EMSEVT.keys() & (OKAPI.keys() | COLISSIMO.keys())
    assert len(EMSEVT) == 26
    assert all(len(code) == 6 for code in COLISSIMO if code != "AEC")


BY_MEANING = {
    "delivered": "LIVDIV LIVRCA LIVRCC LIVRDV LIVVOI LIVVPC LIVACC",
    "returned": "LIVEXP LIVREO",
    "returning": """AACEDI ECHANN ECHCEX ECHDID ECHMQT ECHNCF FENRET PABRET RCDABS RCDCPE RCDDES RCDDOC RCDNPA RCDPDS
    RCDREA RCDREL RCDRET REFALI REFCEX REFDEX RENALI RENBEC RENDES RENDID RENDOC RENEDI RENEXP RENHER RENNPA RENOUV
    RENRPE RENRPP RENSHD RENSRB RENTAX RENXXX SCCEXP""",
    "available_for_pickup": "AARAVI AARBRX AARREL AARRLX LIVAVI LIVCIT LIVRLI RENAPR RENGUI RSTAVI RSTZNL",
    "departed_origin": "MLVEXP MLVIMP MLVTRD",
    "arrived_destination": "PCHEXP",
    "accepted": "DEPIMP DEPREL DEPSIO DEPHLD PCHBOR PCHIND PCHPDS PCH128",
    "in_transit": "AARDES MLVTRA DOUFAC DOUPAR SCCDES AECEXP AECXYZ",
    "import_cleared": "DOUTAX DOUVIS",
    "announced": "PCHMQT PCHCLI PCHDFT",
}
"""Codes that clients leave out, by what a shopper reads with them."""
WITH_A_FLAG = {
    "customs_held": "DOUCRR DOUDVR DOUFCM DOURES",
    "problem": "AARLIB SOLMAR SOLMQT SCCDES SCCEXP REFINS",
    "delivery_failed": """RDVAIN RDVINC RDVABS RECALI RENACP RENAIN RENFCO RENRES RSTACP RSTCAD RSTRES PCHREN""",
}


@pytest.mark.parametrize(
    ("code", "status"), [(code, status) for status, codes in BY_MEANING.items() for code in codes.split()]
)
def test_a_six_letter_code_means_what_a_shopper_reads_with_it(code: str, status: str) -> None:
    assert read(code, None).status == status


@pytest.mark.parametrize(
    ("code", "flag"), [(code, flag) for flag, codes in WITH_A_FLAG.items() for code in codes.split()]
)
def test_a_six_letter_code_sets_what_a_shopper_is_warned_of(code: str, flag: str) -> None:
    assert read(code, None).sets == (flag,)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("DOUFCM", "missing_invoice"),
        ("DOUFCI", "wrong_invoice"),
        ("DOUDDM", "missing_declaration"),
        ("DOUDDI", "wrong_declaration"),
        ("DOUCOM", "missing_origin_certificate"),
        ("DOUCOI", "wrong_origin_certificate"),
        ("DOUCRR", "missing_return_certificate"),
        ("DOUNIR", "missing_importer_id"),
        ("DOUEOR", "missing_importer_id"),
        ("DOURES", "licence_required"),
        ("DOUEXI", "count_mismatch"),
        ("DOUIDD", "content_query"),
        ("DOUPRO", "prohibited"),
        ("DOUTAX", "duty_due"),
        ("DOUPAR", "partly_seized"),
        ("REFINS", "instructions_needed"),
        ("DO3", None),
        ("DOUFAC", None),
    ],
)
def test_a_code_says_which_paper_is_missing_or_what_is_due(code: str, reason: str | None) -> None:
    assert read(code, None).reason == reason


def test_every_reason_is_a_known_word_and_every_hold_of_the_post_has_one() -> None:
    for code, meaning in COLISSIMO.items():
        assert meaning.reason is None or meaning.reason in HOLD_REASONS
        assert "customs_held" not in meaning.sets or meaning.reason is not None, code


@pytest.mark.parametrize("code", ["DOUTAX", "DOUPAR", "DOUVIS"])
def test_what_customs_let_go_is_held_no_more(code: str) -> None:
    assert read(code, None).sets == ()
    assert "customs_held" in read(code, None).clears


@pytest.mark.parametrize("code", ["AARTER", "AARRTG"])
def test_a_sorting_error_that_is_over_is_information_only(code: str) -> None:
    assert read(code, None) == CodeMeaning(None)
    assert code in COLISSIMO


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("EMA", "accepted"),
        ("EMB", "at_origin_exchange"),
        ("EXA", "export_customs"),
        ("EXC", "export_cleared"),
        ("EMC", "departed_origin"),
        ("EMJ", "in_transit_country"),
        ("EMD", "arrived_destination"),
        ("EDB", "import_customs"),
        ("EDC", "import_cleared"),
        ("EMF", "in_destination_network"),
        ("EMG", "at_delivery_office"),
        ("EDG", "out_for_delivery"),
        ("EDH", "available_for_pickup"),
        ("EMI", "delivered"),
        ("EXX", "cancelled"),
    ],
)
def test_the_events_of_foreign_posts_are_read_as_they_are(code: str, status: str) -> None:
    assert read(code, None).status == status
    assert of_table(code) == code


@pytest.mark.parametrize(
    ("code", "flag"),
    [("EXB", "customs_held"), ("EDA", "customs_held"), ("EME", "customs_held"), ("EMH", "delivery_failed"),
     ("EXD", "problem"), ("EDF", "problem"), ("EDX", "problem"), ("EMX", "problem")],
)  # fmt: skip
def test_what_a_foreign_post_holds_or_ends_is_a_flag(code: str, flag: str) -> None:
    assert (read(code, None).status, read(code, None).sets) == (None, (flag,))


@pytest.mark.parametrize("code", ["AARTRG", "DOUZZZ", "LIVZZZ"])
def test_a_code_that_nobody_has_listed_stays_unknown(code: str) -> None:
    assert of_table(code) == UNKNOWN_CODE


@given(st.text(max_size=20), st.sampled_from([None, "FR", "CN", "XX"]))
def test_any_code_can_be_read(code: str, country: str | None) -> None:
    assert isinstance(read(code, country), CodeMeaning)
