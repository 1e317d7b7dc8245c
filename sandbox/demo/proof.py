"""The way of one unit with a serial, proven by its bundle, which is checked as anyone would check it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from urllib.parse import quote

from sandbox.demo.api import Api, Refused
from sandbox.demo.goods import BY_SKU
from sandbox.demo.orders import DemoOrders
from services.provenance.domain.bundles import Verified, verify_bundle
from services.provenance.settings import Settings

POLL_SECONDS = 0.5
PROVEN_SECONDS = 30.0
"""Real seconds until the last event of a delivered unit is under a checkpoint that the witness has signed."""
ARRIVED = "arriving"


async def proven_way(
    api: Api, orders: DemoOrders, provenance: Mapping[str, str], patience: float = PROVEN_SECONDS
) -> str:
    """What the bundle of a delivered unit shows, in lines. `provenance` is the environment of that service, which has
    the keys of log, issuer and witness."""
    delivered = next(
        (
            order
            for order in orders.by_id.values()
            if orders.status(order) == "delivered" and BY_SKU[order.scenario.lines[0][0]].serialised
        ),
        None,
    )
    if delivered is None:
        return "No unit with a serial was delivered."
    [parcel, *_] = (await api.get("warehouse", f"/orders/{delivered.id}", "warehouse"))["parcels"]
    [unit, *_] = parcel["units"]
    shown = await _verified(api, f"/units/{unit['gtin']}/{quote(unit['serial'], safe='')}/bundle", provenance, patience)
    if shown is None:
        return f"The bundle of unit {unit['serial']} is not proven yet."
    signed = shown.checkpoint
    return "\n".join(
        [
            f"Unit {unit['serial']} of {delivered.number}, as its bundle proves ({len(signed.witnesses)} witness, "
            f"{signed.checkpoint.size} leaves):",
            *(f"  {event['eventTime'][:16]}  {event['bizStep']}" for event in shown.events),
        ]
    )


async def _verified(api: Api, path: str, provenance: Mapping[str, str], patience: float) -> Verified | None:
    """Once the unit's arrival is proven; None when it is not by then. Raises BadBundle for one that proves nothing."""
    settings = Settings.model_validate({name.lower(): value for name, value in provenance.items()})
    until = time.monotonic() + patience
    while time.monotonic() < until:
        try:
            bundle = await api.send("GET", "provenance", path, None)
        except Refused:
            pass  # nothing of it is proven yet
        else:
            shown = verify_bundle(bundle.content, settings.trust(), settings.issuer)
            if shown.events[-1]["bizStep"] == ARRIVED:
                return shown
        await asyncio.sleep(POLL_SECONDS)
    return None
