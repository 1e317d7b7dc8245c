"""How La Poste's label service refuses on demand: answers that say that every label is refused, and why.

Alike for `generateLabel` and `checkGenerateLabel`, and no label is made.
"""

from __future__ import annotations

import json
from typing import Literal, get_args

Refusal = Literal["30015", "30100", "30108", "422", "firewall"]
REFUSALS = frozenset(get_args(Refusal))
TEXTS = {
    "30015": "Le code produit est incorrect",
    "30100": "Le numéro / libellé de voie de l'expéditeur n'a pas été transmis",
    "30108": "Le code postal de l'expéditeur ne correspond pas au pays",
}
"""By message id. Recorded by public clients of SLS."""
FIREWALL = (
    b"<html><head><title>Request Rejected</title></head><body>The requested URL was rejected. "
    b"Please consult with your administrator.</body></html>"
)
"""The page of a firewall in front of the service; it has no message id."""


def refusal(kind: Refusal) -> tuple[int, str, bytes]:
    """Status, media type and body of the answer."""
    if kind == "firewall":
        return 400, "text/html", FIREWALL
    if kind == "422":
        return 422, "application/json", json.dumps({"status": 422, "error": "Unprocessable Entity"}).encode()
    message: dict[str, object] = {"id": kind, "type": "ERROR", "messageContent": TEXTS[kind], "replacementValues": []}
    return 400, "application/json;charset=UTF-8", json.dumps({"messages": [message]}, ensure_ascii=False).encode()
