"""Who must do what by when, for every state that an order or a parcel can be in. Data and one look-up; no clock.

The durations are what a reader may expect of each party at the latest, counted from the fact that began the wait.
Nothing is decided on them here. Up to the hand-over they are as long as the deadlines that `orders` enforces, which
count from its intake of the order.
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
    "release_hold",
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
    "await_customs",
    "pay_duty",
    "give_instructions",
    "search_with_carrier",
    "send_claim",
    "check_label",
    "ask_shop",
    "retry",
    "look_into",
    "replay_dead_letter",
]
OrderState = Literal[
    "expected",
    "placed",
    "screened",
    "reserved",
    "on_hold",
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
class ExpectedAction:
    """What a state waits for: who must do what, within which time from the beginning of the state."""

    actor: Actor
    action: Action
    within: timedelta


@dataclass(frozen=True, slots=True)
class NextAction:
    """What happens next: who must do what, by when at the latest."""

    actor: str
    action: str
    by: datetime | None
    parcel: int | None = None


def _days(days: int) -> timedelta:
    return timedelta(days=days)


ORDER_ACTIONS: dict[OrderState, ExpectedAction | None] = {
    "expected": None,
    "placed": ExpectedAction("customs_desk", "screen", _days(7)),
    "screened": ExpectedAction("warehouse", "reserve", _days(7)),
    "reserved": ExpectedAction("warehouse", "pack", _days(5)),
    "on_hold": ExpectedAction("seller", "release_hold", _days(14)),
    "packed": None,
    "under_way": None,
    "cancel_requested": ExpectedAction("warehouse", "answer_cancel", _days(3)),
    "short": ExpectedAction("warehouse", "withdraw", _days(3)),
    "withdrawn": ExpectedAction("service_desk", "close_order", _days(1)),
    "refused": ExpectedAction("service_desk", "close_order", _days(1)),
    "out_of_stock": ExpectedAction("service_desk", "close_order", _days(1)),
    "ending": ExpectedAction("service_desk", "close_order", _days(7)),
    "closed": None,
}
"""`packed`, `under_way`: its parcels say what is expected. `expected`: the order itself has not arrived yet."""

REFUND = ExpectedAction("seller", "refund", _days(14))
"""What the seller has to do when a closed order has a refund due (14 days: directive 2011/83/EU art. 13)."""

PARCEL_ACTIONS: dict[ParcelState, ExpectedAction | None] = {
    "packed": ExpectedAction("customs_desk", "declare", _days(7)),
    "declared": ExpectedAction("carrier", "make_label", _days(7)),
    "export_refused": ExpectedAction("warehouse", "withdraw", _days(3)),
    "labelled": ExpectedAction("warehouse", "hand_over", _days(5)),
    "label_refused": ExpectedAction("warehouse", "withdraw", _days(3)),
    "handed_over": ExpectedAction("carrier", "take_in_charge", _days(7)),
    "accepted": ExpectedAction("carrier", "carry", _days(5)),
    "in_transit": ExpectedAction("carrier", "carry", _days(7)),
    "at_origin_exchange": ExpectedAction("carrier", "export", _days(5)),
    "export_customs": ExpectedAction("export_customs", "clear", _days(5)),
    "export_cleared": ExpectedAction("carrier", "fly", _days(7)),
    "departed_origin": ExpectedAction("carrier", "fly", _days(10)),
    "in_transit_country": ExpectedAction("carrier", "fly", _days(10)),
    "arrived_destination": ExpectedAction("delivery_partner", "present_to_customs", _days(7)),
    "import_customs": ExpectedAction("import_customs", "clear", _days(7)),
    "import_cleared": ExpectedAction("delivery_partner", "deliver", _days(7)),
    "in_destination_network": ExpectedAction("delivery_partner", "deliver", _days(7)),
    "at_delivery_office": ExpectedAction("delivery_partner", "deliver", _days(3)),
    "out_for_delivery": ExpectedAction("delivery_partner", "deliver", _days(1)),
    "available_for_pickup": ExpectedAction("recipient", "collect", _days(15)),
    "returning": ExpectedAction("carrier", "bring_back", _days(45)),
    "customs_held": ExpectedAction("service_desk", "answer_customs", _days(7)),
    "import_refused": ExpectedAction("delivery_partner", "send_back", _days(30)),
    "delivery_failed": ExpectedAction("delivery_partner", "deliver_again", _days(3)),
    "problem": ExpectedAction("carrier", "solve_problem", _days(5)),
    "silent": ExpectedAction("service_desk", "search_with_carrier", _days(21)),
    "delivered": None,
    "returned": ExpectedAction("warehouse", "book_in", _days(5)),
    "booked_in": None,
    "cancelled": None,
    "lost": None,
    "seized": None,
    "destroyed": None,
}
"""45 days for a return: back at the supervised place (GACC 194/2018). The 15 days at the counter are unconfirmed."""

ASKED_OF_RECIPIENT: dict[str, ExpectedAction] = {
    "duty_due": ExpectedAction("recipient", "pay_duty", _days(15)),
    "instructions_needed": ExpectedAction("recipient", "give_instructions", _days(15)),
}
"""By the reason that a scan states: what the parcel waits for, whatever its state. The days are unconfirmed."""

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
"""States in which every scan, even one that does not change the status, restarts the time allowed."""


def next_action(expected: ExpectedAction | None, since: datetime, parcel: int | None = None) -> NextAction | None:
    """What is expected next in a state that began at `since`; None where nothing is."""
    return NextAction(expected.actor, expected.action, since + expected.within, parcel) if expected else None
