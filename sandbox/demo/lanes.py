"""The two lanes of the demo: its marketplaces, customs' quote for each, and its decisions on their orders."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from secrets import token_urlsafe
from typing import Any

from sandbox.demo.api import Api
from sandbox.demo.order_request import quote_body
from sandbox.demo.orders import Order
from sandbox.demo.scenarios import Scenario
from services.registry import BY_NAME
from shared.operations.provision import add_api_key
from shared.scopes import Scope

RETAIL_SHOP, POSTAL_SHOP = "marketplace-1", "by-post-1"
"""The marketplaces: the goods of one are declared parcel by parcel (9610), those of the other are personal articles."""
MAKERS_KEY = "service-1"
"""The name of the key with which `makers` asks customs."""
FIRM, AGREEMENT = "Silk Road Logistics", "SANDBOX-511"
"""The logistics firm that files the waybills of 9610, and the agreement by which it does."""
_RETAIL = BY_NAME["customs"].local["import_regime"]
SETTINGS: Mapping[str, Mapping[str, str]] = {
    "customs": {
        "IMPORT_REGIME": "personal_postal",
        "IMPORT_REGIMES": json.dumps(
            dict.fromkeys((RETAIL_SHOP, MAKERS_KEY), BY_NAME["customs"].local["import_regime"])
        ),
        "WAYBILL_AGREEMENT": AGREEMENT,
        "LOGISTICS_NAME": FIRM,
    }
}
"""By post is the default, as in a new installation. Products are judged for the lane on which most are sold: one of
them is worth more than one parcel may bring in by post."""
_CENT = Decimal("0.01")


@dataclass(frozen=True)
class Shop:
    """A marketplace of the demo."""

    name: str
    api: Api
    """With its key."""

    async def quote(self, scenario: Scenario) -> Mapping[str, Any]:
        """The quote for the scenario's order, requested before the shopper pays."""
        quoted: Mapping[str, Any] = await self.api.post(
            "customs", "/customs/quote", "marketplace", quote_body(scenario)
        )
        return quoted


@asynccontextmanager
async def open_shop(
    name: str, urls: Mapping[str, str], keys: Mapping[Scope, str], databases: Mapping[str, str]
) -> AsyncIterator[Shop]:
    """A marketplace with a key of its own, good at every service."""
    key = token_urlsafe(32)
    for dsn in databases.values():
        await add_api_key(dsn, key=key, name=name, scope="marketplace")
    async with Api(urls, {**keys, "marketplace": key}) as api:
        yield Shop(name, api)


def collected(quote: Mapping[str, Any]) -> Decimal:
    """The tax that the shopper pays with the order, EUR."""
    due, rate = Decimal(quote["tax"]["due"]["amount"]), Decimal(quote["rate"]["cny_per_eur"])
    return (due / rate).quantize(_CENT, ROUND_HALF_UP)


def quoted_lane(shop: str, quote: Mapping[str, Any]) -> str:
    """The quote in one line: on which lane, and what it costs there."""
    lane, tax, cost = quote["lane"], quote["tax"], quote["landed_cost"]
    filed = f", the waybill filed by {FIRM} ({AGREEMENT})" if lane["waybill_filed_by"] == "agreed_firm" else ""
    due, waived = tax["due"]["amount"], Decimal(tax["waived"]["amount"])
    less = f" ({waived} CNY are waived)" if waived else ""
    paid_by = lane["tax_paid_by"].replace("_", " ")
    return (
        f"{shop} sells on {lane['lane']}{filed}: tax {due} CNY{less}, paid by the {paid_by}; "
        f"landed {cost['cny']['amount']} CNY, {cost['eur']['amount']} EUR"
    )


def decided(order: Order, customs: Mapping[str, Any]) -> str:
    """Customs' decision on an order in one line; `customs`: its document there."""
    screening, parcels = customs["screening"], customs["parcels"]
    states = ", ".join(parcel["state"].replace("_", " ") for parcel in parcels)
    findings = [finding["finding"] for finding in screening["findings"]]
    agrees = f"findings: {', '.join(findings)}" if findings else "as collected"
    return (
        f"{order.number} came in as {screening['regime']}: tax {screening['tax_cny']['amount']} CNY, {agrees}; {states}"
    )


def declared_again(order: Order, customs: Mapping[str, Any]) -> str:
    """How a rejection was settled, by the inventory of the order's first parcel and what followed on it."""
    parcel = customs["parcels"][0]
    message = next(candidate for candidate in parcel["messages"] if candidate["type"] == "CEB621")
    receipts = ", ".join(
        f"{receipt['status']} {receipt['meaning']}"
        for receipt in parcel["receipts"]
        if receipt["type"] == "CEB622" and receipt["status"] != "100"
    )
    return (
        f"{order.number} was rejected (100), declared again as {message['number']}: "
        f"{receipts}; {parcel['state'].replace('_', ' ')}"
    )
