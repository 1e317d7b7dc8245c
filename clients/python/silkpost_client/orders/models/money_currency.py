from enum import StrEnum


class MoneyCurrency(StrEnum):
    CNY = "CNY"
    EUR = "EUR"

    def __str__(self) -> str:
        return str(self.value)
