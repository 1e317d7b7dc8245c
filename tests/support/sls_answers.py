"""Answers of La Poste's label service, and an order for a label, as tests make them."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

from contracts.base import Parcel
from contracts.customs import ParcelDeclared
from contracts.persons import Contact
from services.carrier.carriers.laposte.label_request import Contract
from services.carrier.domain.carrier import LabelOrder, Sender
from services.carrier.domain.documents import Document
from shared.http.counterpart_answer import Answer
from tests.support.least_pdf import page

GOLDEN = Path(__file__).parents[1] / "golden" / "laposte"
BOUNDARY = "uuid:7d1f"
MULTIPART = f'multipart/related; type="application/json"; boundary="{BOUNDARY}"; start="<jsonInfos>"'
PDF = page("CY123456785FR", []).replace(b"1.4\n", b"1.4\r\n\r\n--not-a-boundary\r\n\x00\xff\n")
SENDER = Sender("Silkpost", "1 rue de la Soie", "69001", "Lyon", "+33400000000", "expeditions@silkpost.example")
CONTRACT = Contract("123456", "pass", SENDER)
DOCUMENT = Document(PDF, "application/pdf")
ZPL = b"^XA^FDlabel^FS^XZ"


def order(**changes: Any) -> LabelOrder:
    sample = json.loads((GOLDEN / "label-order.json").read_text())
    values: dict[str, Any] = {
        "declared": ParcelDeclared.model_validate(sample["declared"]),
        "box": Parcel.model_validate(sample["box"]),
        "contact": Contact.model_validate(sample["contact"]),
        "product": "DOS",
        "duty_paid": True,
        "deposit_on": date(2026, 11, 11),
    }
    return LabelOrder(**{**values, **changes})


def answer(parts: list[tuple[str, bytes]], *, cut: int = 0) -> Answer:
    body = b"".join(
        f"--{BOUNDARY}\r\nContent-Type: application/octet-stream\r\nContent-ID: {name}\r\n\r\n".encode()
        + content
        + b"\r\n"
        for name, content in parts
    )
    body += f"--{BOUNDARY}--\r\n".encode()
    return Answer(200, MULTIPART, body[: len(body) - cut])


def infos(number: object = "CY123456785FR", message: str = "0") -> bytes:
    return json.dumps(
        {
            "messages": [{"id": message, "type": "INFOS" if message == "0" else "ERROR", "messageContent": "..."}],
            "labelXmlV2Reponse": None,
            "labelV2Response": {"parcelNumber": number, "parcelNumberPartner": None, "pdfUrl": None, "fields": None},
        }
    ).encode()
