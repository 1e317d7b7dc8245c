"""Colissimo's SLS `getProductInter`: what may be done with a parcel of a country that cannot be delivered. Pure.

Source: La Poste's OpenAPI of SLS: "the return options compatible with the requested destination (e.g. paid return, do
not return)", as texts in `returnTypeChoice`. That 2 is the paid return and 3 "do not return" is from public clients,
unconfirmed. It gives no number of days.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from services.carrier.carriers.laposte.label_request import Contract
from services.carrier.carriers.laposte.labels import read_check_answer
from services.carrier.domain.carrier import LabelPossible, TryLater, Unexplained
from services.carrier.domain.undeliverable import ReturnOptions, ReturnOptionsAnswer
from shared.http.counterpart_answer import Answer
from shared.http.json_reader import read_leniently

MOST_CHOICES = 9
_CHOICE = re.compile(r"[1-9]")


def product_inter_request(product: str, country: str, contract: Contract) -> bytes:
    """The body. Number and password only where there is no key in the header."""
    body: dict[str, Any] = {
        "productCode": product,
        "countryCode": country,
        "insurance": False,
        "nonMachinable": False,
        "returnReceipt": False,
    }
    if not contract.api_key:
        body = {"contractNumber": contract.number, "password": contract.password, **body}
    return json.dumps(body).encode()


def read_product_inter_answer(answer: Answer, product: str) -> ReturnOptionsAnswer:
    """What the answer means. It allows what it lists for this product; an answer without such a list is ignored."""
    match read_check_answer(answer):
        case LabelPossible():
            return _options(read_leniently(answer.body), product)
        case TryLater() as later:
            return later
        case refused:
            return Unexplained(refused.reason)


def _options(infos: Mapping[str, Any], product: str) -> ReturnOptionsAnswer:
    products, choices = infos.get("product"), infos.get("returnTypeChoice")
    if not isinstance(products, list) or product not in products:
        return Unexplained("sls:product_not_listed")
    if (
        not isinstance(choices, list)
        or len(choices) > MOST_CHOICES
        or not all(isinstance(choice, str) and _CHOICE.fullmatch(choice) for choice in choices)
    ):
        return Unexplained("sls:unreadable")
    return ReturnOptions(tuple(sorted({int(choice) for choice in choices})))
