"""La Poste's list of parcels that are handed over together: `generateBordereauByParcelsNumbers` of the label service.

The specification says nothing of a parcel that is on an earlier list: as there is no idempotency key, each call makes a
new list, with a number of its own. The ids of its refusals are not public; those here are our own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from contracts.sls_limits import BORDEREAU_PARCELS
from sandbox.laposte.multipart import related
from sandbox.laposte.parcels import LaPoste
from sandbox.laposte.pdf import text_page
from sandbox.laposte.sls_checks import BAD_CREDENTIALS, NOT_READABLE, SlsMessage, value_at
from sandbox.scheduler import Advance

UNKNOWN_PARCEL = SlsMessage("30950", "Un numéro de colis est inconnu")
WRONG_COUNT = SlsMessage("30951", f"Un bordereau contient de 1 à {BORDEREAU_PARCELS} colis")
KNOWN_FIELDS = frozenset({"contractNumber", "password", "generateBordereauParcelNumberList", "fields"})
_A_LINE = 4


def route(base: str, laposte: LaPoste, advance: Advance, admit: Callable[[Request, dict[str, Any]], bool]) -> Route:
    """`admit`: whether a request with this body bears our credentials."""

    async def generate(request: Request) -> Response:
        body = _object(await request.body())
        if body.keys() - KNOWN_FIELDS:
            return _refused(NOT_READABLE)
        if not admit(request, body):
            return _refused(BAD_CREDENTIALS, status=401)
        numbers = value_at(body, "generateBordereauParcelNumberList", "parcelsNumbers")
        if not isinstance(numbers, list) or not all(isinstance(number, str) for number in numbers):
            return _refused(NOT_READABLE)
        now = advance()
        if not 1 <= len(numbers) <= BORDEREAU_PARCELS:
            return _refused(WRONG_COUNT)
        if any(number not in laposte.parcels for number in numbers):
            return _refused(UNKNOWN_PARCEL)
        number = laposte.list_together(numbers)
        header = {
            "bordereauNumber": number,
            "clientNumber": 0,
            "codeSitePCH": "000000",
            "nameSitePCH": "PLATEFORME COLIS",
            "numberOfParcels": len(numbers),
            "publishingDate": int(now.timestamp() * 1000),
        }
        return _listed(header, _pdf(number, numbers))

    return Route(f"{base}/generateBordereauByParcelsNumbers", generate, methods=["POST"])


def _object(body: bytes) -> dict[str, Any]:
    """The JSON object in the body; an empty one, which is refused, when there is none."""
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _refused(message: SlsMessage, status: int = 400) -> Response:
    content = json.dumps({"messages": [message.as_json()]}, ensure_ascii=False)
    return Response(content, status, media_type="application/json;charset=UTF-8")


def _listed(header: dict[str, Any], pdf: bytes) -> Response:
    message = {"id": "0", "type": "INFOS", "messageContent": "La requête a été traitée avec succès"}
    infos = json.dumps({"messages": [message], "bordereauHeader": header}, ensure_ascii=False).encode()
    return related(
        [("<jsonInfos>", "application/json;charset=UTF-8", infos), ("<deliveryPaper>", "application/octet-stream", pdf)]
    )


def _pdf(number: int, numbers: Sequence[str]) -> bytes:
    lines = ["  ".join(numbers[first : first + _A_LINE]) for first in range(0, len(numbers), _A_LINE)]
    return text_page(f"Bordereau {number}", [f"{len(numbers)} colis", *lines])
