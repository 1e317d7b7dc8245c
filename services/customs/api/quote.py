"""What an order would cost at the border: asked by marketplaces before the shopper pays."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from fastapi import APIRouter, Depends, Response

from services.customs.domain.decide import InForce
from services.customs.domain.quote import quote
from services.customs.regimes.rows import NoRule
from services.customs.schemas.quote import QuoteBody, QuoteView, quote_view
from services.routing import Routing
from shared.clock import Clock
from shared.faults import Fault
from shared.http.answers import json_answer
from shared.http.api_keys import Principal, Require
from shared.http.problems import Problem
from shared.http.routes import Route
from shared.ledger.facts import DecisionContext


def router(require: Require, clock: Clock, in_force: InForce, routing: Routing) -> APIRouter:
    routes = APIRouter(route_class=Route, tags=["quotes"])

    @routes.post("/customs/quote", summary="Quote the border's cost", response_model=QuoteView)
    async def quote_customs(
        body: QuoteBody, principal: Principal = Depends(require("marketplace", "service", operators=False))
    ) -> Response:
        """Lane, tax by line, landed cost and the documents that are needed, by the rules of today, the carrier that
        would take the order, and the code that decides the order when it comes. Nothing is kept. The buyer is not
        named, so the yearly limit is not judged.
        """
        if faults := list(_faults(body)):
            raise Problem(422, "invalid request", errors=faults)
        now = clock.now()
        try:
            quoted = quote(body.as_order(principal.name, routing, now), DecisionContext(now), in_force())
        except NoRule as gap:
            fault = Fault("body", "no_rule", f"Must be an order for which the table {gap.table} has a row on that day")
            raise Problem(422, "invalid request", errors=[fault]) from None
        return json_answer(quote_view(quoted, collected=body.collected is not None))

    return routes


def _faults(body: QuoteBody) -> Iterator[Fault]:
    """The rules across fields, as an order's body keeps them."""
    expected = body.freight.currency
    mixed = [field for field, currency in body.currencies().items() if currency != expected]
    for field in mixed:
        yield Fault(field, "currency_mixed", f"Must be {expected}, as the rest of the order")
    skus = [line.sku for line in body.lines]
    for place, sku in enumerate(skus):
        if sku in skus[:place]:
            yield Fault(f"lines[{place}].sku", "sku_repeated", "Must occur in one line only: add the quantities up")
    taxes = [line.tax for line in body.lines]
    without = [place for place, tax in enumerate(taxes) if tax is None]
    if len(without) < len(taxes):
        for place in without:
            yield Fault(
                f"lines[{place}].tax", "tax_not_on_every_line", "Must be there: other lines have one; or on no line"
            )
    whole = sum((tax.amount for tax in taxes if tax), Decimal("0.00"))
    if not mixed and body.tax and not without and body.tax.amount != whole:
        yield Fault("tax.amount", "tax_mismatch", f"Must be the sum of the lines' tax, which is {whole}")
    if not mixed and body.discount and body.discount.amount > body.before_discount():
        yield Fault("discount.amount", "discount_exceeds", "Must not be more than lines + freight + insurance + tax")
