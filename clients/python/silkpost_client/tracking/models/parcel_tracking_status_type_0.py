from enum import StrEnum


class ParcelTrackingStatusType0(StrEnum):
    ACCEPTED = "accepted"
    ANNOUNCED = "announced"
    ARRIVED_DESTINATION = "arrived_destination"
    AT_DELIVERY_OFFICE = "at_delivery_office"
    AT_ORIGIN_EXCHANGE = "at_origin_exchange"
    AVAILABLE_FOR_PICKUP = "available_for_pickup"
    CANCELLED = "cancelled"
    CUSTOMS = "customs"
    CUSTOMS_RELEASED = "customs_released"
    DELIVERED = "delivered"
    DEPARTED_ORIGIN = "departed_origin"
    DESTROYED = "destroyed"
    EXPORT_CLEARED = "export_cleared"
    EXPORT_CUSTOMS = "export_customs"
    IMPORT_CLEARED = "import_cleared"
    IMPORT_CUSTOMS = "import_customs"
    IN_DESTINATION_NETWORK = "in_destination_network"
    IN_TRANSIT = "in_transit"
    IN_TRANSIT_COUNTRY = "in_transit_country"
    LOST = "lost"
    OUT_FOR_DELIVERY = "out_for_delivery"
    RETURNED = "returned"
    RETURNING = "returning"
    SEIZED = "seized"

    def __str__(self) -> str:
        return str(self.value)
