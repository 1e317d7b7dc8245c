"""Shoppers whose names, ids, places and phones systems refuse or spoil: each order goes to the door, with the paper
beside its label and its declarations saying what the shopper has written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from stdnum.iso7064 import mod_11_2

from sandbox.demo.order_request import order_body
from sandbox.demo.orders import Order
from sandbox.demo.people import person
from tests.support.operated_stack import EVERYDAY, Operated

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Shopper:
    name: str
    resident_id: str
    """Its first seventeen characters."""
    phone: str
    province: str
    city: str
    district: str
    place_today: tuple[str, str]
    """City and district by their names of today."""
    more: dict[str, str] = field(default_factory=dict)


PEOPLE = (
    # Han of Unicode 15 and 15.1; a region code that ended in 1983; a municipality as its tables have it
    Shopper(
        "王\U00031350\U0002ebf0", "13262719900307042", "010-65529988", "北京市", "市辖区", "密云区", ("密云区", "")
    ),
    # not assigned in any Python that we support, and nothing else; a residence permit of Hong Kong; renamed in 2016
    Shopper(
        *("\U000323b0\U0003347a", "81000019850101001", "021-62881234", "重庆市", "市辖区", "开县"),
        ("开州区", ""),
        {"name_latin": "Wang Nuo"},
    ),
    # a character of a plane beyond the first; Taiwan; raised in 2016
    Shopper("\U00020bb7思远", "83000019790615003", "13910000777", "上海市", "市辖区", "崇明县", ("崇明区", "")),
    # a dot within; what a province governs itself
    Shopper(
        *("阿不都•艾力", "65010219951212005", "+86 728 322 1234", "湖北省", "省直辖县级行政区划", "仙桃市"),
        ("仙桃市", ""),
    ),
    # as a system in GBK hands it on; raised in 2016
    Shopper("刘\ue863", "12022519880808007", "022-23456789", "天津市", "市辖区", "蓟县", ("蓟州区", "")),
)
AS_KEPT = {"阿不都•艾力": "阿不都·艾力", "刘\ue863": "刘䶮"}


def body_of(number: int, shopper: Shopper, operated: Operated) -> dict[str, Any]:
    body = order_body(f"PEOPLE-{number}", EVERYDAY, person(number), operated.stack.clock.now())
    body["buyer"] |= {
        "name": shopper.name,
        "resident_id": shopper.resident_id + mod_11_2.calc_check_digit(shopper.resident_id),
    }
    place = {"province": shopper.province, "city": shopper.city, "district": shopper.district}
    body["consignee"] |= {"name": shopper.name, "phone": shopper.phone, **shopper.more}
    body["consignee"]["address"] |= place | {"street": f"人民路{number}号"}
    return body


async def test_their_orders_go_to_the_door_with_what_they_have_written(operated: Operated) -> None:
    await operated.goods(len(PEOPLE))
    orders = []
    for number, shopper in enumerate(PEOPLE, start=1):
        placed = await operated.api.post("orders", "/orders", "marketplace", body_of(number, shopper, operated))
        orders.append(Order(placed["id"], placed["number"], EVERYDAY, placed["tracking_url"], person(number)))
    headers = {"Authorization": f"Bearer {operated.stack.secrets.api_keys['operator']}"}
    async with (
        httpx.AsyncClient(headers=headers, trust_env=False, timeout=30) as client,
        operated.actors(orders),
    ):
        await operated.stands(orders, "handed_over", "in_transit")
        for number, (shopper, order) in enumerate(zip(PEOPLE, orders, strict=True), start=1):
            parcel = f"{operated.stack.urls['carrier']}/orders/{order.id}/parcels/1"
            assert (await client.get(f"{parcel}/label")).content.startswith(b"%PDF")
            slip = (await client.get(f"{parcel}/slip")).text
            for words in (
                AS_KEPT.get(shopper.name, shopper.name),
                *filter(None, shopper.place_today),
                f"人民路{number}号",
            ):
                assert words in slip, (words, slip)
        with operated.fast():
            await operated.stands(orders, "delivered", seconds=180)
        for shopper, order in zip(PEOPLE, orders, strict=True):
            for message in ("CEB311", "CEB621"):
                path = f"/orders/{order.id}/parcels/1/import-messages/{message}"
                declared = await client.get(operated.stack.urls["customs"] + path)
                assert declared.status_code == httpx.codes.OK, declared.text
                assert AS_KEPT.get(shopper.name, shopper.name) in declared.text, declared.text
