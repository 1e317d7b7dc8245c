"""The European Union: postal export from France."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from contracts.base import OrderLine
from services.customs.regimes.base import Refusal
from services.customs.regimes.tables import Tables

PARIS = ZoneInfo("Europe/Paris")


@dataclass(frozen=True, slots=True)
class PostalExport:
    """Postal goods up to a value are deemed declared by leaving; excise goods and those that need a permit never are.

    Delegated Regulation (EU) 2015/2446 art. 140(1)(d), 141(4), 142. The value is the order's, before any split. Goods
    that need a permit do not leave without one, or without the statement that they are not what is restricted.
    """

    tables: Tables

    def day(self, instant: datetime) -> date:
        return instant.astimezone(PARIS).date()

    def rules(self, day: date) -> tuple[str, ...]:
        return (self.tables.eu_deemed.version(day), self.tables.versions["goods"])

    def refusal(self, lines: Sequence[OrderLine], day: date) -> Refusal | None:
        for line in lines:
            restriction = self.tables.restriction(line, day)
            if restriction is not None and all(document.type != restriction.permit for document in line.documents):
                return Refusal("licence_required", line.sku)
        return None

    def needs_declaration(self, lines: Sequence[OrderLine], goods_eur: Decimal, day: date) -> bool:
        return goods_eur > self.tables.eu_deemed.on(day) or any(
            self.tables.excise.cover(line.hs_code, day) or self.tables.restriction(line, day) is not None
            for line in lines
        )
