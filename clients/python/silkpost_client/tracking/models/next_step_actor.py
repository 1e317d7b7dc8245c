from enum import StrEnum


class NextStepActor(StrEnum):
    CARRIER = "carrier"
    CUSTOMS_DESK = "customs_desk"
    DELIVERY_PARTNER = "delivery_partner"
    EXPORT_CUSTOMS = "export_customs"
    IMPORT_CUSTOMS = "import_customs"
    RECIPIENT = "recipient"
    SELLER = "seller"
    SERVICE_DESK = "service_desk"
    WAREHOUSE = "warehouse"

    def __str__(self) -> str:
        return str(self.value)
