"""Who must do what by when, for every state an order or a parcel can be in. Data and one look-up; no clock.

The durations are what a reader may expect of each party at the latest, counted from the fact that began the wait.
Nothing is decided on them here. Up to the hand-over they are as long as the limits that `orders` acts on, which
counts from when it took the order in.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

Actor = Literal[
    "warehouse",
    "customs_desk",
    "carrier",
    "export_customs",
    "import_customs",
    "delivery_partner",
    "recipient",
    "service_desk",
    "seller",
]
Action = Literal[
    "screen",
    "reserve",
    "pack",
    "declare",
    "make_label",
    "hand_over",
    "answer_cancel",
    "withdraw",
    "close_order",
    "take_in_charge",
    "carry",
    "export",
    "fly",
    "present_to_customs",
    "clear",
    "deliver",
    "deliver_again",
    "collect",
    "bring_back",
    "send_back",
    "book_in",
    "solve_problem",
    "refund",
    "answer_customs",
    "search_with_carrier",
    "check_label",
    "retry",
    "look_into",
    "replay_dead_letter",
]
OrderState = Literal[
    "expected",
    "placed",
    "screened",
    "reserved",
    "packed",
    "under_way",
    "cancel_requested",
    "short",
    "withdrawn",
    "refused",
    "out_of_stock",
    "ending",
    "closed",
]
ParcelState = Literal[
    "packed",
    "declared",
    "export_refused",
    "labelled",
    "label_refused",
    "handed_over",
    "accepted",
    "in_transit",
    "at_origin_exchange",
    "export_customs",
    "export_cleared",
    "departed_origin",
    "in_transit_country",
    "arrived_destination",
    "import_customs",
    "import_cleared",
    "in_destination_network",
    "at_delivery_office",
    "out_for_delivery",
    "available_for_pickup",
    "returning",
    "customs_held",
    "import_refused",
    "delivery_failed",
    "problem",
    "silent",
    "delivered",
    "returned",
    "booked_in",
    "cancelled",
    "lost",
    "seized",
    "destroyed",
]


@dataclass(frozen=True, slots=True)
class Duty:
    """A row of the table."""

    actor: Actor
    action: Action
    within: timedelta


@dataclass(frozen=True, slots=True)
class Next:
    """What happens next: who must do what, by when at the latest."""

    actor: str
    action: str
    by: datetime | None
    parcel: int | None = None


def _days(days: int) -> timedelta:
    return timedelta(days=days)


ORDER_DUTIES: dict[OrderState, Duty | None] = {
    "expected": None,
    "placed": Duty("customs_desk", "screen", _days(7)),
    "screened": Duty("warehouse", "reserve", _days(7)),
    "reserved": Duty("warehouse", "pack", _days(5)),
    "packed": None,
    "under_way": None,
    "cancel_requested": Duty("warehouse", "answer_cancel", _days(3)),
    "short": Duty("warehouse", "withdraw", _days(3)),
    "withdrawn": Duty("service_desk", "close_order", _days(1)),
    "refused": Duty("service_desk", "close_order", _days(1)),
    "out_of_stock": Duty("service_desk", "close_order", _days(1)),
    "ending": Duty("service_desk", "close_order", _days(7)),
    "closed": None,
}
"""`packed`, `under_way`: the parcels say what is due. `expected`: the order itself has not been heard of yet."""

REFUND = Duty("seller", "refund", _days(14))
"""What a closing with a refund due leaves to the seller (14 days: directive 2011/83/EU art. 13)."""

PARCEL_DUTIES: dict[ParcelState, Duty | None] = {
    "packed": Duty("customs_desk", "declare", _days(7)),
    "declared": Duty("carrier", "make_label", _days(7)),
    "export_refused": Duty("warehouse", "withdraw", _days(3)),
    "labelled": Duty("warehouse", "hand_over", _days(5)),
    "label_refused": Duty("warehouse", "withdraw", _days(3)),
    "handed_over": Duty("carrier", "take_in_charge", _days(7)),
    "accepted": Duty("carrier", "carry", _days(5)),
    "in_transit": Duty("carrier", "carry", _days(7)),
    "at_origin_exchange": Duty("carrier", "export", _days(5)),
    "export_customs": Duty("export_customs", "clear", _days(5)),
    "export_cleared": Duty("carrier", "fly", _days(7)),
    "departed_origin": Duty("carrier", "fly", _days(10)),
    "in_transit_country": Duty("carrier", "fly", _days(10)),
    "arrived_destination": Duty("delivery_partner", "present_to_customs", _days(7)),
    "import_customs": Duty("import_customs", "clear", _days(7)),
    "import_cleared": Duty("delivery_partner", "deliver", _days(7)),
    "in_destination_network": Duty("delivery_partner", "deliver", _days(7)),
    "at_delivery_office": Duty("delivery_partner", "deliver", _days(3)),
    "out_for_delivery": Duty("delivery_partner", "deliver", _days(1)),
    "available_for_pickup": Duty("recipient", "collect", _days(15)),
    "returning": Duty("carrier", "bring_back", _days(45)),
    "customs_held": Duty("service_desk", "answer_customs", _days(7)),
    "import_refused": Duty("delivery_partner", "send_back", _days(30)),
    "delivery_failed": Duty("delivery_partner", "deliver_again", _days(3)),
    "problem": Duty("carrier", "solve_problem", _days(5)),
    "silent": Duty("service_desk", "search_with_carrier", _days(21)),
    "delivered": None,
    "returned": Duty("warehouse", "book_in", _days(5)),
    "booked_in": None,
    "cancelled": None,
    "lost": None,
    "seized": None,
    "destroyed": None,
}
"""45 days for a return: goods back at the supervised place (GACC 194/2018). 15 days at the counter is unconfirmed."""

SINCE_LAST_SCAN: frozenset[ParcelState] = frozenset(
    {
        "accepted",
        "in_transit",
        "at_origin_exchange",
        "export_cleared",
        "departed_origin",
        "in_transit_country",
        "arrived_destination",
        "import_cleared",
        "in_destination_network",
        "returning",
    }
)
"""States in which every scan, even one that moves nothing, starts the wait anew."""


def due(duty: Duty | None, since: datetime, parcel: int | None = None) -> Next | None:
    """What is owed in a state that began at `since`."""
    return Next(duty.actor, duty.action, since + duty.within, parcel) if duty else None
