from enum import StrEnum


class UnitPriceCurrency(StrEnum):
    CNY = "CNY"
    EUR = "EUR"

    def __str__(self) -> str:
        return str(self.value)
