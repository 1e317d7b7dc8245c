from enum import StrEnum


class OrderSupportedActionsItem(StrEnum):
    CANCEL = "cancel"
    CHANGE = "change"
    HOLD = "hold"
    RELEASE_HOLD = "release_hold"

    def __str__(self) -> str:
        return str(self.value)
