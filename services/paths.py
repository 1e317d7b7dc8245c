"""What paths name: an order, and a parcel of it."""

from __future__ import annotations

from typing import Annotated, TypeAlias
from uuid import UUID

from fastapi import Path

from contracts.base import ParcelNumber

_ORDER = Path(description="The order's id, a UUID; `POST /orders` of `orders` answers it.")

OrderPath: TypeAlias = Annotated[UUID, _ORDER]
OrderTextPath: TypeAlias = Annotated[str, _ORDER]
"""For a route to which an order whose id cannot be one is as unknown as any other: 404."""
ParcelPath: TypeAlias = Annotated[ParcelNumber, Path(description="The parcel's number within its order, from 1.")]
