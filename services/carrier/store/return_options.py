"""The carriers' answers on what may be done with parcels that cannot be delivered, by product and country. Real
time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from services.carrier.domain.undeliverable import ReturnOptions
from shared.db import DB


async def of_carrier(db: DB, carrier: str) -> Mapping[tuple[str, str], tuple[ReturnOptions, datetime]]:
    """By product and country, each with the time of the answer."""
    rows = await db.fetch("select product, country, choices, told_at from return_options where carrier = $1", carrier)
    return {(row["product"], row["country"]): (ReturnOptions(tuple(row["choices"])), row["told_at"]) for row in rows}


async def save(db: DB, carrier: str, product: str, country: str, options: ReturnOptions) -> None:
    await db.execute(
        """insert into return_options (carrier, product, country, choices, told_at) values ($1, $2, $3, $4, now())
           on conflict (carrier, product, country) do update
           set choices = excluded.choices, told_at = excluded.told_at""",
        carrier,
        product,
        country,
        list(options.choices),
    )
