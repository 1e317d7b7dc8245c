"""The regimes by name. A new one is a file here, a line in the registry, its examples and its tests."""

from __future__ import annotations

from collections.abc import Mapping

from contracts.vocabularies import Regime
from services.customs.regimes.base import ExportRegime, ImportRegime
from services.customs.regimes.cn import Cbec9610, PersonalPostal
from services.customs.regimes.eu import PostalExport
from services.customs.regimes.tables import Tables


def import_regimes(tables: Tables) -> Mapping[Regime, ImportRegime]:
    return {regime.name: regime for regime in (Cbec9610(tables), PersonalPostal(tables))}


def export_regimes(tables: Tables) -> Mapping[str, ExportRegime]:
    """By the country of dispatch."""
    return {"FR": PostalExport(tables)}
