"""Signatures and envelopes, judged by xmlsec and the official schemas."""

from __future__ import annotations

import base64
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.hazmat.primitives import serialization
from lxml import etree

from sandbox.china_customs import ceb as sandbox_ceb
from sandbox.china_customs import transport as sandbox_transport
from services.customs.destinations.cn.ceb import SIGNED, MessageType
from services.customs.destinations.cn.ceb_messages import build
from services.customs.destinations.cn.ceb_writer import require_valid
from services.customs.destinations.cn.transport import Outgoing, Route, envelope
from tests.support.ceb_specification import needs_specification, official_schema, transport_schema
from tests.support.customs_samples import PARTIES, TABLES
from tests.support.generated_shipments import shipments
from tests.support.sandbox_messages import ceb, enveloped, signed, signer

XMLSEC = shutil.which("xmlsec1") or ""
[SHIPMENT] = shipments(1, 1)


def signed_message(message: MessageType) -> bytes:
    return signed(build(message, SHIPMENT, PARTIES, TABLES.codes))


@pytest.mark.skipif(not XMLSEC, reason="the command xmlsec1 is not there")
@pytest.mark.parametrize("message", sorted(SIGNED))
def test_xmlsec_finds_the_signature_right_and_a_changed_message_wrong(message: MessageType, tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    public = signer().key.public_key()
    key.write_bytes(public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
    document = signed_message(message)
    for name, content, right in (
        ("right.xml", document, True),
        ("wrong.xml", document.replace(b"<ceb:appType>1", b"<ceb:appType>2"), False),
    ):
        (tmp_path / name).write_bytes(content)
        judged = subprocess.run(
            [XMLSEC, "--verify", "--pubkey-pem", str(key), str(tmp_path / name)], capture_output=True, check=False
        )
        assert (judged.returncode == 0) is right, judged.stderr.decode()


@needs_specification
@pytest.mark.parametrize("message", sorted(SIGNED))
def test_the_official_schema_takes_the_signed_message(message: MessageType) -> None:
    official_schema().assertValid(etree.fromstring(signed_message(message)))


@pytest.mark.parametrize("message", sorted(SIGNED))
def test_a_signed_message_keeps_every_rule(message: MessageType) -> None:
    require_valid(signed_message(message), signed=True)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<ceb:appType>1", "<ceb:appType>2"),
        ("<ds:DigestValue>", "<ds:DigestValue>AAAA"),
        ("<ds:SignatureValue>", "<ds:SignatureValue>AAAA"),
        ("<ds:Modulus>", "<ds:Modulus>/wAA"),
        ("<ds:Exponent>AQAB", "<ds:Exponent>A"),
        ("<ds:SignedInfo>", "<ds:SignedInfo><!-- x -->"),
        ("ds:SignedInfo>", "ds:Signed>"),
    ],
)
def test_the_sandbox_refuses_a_signature_that_is_not_right(old: str, new: str) -> None:
    document = signed_message("CEB621").decode()
    assert sandbox_ceb.parse(document.encode()).kind == "CEB621"
    with pytest.raises(sandbox_ceb.MalformedError):
        sandbox_ceb.parse(document.replace(old, new).encode())


def test_the_sandbox_refuses_an_inventory_without_a_signature() -> None:
    with pytest.raises(sandbox_ceb.MalformedError, match="Signature"):
        sandbox_ceb.parse(build("CEB621", SHIPMENT, PARTIES, TABLES.codes))


def in_envelope() -> bytes:
    message = Outgoing("CEB311", UUID(int=7), ceb("CEB311"), datetime(2026, 11, 26, 20, 0, 0, 5, tzinfo=UTC))
    return envelope(message, Route("DXPENT0000000001", "DXPEDCCEB0000002"))


@needs_specification
def test_the_official_schema_takes_the_envelope() -> None:
    transport_schema().assertValid(etree.fromstring(in_envelope()))


def test_the_envelope_holds_the_message_and_names_both_sides() -> None:
    assert sandbox_transport.opened(in_envelope()) == ceb("CEB311")
    text = in_envelope().decode()
    for part in (
        "<dxp:CopMsgId>00000000-0000-0000-0000-000000000007</dxp:CopMsgId>",
        "<dxp:SenderId>DXPENT0000000001</dxp:SenderId>",
        "<dxp:ReceiverId>DXPEDCCEB0000002</dxp:ReceiverId>",
        "<dxp:CreatTime>2026-11-27T04:00:00+08:00</dxp:CreatTime>",
        "<dxp:MsgType>CEB311Message</dxp:MsgType>",
    ):
        assert part in text


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<?xml", "<!DOCTYPE x><?xml"),
        ("<dxp:Data>", "<dxp:Data"),
        ("DxpMsg", "DxpRep"),
        ('ver="1.0"', 'ver="2.0"'),
        ("DXPENT0000000001", ""),
        ("DXPEDCCEB0000002", "D" * 17),
        ("<dxp:Data>", "<dxp:Data>?"),
    ],
)
def test_the_sandbox_opens_no_other_envelope(old: str, new: str) -> None:
    assert base64.b64encode(ceb("CEB311")).decode() in enveloped(ceb("CEB311")).decode()
    with pytest.raises(sandbox_ceb.MalformedError):
        sandbox_ceb.received(in_envelope().decode().replace(old, new).encode())
