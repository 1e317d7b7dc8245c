"""Which carrier, and which of its products, takes a parcel to a country. Data, not code."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Route:
    country: str
    """Destination, ISO 3166-1 alpha-2."""
    carrier: str
    product: str
    ddp: bool
    """The product can be delivered duty paid; it then needs phone, sizes and EORI."""
    source: str


ROUTES = (
    Route("CN", "laposte", "DOS", True, "Colissimo WooCommerce plugin 2.2.0, capabilitiesByCountryFR.json, zone Z5"),
)


def route_to(country: str) -> Route | None:
    """The route to this country; None when no carrier of ours goes there."""
    return next((route for route in ROUTES if route.country == country), None)
