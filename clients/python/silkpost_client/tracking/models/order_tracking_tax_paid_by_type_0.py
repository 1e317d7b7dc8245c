from enum import StrEnum


class OrderTrackingTaxPaidByType0(StrEnum):
    ADDRESSEE = "addressee"
    GUARANTOR = "guarantor"

    def __str__(self) -> str:
        return str(self.value)
