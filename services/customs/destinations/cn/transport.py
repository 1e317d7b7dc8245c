"""The envelope in which a message is handed to e-port's data exchange (DxpMsg). Pure."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from xml.sax.saxutils import escape

from services.customs.destinations.cn.ceb import BEIJING, MessageType

NAMESPACE = "http://www.chinaport.gov.cn/dxp"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message as it is transferred; the same each time it is sent."""

    type: MessageType
    guid: UUID
    document: bytes
    written_at: datetime


@dataclass(frozen=True, slots=True)
class Route:
    """From whom to whom, by their numbers with the data exchange (dxpId)."""

    sender: str
    receiver: str


def envelope(message: Outgoing, route: Route) -> bytes:
    created = message.written_at.astimezone(BEIJING).isoformat(timespec="seconds")
    fields = (
        f"<dxp:CopMsgId>{str(message.guid).upper()}</dxp:CopMsgId>"
        f"<dxp:SenderId>{escape(route.sender)}</dxp:SenderId>"
        f"<dxp:ReceiverIds><dxp:ReceiverId>{escape(route.receiver)}</dxp:ReceiverId></dxp:ReceiverIds>"
        f"<dxp:CreatTime>{created}</dxp:CreatTime>"
        f"<dxp:MsgType>{message.type}Message</dxp:MsgType>"
    )
    data = base64.b64encode(message.document).decode()
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<dxp:DxpMsg xmlns:dxp="{NAMESPACE}" ver="1.0">'
        f"<dxp:TransInfo>{fields}</dxp:TransInfo><dxp:Data>{data}</dxp:Data></dxp:DxpMsg>"
    ).encode()
