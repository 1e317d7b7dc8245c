"""Parameters that several routes have."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from fastapi import Path

from contracts.base import ParcelNumber

ParcelPath: TypeAlias = Annotated[ParcelNumber, Path()]
