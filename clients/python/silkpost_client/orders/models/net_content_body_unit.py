from enum import StrEnum


class NetContentBodyUnit(StrEnum):
    G = "g"
    ML = "ml"
    PIECE = "piece"

    def __str__(self) -> str:
        return str(self.value)
