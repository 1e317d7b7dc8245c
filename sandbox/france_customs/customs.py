"""French export customs: a declaration that is complete is released at once with its MRN, or refused.

The LRN is the declarant's own reference: the same LRN again is the same declaration. A refused declaration is not
registered, so that it may come again, corrected.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from sandbox.france_customs.mrn import mrn
from sandbox.scenarios import AssignedScenarios


class Amount(BaseModel):
    amount: Annotated[Decimal, Field(ge=0, max_digits=14, decimal_places=2)]
    currency: Literal["EUR", "CNY"]


class Article(BaseModel):
    description: Annotated[str, Field(min_length=1, max_length=512)]
    hs_code: Annotated[str, Field(pattern=r"^(\d{6}|\d{8}|\d{10})$")]
    origin: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    quantity: Annotated[int, Field(ge=1)]
    net_weight_g: Annotated[int, Field(ge=1)]
    value: Amount


class Declaration(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    lrn: Annotated[str, Field(min_length=1, max_length=64)]
    eori: Annotated[str, Field(pattern=r"^(FR\d{9}|([A-EG-Z][A-Z]|F[A-QS-Z])[A-Z0-9]{1,15})$")]
    """France: FR and the SIREN, nine digits; the SIRET is refused since 1 January 2026."""
    sub_order: Annotated[str, Field(min_length=1, max_length=70)]
    consignee_country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    total: Amount
    """Of the invoice: what the goods are worth."""
    carriage: Amount
    gross_weight_g: Annotated[int, Field(ge=1)]
    articles: Annotated[list[Article], Field(min_length=1)]


class Invalidation(BaseModel):
    """The request (IE514): it names the declaration twice, so that a slip in the number invalidates no other."""

    model_config = ConfigDict(hide_input_in_errors=True)

    lrn: Annotated[str, Field(min_length=1, max_length=64)]
    reason: Literal["withdrawn", "repacked"]


INVALIDATED_AFTER = timedelta(minutes=10)
EXIT_AFTER = timedelta(days=2)
"""From the release until the office of exit reports that the goods have left."""


@dataclass(slots=True)
class Released:
    lrn: str
    mrn: str
    sub_order: str
    released_at: datetime
    exits: bool = True
    invalidation_asked_at: datetime | None = None

    def as_json(self) -> dict[str, str]:
        return {"lrn": self.lrn, "mrn": self.mrn, "status": "released"}

    def status(self, now: datetime) -> str:
        """Whichever came first: customs' decision to invalidate, or the exit."""
        requested_at = self.invalidation_asked_at
        if requested_at is not None:
            return "invalidated" if now >= requested_at + INVALIDATED_AFTER else "invalidation_requested"
        return "exited" if self.exits and now >= self.released_at + EXIT_AFTER else "released"

    def state(self, now: datetime) -> dict[str, str]:
        exited_at = self.released_at + EXIT_AFTER
        status = self.status(now)
        if status == "invalidation_requested":
            status = "released"
        exit_ = {"exited_at": exited_at.isoformat(), "exit_reference": f"IE599-{self.mrn}"}
        return {**self.as_json(), "status": status, **(exit_ if status == "exited" else {})}


class Refused(Exception):
    """The declaration is refused: why, and which field of it."""

    def __init__(self, code: str, pointer: str) -> None:
        super().__init__(f"{pointer}: {code}")
        self.code, self.pointer = code, pointer


class FranceCustoms:
    def __init__(self, scenarios: AssignedScenarios, first_serial: int) -> None:
        self._scenarios = scenarios
        self._serials = itertools.count(first_serial)
        self.released: dict[str, Released] = {}
        """By LRN, in the order of their release."""

    def declare(self, declaration: Declaration, now: datetime) -> Released:
        """Raises Refused. The LRN is not released yet."""
        refusal = self._scenarios.of(declaration.sub_order).export_refusal
        if refusal:
            raise Refused(refusal, "/articles/0/hs_code")
        if sum(article.net_weight_g for article in declaration.articles) > declaration.gross_weight_g:
            raise Refused("net_over_gross", "/gross_weight_g")
        number = mrn(now.year, "FR", next(self._serials))
        exits = not self._scenarios.of(declaration.sub_order).exit_unconfirmed
        released = Released(declaration.lrn, number, declaration.sub_order, now, exits)
        self.released[declaration.lrn] = released
        return released

    def by_mrn(self, mrn: str) -> Released | None:
        return next((released for released in self.released.values() if released.mrn == mrn), None)

    def invalidate(self, mrn: str, request: Invalidation, now: datetime) -> Released:
        """Asked for again it is the same request. Raises Refused."""
        released = self.by_mrn(mrn)
        if released is None or released.lrn != request.lrn:
            raise Refused("unknown_declaration", "/lrn")
        if released.status(now) == "exited":
            raise Refused("goods_have_left", "")
        released.invalidation_asked_at = released.invalidation_asked_at or now
        return released
