"""The way of one unit with a serial, proven by its bundle, which is checked as anyone would check it; its copy. And
the page of a lot."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import quote

import httpx

from sandbox.demo.api import Api, Refused
from sandbox.demo.goods import BY_SKU, Good
from sandbox.demo.orders import DemoOrders
from services.provenance.domain.bundles import Verified, verify_bundle
from services.provenance.settings import Settings

POLL_SECONDS = 0.5
PROVEN_SECONDS = 30.0
"""Real seconds until the last event of a delivered unit is under a checkpoint that the witness has signed."""
ARRIVED = "arriving"
COUNTRY_HEADER = "X-Client-Country"
SETTINGS: Mapping[str, Mapping[str, str]] = {"provenance": {"COUNTRY_HEADER": COUNTRY_HEADER}}
"""The demo plays the proxy that reports where a client is."""
SEEN_FROM: Mapping[str, str] = {"127.0.0.1": "FR", "127.0.0.2": "CN"}
"""Where those who look at a unit are, by their address."""


class DeliveredUnit(NamedTuple):
    """A unit with a serial that has arrived."""

    number: str
    """Of its order."""
    gtin: str
    serial: str

    @property
    def link(self) -> str:
        """The path of its Digital Link, as on its label, which leads to its page."""
        return f"/01/{self.gtin}/21/{quote(self.serial, safe='')}"


async def delivered_unit(api: Api, orders: DemoOrders) -> DeliveredUnit | None:
    """Of the first delivered order that begins with goods that have serials."""
    for order in orders.by_id.values():
        if orders.status(order) == "delivered" and BY_SKU[order.scenario.lines[0][0]].serialised:
            [parcel, *_] = (await api.get("warehouse", f"/orders/{order.id}", "warehouse"))["parcels"]
            [unit, *_] = parcel["units"]
            return DeliveredUnit(order.number, unit["gtin"], unit["serial"])
    return None


async def proven_way(
    api: Api, unit: DeliveredUnit, provenance: Mapping[str, str], patience: float = PROVEN_SECONDS
) -> str:
    """What the unit's bundle shows, in lines. `provenance` is the environment of that service, which has the keys of
    log, issuer and witness."""
    path = f"/units/{unit.gtin}/{quote(unit.serial, safe='')}/bundle"
    shown = await _verified(api, path, provenance, patience)
    if shown is None:
        return f"The bundle of unit {unit.serial} is not proven yet."
    signed = shown.checkpoint
    return "\n".join(
        [
            f"Unit {unit.serial} of {unit.number}, as its bundle proves ({len(signed.witnesses)} witness, "
            f"{signed.checkpoint.size} leaves):",
            *(f"  {event['eventTime'][:16]}  {event['bizStep']}" for event in shown.events),
        ]
    )


async def lot_page(provenance_url: str, good: Good) -> str:
    """Where anybody is led who scans the code of this product's lot, in one line."""
    page = f"{provenance_url}/01/{good.gtin.zfill(14)}/10/{good.lot}"
    async with httpx.AsyncClient(trust_env=False, follow_redirects=True) as client:
        if (await client.get(page)).status_code != httpx.codes.OK:
            return f"Nothing is told yet of lot {good.lot} of {good.sku}."
    return f"{good.sku} has lots and no serials; the page of its lot {good.lot}: {page}"


async def caught_copy(api: Api, provenance_url: str, unit: DeliveredUnit, patience: float = PROVEN_SECONDS) -> str:
    """Opens the unit's page in France and in China within an hour, as when its code was copied; what came of it, in one
    line."""
    for address, country in SEEN_FROM.items():
        transport = httpx.AsyncHTTPTransport(local_address=address)
        async with httpx.AsyncClient(transport=transport, trust_env=False, follow_redirects=True) as client:
            try:
                await client.get(f"{provenance_url}{unit.link}", headers={COUNTRY_HEADER: country})
            except httpx.ConnectError:
                return f"a copied code cannot be shown here: this machine has no address {address}"
    until = time.monotonic() + patience
    while time.monotonic() < until:
        cases = [case async for case in api.pages("provenance", "/cases", "cases", "operator")]
        reasons = [case["reason"] for case in cases if case["serial"] == unit.serial]
        if reasons:
            places = " and ".join(SEEN_FROM.values())
            return f"its code was copied and read in {places} within an hour: flagged ({reasons[0]}), for a person"
        await asyncio.sleep(POLL_SECONDS)
    return "its copied code was not noticed"


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
