"""Seals open only where they belong, with the key that made them."""

from __future__ import annotations

import pytest

from shared.sealing import Seal, Unsealable, decode_key


def test_a_seal_opens_only_where_it_belongs() -> None:
    seal = Seal(bytes(32))
    sealed = seal.seal("身份证".encode(), "person:1")
    assert seal.open(sealed, "person:1").decode() == "身份证"
    assert seal.seal(b"x", "a") != seal.seal(b"x", "a")
    for key, place, data in (
        (bytes(32), "person:2", sealed),
        (bytes(31) + b"1", "person:1", sealed),
        (bytes(32), "person:1", sealed[:-1] + b"0"),
    ):
        with pytest.raises(Unsealable):
            Seal(key).open(data, place)


@pytest.mark.parametrize("text", ["", "short", "not base64!", "AAAA"])
def test_a_bad_key_is_named_and_not_shown(text: str) -> None:
    with pytest.raises(ValueError, match=r"^STORAGE_KEY must be 32 bytes in base64$"):
        decode_key(text, "STORAGE_KEY")
