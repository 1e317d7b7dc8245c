from enum import StrEnum


class OrderPerson(StrEnum):
    ERASED = "erased"
    ERASURE_ASKED = "erasure_asked"
    HELD = "held"

    def __str__(self) -> str:
        return str(self.value)
