"""`make clock`: tells business time and its pace on the line of `make run`, or changes the pace."""

from __future__ import annotations

import time
from pathlib import Path

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from sandbox.demo.wording import format_instant, format_speed
from shared import clock
from shared.clock import Clock
from shared.operations import line_file

FASTEST = 200_000


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore")

    speed: float | None = Field(default=None, ge=1, le=FASTEST, description="business seconds in a real one")


def known() -> tuple[Path, Clock]:
    """The clock of the line that runs here, and its file. Raises NoLine."""
    file = Path(line_file.read().clock_file)
    return file, Clock.from_file(file)


def main() -> str:
    """What to print. Raises SystemExit when no line runs, or the pace is none."""
    try:
        wanted = Settings().speed
        file, now = known()
    except ValidationError:
        raise SystemExit(f"SPEED is from 1 (real pace) to {FASTEST:,} business seconds in a real one") from None
    except line_file.NoLine as none:
        raise SystemExit(str(none)) from None
    if wanted is None:
        return f"{format_instant(now.now())}, {format_speed(now.speed())}"
    clock.change_speed(file, wanted)
    time.sleep(clock.NOTICE_SECONDS + clock.REREAD_SECONDS)  # by then every process runs at it
    return f"{format_instant(now.now())}, now {format_speed(wanted)}"


if __name__ == "__main__":
    print(main())
