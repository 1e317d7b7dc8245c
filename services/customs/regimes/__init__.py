"""What a regime must answer, the tables that it judges by, and the regimes of export by the country of dispatch."""

from __future__ import annotations

from collections.abc import Mapping

from services.customs.regimes.base import ExportRegime
from services.customs.regimes.eu import PostalExport
from services.customs.regimes.tables import Tables


def export_regimes(tables: Tables) -> Mapping[str, ExportRegime]:
    """By the country of dispatch."""
    return {"FR": PostalExport(tables)}
