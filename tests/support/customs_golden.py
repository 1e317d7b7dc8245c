"""Orders worked out by hand, in yuan: verdict, tax by tax and findings, under both regimes of import.

Each row names where its value comes from. Limits and formula of retail: Cai Guan Shui [2016] 18 and [2018] 49; coupons
are not taken off: GACC 2018/113 (goodsValue), bychic21.com. By post: GACC 43/2010, 63/2019 and 176/2024.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from contracts.base import Money, NetContent, OrderLine, SupportingDocument
from contracts.customs import OrderRefused, OrderScreened
from contracts.orders import OrderPlaced
from services.customs.domain.decide import Passed, admit, screen
from shared.ledger.facts import Facts
from tests.support.customs_model import NOW
from tests.support.customs_samples import PLACED_AT, POLICY, order_id, recorded

RETAIL, POST = "shop", "postal-shop"


def cny(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="CNY")


def article(
    price: str,
    quantity: int = 1,
    hs_code: str = "33049900",
    content: str = "",
    documents: Sequence[str] = (),
    sku: str = "A",
) -> OrderLine:
    """`content`: as `50 ml`."""
    amount, _, unit = content.partition(" ")
    return OrderLine(
        line=1,
        sku=f"{sku}-1",
        description="Goods",
        hs_code=hs_code,
        origin="FR",
        quantity=quantity,
        unit_price=cny(price),
        content=NetContent.model_validate({"amount": amount, "unit": unit}) if content else None,
        documents=tuple(SupportingDocument(type=one) for one in documents),
    )


def basket(
    *lines: OrderLine,
    freight: str = "0.00",
    insurance: str | None = None,
    coupon: str = "0.00",
    collected: str = "0.00",
    shop: str = RETAIL,
) -> OrderPlaced:
    numbered = tuple(line.model_copy(update={"line": n, "sku": f"S-{n}"}) for n, line in enumerate(lines, start=1))
    goods = sum((line.unit_price.amount * line.quantity for line in lines), Decimal(0))
    added = sum(map(Decimal, (freight, insurance or "0.00", collected)), Decimal(0))
    return OrderPlaced(
        order_id=order_id(),
        occurred_at=PLACED_AT,
        marketplace=shop,
        number="TM1",
        lines=numbered,
        freight=cny(freight),
        insurance=cny(insurance) if insurance else None,
        discount=cny(coupon),
        tax=cny(collected),
        total=Money(amount=goods + added - Decimal(coupon), currency="CNY"),
        country="CN",
        province="CN-GD",
    )


def verdict(order: OrderPlaced, left: str = "26000.00") -> OrderScreened | OrderRefused:
    """`left`: of the buyer's year."""
    found = screen(Facts(order.stream, [order, recorded()]), NOW, POLICY)
    if isinstance(found, Passed):
        return admit(found, None if found.yearly_limit is None else Decimal(left), NOW)
    assert found is not None
    return found


@dataclass(frozen=True)
class Golden:
    """An order and what is right of it; None: it is refused, by the reason."""

    name: str
    order: OrderPlaced
    value: str = ""
    tax: tuple[str, str, str, str] | None = None
    reason: str = ""


def _screened(name: str, order: OrderPlaced, value: str, *tax: str) -> Golden:
    return Golden(name, order, value, (tax[0], tax[1], tax[2], tax[3]))


CREAM, SERUM, OIL, WINE, COGNAC = "3304990039", "3304990031", "1509200000", "2204210000", "2208200090"
GOLDEN = (
    # --- cross-border retail, from the table of cases worked out by hand
    _screened(
        "two_creams", basket(article("248.00", 2, CREAM), freight="30.00"), "526.00", "0.00", "0.00", "47.87", "47.87"
    ),
    _screened(
        "serum_at_18_60_per_ml",
        basket(article("900.00", 1, "33049900", "50 ml"), freight="30.00"),
        "930.00",
        "0.00",
        "114.88",
        "99.56",
        "214.44",
    ),
    _screened(
        "cream_at_9_80_per_ml",
        basket(article("490.00", 1, "33049900", "50 ml")),
        "490.00",
        "0.00",
        "0.00",
        "44.59",
        "44.59",
    ),
    _screened(
        "cream_at_10_20_per_ml_with_freight",
        basket(article("490.00", 1, "33049900", "50 ml"), freight="20.00"),
        "510.00",
        "0.00",
        "63.00",
        "54.60",
        "117.60",
    ),
    _screened(
        "six_bottles_of_wine",
        basket(article("180.00", 6, WINE), freight="120.00"),
        "1200.00",
        "0.00",
        "93.33",
        "121.33",
        "214.66",
    ),
    _screened(
        "olive_oil", basket(article("120.00", 2, OIL), freight="20.00"), "260.00", "0.00", "0.00", "16.38", "16.38"
    ),
    _screened("at_the_limit", basket(article("2500.00", 2, CREAM)), "5000.00", "0.00", "0.00", "455.00", "455.00"),
    Golden(
        "a_fen_above_the_limit",
        basket(article("2500.00", 1, CREAM), article("2500.01", 1, CREAM)),
        reason="over_transaction_limit",
    ),
    _screened(
        "one_serum_above_the_limit_at_full_tax",
        basket(article("5600.00", 1, SERUM)),
        "5600.00",
        "56.00",
        "998.12",
        "865.04",
        "1919.16",
    ),
    Golden("one_article_above_the_year", basket(article("26000.01", 1, CREAM)), reason="over_yearly_limit"),
    Golden(
        "a_coupon_does_not_bring_it_under_the_limit",
        basket(article("2600.00", 2, CREAM), coupon="300.00"),
        reason="over_transaction_limit",
    ),
    _screened(
        "a_coupon_does_not_spare_the_year",
        basket(article("500.00", 2, CREAM), coupon="200.00", collected="91.00"),
        "1000.00",
        "0.00",
        "0.00",
        "91.00",
        "91.00",
    ),
    Golden(
        "insurance_counts",
        basket(article("2475.00", 2, CREAM), freight="40.00", insurance="20.00"),
        reason="over_transaction_limit",
    ),
    _screened(
        "the_limit_is_without_tax",
        basket(article("2500.00", 2, CREAM), collected="455.00"),
        "5000.00",
        "0.00",
        "0.00",
        "455.00",
        "455.00",
    ),
    # --- the kinds: rates of the tariff
    _screened(
        "insurance_is_taxed",
        basket(article("450.00", 2, CREAM), freight="60.00", insurance="40.00"),
        "1000.00",
        "0.00",
        "0.00",
        "91.00",
        "91.00",
    ),
    _screened(
        "sparkling_wine", basket(article("900.00", 1, "2204100000")), "900.00", "0.00", "70.00", "91.00", "161.00"
    ),
    # (600 + 0.912 x 0.7) / 0.8 = 750.798; x 20 % + 0.6384 = 150.798; both at 70 %
    _screened(
        "cognac_with_its_specific_part",
        basket(article("600.00", 1, COGNAC, "700 ml")),
        "600.00",
        "0.00",
        "105.56",
        "68.32",
        "173.88",
    ),
    _screened(
        "cognac_of_unknown_content", basket(article("600.00", 1, COGNAC)), "600.00", "0.00", "105.00", "68.25", "173.25"
    ),
    _screened(
        "watch_below_10000", basket(article("4999.00", 1, "91021100")), "4999.00", "0.00", "0.00", "454.91", "454.91"
    ),
    # 12,000 at 10 % duty = 1,200; 13,200 / 0.8 = 16,500; 20 % of it 3,300; 13 % of it 2,145
    _screened(
        "one_watch_above_10000_at_full_tax",
        basket(article("12000.00", 1, "91021100")),
        "12000.00",
        "1200.00",
        "3300.00",
        "2145.00",
        "6645.00",
    ),
    _screened(
        "face_mask_at_14_99_a_piece",
        basket(article("149.90", 1, "33049900", "10 piece")),
        "149.90",
        "0.00",
        "0.00",
        "13.64",
        "13.64",
    ),
    _screened(
        "face_mask_at_15_a_piece",
        basket(article("150.00", 1, "33049900", "10 piece")),
        "150.00",
        "0.00",
        "18.53",
        "16.06",
        "34.59",
    ),
    _screened(
        "cream_at_exactly_10_per_ml",
        basket(article("500.00", 1, "33049900", "50 ml")),
        "500.00",
        "0.00",
        "61.76",
        "53.53",
        "115.29",
    ),
    _screened(
        "cream_by_weight_at_9_99_per_g",
        basket(article("499.50", 1, "33049900", "50 g")),
        "499.50",
        "0.00",
        "0.00",
        "45.45",
        "45.45",
    ),
    _screened(
        "high_end_as_the_code_says",
        basket(article("400.00", 1, "3304990091")),
        "400.00",
        "0.00",
        "49.41",
        "42.82",
        "92.23",
    ),
    _screened("honey", basket(article("100.00", 1, "04090000")), "100.00", "0.00", "0.00", "6.30", "6.30"),
    _screened(
        "leather_handbag", basket(article("4000.00", 1, "42022100")), "4000.00", "0.00", "0.00", "364.00", "364.00"
    ),
    _screened("toys", basket(article("199.00", 2, "95030089")), "398.00", "0.00", "0.00", "36.22", "36.22"),
    _screened(
        "food_supplements",
        basket(article("260.00", 3, "21069090"), freight="20.00"),
        "800.00",
        "0.00",
        "0.00",
        "72.80",
        "72.80",
    ),
    _screened("silk_scarf", basket(article("1379.25", 1, "62141000")), "1379.25", "0.00", "0.00", "125.51", "125.51"),
    _screened(
        "cotton_shirts",
        basket(article("350.00", 2, "61051000"), freight="50.00"),
        "750.00",
        "0.00",
        "0.00",
        "68.25",
        "68.25",
    ),
    # 330.00 and 110.00 with 33.00 of the freight of 44.00, and 11.00
    _screened(
        "two_rates_in_one_basket",
        basket(article("330.00", 1, WINE), article("110.00", 1, OIL), freight="44.00"),
        "484.00",
        "0.00",
        "28.23",
        "44.32",
        "72.55",
    ),
    Golden(
        "two_indivisible_articles_do_not_pass", basket(article("5600.00", 2, SERUM)), reason="over_transaction_limit"
    ),
    Golden("coat_by_an_ended_code", basket(article("800.00", 1, "6202100000")), reason="tariff_code_unknown"),
    Golden(
        "olive_oil_by_the_ended_eight_digits", basket(article("100.00", 1, "15091000")), reason="tariff_code_unknown"
    ),
    Golden("cream_by_a_code_that_never_was", basket(article("100.00", 1, "3304990000")), reason="tariff_code_unknown"),
    Golden("not_on_the_list", basket(article("100.00", 1, "84713000")), reason="not_on_positive_list"),
    Golden("perfume_does_not_fly", basket(article("100.00", 1, "3303000020", "50 ml")), reason="dangerous_goods"),
    # --- by post
    _screened(
        "post_48_00_is_waived",
        basket(article("240.00", 1, "61091000"), shop=POST),
        "240.00",
        "0.00",
        "0.00",
        "48.00",
        "0.00",
    ),
    _screened(
        "post_50_00_is_waived",
        basket(article("250.00", 1, "61091000"), shop=POST),
        "250.00",
        "0.00",
        "0.00",
        "50.00",
        "0.00",
    ),
    _screened(
        "post_50_01_is_not",
        basket(article("250.05", 1, "61091000"), shop=POST),
        "250.05",
        "0.00",
        "0.00",
        "50.01",
        "50.01",
    ),
    _screened(
        "post_80_00_is_due",
        basket(article("400.00", 1, "61091000"), shop=POST),
        "400.00",
        "0.00",
        "0.00",
        "80.00",
        "80.00",
    ),
    _screened(
        "post_toys_49_40",
        basket(article("380.00", 1, "95030089"), shop=POST),
        "380.00",
        "0.00",
        "0.00",
        "49.40",
        "0.00",
    ),
    _screened(
        "post_wine_49_50", basket(article("99.00", 1, "22042100"), shop=POST), "99.00", "0.00", "0.00", "49.50", "0.00"
    ),
    _screened(
        "post_at_the_limit",
        basket(article("1000.00", 2, "61091000"), shop=POST),
        "2000.00",
        "0.00",
        "0.00",
        "400.00",
        "400.00",
    ),
    Golden(
        "post_a_fen_above_the_limit", basket(article("1000.01", 2, "61091000"), shop=POST), reason="over_postal_limit"
    ),
    Golden(
        "post_one_article_above_is_not_promised",
        basket(article("2500.00", 1, "61091000"), shop=POST),
        reason="over_postal_limit",
    ),
    _screened(
        "post_carriage_is_not_taxed",
        basket(article("400.00", 1, "61091000"), freight="100.00", insurance="10.00", shop=POST),
        "400.00",
        "0.00",
        "0.00",
        "80.00",
        "80.00",
    ),
    _screened(
        "post_a_coupon_is_not_taken_off",
        basket(article("400.00", 1, "61091000"), coupon="200.00", shop=POST),
        "400.00",
        "0.00",
        "0.00",
        "80.00",
        "80.00",
    ),
    _screened(
        "post_books", basket(article("400.00", 1, "49019900"), shop=POST), "400.00", "0.00", "0.00", "52.00", "52.00"
    ),
    _screened(
        "post_high_end_cream",
        basket(article("500.00", 1, "33049900", "50 ml"), shop=POST),
        "500.00",
        "0.00",
        "0.00",
        "250.00",
        "250.00",
    ),
    _screened(
        "post_ordinary_cream",
        basket(article("499.00", 1, "33049900", "50 ml"), shop=POST),
        "499.00",
        "0.00",
        "0.00",
        "99.80",
        "99.80",
    ),
    _screened(
        "post_mask_by_the_piece",
        basket(article("150.00", 1, "33049900", "10 piece"), shop=POST),
        "150.00",
        "0.00",
        "0.00",
        "75.00",
        "75.00",
    ),
    _screened(
        "post_chocolate",
        basket(article("390.00", 1, "18063200"), shop=POST),
        "390.00",
        "0.00",
        "0.00",
        "50.70",
        "50.70",
    ),
    _screened(
        "post_two_bands",
        basket(article("100.00", 1, "95030089"), article("100.00", 1, "61091000"), shop=POST),
        "200.00",
        "0.00",
        "0.00",
        "33.00",
        "0.00",
    ),
    _screened(
        "post_golf", basket(article("200.00", 1, "95063100"), shop=POST), "200.00", "0.00", "0.00", "100.00", "100.00"
    ),
    _screened(
        "post_watch_below_10000",
        basket(article("1500.00", 1, "91021100"), shop=POST),
        "1500.00",
        "0.00",
        "0.00",
        "300.00",
        "300.00",
    ),
    _screened(
        "post_handbag",
        basket(article("1800.00", 1, "42022100"), shop=POST),
        "1800.00",
        "0.00",
        "0.00",
        "360.00",
        "360.00",
    ),
    Golden(
        "post_night_vision_without_a_licence",
        basket(article("480.00", 1, "90051000"), shop=POST),
        reason="licence_required",
    ),
    Golden("crocodile_bag_without_a_permit", basket(article("900.00", 1, "4202210010")), reason="licence_required"),
)
