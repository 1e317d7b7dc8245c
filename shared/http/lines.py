"""Text of one line in the bodies of requests: judged on its normalised form, and kept in that."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any

from pydantic import Field
from pydantic_core import PydanticCustomError, PydanticKnownError

from shared.text import UNPRINTABLE

MAX_DECOMPOSED = 4
"""Normal form C makes one character of at most four."""

_GBK_PRIVATE = {
    0xE815 + cell: bytes((0xFE, byte)).decode("gb18030")
    for cell, byte in enumerate(byte for byte in range(0x50, 0xA1) if byte != 0x7F)
} | dict(
    zip(
        (
            0xE816,
            0xE817,
            0xE818,
            0xE81E,
            0xE826,
            0xE82B,
            0xE82C,
            0xE831,
            0xE832,
            0xE83B,
            0xE843,
            0xE854,
            0xE855,
            0xE864,
        ),
        "\U00020087\U00020089\U000200cc\u9fb4\u9fb5\u9fb6\u9fb7\U000215d7\u9fb8\U0002298f\u9fb9\u9fba\U000241fe\u9fbb",
        strict=True,
    )
)
"""The private-use characters of GBK, with the characters that Unicode has since given them (GB 18030-2022, table of the
compatible codes): systems in GBK hand on names such as 䶮 so."""


def single_line(max_length: int, *, blank: bool = False) -> Callable[[str], str]:
    """A check that returns the text as one line of at most so many characters, in Unicode's normal form C, without
    blanks around it."""

    def check(value: str) -> str:
        text = value.strip()
        if not text.isascii():
            # Checked before it is normalised, which takes time by the square of the length.
            if len(text) > MAX_DECOMPOSED * max_length:
                raise PydanticKnownError("string_too_long", {"max_length": max_length})
            text = unicodedata.normalize("NFC", text).strip()
        if len(text) > max_length:
            raise PydanticKnownError("string_too_long", {"max_length": max_length})
        if UNPRINTABLE.search(text) and UNPRINTABLE.search(text := text.translate(_GBK_PRIVATE)):
            raise PydanticCustomError(
                "control_character",
                "Must be one line of characters that can be printed: no line end, no invisible or direction mark, no"
                " private-use character (send it as Unicode has it), e.g. 李雷",
            )
        if not text and not blank:
            raise PydanticCustomError("blank", "Must not be blank")
        return text

    return check


def bounds(max_length: int, min_length: int = 1) -> Any:
    """The bounds of such a text for OpenAPI; they are judged by `single_line`."""
    return Field(json_schema_extra={"minLength": min_length, "maxLength": max_length})
