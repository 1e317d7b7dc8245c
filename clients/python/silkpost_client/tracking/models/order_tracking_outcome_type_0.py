from enum import StrEnum


class OrderTrackingOutcomeType0(StrEnum):
    CANCELLED = "cancelled"
    DELIVERED = "delivered"
    DESTROYED = "destroyed"
    LOST = "lost"
    OUT_OF_STOCK = "out_of_stock"
    PARTLY_DELIVERED = "partly_delivered"
    REFUSED = "refused"
    RETURNED = "returned"

    def __str__(self) -> str:
        return str(self.value)
