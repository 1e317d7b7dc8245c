"""The makers' goods in the warehouse near Paris; all are on China's cross-border list, and La Poste carries them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from stdnum import ean

RETAIL_TAX = Decimal("0.091")
"""Import VAT of 13 % at 70 %, what China asks of most cross-border retail goods."""
HIGH_END_TAX = Decimal("0.28") / Decimal("0.85") * Decimal("0.7")
"""With consumption tax of 15 %: cosmetics from 10 CNY a millilitre on."""


@dataclass(frozen=True)
class Good:
    sku: str
    owner: str
    description: str
    """As on the CN23."""
    hs_code: str
    price: Decimal
    """EUR without tax, a unit."""
    weight_g: int
    size_mm: tuple[int, int, int]
    number: int
    """Of the article, within the company prefix of the GTIN."""
    content_ml: int | None = None
    """On the package, where China's tax depends on it."""
    tax: Decimal = RETAIL_TAX
    """Of its price and its share of the freight."""
    serialised: bool = False
    """Whether each unit has a serial, which the warehouse gives it and the packer scans."""
    lot: str = ""
    """On every pack, where only lots tell the units apart."""

    @property
    def identity(self) -> str:
        """By what its units are told apart, as the warehouse names it."""
        return "serial" if self.serialised else "lot" if self.lot else "none"

    @property
    def gtin(self) -> str:
        stem = f"376000{self.number:06d}"
        return stem + ean.calc_check_digit(stem)


def _good(
    number: int,
    sku: str,
    owner: str,
    description: str,
    hs_code: str,
    price: str,
    weight_g: int,
    size_mm: tuple[int, int, int],
    content_ml: int | None = None,
    tax: Decimal = RETAIL_TAX,
    *,
    serialised: bool = False,
    lot: str = "",
) -> Good:
    return Good(
        sku, owner, description, hs_code, Decimal(price), weight_g, size_mm, number, content_ml, tax, serialised, lot
    )


GOODS = (
    _good(
        101,
        "SOIE-CARRE-90",
        "soieries-lyon",
        "Silk scarf 90 x 90 cm",
        "62141000",
        "165.00",
        120,
        (260, 260, 30),
        serialised=True,
    ),
    _good(102, "PORC-TASSE-2", "porcelaine-limoges", "Two porcelain cups", "69111019", "48.00", 640, (220, 140, 110)),
    _good(
        103,
        "CREME-JOUR-50",
        "cosmetique-grasse",
        "Face cream 50 ml",
        "33049900",
        "62.00",
        180,
        (80, 80, 70),
        content_ml=50,
        tax=HIGH_END_TAX,
    ),
    _good(104, "SAVON-OLIVE-300", "savonnerie-marseille", "Olive oil soap", "34011100", "9.50", 310, (80, 80, 75)),
    _good(
        105,
        "PALET-BEURRE",
        "biscuiterie-nantes",
        "Butter biscuits 350 g",
        "19053100",
        "11.90",
        400,
        (200, 120, 90),
        lot="L26-318",
    ),
    _good(106, "STYLO-PLUME-M", "plumes-paris", "Fountain pen", "96083020", "118.00", 90, (170, 60, 40)),
    _good(107, "TRAIN-BOIS-12", "jouets-jura", "Wooden toy train", "95030089", "34.00", 850, (300, 200, 90)),
    _good(108, "BODY-BEBE-6M", "bebe-troyes", "Baby bodysuit, cotton", "61112000", "29.00", 110, (240, 180, 25)),
    _good(109, "GANT-AGNEAU-8", "gants-millau", "Lambskin gloves", "42032990", "89.00", 140, (260, 130, 40)),
    _good(110, "SAC-CUIR-28", "maroquinerie-paris", "Leather handbag", "42022100", "480.00", 980, (320, 260, 140)),
    _good(
        111, "COCOTTE-FONTE-24", "fonderie-nord", "Cast iron casserole", "73239200", "142.00", 4_400, (330, 260, 180)
    ),
    _good(112, "ECHARPE-LAINE", "tissage-vosges", "Woollen scarf", "62142010", "54.00", 210, (280, 220, 50)),
    _good(113, "CHAPEAU-PAILLE", "chapellerie-caussade", "Straw hat", "65040000", "76.00", 160, (340, 320, 120)),
    _good(114, "BOUGIE-FIGUE", "cirier-paris", "Scented candle", "34060000", "45.00", 520, (100, 100, 110)),
)
BY_SKU = {good.sku: good for good in GOODS}

BY_LOT = next(good for good in GOODS if good.lot)

COUNTED_WRONG = "CHAPEAU-PAILLE"
"""As many units are in stock as are ordered, but fewer are on the shelf: a short pick finds no other unit."""
SOLD_OUT = "BOUGIE-FIGUE"
"""Fewer units are in stock than one order needs."""
