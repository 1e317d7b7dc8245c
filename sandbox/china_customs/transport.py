"""e-port's data exchange: the envelope of a message (DxpMsg) is opened, and a message's signature is verified."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import xml.etree.ElementTree as ET

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from contracts.ceb_fields import NAMESPACE, SIGNATURE_NAMESPACE

DXP = "{http://www.chinaport.gov.cn/dxp}"
_DS = f"{{{SIGNATURE_NAMESPACE}}}"
_SIGNED_INFO = re.compile(r"<ds:SignedInfo>(.*?)</ds:SignedInfo>", re.DOTALL)


def opened(body: bytes) -> bytes:
    """The message in an envelope. ValueError: not an envelope that the data exchange takes."""
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise ValueError("不允许 DTD")
    try:
        root = ET.fromstring(body)  # noqa: S314 - a document with a DTD was refused above
    except ET.ParseError as error:
        raise ValueError(f"XML {error}") from error
    if root.tag != f"{DXP}DxpMsg" or root.get("ver") != "1.0":
        raise ValueError("应为 DxpMsg")
    info = root.find(f"{DXP}TransInfo")
    texts = {} if info is None else {field.tag.removeprefix(DXP): field.text or "" for field in info.iter()}
    for name, longest in (("CopMsgId", 255), ("SenderId", 16), ("ReceiverId", 16), ("CreatTime", 40), ("MsgType", 30)):
        if not 1 <= len(texts.get(name, "")) <= longest:
            raise ValueError(f"TransInfo.{name}")
    try:
        return base64.b64decode(root.findtext(f"{DXP}Data", ""), validate=True)
    except binascii.Error as error:
        raise ValueError("Data 应为 base64") from error


def is_signed(document: bytes) -> bool:
    """Whether the message's own signature is right, by the key that it names: RSA-SHA1, enveloped, C14N of 2001."""
    text = document.decode()
    root = ET.fromstring(document)  # noqa: S314 - a document with a DTD was refused before
    content = _SIGNED_INFO.search(text)
    numbers = [_number(root, name) for name in ("Exponent", "Modulus")]
    if content is None or not all(numbers):
        return False
    digest = hashlib.sha1(ET.canonicalize(text, exclude_tags=[f"{_DS}Signature"]).encode()).digest()  # noqa: S324
    if root.findtext(f".//{_DS}DigestValue", "") != base64.b64encode(digest).decode():
        return False
    scope = f'<ds:SignedInfo xmlns:ceb="{NAMESPACE}" xmlns:ds="{SIGNATURE_NAMESPACE}">'
    try:
        rsa.RSAPublicNumbers(*numbers).public_key().verify(
            base64.b64decode(root.findtext(f".//{_DS}SignatureValue", "")),
            f"{scope}{content.group(1)}</ds:SignedInfo>".encode(),
            padding.PKCS1v15(),
            hashes.SHA1(),  # noqa: S303 - as the single window takes it
        )
    except (InvalidSignature, ValueError):
        return False
    return True


def _number(root: ET.Element, name: str) -> int:
    try:
        return int.from_bytes(base64.b64decode(root.findtext(f".//{_DS}{name}", "")))
    except binascii.Error:
        return 0
