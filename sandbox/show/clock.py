"""`make clock`: tells business time and its pace on the line of `make run`, or changes the pace."""

from __future__ import annotations

import sys
from pathlib import Path

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from sandbox.show.speech import moment, pace
from shared import clock, line_file

FASTEST = 200_000


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore")

    speed: float | None = Field(default=None, ge=1, le=FASTEST, description="business seconds in a real one")


def main() -> str:
    """What to print. Raises SystemExit when no line runs, or the pace is none."""
    try:
        wanted = Settings().speed
        file = Path(line_file.read().clock_file)
    except ValidationError:
        raise SystemExit(f"SPEED is from 1 (real pace) to {FASTEST:,} business seconds in a real one") from None
    except line_file.NoLine as none:
        raise SystemExit(str(none)) from None
    known = clock.Clock.from_file(file)
    if wanted is None:
        return f"{moment(known.now())}, {pace(known.speed())}"
    clock.change_speed(file, wanted)
    return f"{moment(known.now())}, from now on {pace(wanted)}"


if __name__ == "__main__":
    print(main())
    sys.exit()
