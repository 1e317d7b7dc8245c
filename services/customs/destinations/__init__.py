"""The countries of destination: a package for each, named by its code in lower case, which defines `DESTINATION`."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from contracts.vocabularies import Regime
from services.customs.destinations.destination import Destination
from services.customs.regimes.base import ImportRegime
from services.customs.regimes.tables import Tables

COUNTRIES = ("CN",)
DESTINATIONS: Mapping[str, Destination] = {
    country: import_module(f"{__name__}.{country.lower()}").DESTINATION for country in COUNTRIES
}
"""By country."""


def import_regimes(tables: Tables) -> Mapping[Regime, ImportRegime]:
    """The import regimes of all destinations, by name."""
    return {regime.name: regime for destination in DESTINATIONS.values() for regime in destination.regimes(tables)}
