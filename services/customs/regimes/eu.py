"""The European Union: postal export from France."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from contracts.base import OrderLine
from services.customs.regimes.tables import Tables

PARIS = ZoneInfo("Europe/Paris")


@dataclass(frozen=True, slots=True)
class PostalExport:
    """Postal goods up to a value are deemed declared by leaving; excise goods never are.

    Delegated Regulation (EU) 2015/2446 art. 140(1)(d), 141(4), 142. The value is the order's, before any split.
    """

    tables: Tables

    def day(self, instant: datetime) -> date:
        return instant.astimezone(PARIS).date()

    def needs_declaration(self, lines: Sequence[OrderLine], goods_eur: Decimal, day: date) -> bool:
        return goods_eur > self.tables.eu_deemed.on(day) or any(
            self.tables.excise.cover(line.hs_code, day) for line in lines
        )
