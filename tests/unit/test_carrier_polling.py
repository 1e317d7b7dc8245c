"""How often a parcel is asked about, and how old that lets what is known of it become."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.vocabularies import FINAL, RANKS
from services.carrier.carriers.laposte.mapping import GROUP_SIZE
from services.carrier.carriers.laposte.settings import LaPosteSettings
from services.carrier.domain.parcels import FollowState
from services.carrier.domain.polling import (
    DAY_SECONDS,
    ENDED_DAYS,
    FACTORS,
    GIVEN_UP_DAYS,
    PolledParcel,
    seconds_until_next,
)
from services.carrier.settings import Settings

README = Path(__file__).parents[2] / "services" / "carrier" / "README.md"
QUARTER, HOUR = 900, 3600
MIX = {"accepted": 4 / 15, "departed_origin": 5 / 15, "import_customs": 5 / 15, "out_for_delivery": 1 / 15}
"""Parcels under way by the days that they spend so: four in France, five in flight, five before and in customs, one at
the door."""


def wait(
    state: FollowState = "handed_over", status: str | None = None, days_since_news: float = 0, days: float = 0
) -> float | None:
    parcel = PolledParcel(state, status, days_since_news * DAY_SECONDS, days * DAY_SECONDS)
    return seconds_until_next(parcel, QUARTER)


@pytest.mark.parametrize(
    ("status", "seconds"),
    [
        ("out_for_delivery", QUARTER),
        ("import_customs", 2 * QUARTER),
        ("accepted", HOUR),
        ("departed_origin", 2 * HOUR),
        ("returning", 2 * HOUR),
        (None, HOUR),
        ("a_word_of_tomorrow", HOUR),
    ],
)
def test_a_parcel_is_polled_as_often_as_something_may_happen(status: str | None, seconds: float) -> None:
    assert wait(status=status) == seconds


def test_every_status_on_the_way_has_its_interval() -> None:
    assert set(FACTORS) == {status for status, rank in RANKS.items() if rank < FINAL} - {"announced"}


def test_the_longer_there_is_no_news_the_less_often_it_is_polled() -> None:
    assert [wait(status="accepted", days_since_news=days) for days in (9, 10, 29, 30)] == [
        HOUR,
        4 * HOUR,
        4 * HOUR,
        12 * HOUR,
    ]
    assert wait(status="departed_origin", days_since_news=60) == DAY_SECONDS
    assert seconds_until_next(PolledParcel("handed_over", "returning", 0, 0), 2 * DAY_SECONDS) == 2 * DAY_SECONDS


def test_one_that_waits_for_its_hand_over_or_has_ended() -> None:
    assert wait("labelled", "announced") == 2 * HOUR
    assert wait("over", "delivered", days_since_news=ENDED_DAYS - 1) == 3 * DAY_SECONDS
    assert wait("over", "delivered", days_since_news=ENDED_DAYS) is None
    assert wait("given_up", "accepted", days_since_news=100, days=100) == DAY_SECONDS
    assert wait("given_up", "accepted", days=GIVEN_UP_DAYS) is None


def rows() -> list[str]:
    """The table of freshness in the service's page."""
    rate = LaPosteSettings.model_fields["suivi_calls_per_second"].default
    poll_seconds = Settings.model_fields["poll_seconds"].default
    table = []
    for parcels in (10_000, 100_000, 300_000, 1_000_000):
        per_group = sum(parcels * share / (poll_seconds * FACTORS[status]) for status, share in MIX.items())
        needed = per_group / GROUP_SIZE
        stretched = max(1.0, needed / rate)  # for want of calls every interval is longer
        minutes = [poll_seconds * FACTORS[status] * stretched / 60 for status in reversed(MIX)]
        cells = [f"{parcels:,}", f"{needed:.1f}", *(f"{n:,.0f} min" for n in minutes)]
        table.append(f"| {' | '.join(cells)} |")
    return table


def test_the_page_has_the_freshness_that_the_schedule_gives() -> None:
    assert "\n".join(rows()) in README.read_text(encoding="utf-8")
