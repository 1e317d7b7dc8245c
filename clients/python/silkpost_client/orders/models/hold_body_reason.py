from enum import StrEnum


class HoldBodyReason(StrEnum):
    ADDRESS_CHECK = "address_check"
    AWAITING_PAYMENT = "awaiting_payment"
    FRAUD_CHECK = "fraud_check"
    OTHER = "other"
    SHOPPER_REQUEST = "shopper_request"

    def __str__(self) -> str:
        return str(self.value)
