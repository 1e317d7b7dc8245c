"""Which carrier takes an order, where it is not the first that goes to its country. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from contracts.carriers import BY_NAME, route_to

_KEY = re.compile(r"([A-Z]{2})(?::[^:]{1,64})?")


class Routing:
    """Carriers by `<country>` or `<country>:<marketplace>`; the second counts more. An order keeps the carrier with
    which it was placed."""

    def __init__(self, carriers: Mapping[str, str] | None = None) -> None:
        """ValueError names the row whose carrier does not go there."""
        self._carriers = dict(carriers or {})
        for key, carrier in self._carriers.items():
            country = _KEY.fullmatch(key)
            if country is None:
                raise ValueError(f"{key}: a country as CN, or a country and a marketplace as CN:maison")
            if carrier not in BY_NAME:
                raise ValueError(f"{key}: no such carrier: {carrier}; there are {', '.join(BY_NAME)}")
            if route_to(country[1], carrier) is None:
                raise ValueError(f"{key}: {carrier} does not go there")

    def carrier(self, country: str, marketplace: str) -> str | None:
        """None for the first carrier that goes there."""
        return self._carriers.get(f"{country}:{marketplace}", self._carriers.get(country))
