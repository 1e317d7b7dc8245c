"""Seals open only where they belong, with the key that made them."""

from __future__ import annotations

import base64
import hashlib

import pytest

from shared.sealing import Seal, Unsealable, key_id_of, parse_keys

OLD, NEW = bytes(32), bytes(range(32))


def in_base64(key: bytes) -> str:
    return base64.b64encode(key).decode()


def test_a_seal_opens_only_where_it_belongs() -> None:
    seal = Seal({"v1": OLD})
    sealed = seal.seal("身份证".encode(), "person:1")
    assert seal.open(sealed, "person:1").decode() == "身份证"
    assert seal.seal(b"x", "a") != seal.seal(b"x", "a")
    for key, place, data in (
        (OLD, "person:2", sealed),
        (NEW, "person:1", sealed),
        (OLD, "person:1", sealed[:-1] + b"0"),
        (OLD, "person:1", sealed[:8]),
        (OLD, "person:1", b""),
    ):
        with pytest.raises(Unsealable):
            Seal({"v1": key}).open(data, place)


def test_a_sealed_value_names_its_key_and_opens_with_that_one() -> None:
    before, after = Seal({"v1": OLD, "v2": NEW}), Seal({"v2": NEW, "v1": OLD})
    old, new = before.seal(b"x", "a"), after.seal(b"x", "a")
    assert (key_id_of(old), key_id_of(new)) == ("v1", "v2")
    assert {seal.open(value, "a") for seal in (before, after) for value in (old, new)} == {b"x"}


def test_a_key_that_is_not_there_is_named() -> None:
    sealed = Seal({"v2": NEW}).seal(b"x", "label:1")
    with pytest.raises(Unsealable, match=r"^label:1: sealed by key v2$"):
        Seal({"v1": OLD}).open(sealed, "label:1")


def test_keys_are_read_in_their_order() -> None:
    keys = parse_keys(f"v2:{in_base64(NEW)}, v1:{in_base64(OLD)}", "STORAGE_KEY")
    assert list(keys.items()) == [("v2", NEW), ("v1", OLD)]
    assert parse_keys("", "STORAGE_KEY") == {}


def test_a_key_without_an_id_keeps_its_own_when_another_comes_before_it() -> None:
    [alone] = parse_keys(in_base64(OLD), "STORAGE_KEY")
    assert alone == hashlib.sha256(OLD).hexdigest()[:8]
    assert parse_keys(f"{in_base64(NEW)},{in_base64(OLD)}", "STORAGE_KEY")[alone] == OLD


@pytest.mark.parametrize("text", ["short", "not base64!", "AAAA", "v1:short"])
def test_a_bad_key_is_named_and_not_shown(text: str) -> None:
    with pytest.raises(ValueError, match=r"^STORAGE_KEY( v1)? must be 32 bytes in base64$"):
        parse_keys(text, "STORAGE_KEY")


@pytest.mark.parametrize("key_id", ["v 1", "v.1", "v" * 33, "ü", "a:b", ""])
def test_a_keys_id_is_short_and_plain(key_id: str) -> None:
    with pytest.raises(ValueError, match=r"^STORAGE_KEY: a key's id has 1 to 32 letters, digits, - and _$"):
        parse_keys(f"{key_id}:{in_base64(OLD)}", "STORAGE_KEY")


def test_two_keys_of_one_id_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^STORAGE_KEY has two keys v1$"):
        parse_keys(f"v1:{in_base64(OLD)},v1:{in_base64(NEW)}", "STORAGE_KEY")
