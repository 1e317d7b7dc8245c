"""How often a parcel is asked about, and how long the poller waits. Real seconds; pure.

`poll_seconds` is the shortest time between two polls of one parcel. Where little can have happened it is asked about
less often, and less often again the longer there is no news: the rate that all parcels share goes to those that move.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from contracts.vocabularies import Status
from services.carrier.domain.parcels import FollowState

LONGEST_WAIT_SECONDS = 60.0
IDLE_SECONDS = 1.0
DAY_SECONDS = 86_400.0
GIVEN_UP_DAYS = 180
ENDED_DAYS = 60
ENDED_SECONDS = 3 * DAY_SECONDS
"""For how long, and how often, a parcel is polled that was delivered or is back: it may have gone to the wrong door,
and a sender of call-backs may stop at the end."""
SILENT_PARCELS, SILENT_GROUPS = 2, 2
"""After this many in a row without an answer the cause is the carrier and not the parcels."""

_NEAR_THE_DOOR, _AFTER_ARRIVAL, _IN_FRANCE, _SLOW = 1, 2, 4, 8
FACTORS: Mapping[str, int] = {
    "accepted": _IN_FRANCE,
    "in_transit": _IN_FRANCE,
    "at_origin_exchange": _IN_FRANCE,
    "export_customs": _IN_FRANCE,
    "customs": _IN_FRANCE,
    "export_cleared": _IN_FRANCE,
    "customs_released": _IN_FRANCE,
    "departed_origin": _SLOW,
    "in_transit_country": _SLOW,
    "arrived_destination": _AFTER_ARRIVAL,
    "import_customs": _AFTER_ARRIVAL,
    "import_cleared": _AFTER_ARRIVAL,
    "in_destination_network": _AFTER_ARRIVAL,
    "at_delivery_office": _NEAR_THE_DOOR,
    "out_for_delivery": _NEAR_THE_DOOR,
    "available_for_pickup": _AFTER_ARRIVAL,
    "returning": _SLOW,
}
"""By the status of the latest scan, in `poll_seconds`."""
WITHOUT_STATUS = _IN_FRANCE
"""Of a parcel that was handed over and not scanned since, or whose latest status this version does not know."""
NOT_HANDED_OVER = _SLOW
WITHOUT_NEWS = ((30, 12), (10, 4))
"""After so many days without news the interval is so many times as long, up to a day."""


@dataclass(frozen=True, slots=True)
class PolledParcel:
    """A parcel at the moment at which it is polled."""

    state: FollowState
    status: Status | None
    """Of the latest scan that has one."""
    seconds_since_news: float
    seconds_followed: float


def seconds_until_next(parcel: PolledParcel, poll_seconds: float) -> float | None:
    """From this poll of the parcel to the next; None for never.

    One that has ended is polled at once, as its end may have been reported before the scans that led to it, and then
    seldom, until there was no news of it for `ENDED_DAYS`. One that is given up may travel all the same: it is polled
    once a day, for half a year.
    """
    if parcel.state == "over":
        return ENDED_SECONDS if parcel.seconds_since_news < ENDED_DAYS * DAY_SECONDS else None
    if parcel.state == "given_up":
        return DAY_SECONDS if parcel.seconds_followed < GIVEN_UP_DAYS * DAY_SECONDS else None
    factor = NOT_HANDED_OVER if parcel.state == "labelled" else FACTORS.get(parcel.status or "", WITHOUT_STATUS)
    days = parcel.seconds_since_news / DAY_SECONDS
    longer = next((times for after, times in WITHOUT_NEWS if days >= after), 1)
    return max(poll_seconds, min(DAY_SECONDS, poll_seconds * factor * longer))


def seconds_after_failure(failures: int, retry_after: float | None) -> float:
    """After so many rounds in a row in which the carrier gave no answer: what it asked for, else longer each time."""
    return min(LONGEST_WAIT_SECONDS, 2.0 ** min(failures, 6) if retry_after is None else retry_after)


def seconds_after_round(polled: int, poll_seconds: float) -> float:
    """0 while parcels are due; else until one may be."""
    return 0.0 if polled else min(IDLE_SECONDS, poll_seconds)
