"""The pages of provenance in every state, for tests of what they say and of how they look."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from contracts.base import product_stream, vendor_stream
from contracts.warehouse import UnitKey
from services.pages.words import Language
from services.provenance.api.page import Lot, Pages, Unit
from services.provenance.domain.catalogue import product_of, vendor_of
from services.provenance.domain.hidden_codes import HiddenCode, Outcome
from services.provenance.domain.log_events import LotKey
from services.provenance.domain.lot_events import SHOWN
from services.provenance.domain.way import Step, step_of
from services.provenance.store.catalogue import Shown
from services.provenance.store.looks import Looks
from shared.ledger.facts import Facts
from tests.support.provenance_log import MemoryLog
from tests.support.provenance_samples import AT, GTIN, ISSUER, PLACE, WITNESS, every_event, history
from tests.support.provenance_service import OWNER, SKU, approved, verified

_VERIFY = (
    f"python -m services.provenance verify FILE --log-key={MemoryLog().key.verifier} --issuer={ISSUER}"
    f" --witness={WITNESS.verifier} --quorum=1"
)
PAGES = Pages("FR", "help@shop.example", _VERIFY)

OUTCOMES = {
    "malformed": Outcome("malformed"),
    "wrong": Outcome("wrong"),
    "wrong, with a wait": Outcome("wrong", 61),
    "too early": Outcome("wait", 60),
    "first": Outcome("first", revealed_at=AT),
    "again": Outcome("again", revealed_at=AT),
}
"""Of a try of the hidden code."""


def steps(*names: str) -> list[Step]:
    return [Step(f"ni:{n}", AT + timedelta(days=n), name, True, "proven") for n, name in enumerate(names)]


def shown(**changes: Any) -> Shown:
    """`changes` of the product."""
    product = product_of(Facts(product_stream(SKU), [approved(**changes)]))
    vendor = vendor_of(Facts(vendor_stream(OWNER), [verified()]))
    assert product is not None
    return Shown(product, vendor)


def unit(**changes: Any) -> Unit:
    """With all that a page can show of one: it was written off, is flagged, and its code was revealed."""
    values = {
        "key": UnitKey(gtin=GTIN, serial="A/<B"),
        "way": [step_of(event, "proven", PLACE) for event in every_event()],
        "shown": shown(),
        "looks": Looks(7, AT, "CN"),
        "proven": True,
        "code": HiddenCode(b"", revealed_at=AT),
        "flagged": True,
    }
    return Unit(**{**values, **changes})


def delivered(serial: str, **changes: Any) -> Unit:
    """One with its buyer, of whom nobody thinks ill."""
    way = [step_of(event, "proven", PLACE) for event in history()]
    return unit(**{"key": UnitKey(gtin=GTIN, serial=serial), "way": way, "code": None, "flagged": False, **changes})


def unknown_product() -> Unit:
    return unit(shown=None, code=None, looks=Looks(0), proven=False, flagged=False, way=steps("new"))


def said_by_others() -> Unit:
    declared = replace(steps("new")[0], here=False, said_by="<B", wrong=True)
    waiting = replace(steps("packing")[0], proof="waiting")
    earlier = replace(steps("receiving")[0], proof="earlier")
    return unit(way=[*steps("commissioning"), declared, waiting, earlier])


def of_least() -> Shown:
    """A product without name and brand, from a country without a name, of no vendor."""
    return Shown(shown(names=None, brand=None, origin="XX").product, None)


def barred() -> Shown:
    """A product that is no longer sold, of a vendor that may not sell; nobody has validated either."""
    sold = shown()
    assert sold.vendor is not None
    return Shown(replace(sold.product, withdrawn=True, stated=True), replace(sold.vendor, suspended=True, stated=True))


def others(language: Language) -> dict[str, bytes]:
    """The page of a product and of a lot in each state, and those that say only one thing."""
    return {
        "product": PAGES.product(shown(), language),
        "product without a name": PAGES.product(shown(names=None), language),
        "product no longer sold": PAGES.product(barred(), language),
        "product for an unknown lot": PAGES.product(shown(), language, of_lot=True),
        "lot": PAGES.lot(Lot(LotKey(gtin=GTIN, lot="<L"), shown(), dict.fromkeys(SHOWN, AT)), language),
        "lot of an unknown product": PAGES.lot(Lot(LotKey(gtin=GTIN, lot="L"), None, {"received": AT}), language),
        "not found": PAGES.not_found(language),
        **{text: PAGES.says(text, language) for text in ("too_many", "bad_link", "no_link")},
    }


def of_units(language: Language) -> dict[str, bytes]:
    """The page of a unit in each state, and after each try of its hidden code."""
    scratched = delivered("S", code=HiddenCode(b""))
    return {
        "ended and flagged": PAGES.unit(unit(), language),
        "flagged": PAGES.unit(delivered("S", flagged=True), language),
        "hidden code": PAGES.unit(scratched, language),
        **{f"hidden code, {name}": PAGES.unit(scratched, language, outcome) for name, outcome in OUTCOMES.items()},
        "unit of an unknown product": PAGES.unit(unknown_product(), language),
        "unit of which little is known": PAGES.unit(unit(shown=of_least()), language),
        "unit of a product no longer sold": PAGES.unit(delivered("S", shown=barred()), language),
        "first seen nowhere": PAGES.unit(unit(looks=Looks(3, AT, "XX"), way=steps("commissioning")), language),
        "said by others": PAGES.unit(said_by_others(), language),
    }


LONG = 19 * "W" + "M"


def of_longest(language: Language) -> dict[str, bytes]:
    """What has no place to break a line, as long as it may be."""
    product, vendor = replace(shown(names=None, brand=5 * LONG).product, sku=2 * LONG), shown().vendor
    assert vendor is not None
    longest = Shown(product, replace(vendor, name=5 * LONG))
    way = [*steps("commissioning"), replace(steps("packing")[0], here=False, said_by=f"vendor:{5 * LONG}")]
    return {
        "longest unit": PAGES.unit(delivered(LONG, shown=longest, way=way, code=HiddenCode(b"")), language),
        "longest product": PAGES.product(longest, language),
        "longest lot": PAGES.lot(Lot(LotKey(gtin=GTIN, lot=LONG), longest, {"received": AT}), language),
    }
