from enum import StrEnum


class OrderPreviewUnansweredItem(StrEnum):
    CUSTOMS = "customs"
    WAREHOUSE = "warehouse"

    def __str__(self) -> str:
        return str(self.value)
