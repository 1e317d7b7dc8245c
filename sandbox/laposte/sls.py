"""La Poste's label service (Colissimo SLS, REST 2.0): `generateLabel`, and `checkGenerateLabel`, which only checks.

Like La Poste's it has no idempotency key, no cancellation and no look-up by the sender's reference.
"""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.laposte import bordereau
from sandbox.laposte.parcels import LaPoste, Parcel
from sandbox.laposte.pdf import page
from sandbox.laposte.sls_checks import (
    BAD_CREDENTIALS,
    NOT_READABLE,
    SlsMessage,
    destination,
    flag_at,
    refusals,
    text_at,
    value_at,
)
from sandbox.scheduler import Advance

BASE = "/SlsServiceWSRest/2.0"


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
        return matches(number, self.contract_number) and matches(password, self.password)


def matches(offered: str, expected: str) -> bool:
    """Compares in constant time; an empty offer never matches."""
    return bool(offered) and (not expected or hmac.compare_digest(offered.encode(), expected.encode()))


def app(laposte: LaPoste, advance: Advance, credentials: Credentials) -> Starlette:
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
        boundary = f"uuid:{uuid4()}"
        media_type = f'multipart/related; type="application/json"; boundary="{boundary}"; start="<jsonInfos>"'
        return Response(_multipart(boundary, _parts(parcel, body)), headers={"Content-Type": media_type})

    async def check(request: Request) -> Response:
        body = _object(await request.body())
        return _refusal(request, body, credentials) or JSONResponse(_label_json(None))

    return Starlette(
        routes=[
            Route(f"{BASE}/generateLabel", generate, methods=["POST"]),
            Route(f"{BASE}/checkGenerateLabel", check, methods=["POST"]),
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
    message = {"id": "0", "type": "INFOS", "messageContent": "La requête a été traitée avec succès"}
    return {
        "messages": [{**message, "replacementValues": []}],
        "labelXmlV2Reponse": None,
        "labelV2Response": answer if number else None,
    }


def _parts(parcel: Parcel, body: dict[str, Any]) -> list[tuple[str, str, bytes]]:
    """Content-ID, media type and bytes of each part. The documents of the sandbox bear no person's name."""
    label_json = json.dumps(_label_json(parcel.number), ensure_ascii=False).encode()
    letter = body["letter"]
    weight = f"{text_at(letter, 'parcel', 'weight')} kg"
    product = f"{text_at(letter, 'service', 'productCode')} FR -> {parcel.destination}"
    label = page(parcel.number, [product, weight, f"Ref. {parcel.sub_order}"])
    parts = [
        ("<jsonInfos>", "application/json;charset=UTF-8", label_json),
        ("<label>", "application/octet-stream", label),
    ]
    declared = value_at(letter, "customsDeclarations")
    if flag_at(declared, "includeCustomsDeclarations"):
        articles = value_at(declared, "contents", "article")
        names = ("quantity", "description", "hsCode", "originCountry", "weight", "value", "currency")
        lines = [" ".join(text_at(article, name) for name in names) for article in articles]
        parts.append(("<cn23>", "application/octet-stream", page(f"CN 23  {parcel.number}", [*lines, weight])))
    return parts


def _multipart(boundary: str, parts: list[tuple[str, str, bytes]]) -> bytes:
    out = b""
    for content_id, media_type, content in parts:
        head = (
            f"--{boundary}\r\nContent-Type: {media_type}\r\n"
            f"Content-Transfer-Encoding: binary\r\nContent-ID: {content_id}\r\n\r\n"
        )
        out += head.encode() + content + b"\r\n"
    return out + f"--{boundary}--\r\n".encode()
