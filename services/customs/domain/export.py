"""The export declaration: its numbers, the CN23, the request to the gateway and its answer. Pure.

DELTA IE's own interface is not public: the gateway's shape is ours.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

from stdnum import iso6346

from contracts.base import Money, Parcel
from contracts.customs import Article, Cn23, OrderScreened, ParcelDeclared
from contracts.orders import OrderPlaced
from shared.http.json_reader import read_leniently

_MRN = re.compile(r"[0-9]{2}[A-Z]{2}[A-Z0-9]{13}[0-9F]")
_MRN_BODY = 17
_IMPORT_NUMBER = 20
REFUSALS = frozenset({"invalid_field", "net_over_gross", "prohibited_goods", "unknown_declaration", "goods_have_left"})
"""The gateway's codes of refusals. Any other text, which may hold anything, becomes `unknown`: a refusal's code is
published."""
_REFERENCE = re.compile(r"[A-Za-z0-9-]{1,64}").fullmatch


class Unreadable(ValueError):
    """An answer that is not one of the gateway's shapes."""


def valid_mrn(mrn: str) -> bool:
    """Form and check character of a movement reference number.

    The last character is computed like a container number's over the first 17 (DG XXI/0879/99). `F` in its place is
    a form without a check.
    """
    return _MRN.fullmatch(mrn) is not None and mrn[-1] in ("F", str(iso6346.calc_check_digit(mrn[:_MRN_BODY])))


def lrn(order_id: UUID, parcel: int) -> str:
    """The local reference number (at most 22 characters), derived so that a repeated request is the same one."""
    name = uuid5(order_id, f"export-declaration|{parcel}")
    return "SP" + base64.b32encode(name.bytes[:12]).decode().rstrip("=")


def sub_order(placed: OrderPlaced, parcel: int) -> str:
    """The number under which one parcel of an order is declared everywhere."""
    return f"{placed.number}-{parcel}"


def import_number(placed: OrderPlaced, screened: OrderScreened, parcel: int) -> str:
    """The declarant's own number of an import declaration, at most 20 characters, derived from the order id, since two
    marketplaces may use one order number. An order that was screened before this rule (`own_numbers` is false) keeps
    its sub-order's number, unless that is longer."""
    number = sub_order(placed, parcel)
    if not screened.own_numbers and len(number) <= _IMPORT_NUMBER:
        return number
    name = uuid5(placed.order_id, f"import-declaration|{parcel}")
    return "SP" + base64.b32encode(name.bytes).decode()[: _IMPORT_NUMBER - 2]


def cn23(placed: OrderPlaced, parcel: Parcel, postal_charges: Money) -> Cn23:
    """The CN23 without its persons: an article a line, net weights as packed, the gross weight the scale's."""
    lines = {line.line: line for line in placed.lines}
    quantities: dict[int, int] = {}
    weights: dict[int, int] = {}
    for content in parcel.contents:
        quantities[content.line] = quantities.get(content.line, 0) + content.quantity
        weights[content.line] = weights.get(content.line, 0) + content.net_weight_g
    return Cn23(
        articles=tuple(
            Article(
                description=lines[number].description,
                quantity=quantities[number],
                net_weight_g=weights[number],
                unit_value=lines[number].unit_price,
                hs_code=lines[number].hs_code,
                origin=lines[number].origin,
            )
            for number in sorted(quantities)
        ),
        gross_weight_g=parcel.weight_g,
        postal_charges=postal_charges,
        invoice_number=sub_order(placed, parcel.parcel),
    )


def declaration(placed: OrderPlaced, declared: ParcelDeclared) -> dict[str, Any]:
    """The body of `POST /export-declarations`. It names no person.

    `total` is the invoice's: the value of the goods, whatever coupons paid for a part of it. What the shopper paid for
    China's tax is no part of it, and carriage with its insurance stands beside it.
    """
    form, parcel = declared.cn23, declared.parcel
    carriage = declared.freight + declared.insurance if declared.insurance else declared.freight
    return {
        "lrn": lrn(placed.order_id, parcel),
        "eori": declared.eori,
        "sub_order": sub_order(placed, parcel),
        "consignee_country": placed.country,
        "total": _amount(declared.goods),
        "carriage": _amount(carriage),
        "gross_weight_g": form.gross_weight_g,
        "articles": [
            {
                "description": article.description,
                "hs_code": article.hs_code,
                "origin": article.origin,
                "quantity": article.quantity,
                "net_weight_g": article.net_weight_g,
                "value": _amount(article.unit_value * article.quantity),
            }
            for article in form.articles
        ],
    }


def _amount(money: Money) -> dict[str, str]:
    return {"amount": f"{money.amount:.2f}", "currency": money.currency}


@dataclass(frozen=True, slots=True)
class Released:
    """The gateway released the goods for export."""

    mrn: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The gateway will not have this declaration; sending it again changes nothing."""

    code: str


def read_answer(body: bytes) -> Released | Refused:
    """The gateway's 200, 201 or 422. Unreadable when it is anything else; the MRN is not judged here."""
    answer = _json(body)
    match answer:
        case {"status": "released", "mrn": str(mrn)}:
            return Released(mrn)
        case {"status": "refused"}:
            return Refused(_first_code(answer.get("errors")))
    raise Unreadable("neither released nor refused")


@dataclass(frozen=True, slots=True)
class Invalidated:
    """The declaration counts no more."""


@dataclass(frozen=True, slots=True)
class Undecided:
    """Customs has the request, and has not decided."""


@dataclass(frozen=True, slots=True)
class Exited:
    """The office of exit's confirmation, under its reference."""

    exited_at: datetime
    reference: str


@dataclass(frozen=True, slots=True)
class NotExited:
    """No exit is known."""


def read_invalidation(body: bytes) -> Invalidated | Undecided | Refused:
    """The gateway's 200, 202 or 422 to a request for invalidation. Unreadable when it is anything else."""
    match _json(body):
        case {"status": "invalidated"}:
            return Invalidated()
        case {"status": "invalidation_requested"}:
            return Undecided()
        case {"status": "refused", **rest}:
            return Refused(_first_code(rest.get("errors")))
    raise Unreadable("no answer to an invalidation")


def read_exit(body: bytes) -> Exited | NotExited:
    """Whether the goods of a released declaration have left. Unreadable when the answer does not say it."""
    match _json(body):
        case {"status": "exited", "exited_at": str(exited_at), "exit_reference": str(reference)} if _REFERENCE(
            reference
        ):
            try:
                stated = datetime.fromisoformat(exited_at)
                instant = stated.astimezone(UTC)
            except (ValueError, OverflowError):
                raise Unreadable("no time of exit") from None
            if stated.tzinfo is None:
                raise Unreadable("a time of exit without its zone")
            return Exited(instant, reference)
        case {"status": "released" | "invalidated"}:
            return NotExited()
    raise Unreadable("neither exited nor released")


def _json(body: bytes) -> Any:
    try:
        return read_leniently(body)
    except ValueError:
        raise Unreadable("not JSON") from None


def _first_code(errors: object) -> str:
    match errors:
        case [{"code": str(code)}, *_] if code in REFUSALS:
            return code
    return "unknown"
