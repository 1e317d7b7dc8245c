from enum import StrEnum


class OrderTrackingState(StrEnum):
    CANCEL_REQUESTED = "cancel_requested"
    CLOSED = "closed"
    ENDING = "ending"
    EXPECTED = "expected"
    ON_HOLD = "on_hold"
    OUT_OF_STOCK = "out_of_stock"
    PACKED = "packed"
    PLACED = "placed"
    REFUSED = "refused"
    RESERVED = "reserved"
    SCREENED = "screened"
    SHORT = "short"
    UNDER_WAY = "under_way"
    WITHDRAWN = "withdrawn"

    def __str__(self) -> str:
        return str(self.value)
