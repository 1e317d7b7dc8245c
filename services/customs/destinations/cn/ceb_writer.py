"""A CEB message as text, in the order of `contracts/ceb_fields.csv`, and checked by the same rows. Pure.

The text is canonical (XML C14N of 2001) but for its declaration: a signature over it needs nothing of it changed.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence

from contracts.ceb_fields import NAMESPACE, broken_rules, fields_by_element
from services.customs.destinations.cn.ceb import MessageType, Undeclarable

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
VERSION = "1.0"
Content = Mapping[str, "str | Content | Sequence[Content] | None"]
"""Fields of an element by name: a value, a group, several groups, or None for what is left out."""
_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#xD;"})
_PLACE = re.compile(r"\[(\d+)\]")


def written(message: MessageType, guid: str, content: Content) -> bytes:
    """The message, UTF-8 with a declaration. KeyError: a field that the rows do not have."""
    root = f"{message}Message"
    lines = _element(root, content, 0)
    lines[0] = f'<ceb:{root} xmlns:ceb="{NAMESPACE}" guid="{guid}" version="{VERSION}">'
    return (DECLARATION + "\n".join(lines)).encode()


def require_valid(document: bytes, *, signed: bool) -> None:
    """Undeclarable names the first rule that the message breaks, and where."""
    try:
        root = ET.fromstring(document)  # noqa: S314 - it was written here
    except (ET.ParseError, UnicodeDecodeError):
        raise Undeclarable("Message", "characters") from None
    for broken in broken_rules(root, signed=signed):
        field = ".".join(broken.field.split(".")[-2:])
        raise Undeclarable(_PLACE.sub(r".\1", field), broken.rule)


def _element(name: str, content: Content, depth: int) -> list[str]:
    fields = [field.name for field in fields_by_element()[name]]
    if unknown := content.keys() - set(fields):
        raise KeyError(f"{name} has no {', '.join(sorted(unknown))}")
    indent = "  " * depth
    lines = [f"{indent}<ceb:{name}>"]
    for field in fields:
        match content.get(field):
            case None:
                continue
            case str(text):
                lines.append(f"{indent}  <ceb:{field}>{text.translate(_ESCAPED)}</ceb:{field}>")
            case Mapping() as group:
                lines += _element(field, group, depth + 1)
            case groups:
                for group in groups:
                    lines += _element(field, group, depth + 1)
    lines.append(f"{indent}</ceb:{name}>")
    return lines
