"""La Poste's label service (Colissimo SLS, REST 2.0): `generateLabel`, `checkGenerateLabel`, which only checks,
`getLabel`, which prints a label again by its number, and `getProductInter`, which tells what a country allows.

Like La Poste's it has no idempotency key, no cancellation and no look-up by the sender's reference.
"""

from __future__ import annotations

import hmac
import json
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.laposte import bordereau, pdf, zpl
from sandbox.laposte.multipart import related
from sandbox.laposte.parcels import LaPoste
from sandbox.laposte.printed import PrintedParcel, printed_parcel
from sandbox.laposte.sls_checks import (
    BAD_CREDENTIALS,
    BAD_FORMAT,
    BY_DEFAULT,
    NOT_READABLE,
    PRODUCT_INTER_FIELDS,
    RETURN_CHOICES,
    UNKNOWN_PARCEL,
    Format,
    SlsMessage,
    cn23_format,
    destination,
    label_format,
    product_inter_refusals,
    products_to,
    refusals,
    text_at,
)
from sandbox.scheduler import Advance

BASE = "/SlsServiceWSRest/2.0"
SUCCESS = {
    "id": "0",
    "type": "INFOS",
    "messageContent": "La requête a été traitée avec succès",
    "replacementValues": [],
}
MOST_PRINTED_AGAIN = 5_000
"""Of so many parcels, the latest, what was printed is kept."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Of who may ask for labels: contract number and password in the body, or a key in the header `apiKey`.

    An empty one accepts every value that is not empty.
    """

    contract_number: str
    password: str
    api_key: str = ""

    def admit(self, request: Request, body: dict[str, Any]) -> bool:
        offered = request.headers.get("apiKey")
        if offered is not None:
            return matches(offered, self.api_key)
        number, password = text_at(body, "contractNumber"), text_at(body, "password")
        return self.admit_account(number, password)

    def admit_reprint(self, request: Request) -> bool:
        """`getLabel` has the old form in headers too."""
        offered = request.headers.get("apiKey")
        if offered is not None:
            return matches(offered, self.api_key)
        return self.admit_account(request.headers.get("login", ""), request.headers.get("password", ""))

    def admit_account(self, number: str, password: str) -> bool:
        return matches(number, self.contract_number) and matches(password, self.password)


def matches(offered: str, expected: str) -> bool:
    """Compares in constant time; an empty offer never matches."""
    return bool(offered) and (not expected or hmac.compare_digest(offered.encode(), expected.encode()))


def app(laposte: LaPoste, advance: Advance, credentials: Credentials) -> Starlette:
    printed: OrderedDict[str, tuple[PrintedParcel, Format]] = OrderedDict()

    async def generate(request: Request) -> Response:
        body = _object(await request.body())
        refusal = _refusal(request, body, credentials)
        if refusal is not None:
            return refusal
        now = advance()
        letter = body["letter"]
        # The longer of the two: a long number of an order fits into no other.
        reference = text_at(letter, "service", "orderNumber") or text_at(letter, "sender", "senderParcelRef")
        parcel = laposte.announce(reference, destination(body), now)
        papers = printed_parcel(parcel.number, reference, body), cn23_format(body) or BY_DEFAULT
        printed[parcel.number] = papers
        if len(printed) > MOST_PRINTED_AGAIN:
            printed.popitem(last=False)
        return _papers(*papers, label_format(text_at(body, "outputFormat", "outputPrintingType")))

    async def reprint(request: Request) -> Response:
        body = _object(await request.body())
        if not credentials.admit_reprint(request):
            return _errors([BAD_CREDENTIALS], status=401)
        papers = printed.get(text_at(body, "parcelNumber"))
        if papers is None:
            return _errors([UNKNOWN_PARCEL])
        return _papers(*papers, label_format(text_at(body, "outputPrintingType")))

    async def check(request: Request) -> Response:
        body = _object(await request.body())
        return _refusal(request, body, credentials) or JSONResponse(_label_json(None))

    async def product_inter(request: Request) -> Response:
        body = _object(await request.body())
        if not body or body.keys() - PRODUCT_INTER_FIELDS:
            return _errors([NOT_READABLE])
        if not credentials.admit(request, body):
            return _errors([BAD_CREDENTIALS], status=401)
        country, product = text_at(body, "countryCode"), text_at(body, "productCode")
        if faults := product_inter_refusals(product, country):
            return _errors(faults)
        allowed = {"product": sorted(products_to(country)), "partnerType": None, "returnTypeChoice": RETURN_CHOICES}
        return JSONResponse({"messages": [SUCCESS], **allowed})

    return Starlette(
        routes=[
            Route(f"{BASE}/generateLabel", generate, methods=["POST"]),
            Route(f"{BASE}/checkGenerateLabel", check, methods=["POST"]),
            Route(f"{BASE}/getLabel", reprint, methods=["POST"]),
            Route(f"{BASE}/getProductInter", product_inter, methods=["POST"]),
            bordereau.route(BASE, laposte, advance, credentials.admit),
        ]
    )


def _object(body: bytes) -> dict[str, Any]:
    """The JSON object in the body; an empty one, which is refused, when there is none."""
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _refusal(request: Request, body: dict[str, Any], credentials: Credentials) -> Response | None:
    if not body:
        return _errors([NOT_READABLE])
    if not credentials.admit(request, body):
        return _errors([BAD_CREDENTIALS], status=401)
    faults = refusals(body)
    return _errors(faults) if faults else None


def _errors(messages: list[SlsMessage], status: int = 400) -> Response:
    return Response(
        json.dumps({"messages": [message.as_json() for message in messages]}, ensure_ascii=False),
        status,
        media_type="application/json;charset=UTF-8",
    )


def _label_json(number: str | None) -> dict[str, object]:
    answer = {
        "parcelNumber": number,
        "parcelNumberPartner": None,
        "pdfUrl": None,
        "fields": {"field": [], "customField": [{"key": "NETWORK_NAME", "value": "EMS"}]},
    }
    return {
        "messages": [SUCCESS],
        "labelXmlV2Reponse": None,
        "labelV2Response": answer if number else None,
    }


def _papers(parcel: PrintedParcel, cn23: Format, label: Format | None) -> Response:
    if label is None:
        return _errors([BAD_FORMAT])
    return related(_parts(parcel, cn23, label))


def _parts(parcel: PrintedParcel, cn23: Format, label: Format) -> list[tuple[str, str, bytes]]:
    """Content-ID, media type and bytes of each part."""
    label_json = json.dumps(_label_json(parcel.number), ensure_ascii=False).encode()
    parts = [
        ("<jsonInfos>", "application/json;charset=UTF-8", label_json),
        ("<label>", "application/octet-stream", _label(parcel, label)),
    ]
    if parcel.articles and not label.on_one_page:
        parts.append(("<cn23>", "application/octet-stream", _cn23(parcel, cn23)))
    return parts


def _label(parcel: PrintedParcel, form: Format) -> bytes:
    with_cn23 = form.on_one_page and bool(parcel.articles)
    if form.language == "ZPL":
        return zpl.label(parcel, form.size, form.dpi, with_cn23=with_cn23)
    return pdf.label(parcel, form.size, with_cn23=with_cn23)


def _cn23(parcel: PrintedParcel, form: Format) -> bytes:
    if form.language == "ZPL":
        return zpl.cn23(parcel, form.dpi)
    return pdf.cn23(parcel, form.size)
