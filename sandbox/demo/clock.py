"""`make clock`: prints business time and its speed on the stack of `make run`, or changes the speed."""

from __future__ import annotations

import time
from pathlib import Path

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from sandbox.demo.wording import format_instant, format_speed
from shared import clock
from shared.clock import Clock
from shared.operations import stack_file

FASTEST = 200_000


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore")

    speed: float | None = Field(default=None, ge=1, le=FASTEST, description="business seconds in a real one")


def running_clock() -> tuple[Path, Clock]:
    """The clock of the stack that runs here, and its file. Raises NoStack."""
    file = Path(stack_file.read().clock_file)
    return file, Clock.from_file(file)


def main() -> str:
    """What to print. Raises SystemExit when no stack runs, or SPEED is out of range."""
    try:
        speed = Settings().speed
        file, running = running_clock()
    except ValidationError:
        raise SystemExit(f"SPEED is from 1 (real pace) to {FASTEST:,} business seconds in a real one") from None
    except stack_file.NoStack as error:
        raise SystemExit(str(error)) from None
    if speed is None:
        return f"{format_instant(running.now())}, {format_speed(running.speed())}"
    clock.change_speed(file, speed)
    time.sleep(clock.NOTICE_SECONDS + clock.REREAD_SECONDS)  # by then every process has read the new speed
    return f"{format_instant(running.now())}, now {format_speed(speed)}"


if __name__ == "__main__":
    print(main())
