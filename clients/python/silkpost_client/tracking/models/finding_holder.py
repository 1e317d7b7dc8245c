from enum import StrEnum


class FindingHolder(StrEnum):
    ALARM = "alarm"
    BLOCKED = "blocked"
    CASE = "case"
    DEAD_LETTER = "dead_letter"
    HOLD = "hold"
    JOB = "job"
    OUTBOX = "outbox"
    PAUSED = "paused"
    SERVER = "server"
    STOPPED = "stopped"

    def __str__(self) -> str:
        return str(self.value)
