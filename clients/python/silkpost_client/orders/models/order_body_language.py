from enum import StrEnum


class OrderBodyLanguage(StrEnum):
    EN = "en"
    FR = "fr"
    ZH = "zh"

    def __str__(self) -> str:
        return str(self.value)
