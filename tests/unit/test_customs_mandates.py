"""Whose messages we send, and when."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from services.customs.destinations.cn.mandates import Mandate, is_ours, read_mandates
from services.customs.destinations.cn.settings import ChinaSettings
from services.customs.regimes.parties import AgreedParties, Party
from tests.support import customs_samples as samples

PARTIES = replace(samples.PARTIES, agent=Party("310598000100000000", "Agent"))
OTHER = replace(samples.PARTIES, platform=Party("3105969999", "Another platform"))
AGREED = AgreedParties(OTHER.platform, None, None, None, None, None, date(2026, 1, 1), None)
MANDATES = read_mandates("CEB311:3105960001:2026-01-01:2026-06-30, CEB621:310598000100000000:2026-02-01:")


def test_a_mandate_holds_on_its_days() -> None:
    assert (
        Mandate("CEB311", "3105960001", date(2026, 1, 1), date(2026, 6, 30)),
        Mandate("CEB621", "310598000100000000", date(2026, 2, 1), None),
    ) == MANDATES
    days = (date(2025, 12, 31), date(2026, 1, 1), date(2026, 6, 30), date(2026, 7, 1))
    assert [is_ours("CEB311", MANDATES, PARTIES, day) for day in days] == [False, True, True, False]


def test_who_declares_cancels_and_returns() -> None:
    for message in ("CEB621", "CEB623", "CEB625"):
        assert is_ours(message, MANDATES, PARTIES, date(2030, 1, 1))
        assert not is_ours(message, MANDATES, PARTIES, date(2026, 1, 31))
    assert not is_ours("CEB511", MANDATES, PARTIES, date(2026, 3, 1))


def test_without_a_mandate_nothing_is_ours() -> None:
    settings = ChinaSettings()
    assert settings.mandates() == ()
    assert settings.import_signer == "none"


@pytest.mark.parametrize(
    "text",
    [
        "CEB311",
        "CEB312:3105960001:2026-01-01:",
        "CEB625:3105980001:2026-01-01:",
        "CEB311:310596:2026-01-01:",
        "CEB311:3105960001:2026-02-30:",
        "CEB311:3105960001:2026-02-01:2026-01-31",
    ],
)
def test_what_is_no_mandate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"CEB|day is out of range"):
        read_mandates(text)


@pytest.mark.parametrize(
    ("mandate", "signer", "fault_text"),
    [
        ("CEB311:3105980001:2026-01-01:", "none", "CEB311 is not 3105980001's to send"),
        ("CEB411:3105960001:2026-01-01:", "none", "CEB411 is not"),
        ("CEB511:3105980001:2026-01-01:", "none", "CEB511 is not"),
        ("CEB621:3105980002:2026-01-01:", "software", "CEB621 is not"),
        ("CEB621:3105980001:2026-01-01:", "none", "leaves only signed"),
    ],
)
def test_the_service_does_not_start_with_a_mandate_that_cannot_be(mandate: str, signer: str, fault_text: str) -> None:
    with pytest.raises(ValueError, match=fault_text):
        ChinaSettings.model_validate({"import_mandates": mandate, "import_signer": signer}).require_givers(())


def test_a_mandate_is_for_the_messages_of_its_firm_alone() -> None:
    day = date(2026, 3, 1)
    assert is_ours("CEB311", MANDATES, PARTIES, day)
    assert not is_ours("CEB311", MANDATES, OTHER, day)
    settings = ChinaSettings.model_validate({"import_mandates": "CEB311:3105969999:2026-01-01:"})
    with pytest.raises(ValueError, match="CEB311 is not 3105969999's to send"):
        settings.require_givers(())
    settings.require_givers([AGREED])


@pytest.mark.parametrize(
    ("guarantor", "code"), [("agent", "3105980001"), ("seller", "3105960002"), ("logistics", "3105980002")]
)
def test_a_setting_names_who_guarantees_the_tax(guarantor: str, code: str) -> None:
    assert ChinaSettings.model_validate({"guarantor": guarantor}).parties().guarantor.code == code


def test_marketplaces_that_split_payments_are_named() -> None:
    settings = ChinaSettings.model_validate({"import_split_marketplaces": "one, two,"})
    assert settings.split_marketplaces() == {"one", "two"}
