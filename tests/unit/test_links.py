"""The secrets of tracking links, and the keys that make them."""

from __future__ import annotations

import base64
from uuid import UUID, uuid4

import pytest

from services.links import check_secret, link_secret, parse_link_keys

ORDER = UUID("6f1c2b4e-0000-4000-8000-000000000001")
KEYS = {"v2": bytes(32), "v1": bytes(range(32))}


def test_a_tracking_secret_opens_its_own_order_with_any_key_still_in_use() -> None:
    newest, old = link_secret(KEYS, ORDER), link_secret({"v1": KEYS["v1"]}, ORDER)
    assert newest.startswith("v2.")
    assert check_secret(KEYS, ORDER, newest)
    assert check_secret(KEYS, ORDER, old)
    assert not check_secret({"v2": KEYS["v2"]}, ORDER, old)
    assert not check_secret(KEYS, uuid4(), newest)
    for wrong in ("", "v2.", "v3." + newest[3:], newest[:-1], newest + "A", "v2.é"):
        assert not check_secret(KEYS, ORDER, wrong)


def test_link_keys_are_read_in_their_order() -> None:
    text = ",".join(f"{version}:{base64.b64encode(key).decode()}" for version, key in KEYS.items())
    keys = parse_link_keys(text)
    assert keys == KEYS
    assert list(keys) == ["v2", "v1"]
    with pytest.raises(ValueError, match="LINK_KEYS v1"):
        parse_link_keys("v1:AAAA")
