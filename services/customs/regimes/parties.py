"""The firms behind an order: by marketplace, and of exports by vendor, each on its days. Agreements, so data.

A shop that sells on a platform of many has a key, and so a marketplace, of its own: platform and shop are one row.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeVar, cast

from stdnum.exceptions import ValidationError
from stdnum.fr import siren

from services.customs.regimes.rows import Dated
from services.customs.regimes.rule_files import RuleFile

Guarantor = Literal["agent", "seller", "logistics"]
"""Who guarantees the tax."""
_EORI_FR = re.compile(r"FR(\d{9})")


@dataclass(frozen=True, slots=True)
class Party:
    """A firm as registered with China's customs."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class AgreedParties(Dated):
    """Those of one marketplace; None: the settings name the firm."""

    platform: Party | None
    seller: Party | None
    """The shop."""
    agent: Party | None
    logistics: Party | None
    payment_code: str | None
    guarantor: Guarantor | None
    valid_from: date
    valid_to: date | None


@dataclass(frozen=True, slots=True)
class Exporter(Dated):
    """A vendor that exports in its own name."""

    eori: str
    valid_from: date
    valid_to: date | None


R = TypeVar("R", bound=Dated)


@dataclass(frozen=True, slots=True)
class Agreements:
    by_marketplace: Mapping[str, tuple[AgreedParties, ...]]
    by_vendor: Mapping[str, tuple[Exporter, ...]]

    def parties(self, marketplace: str, day: date) -> AgreedParties | None:
        """What is agreed for the marketplace's orders of that day."""
        return _on(self.by_marketplace.get(marketplace, ()), day)

    def exporter(self, vendors: Collection[str | None], day: date) -> Exporter | None:
        """The vendor whose goods these all are, if it exports in its own name. `None` among `vendors`: an unknown
        owner."""
        vendor = next(iter(set(vendors))) if len(set(vendors)) == 1 else None
        return None if vendor is None else _on(self.by_vendor.get(vendor, ()), day)

    @property
    def all_parties(self) -> tuple[AgreedParties, ...]:
        return tuple(row for rows in self.by_marketplace.values() for row in rows)


def valid_eori(eori: str) -> bool:
    """A French EORI: FR and the nine digits of a SIREN, whose check is Luhn's. SIRET forms ended with 2025."""
    match = _EORI_FR.fullmatch(eori)
    if match is None:
        return False
    try:
        siren.validate(match.group(1))
    except ValidationError:
        return False
    return True


def load(file: RuleFile) -> Agreements:
    """The agreements of a file that was checked."""
    return Agreements(
        _grouped((row.columns["marketplace"], _agreed(row.columns)) for row in file.rows("parties")),
        _grouped((row.columns["vendor"], _exporter(row.columns)) for row in file.rows("exporters")),
    )


def _on(rows: Iterable[R], day: date) -> R | None:
    return next((row for row in rows if row.holds(day)), None)


def _grouped(named: Iterable[tuple[str, R]]) -> Mapping[str, tuple[R, ...]]:
    groups: dict[str, tuple[R, ...]] = {}
    for name, row in named:
        groups[name] = (*groups.get(name, ()), row)
    return groups


def _agreed(row: Mapping[str, str]) -> AgreedParties:
    def party(role: str) -> Party | None:
        return Party(row[f"{role}_code"], row[f"{role}_name"]) if row[f"{role}_code"] else None

    return AgreedParties(
        platform=party("platform"),
        seller=party("seller"),
        agent=party("agent"),
        logistics=party("logistics"),
        payment_code=row["payment_code"] or None,
        guarantor=cast(Guarantor, row["guarantor"]) if row["guarantor"] else None,
        valid_from=date.fromisoformat(row["from"]),
        valid_to=date.fromisoformat(row["to"]) if row["to"] else None,
    )


def _exporter(row: Mapping[str, str]) -> Exporter:
    return Exporter(
        eori=row["eori"],
        valid_from=date.fromisoformat(row["from"]),
        valid_to=date.fromisoformat(row["to"]) if row["to"] else None,
    )
