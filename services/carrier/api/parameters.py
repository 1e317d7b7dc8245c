"""Parameters that several routes have."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from fastapi import Path

ParcelPath: TypeAlias = Annotated[int, Path(ge=1, le=99)]
