"""China: cross-border e-commerce retail import (supervision code 9610), and personal articles by post."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Literal

from contracts.base import OrderLine
from contracts.carrier import ParcelScanned
from contracts.vocabularies import OrderRefusal
from services.customs.destinations.cn.ceb import BEIJING
from services.customs.destinations.cn.postal_tax import postal_tax
from services.customs.destinations.cn.retail_tax import retail_tax, taxable_values
from services.customs.destinations.cn.statutory_units import LITRES, litres_of_one
from services.customs.regimes.base import Refusal, Sums
from services.customs.regimes.rows import Headings
from services.customs.regimes.tables import Tables
from services.customs.regimes.tariff import HS6, TariffLine
from services.customs.regimes.taxes import Finding, Tax

ARRIVED = frozenset({"arrived_destination", "import_customs"})
PAST_CUSTOMS = frozenset(
    {
        "import_cleared",
        "in_destination_network",
        "at_delivery_office",
        "out_for_delivery",
        "available_for_pickup",
        "delivered",
    }
)


@dataclass(frozen=True, slots=True)
class Cbec9610:
    """Direct purchase, parcel by parcel: order, payment and waybill must match, then the inventory is declared.

    Limits for a transaction and for a person's year, and a positive list (Cai Guan Shui [2016] 18, [2018] 49).
    """

    tables: Tables
    name: Literal["cbec_9610"] = "cbec_9610"
    documents: tuple[str, ...] = ("identity", "order", "payment", "waybill", "inventory")

    def day(self, instant: datetime) -> date:
        return instant.astimezone(BEIJING).date()

    def value(self, sums: Sums) -> Decimal:
        return sums.taxable

    def judge(self, lines: Sequence[OrderLine], sums: Sums, day: date) -> Refusal | Tax:
        barred = _barred(self.tables, lines, day)
        if barred is not None:
            return barred
        listed: list[tuple[OrderLine, str]] = []
        for line in lines:
            if self.tables.tariff.ended(line.hs_code, day):
                return self._unknown(line, day)
            code = self.tables.positive_list.line(line.hs_code, day)
            if code is None:
                return Refusal("not_on_positive_list", line.sku)
            listed.append((line, code))
        kept_out = self.tables.list_notes.refused(listed, day)
        if kept_out is not None:
            return Refusal("not_on_positive_list", kept_out.sku)
        above = self.value(sums) > self.tables.cbec_transaction.on(day)
        if above and not self._passes_whole(lines, day):
            return Refusal("over_transaction_limit")
        taxable = taxable_values(lines, sums)
        known: list[TariffLine] = []
        for line, tariff_line in zip(lines, self._tariff_lines(lines, taxable, day), strict=True):
            if tariff_line is None:
                return self._unknown(line, day)
            known.append(tariff_line)
        tax = retail_tax(lines, taxable, known, self.tables.cbec_tax_percent.on(day), full=above)
        limited = (Finding("list_note", line.sku) for line in self.tables.list_notes.limited(listed, day))
        return replace(tax, findings=(*tax.findings, *self._undeclarable(lines, known, tax.findings), *limited))

    def _undeclarable(
        self, lines: Sequence[OrderLine], known: Sequence[TariffLine], findings: Sequence[Finding]
    ) -> Iterator[Finding]:
        """What the inventory must state and the order does not: it would be a case once the parcel has left."""
        for line, of in zip(lines, known, strict=True):
            missing = Finding("content_missing", line.sku)
            if LITRES in (of.unit1, of.unit2) and not litres_of_one(of, line) and missing not in findings:
                yield missing
            if line.origin not in self.tables.codes.country:
                yield Finding("origin_without_code", line.sku)

    def codes(self, lines: Sequence[OrderLine], sums: Sums, day: date) -> Mapping[int, str]:
        tariff_lines = self._tariff_lines(lines, taxable_values(lines, sums), day)
        return {line.line: code.code for line, code in zip(lines, tariff_lines, strict=True) if code is not None}

    def declarable(self, lines: Sequence[OrderLine], sums: Sums, day: date) -> bool:
        codes, tables = self.codes(lines, sums, day), self.tables
        return all(
            tables.tariff.line(codes.get(line.line, ""), day) and line.origin in tables.codes.country for line in lines
        )

    def changes_at(self, day: date) -> Mapping[str, Decimal]:
        transaction = self.tables.cbec_transaction.on(day)
        return {
            "over_transaction_limit": transaction,
            **({"full_tax": transaction} if self.tables.cbec_indivisible.find(day) else {}),
            "over_yearly_limit": self.tables.cbec_yearly.on(day),
        }

    def rules(self, day: date) -> tuple[str, ...]:
        limits = (self.tables.cbec_transaction, self.tables.cbec_yearly, self.tables.cbec_tax_percent)
        files = (self.tables.versions[file] for file in ("goods", "list_notes", "tariff", "codes", "lanes"))
        return (*(limit.version(day) for limit in limits), *files)

    def _tariff_lines(
        self, lines: Sequence[OrderLine], taxable: Sequence[Decimal], day: date
    ) -> list[TariffLine | None]:
        tables = self.tables
        return [
            tables.tariff.find(
                line,
                tables.positive_list.line(line.hs_code, day) or line.hs_code[:HS6],
                day,
                value / line.quantity,
                endangered=tables.is_endangered(line, day),
            )
            for line, value in zip(lines, taxable, strict=True)
        ]

    def _unknown(self, line: OrderLine, day: date) -> Refusal:
        return Refusal("tariff_code_unknown", line.sku, self.tables.tariff.choices(line.hs_code, day, self._may_come))

    def _may_come(self, code: str, day: date) -> bool:
        """Whether goods of this code of the tariff may come in this way at all."""
        barred = (self.tables.prohibited, self.tables.barred_from_air)
        return self.tables.positive_list.line(code, day) is not None and not any(
            headings.cover(code, day) for headings in barred
        )

    def _passes_whole(self, lines: Sequence[OrderLine], day: date) -> bool:
        """One indivisible article may exceed the transaction's limit, at full duty ([2018] 49)."""
        return bool(self.tables.cbec_indivisible.find(day)) and sum(line.quantity for line in lines) == 1

    def yearly_limit(self, day: date) -> Decimal | None:
        return self.tables.cbec_yearly.on(day)

    def returnable_until(self, released: datetime) -> datetime | None:
        """Days are Beijing's, and the last one counts whole."""
        first = self.day(released)
        last = first + timedelta(days=int(self.tables.cbec_return_days.on(first)))
        return datetime.combine(last, time.max, BEIJING).astimezone(UTC)

    def cleared_by(self, scans: Sequence[ParcelScanned]) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class PersonalPostal:
    """Personal articles by post: a limit for the value, no documents of ours; the post presents the CN23.

    The limit is for a parcel; it is judged on the order, so that splitting one changes nothing (GACC 176/2024).
    """

    tables: Tables
    name: Literal["personal_postal"] = "personal_postal"
    documents: tuple[str, ...] = ()

    def day(self, instant: datetime) -> date:
        return instant.astimezone(BEIJING).date()

    def value(self, sums: Sums) -> Decimal:
        return sums.goods

    def judge(self, lines: Sequence[OrderLine], sums: Sums, day: date) -> Refusal | Tax:
        barred = _barred(self.tables, lines, day) or _first(lines, self.tables.barred_by_post, "prohibited_goods", day)
        if barred is not None:
            return barred
        if self.value(sums) > self.tables.postal_parcel.on(day):
            return Refusal("over_postal_limit")
        tables = self.tables
        return postal_tax(lines, self.value(sums), tables.postal_bands, tables.postal_tax_waived.on(day), day)

    def codes(self, lines: Sequence[OrderLine], sums: Sums, day: date) -> Mapping[int, str]:
        return {line.line: line.hs_code for line in lines}

    def declarable(self, lines: Sequence[OrderLine], sums: Sums, day: date) -> bool:
        return True

    def changes_at(self, day: date) -> Mapping[str, Decimal]:
        return {
            "over_postal_limit": self.tables.postal_parcel.on(day),
            "tax_not_waived": self.tables.postal_tax_waived.on(day),
        }

    def rules(self, day: date) -> tuple[str, ...]:
        limits = (self.tables.postal_parcel, self.tables.postal_tax_waived)
        files = (self.tables.versions[file] for file in ("goods", "postal_bands", "lanes"))
        return (*(limit.version(day) for limit in limits), *files)

    def yearly_limit(self, day: date) -> Decimal | None:
        return None

    def returnable_until(self, released: datetime) -> datetime | None:
        return None

    def cleared_by(self, scans: Sequence[ParcelScanned]) -> bool:
        """A scan that only a released parcel gets, or a release that is not before the arrival in China."""
        if any(scan.status in PAST_CUSTOMS for scan in scans):
            return True
        arrived = min((scan.scanned_at for scan in scans if scan.status in ARRIVED), default=None)
        return arrived is not None and any(
            scan.status == "customs_released" and scan.scanned_at >= arrived for scan in scans
        )


def _barred(tables: Tables, lines: Sequence[OrderLine], day: date) -> Refusal | None:
    return _first(lines, tables.prohibited, "prohibited_goods", day) or _first(
        lines, tables.barred_from_air, "dangerous_goods", day
    )


def _first(lines: Sequence[OrderLine], headings: Headings, reason: OrderRefusal, day: date) -> Refusal | None:
    return next((Refusal(reason, line.sku) for line in lines if headings.cover(line.hs_code, day)), None)
