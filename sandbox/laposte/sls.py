"""La Poste's label service (Colissimo SLS, REST 2.0): `generateLabel`, and `checkGenerateLabel` which makes nothing.

It has no idempotency key, no cancellation and no look-up by the sender's reference; neither has this.
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

from sandbox.laposte.parcels import Parcel
from sandbox.laposte.pdf import page
from sandbox.laposte.sls_checks import (
    BAD_CREDENTIALS,
    NOT_READABLE,
    SlsMessage,
    at,
    destination,
    refusals,
    text,
    truthy,
)
from sandbox.world import World

BASE = "/SlsServiceWSRest/2.0"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who may ask for labels: by number and password in the body, or by a key in the header `apiKey`.

    What is left empty here admits anything that is not empty there.
    """

    contract_number: str
    password: str
    api_key: str = ""

    def admit(self, request: Request, body: dict[str, Any]) -> bool:
        offered = request.headers.get("apiKey")
        if offered is not None:
            return fits(offered, self.api_key)
        return fits(text(body, "contractNumber"), self.contract_number) and fits(text(body, "password"), self.password)


def fits(offered: str, wanted: str) -> bool:
    """In constant time; nothing at all never fits."""
    return bool(offered) and (not wanted or hmac.compare_digest(offered.encode(), wanted.encode()))


def app(world: World, credentials: Credentials) -> Starlette:
    async def generate(request: Request) -> Response:
        body = _object(await request.body())
        refused = _refusal(request, body, credentials)
        if refused is not None:
            return refused
        now = world.advance()
        reference = text(body, "letter", "sender", "senderParcelRef") or text(body, "letter", "service", "orderNumber")
        parcel = world.post.announce(reference, destination(body), now)
        boundary = f"uuid:{uuid4()}"
        media_type = f'multipart/related; type="application/json"; boundary="{boundary}"; start="<jsonInfos>"'
        return Response(_multipart(boundary, _parts(parcel, body)), headers={"Content-Type": media_type})

    async def check(request: Request) -> Response:
        body = _object(await request.body())
        return _refusal(request, body, credentials) or JSONResponse(_infos(None))

    return Starlette(
        routes=[
            Route(f"{BASE}/generateLabel", generate, methods=["POST"]),
            Route(f"{BASE}/checkGenerateLabel", check, methods=["POST"]),
        ]
    )


def _object(body: bytes) -> dict[str, Any]:
    """The JSON object in the body; an empty one, which no check lets pass, when there is none."""
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


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


def _infos(number: str | None) -> dict[str, object]:
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
    """Content-ID, media type and bytes of each part. The stand-in's papers bear no person's name."""
    infos = json.dumps(_infos(parcel.number), ensure_ascii=False).encode()
    letter = body["letter"]
    weight = f"{text(letter, 'parcel', 'weight')} kg"
    product = f"{text(letter, 'service', 'productCode')} FR -> {parcel.destination}"
    label = page(parcel.number, [product, weight, f"Ref. {parcel.sub_order}"])
    parts = [
        ("<jsonInfos>", "application/json;charset=UTF-8", infos),
        ("<label>", "application/octet-stream", label),
    ]
    declared = at(letter, "customsDeclarations")
    if truthy(declared, "includeCustomsDeclarations"):
        articles = at(declared, "contents", "article")
        names = ("quantity", "description", "hsCode", "originCountry", "weight", "value", "currency")
        lines = [" ".join(text(article, name) for name in names) for article in articles]
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
