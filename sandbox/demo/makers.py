"""The makers of the demo's goods: validated by the service `makers` before anything of theirs is received."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from stdnum import luhn

from sandbox.demo.api import Api
from sandbox.demo.goods import BY_SKU, GOODS, SOLD_OUT, Good
from shared.scopes import Scope

PATIENCE_SECONDS = 60.0
LAPSES_AFTER = timedelta(days=4)
"""Business time from the start to the last day of one maker's brand: its product is withdrawn while orders travel."""
SETTINGS: Mapping[str, Mapping[str, str]] = {"warehouse": {"PRODUCTS_FROM_MAKERS": "true"}}
NOT_REGISTERED = "sellerie-fantome"
"""It states a VAT number that no register knows."""
_PAUSE = 0.1
_DEED = b"%PDF-1.7\ncertificate of registration\n%%EOF"


@dataclass(frozen=True)
class Maker:
    """A French company that sells under its own brand."""

    owner: str
    name: str
    """By which shoppers see it, and its brand."""
    city: str
    postcode: str
    number: int
    """Of its SIREN among those that begin with 999, which are nobody's."""

    @property
    def siren(self) -> str:
        stem = f"99900{self.number:03d}"
        return stem + luhn.calc_check_digit(stem)

    @property
    def vat(self) -> str:
        """A French number's key follows from the SIREN (article 286 ter of the tax code)."""
        return f"FR{(12 + 3 * (int(self.siren) % 97)) % 97:02d}{self.siren}"


MAKERS = (
    Maker("soieries-lyon", "Soieries des Canuts", "Lyon", "69004", 1),
    Maker("porcelaine-limoges", "Porcelaine du Limousin", "Limoges", "87000", 2),
    Maker("cosmetique-grasse", "Atelier de Grasse", "Grasse", "06130", 3),
    Maker("savonnerie-marseille", "Savonnerie du Panier", "Marseille", "13002", 4),
    Maker("biscuiterie-nantes", "Biscuiterie de la Loire", "Nantes", "44000", 5),
    Maker("plumes-paris", "Plumes de Paris", "Paris", "75003", 6),
    Maker("jouets-jura", "Jouets du Haut-Jura", "Saint-Claude", "39200", 7),
    Maker("bebe-troyes", "Petit Troyen", "Troyes", "10000", 8),
    Maker("gants-millau", "Ganterie du Tarn", "Millau", "12100", 9),
    Maker("maroquinerie-paris", "Maroquinerie du Temple", "Paris", "75003", 10),
    Maker("fonderie-nord", "Fonderie du Nord", "Fresnoy-le-Grand", "02230", 11),
    Maker("tissage-vosges", "Tissage des Vosges", "Gérardmer", "88400", 12),
    Maker("chapellerie-caussade", "Chapellerie de Caussade", "Caussade", "82300", 13),
    Maker("cirier-paris", "Cirier du Marais", "Paris", "75004", 14),
)
REJECTED = Maker(NOT_REGISTERED, "Sellerie Fantôme", "Paris", "75008", 15)
LAPSING = BY_SKU[SOLD_OUT]
"""The product whose brand ends on the way; no order waits for it."""
NAMES: Mapping[str, tuple[str, str, str]] = {
    "SOIE-CARRE-90": ("Carré de soie 90 x 90 cm", "真丝方巾 90×90厘米", "silk"),
    "PORC-TASSE-2": ("Deux tasses en porcelaine", "瓷杯两只", "porcelain"),
    "CREME-JOUR-50": ("Crème de jour 50 ml", "日霜 50毫升", "aqua, glycerin, parfum"),
    "SAVON-OLIVE-300": ("Savon à l'olive", "橄榄皂", "sodium olivate, aqua"),
    "PALET-BEURRE": ("Palets au beurre 350 g", "黄油饼干 350克", "wheat flour, butter, sugar, eggs"),
    "STYLO-PLUME-M": ("Stylo plume", "钢笔", "brass, steel"),
    "TRAIN-BOIS-12": ("Train en bois", "木制玩具火车", "beech wood"),
    "BODY-BEBE-6M": ("Body bébé en coton", "棉质婴儿连体衣", "cotton"),
    "GANT-AGNEAU-8": ("Gants en agneau", "小羊皮手套", "lambskin"),
    "SAC-CUIR-28": ("Sac à main en cuir", "皮革手提包", "cowhide"),
    "COCOTTE-FONTE-24": ("Cocotte en fonte", "铸铁锅", "cast iron"),
    "ECHARPE-LAINE": ("Écharpe en laine", "羊毛围巾", "wool"),
    "CHAPEAU-PAILLE": ("Chapeau de paille", "草帽", "wheat straw"),
    "BOUGIE-FIGUE": ("Bougie à la figue", "无花果香薰蜡烛", "vegetable wax, parfum"),
}
"""By SKU: the French and the Chinese name, and the composition."""


class Onboarding:
    """States the makers, and decides on them as a person of the hub would."""

    def __init__(
        self, api: Api, urls: Mapping[str, str], keys: Mapping[Scope, str], now: Callable[[], datetime]
    ) -> None:
        """`now` is business time."""
        self._api, self._urls, self._keys, self._now = api, urls, keys, now
        self.rejected_for: str | None = None
        """VIES' answer on the number of `REJECTED`."""

    async def run(self) -> None:
        """Until the warehouse knows every product. Raises Refused, TimeoutError."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            await asyncio.gather(*(self._onboard(maker) for maker in MAKERS), self._reject(REJECTED))
            for good in GOODS:
                await self._until_known(good)

    async def _onboard(self, maker: Maker) -> None:
        trader = {"name": maker.name.upper(), "address": f"{maker.postcode} {maker.city.upper()}"}
        await self._api.put("sandbox", f"/control/vat-numbers/{maker.vat}", None, trader)
        async with self._added(maker) as vendor:
            brand = await vendor.brand(self._now(), LAPSES_AFTER if maker.owner == LAPSING.owner else None)
            await vendor.submit()
            await self._decide(vendor.path, "verify", "papers_read")
            await self._decide(f"{vendor.path}/brands/{brand}", "authorise", "papers_read")
            for good in GOODS:
                if good.owner == maker.owner:
                    await vendor.state(good, brand)
                    await self._decide(f"{vendor.path}/products/{good.sku}", "approve", "seen")

    async def _reject(self, maker: Maker) -> None:
        async with self._added(maker) as vendor:
            [check] = await vendor.submit()
            self.rejected_for = check["outcome"]
            await self._decide(vendor.path, "reject", "number_not_valid")

    @asynccontextmanager
    async def _added(self, maker: Maker) -> AsyncIterator[_Vendor]:
        added = await self._api.post("makers", "/vendors", "operator", {"owner": maker.owner})
        async with Api(self._urls, {**self._keys, "vendor": added["key"]}) as api:
            yield _Vendor(maker, f"/vendors/{added['id']}", api)

    async def _decide(self, path: str, decision: str, reason: str) -> None:
        await self._api.post("makers", f"{path}/decision", "operator", {"decision": decision, "reason": reason})

    async def _until_known(self, good: Good) -> None:
        known: set[str] = set()
        while good.sku not in known:
            known = {row["sku"] async for row in self._api.pages("warehouse", "/products", "products", "warehouse")}
            await asyncio.sleep(_PAUSE)


class _Vendor:
    """A vendor: with its own key it states what is its own."""

    def __init__(self, maker: Maker, path: str, api: Api) -> None:
        self._maker, self.path, self._api = maker, path, api

    async def submit(self) -> Sequence[Mapping[str, Any]]:
        """States company, people and account, and waits for VIES: what it has answered."""
        maker = self._maker
        company = {
            "name": f"{maker.name} SAS",
            "public_name": maker.name,
            "street": "1 rue de l'Atelier",
            "postcode": maker.postcode,
            "city": maker.city,
            "country": "FR",
            "siren": maker.siren,
            "vat": maker.vat,
            "eori": f"FR{maker.siren}",
        }
        people = {
            "representative": {"name": "Camille Aubagne", "role": "présidente"},
            "contacts": [{"name": "Louis Cassis", "email": f"export@{maker.owner}.example", "phone": "+33491900001"}],
        }
        account = {"iban": "FR1420041010050500013M02606"}
        for what, body in (("company", company), ("people", people), ("bank-account", account)):
            await self._api.put("makers", f"{self.path}/{what}", "vendor", body)
        await self._api.post("makers", f"{self.path}/submission", "vendor")
        await self._until_checked()
        checks: Sequence[Mapping[str, Any]] = (await self._api.get("makers", f"{self.path}/checks", "vendor"))["checks"]
        return checks

    async def _until_checked(self) -> None:
        while True:
            vendor = await self._api.get("makers", self.path, "vendor")
            if vendor["state"] != "submitted":
                return
            await asyncio.sleep(_PAUSE)

    async def brand(self, now: datetime, ends_after: timedelta | None) -> str:
        """Its id."""
        body: dict[str, Any] = {
            "name": self._maker.name,
            "role": "owner",
            "office": "EUIPO",
            "number": f"0186928{self._maker.number:02d}",
            "territories": ["FR", "CN"],
            "valid_from": "2020-01-01",
            "delegates_serials": True,
        }
        if ends_after is not None:
            body["valid_to"] = (now + ends_after).date().isoformat()
        brand = str((await self._api.post("makers", f"{self.path}/brands", "vendor", body))["id"])
        await self._api.put("makers", f"{self.path}/brands/{brand}/document", "vendor", _DEED)
        return brand

    async def state(self, good: Good, brand: str) -> None:
        """States a product and submits it."""
        french, chinese, composition = NAMES[good.sku]
        body: dict[str, Any] = {
            "brand_id": brand,
            "gtin": good.gtin,
            "names": {"fr": french, "en": good.description, "zh": chinese},
            "hs_code": good.hs_code,
            "origin": "FR",
            "composition": composition,
            "net_weight_g": good.weight_g,
            "length_mm": good.size_mm[0],
            "width_mm": good.size_mm[1],
            "height_mm": good.size_mm[2],
            "unit_value": {"amount": f"{good.price:.2f}", "currency": "EUR"},
            "identity": good.identity,
        }
        if good.content_ml:
            body["content"] = {"amount": f"{good.content_ml}.00", "unit": "ml"}
        await self._api.put("makers", f"{self.path}/products/{good.sku}", "vendor", body)
        await self._api.post("makers", f"{self.path}/products/{good.sku}/submission", "vendor")


def onboarded(rejected_for: str | None) -> str:
    """Who was let in, in one line. `rejected_for`: VIES' answer on `REJECTED`."""
    return (
        f"{len(MAKERS)} makers were validated, and their {len(GOODS)} products approved; {REJECTED.name} was rejected: "
        f"VIES finds its VAT number {str(rejected_for).replace('_', ' ')}"
    )


async def lapsed(api: Api) -> str:
    """What became of the product whose brand ends on the way, in one line. Waits until the warehouse knows."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            rows = [row async for row in api.pages("warehouse", "/stock", "stock", "warehouse", sku=LAPSING.sku)]
            row = next(row for row in rows if row["sku"] == LAPSING.sku)
            if row["blocked"]:
                break
            await asyncio.sleep(_PAUSE)
    return f"the brand of {LAPSING.owner} has ended: {LAPSING.sku} is withdrawn, {row['blocked']} units are blocked"
