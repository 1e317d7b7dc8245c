"""The division of an address by its number."""

from __future__ import annotations

import pytest

from services.addresses.division_codes import division_code


@pytest.mark.parametrize(
    ("province", "city", "district", "code"),
    [
        ("广东省", "深圳市", "南山区", "440305"),
        ("广东省", "深圳市", "", "440300"),
        ("广东省", "深圳市", "某区", "440300"),
        ("广东省", "某市", "南山区", "440305"),
        ("广东省", "某市", "某区", "440000"),
        ("广东省", "东莞市", "", "441900"),
        ("北京市", "朝阳区", "", "110105"),
        ("北京市", "北京市", "朝阳区", "110105"),
        ("辽宁省", "朝阳市", "朝阳县", "211321"),
        ("西藏自治区", "拉萨市", "达孜县", "540104"),
        ("某省", "某市", "", None),
    ],
)
def test_the_smallest_division_that_is_known(province: str, city: str, district: str, code: str | None) -> None:
    assert division_code(province, city, district) == code
