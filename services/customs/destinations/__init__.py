"""Where goods go: a package a country, with its regimes of import, its messages and its authority."""

from __future__ import annotations

from collections.abc import Mapping

from contracts.vocabularies import Regime
from services.customs.destinations.cn.regimes import Cbec9610, PersonalPostal
from services.customs.regimes.base import ImportRegime
from services.customs.regimes.tables import Tables


def import_regimes(tables: Tables) -> Mapping[Regime, ImportRegime]:
    """By name. A new one is a class of its destination, a line here, its examples and its tests."""
    return {regime.name: regime for regime in (Cbec9610(tables), PersonalPostal(tables))}
