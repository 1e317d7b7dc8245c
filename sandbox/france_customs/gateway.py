"""The French export gateway. DELTA IE's interface is not public: this shape is our own, what it decides is customs'.

A declaration that can stand is released at once with its MRN. The LRN is the declarant's own reference: the same one
again is the same declaration. A refused one is not registered, so that it may come again corrected.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.identifiers import mrn
from sandbox.world import World


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
    gross_weight_g: Annotated[int, Field(ge=1)]
    articles: Annotated[list[Article], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Released:
    declaration: Declaration
    mrn: str
    at: datetime

    def as_json(self) -> dict[str, str]:
        return {"lrn": self.declaration.lrn, "mrn": self.mrn, "status": "released"}


def app(world: World) -> Starlette:
    async def declare(request: Request) -> Response:
        now = world.advance()
        try:
            declaration = Declaration.model_validate_json(await request.body())
        except ValidationError as error:
            faults = [{"code": fault["type"], "pointer": _pointer(fault["loc"])} for fault in error.errors()]
            return _refused(None, faults)
        known = world.exports.get(declaration.lrn)
        if known is not None:
            return JSONResponse(known)
        refused_for = world.book.of(declaration.sub_order).export_refusal
        if refused_for:
            return _refused(declaration.lrn, [{"code": refused_for, "pointer": "/articles/0/hs_code"}])
        if sum(article.net_weight_g for article in declaration.articles) > declaration.gross_weight_g:
            return _refused(declaration.lrn, [{"code": "net_over_gross", "pointer": "/gross_weight_g"}])
        released = Released(declaration, mrn(now.year, "FR", world.next_serial()), now)
        world.exports[declaration.lrn] = released.as_json()
        world.export_account.append(
            {**released.as_json(), "sub_order": declaration.sub_order, "received_at": now.isoformat()}
        )
        return JSONResponse(released.as_json(), 201)

    return Starlette(routes=[Route("/export-declarations", declare, methods=["POST"])])


def _refused(lrn: str | None, errors: list[dict[str, str]]) -> Response:
    return JSONResponse({"lrn": lrn, "status": "refused", "errors": errors}, 422)


def _pointer(location: tuple[int | str, ...]) -> str:
    return "".join(f"/{part}" for part in location)
