"""What every service knows of a carrier: its name, where it goes, and what it takes in one parcel. Dated data.

A carrier is its entry here, and its package in `services/carrier/carriers`. A change of its terms is a new row.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class ParcelLimits:
    """In grams and millimetres. The length is the longest side."""

    carrier: str
    valid_from: date
    max_weight_g: int
    max_length_mm: int
    max_sum_mm: int
    """Length, width and height together."""
    source: str


@dataclass(frozen=True, slots=True)
class Route:
    """A carrier's product to a country."""

    carrier: str
    country: str
    """Destination, ISO 3166-1 alpha-2."""
    product: str
    ddp: bool
    """The product can be delivered duty paid; it then needs phone, sizes and EORI."""
    source: str


@dataclass(frozen=True, slots=True)
class DeclaredCarrier:
    name: str
    routes: tuple[Route, ...]
    limits: tuple[ParcelLimits, ...]

    def limits_on(self, day: date) -> ParcelLimits:
        """The row in force on this day. LookupError before the first."""
        rows = [row for row in self.limits if row.valid_from <= day]
        if not rows:
            raise LookupError(f"no parcel limits of {self.name} on {day}")
        return max(rows, key=lambda row: row.valid_from)


LAPOSTE = "laposte"
EMS = "ems"

DECLARED = (
    DeclaredCarrier(
        LAPOSTE,
        routes=(
            Route(
                LAPOSTE,
                country="CN",
                product="DOS",
                ddp=True,
                source="Colissimo WooCommerce plugin 2.2.0, capabilitiesByCountryFR.json, zone Z5",
            ),
        ),
        limits=(
            ParcelLimits(
                carrier=LAPOSTE,
                valid_from=date(2020, 1, 1),
                max_weight_g=30_000,
                max_length_mm=1_000,
                max_sum_mm=1_500,
                source="Colissimo's terms as commonly stated; unconfirmed for product DOS to China, see the contract",
            ),
        ),
    ),
    DeclaredCarrier(
        EMS,
        routes=(
            Route(
                EMS,
                country="CN",
                product="EMS",
                ddp=False,
                source="a postal EMS service with labels of our own; its contract is not seen",
            ),
        ),
        limits=(
            ParcelLimits(
                carrier=EMS,
                valid_from=date(2020, 1, 1),
                max_weight_g=30_000,
                max_length_mm=1_500,
                max_sum_mm=1_500,
                source="30 kg, 1.5 m, and 3 m for length and girth as posts commonly state; unconfirmed. A sum of 1.5 m"
                " keeps any box within 3 m of length and girth",
            ),
        ),
    ),
)
"""Of two carriers to one country the first is taken, unless the order is routed to another."""
BY_NAME = {carrier.name: carrier for carrier in DECLARED}
CARRIERS = tuple(BY_NAME)


def counterpart_of(carrier: str) -> str:
    """The name of a carrier as a counterpart: under it its calls are paused."""
    return f"carrier.{carrier}"


def carrier_of(counterpart: str) -> str:
    """The reverse of `counterpart_of`."""
    return counterpart.removeprefix("carrier.")


def route_to(country: str, carrier: str | None = None) -> Route | None:
    """The route to this country, of this carrier if one is named; None when there is none."""
    routes = (route for declared in DECLARED if carrier in (None, declared.name) for route in declared.routes)
    return next((route for route in routes if route.country == country), None)
