"""The European Union: postal export from France."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from contracts.base import OrderLine
from services.customs.regimes.base import NeededDocument, Refusal
from services.customs.regimes.tables import Tables

PARIS = ZoneInfo("Europe/Paris")
BY_POST, LICENCE = "by_post", "licence_required"
"""Rules that ask for documents: of whatever goes by post, and of goods that do not leave without a permit."""
DECLARATION = "export_declaration"


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

    def documents(self, lines: Sequence[OrderLine], goods_eur: Decimal, day: date) -> tuple[NeededDocument, ...]:
        return (
            *(NeededDocument(name, BY_POST) for name in ("invoice", "cn23")),
            *self._declarations(lines, goods_eur, day),
            *self._permits(lines, day),
        )

    def refusal(self, lines: Sequence[OrderLine], day: date) -> Refusal | None:
        missing = (permit.sku for permit in self._permits(lines, day) if not permit.given)
        return next((Refusal(LICENCE, sku) for sku in missing), None)

    def needs_declaration(self, lines: Sequence[OrderLine], goods_eur: Decimal, day: date) -> bool:
        return any(self._declarations(lines, goods_eur, day))

    def _declarations(self, lines: Sequence[OrderLine], goods_eur: Decimal, day: date) -> Iterator[NeededDocument]:
        """The declaration with a number of its own, for each rule that asks for it."""
        if goods_eur > self.tables.eu_deemed.on(day):
            yield NeededDocument(DECLARATION, "over_deemed_limit")
        for line in lines:
            if self.tables.excise.cover(line.hs_code, day):
                yield NeededDocument(DECLARATION, "excise_goods", line.sku)
            if self.tables.restrictions(line, day):
                yield NeededDocument(DECLARATION, LICENCE, line.sku)

    def _permits(self, lines: Sequence[OrderLine], day: date) -> Iterator[NeededDocument]:
        for line in lines:
            held = {document.type for document in line.documents}
            for restriction in self.tables.restrictions(line, day):
                yield NeededDocument(
                    restriction.permit, LICENCE, line.sku, restriction.none_needed, restriction.permit in held
                )
