"""Colissimo's SLS `generateBordereauByParcelsNumbers`: the request, and what its answers mean. Pure.

Success is HTTP 200, multipart, with a part `<jsonInfos>` that has `bordereauHeader.bordereauNumber`, and a part
`<deliveryPaper>`, the PDF. All parcels must have been made by the same account. Sources: La Poste's OpenAPI of SLS, and
La Poste's own modules for WooCommerce and Magento, which read the answer so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from services.carrier.carriers.laposte.label_request import Contract
from services.carrier.carriers.laposte.labels import LOST_STATUSES, read_check_answer, related_parts
from services.carrier.domain.bordereaux import BordereauAnswer, BordereauMade, BordereauRefused
from services.carrier.domain.carrier import AnswerLost, LabelPossible, TryLater
from services.carrier.domain.documents import is_pdf
from shared.http.counterpart_answer import Answer
from shared.http.json_reader import read_leniently

_NUMBER = re.compile(r"[0-9]{1,20}")


def bordereau_request(numbers: Sequence[str], contract: Contract) -> bytes:
    """The body. Number and password only where there is no key in the header: SLS calls them deprecated."""
    body: dict[str, Any] = {"generateBordereauParcelNumberList": {"parcelsNumbers": list(numbers)}}
    if not contract.api_key:
        body = {"contractNumber": contract.number, "password": contract.password, **body}
    return json.dumps(body).encode()


def read_bordereau_answer(answer: Answer) -> BordereauAnswer:
    """What the answer means. One that cannot be read after a success is a lost one: the list may exist."""
    if answer.status in LOST_STATUSES:
        return AnswerLost(f"sls:http_{answer.status}")
    parts, whole = related_parts(answer.content_type, answer.body)
    infos = parts.get("jsonInfos", b"") if parts else answer.body
    match read_check_answer(replace(answer, body=infos)):
        case LabelPossible():
            return _made(infos, parts if whole else {})
        case TryLater() as later:
            return later
        case refused if answer.status == 200 and refused.reason == "sls:unreadable":
            return AnswerLost(refused.reason)
        case refused:
            return BordereauRefused(refused.reason)


def _made(infos: bytes, parts: Mapping[str, bytes]) -> BordereauAnswer:
    header = read_leniently(infos).get("bordereauHeader")
    number = str(header.get("bordereauNumber")) if isinstance(header, Mapping) else ""
    if not _NUMBER.fullmatch(number):
        return AnswerLost("sls:bad_bordereau_number")
    pdf = parts.get("deliveryPaper", b"")
    return BordereauMade(number, pdf) if is_pdf(pdf) else AnswerLost("sls:bordereau_no_pdf")
