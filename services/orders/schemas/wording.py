"""What each field of an order must be, in words, with an example: for the answers to invalid bodies and for the page on
the service."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from shared.faults import Fault
from shared.http.wording import BUILT_IN

_MONEY = 'an object with amount and currency, e.g. {"amount": "12.50", "currency": "EUR"}'
_CURRENCY = "EUR or CNY"
_AMOUNT = 'an amount from 0 to 1000000000 with two decimals at most, e.g. "12.50"'
_POSITIVE_AMOUNT = 'an amount above 0 and up to 1000000000 with two decimals at most, e.g. "107.56"'
_NAME = "1 to 60 characters on one line, e.g. 李雷"
_PHONE = "5 to 40 characters: a mobile or fixed-line number of mainland China, without extension, e.g. 138 0013 8000"
_INSTANT = "a date and time with its offset, e.g. 2026-11-23T09:30:00+08:00"

REQUIREMENTS: Mapping[str, str] = {
    "body": "a JSON object",
    "number": "1 to 40 letters, digits, dots, hyphens or underscores, the first a letter or digit, e.g. A-2026-0001",
    "placed_at": f"{_INSTANT}; or null",
    "buyer": "an object with name, phone and resident_id",
    "buyer.name": _NAME,
    "buyer.phone": _PHONE,
    "buyer.resident_id": "18 characters, 17 digits and a digit or X, e.g. 11010519491231002X",
    "consignee": "an object with name, phone and address, and name_latin if it is known",
    "consignee.name": _NAME,
    "consignee.name_latin": "1 to 60 Latin letters on one line, e.g. Li Lei; or null",
    "consignee.phone": _PHONE,
    "consignee.address": "an object with province, city, district, street, postcode and country",
    "consignee.address.province": "a province by name or code, e.g. 广东省, Guangdong, CN-GD or 440000",
    "consignee.address.city": "a city by name or code, e.g. 深圳市, Shenzhen or 440300",
    "consignee.address.district": "a district by name or code in 60 characters at most, e.g. 南山区; or empty",
    "consignee.address.street": "1 to 120 characters on one line, e.g. 人民路1号",
    "consignee.address.postcode": "six digits, e.g. 518057",
    "consignee.address.country": "CN",
    "lines": "a list of 1 to 99 lines",
    "lines[]": "an object with sku, description, hs_code, origin, quantity and unit_price",
    "lines[].sku": "2 to 40 capital letters, digits or hyphens, the first no hyphen, e.g. SERUM-30",
    "lines[].description": "1 to 64 characters on one line, e.g. Face serum",
    "lines[].hs_code": "6, 8 or 10 digits, e.g. 33049900",
    "lines[].origin": "a country of ISO 3166-1 in two capital letters, e.g. FR",
    "lines[].quantity": "a whole number from 1 to 999, e.g. 2",
    "lines[].content": 'an object with amount and unit, e.g. {"amount": "50", "unit": "ml"}; or left out',
    "lines[].content.amount": 'an amount above 0 and up to 100000 with two decimals at most, e.g. "50"',
    "lines[].content.unit": "g, ml or piece",
    "lines[].documents": "a list of 5 documents at most",
    "lines[].documents[]": "an object with type, and number if it is a permit",
    "lines[].documents[].type": "a document of the EU's list in four characters, e.g. C400",
    "lines[].documents[].number": "1 to 64 letters, digits or marks without spaces, e.g. FR2600012345; or null",
    "lines[].unit_price": _MONEY,
    "lines[].unit_price.amount": 'an amount above 0 and up to 1000000 with two decimals at most, e.g. "39.90"',
    "lines[].unit_price.currency": _CURRENCY,
    "lines[].tax": f"{_MONEY}; or left out",
    "lines[].tax.amount": _AMOUNT,
    "lines[].tax.currency": _CURRENCY,
    "freight": _MONEY,
    "freight.amount": _AMOUNT,
    "freight.currency": _CURRENCY,
    "insurance": f"{_MONEY}; or left out",
    "insurance.amount": _AMOUNT,
    "insurance.currency": _CURRENCY,
    "discount": _MONEY,
    "discount.amount": _AMOUNT,
    "discount.currency": _CURRENCY,
    "tax": _MONEY,
    "tax.amount": _AMOUNT,
    "tax.currency": _CURRENCY,
    "total": _MONEY,
    "total.amount": _POSITIVE_AMOUNT,
    "total.currency": _CURRENCY,
    "payment": "an object with provider, transaction_id, paid_at and amount",
    "payment.provider": "1 to 60 characters on one line, e.g. Alipay",
    "payment.transaction_id": "1 to 60 characters on one line, e.g. 2026112300001",
    "payment.paid_at": _INSTANT,
    "payment.amount": _MONEY,
    "payment.amount.amount": _POSITIVE_AMOUNT,
    "payment.amount.currency": _CURRENCY,
    "language": "zh, fr or en",
}

_INDEX = re.compile(r"\[\d+\]")


def describe(error: Fault) -> Fault:
    """The error with a message that says what its field must be, unless its rule says more."""
    if error.rule not in BUILT_IN and error.rule != "blank":
        return error
    if error.rule == "extra_forbidden":
        return replace(error, message="Must not be there: an order has no such field")
    requirement = REQUIREMENTS.get(_INDEX.sub("[]", error.field))
    if requirement is None:
        return error
    start = "Must be there: " if error.rule == "missing" else "Must be "
    return replace(error, message=start + requirement)
