from enum import StrEnum


class MoneyBodyCurrency(StrEnum):
    CNY = "CNY"
    EUR = "EUR"

    def __str__(self) -> str:
        return str(self.value)
