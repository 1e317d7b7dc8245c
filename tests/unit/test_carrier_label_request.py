"""What a label request makes of an order whose values do not fit as they are."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from contracts.base import Parcel
from contracts.customs import Article, ParcelDeclared
from contracts.persons import Contact
from contracts.sls_limits import broken_limits
from services.carrier.carriers.laposte import goods
from services.carrier.carriers.laposte.label_request import Contract, LabelRequest, label_request
from services.carrier.domain.carrier import LabelOrder, Sender
from services.carrier.domain.slips import slip_lines
from services.carrier.settings import Settings
from services.orders.domain.search import search_pattern

GOLDEN = Path(__file__).parents[1] / "golden" / "laposte"
SAMPLE: dict[str, Any] = json.loads((GOLDEN / "label-order.json").read_text(encoding="utf-8"))
SENDER = Sender("Silkpost", "1 rue de la Soie", "69001", "Lyon", "+33400000000", "expeditions@silkpost.example")
AVENUE = "12 Avenue du Marechal de Lattre de Tassigny Batiment C"


def requested(
    *, duty_paid: bool = True, weight_g: int = 842, declared: dict[str, Any] | None = None, **contact: Any
) -> LabelRequest:
    order = LabelOrder(
        declared=ParcelDeclared.model_validate(SAMPLE["declared"] | (declared or {})),
        box=Parcel.model_validate(SAMPLE["box"] | {"weight_g": weight_g}),
        contact=Contact.model_validate(SAMPLE["contact"] | contact),
        product="DOS",
        duty_paid=duty_paid,
        deposit_on=date(2026, 11, 11),
    )
    request = label_request(order, Contract("123456", "pass", SENDER))
    assert request.broken == ()
    assert broken_limits(json.loads(request.body)) == []
    return request


def letter(request: LabelRequest) -> dict[str, Any]:
    letter_field: dict[str, Any] = json.loads(request.body)["letter"]
    return letter_field


def address(request: LabelRequest) -> dict[str, str]:
    address_fields: dict[str, str] = letter(request)["addressee"]["address"]
    return address_fields


def lines(request: LabelRequest) -> dict[str, str]:
    return {name: text for name, text in address(request).items() if name.startswith("line")}


def article(**changes: Any) -> dict[str, Any]:
    cn23 = SAMPLE["declared"]["cn23"]
    return {"cn23": cn23 | {"articles": [cn23["articles"][0] | changes]}}


def test_a_tmall_number_of_19_digits_leads_back_to_the_parcel_by_references_that_fit() -> None:
    request = requested(declared={"sub_order": "1234567890123456789-12", "parcel": 12})
    sent = letter(request)
    assert sent["service"]["orderNumber"] == "1234567890123456789-12"
    assert sent["sender"]["senderParcelRef"] == "6f9619ff8b86-12"
    assert sent["addressee"]["addresseeParcelRef"] == "6f9619ff8b86-12"
    assert {"senderParcelRef:own_reference", "addresseeParcelRef:own_reference"} < set(request.changes)
    pattern = search_pattern("6f9619ff8b86")
    assert pattern is not None
    assert pattern.first_id is not None
    assert pattern.last_id is not None
    assert pattern.first_id < ParcelDeclared.model_validate(SAMPLE["declared"]).order_id < pattern.last_id


def test_an_order_number_of_40_characters_is_in_no_field_of_30_or_35() -> None:
    declared = {"sub_order": "T" * 40 + "-1", "cn23": SAMPLE["declared"]["cn23"] | {"invoice_number": "T" * 40 + "-1"}}
    sent = letter(requested(declared=declared))
    assert sent["service"]["orderNumber"] == "6f9619ff8b86-1"
    assert sent["customsDeclarations"]["invoiceNumber"] == "6f9619ff8b86-1"


def test_a_street_of_53_characters_is_split_at_a_blank() -> None:
    request = requested(street=AVENUE, district="")
    assert lines(request) == {"line1": "12 Avenue du Marechal de Lattre de", "line2": "Tassigny Batiment C"}
    assert "line2:split" in request.changes


def test_a_short_street_stays_in_line_2_with_its_district_below() -> None:
    assert lines(requested(street="人民路1号")) == {"line2": "Renmin Lu 1 Hao", "line3": "Nanshan Qu"}


def test_a_long_street_takes_all_four_lines() -> None:
    request = requested(
        street=f"{AVENUE} Escalier D Etage 4 Porte 12 au fond de la cour Residence des Tilleuls", district=""
    )
    assert list(lines(request)) == ["line0", "line1", "line2", "line3"]
    assert "line2:shortened" not in request.changes


def test_a_street_that_repeats_its_places_loses_them_before_anything_else() -> None:
    remark = "（请放快递柜，谢谢，工作日白天送货，周末请电话联系）"
    street = f"广东省深圳市南山区科技园南路1号科技园工业园区第三工业大厦北座3栋502室{remark}"
    request = requested(street=street)
    assert " ".join(lines(request).values()) == (
        "Kejiyuan Nanlu 1 Hao Kejiyuan Gongyeyuanqu Disangongye Dasha Bei Zuo 3 Dong 502 Shi Nanshan Qu"
    )
    assert "line2:shortened" in request.changes


def test_a_street_too_long_for_four_lines_keeps_where_it_begins_and_where_the_door_is() -> None:
    street = "科技园南路1号" + "甲乙丙丁戊己庚辛" * 12 + "3栋502室"
    request = requested(street=street)
    text = " ".join(lines(request).values())
    assert text.startswith("Kejiyuan Nanlu 1 Hao")
    assert text.endswith("3 Dong 502 Shi Nanshan Qu")
    assert "line2:shortened" in request.changes


def test_a_long_name_is_shortened_and_never_refused() -> None:
    request = requested(name="王" + "明" * 59)
    assert len(address(request)["lastName"]) <= 35
    assert "lastName:shortened" in request.changes


def test_the_shop_s_own_spelling_wins() -> None:
    request = requested(name="单霁翔", name_latin="Shan Ji-Xiang")
    assert address(request)["lastName"] == "Shan Ji-Xiang"
    assert "firstName" not in address(request)


def test_a_surname_is_spelt_by_the_table() -> None:
    assert (address(requested(name="仇小明"))["lastName"], address(requested(name="长孙明"))["lastName"]) == (
        "Qiu",
        "Zhangsun",
    )


def test_a_name_in_latin_letters_is_no_change() -> None:
    assert "lastName:latin" not in requested(name="Jean Dupont").changes


def test_a_chinese_number_of_14_characters_is_the_mobile_one_and_no_other() -> None:
    assert address(requested())["mobileNumber"] == "+8613800138000"
    assert "phoneNumber" not in address(requested())


def test_the_province_stands_beside_the_city_and_not_in_the_american_field() -> None:
    assert address(requested())["city"] == "Shenzhen, Guangdong"
    assert "stateOrProvinceCode" not in address(requested())


def test_a_municipality_is_its_own_city() -> None:
    sent = address(requested(province="上海市", city="浦东新区", district=""))
    assert (sent["city"], sent["line3"]) == ("Shanghai", "Pudong Xinqu")


def test_a_province_that_does_not_fit_beside_its_city_is_left_out() -> None:
    request = requested(province="内蒙古自治区", city="莫力达瓦达斡尔族自治旗尼尔基经济开发", district="")
    assert len(address(request)["city"]) <= 35
    assert "Mongolia" not in address(request)["city"]
    assert "city:shortened" in request.changes


@pytest.mark.parametrize(
    ("weight_g", "kilograms"), [(1, 0.01), (842, 0.85), (850, 0.85), (1234, 1.24), (29_999, 30.0), (30_000, 30.0)]
)
def test_a_weight_has_two_decimals_and_is_never_below_the_scale_s(weight_g: int, kilograms: float) -> None:
    request = requested(weight_g=weight_g)
    assert letter(request)["parcel"]["weight"] == kilograms
    assert ("weight:rounded_up" in request.changes) is (kilograms * 1000 > weight_g)


@pytest.mark.parametrize(("net", "quantity"), [(620, 3), (1_000, 400), (999, 1_000), (30_000, 7)])
def test_the_units_of_an_article_together_weigh_no_more_than_it_does(net: int, quantity: int) -> None:
    """400 bags of 2.5 g: rounded to the nearest gram they would weigh more than the parcel they are in."""
    (stated,) = letter(requested(declared=article(quantity=quantity, net_weight_g=net)))["customsDeclarations"][
        "contents"
    ]["article"]
    assert max(net - quantity, 0) < round(stated["weight"] * 1000) * quantity <= max(net, quantity)


def test_a_unit_of_less_than_a_gram_still_weighs_one() -> None:
    sent = letter(requested(declared=article(quantity=999, net_weight_g=1)))
    assert sent["customsDeclarations"]["contents"]["article"][0]["weight"] == 0.001


def test_goods_are_described_in_english_when_delivered_duty_paid() -> None:
    customs = letter(requested(declared=article(description="Crème hydratante visage", hs_code="33049900")))[
        "customsDeclarations"
    ]
    assert customs["description"] == "Beauty and skin care products"
    assert customs["contents"]["article"][0]["description"] == (
        "Beauty and skin care products: Creme hydratante visage"
    )


def test_goods_described_in_chinese_are_named_by_their_code_at_any_rate() -> None:
    customs = letter(requested(duty_paid=False, declared=article(description="马赛皂")))["customsDeclarations"]
    assert customs["contents"]["article"][0]["description"] == "Soap"
    assert "description" not in customs


def test_words_of_the_shop_stay_as_they_are_without_duty_paid() -> None:
    customs = letter(requested(duty_paid=False))["customsDeclarations"]
    assert customs["contents"]["article"][0]["description"] == "Savon de Marseille"


def test_general_words_of_many_goods_are_as_many_as_fit() -> None:
    text = goods.general(["340111", "34060000", "3303001000", "330410", "340119", "999999", "9503", "6911", "7117"], 64)
    assert text == "Soap, Candles, Perfume, Beauty and skin care products, Goods"


def test_every_chapter_of_the_harmonized_system_has_words() -> None:
    assert {f"{chapter:02}" for chapter in range(1, 98) if chapter != 77} <= goods.headings().keys()
    assert all(words.isascii() and 0 < len(words) <= 64 for words in goods.headings().values())


def test_the_words_of_an_article_are_cut_at_a_blank() -> None:
    made = goods.article("34011100", "Savon de Marseille a l'huile d'olive extra pure du moulin", 64)
    assert made == "Soap: Savon de Marseille a l'huile d'olive extra pure du moulin"
    assert goods.article("34011100", "Savon " * 12, 30) == "Soap: Savon Savon Savon Savon"
    assert Article.model_validate(SAMPLE["declared"]["cn23"]["articles"][0] | {"description": made})


def test_the_slip_has_the_characters_whole_whatever_the_label_leaves_out() -> None:
    contact = Contact.model_validate(SAMPLE["contact"] | {"name": "长孙·明" * 15, "street": "科技园" * 40})
    text = "\n".join(slip_lines(contact, "CY123456785FR"))
    assert all(part in text for part in (contact.name, contact.street, contact.phone, "CY123456785FR", "518057"))


def test_optional_texts_that_say_nothing_are_left_out() -> None:
    assert '""' not in requested(name="王", district="").body.decode()


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("sender_street", ""),
        ("sender_street", "x" * 36),
        ("sender_city", "x" * 36),
        ("sender_company", "x" * 36),
        ("sender_postcode", "690010"),
        ("sender_phone", "+33 4 00 00 00 00"),
        ("sender_email", "silkpost"),
    ],
)
def test_a_sender_that_no_label_can_show_stops_the_service_before_any_order(setting: str, value: str) -> None:
    with pytest.raises(ValidationError, match=setting):
        Settings.model_validate({setting: value})
