from enum import StrEnum


class PersonErasurePerson(StrEnum):
    ERASED = "erased"
    ERASURE_ASKED = "erasure_asked"

    def __str__(self) -> str:
        return str(self.value)
