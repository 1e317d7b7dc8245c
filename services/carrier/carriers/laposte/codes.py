"""What La Poste's event codes mean, as data: the Okapi codes of Suivi v2, and Colissimo's six-letter codes, which
`colissimo_codes.csv` holds. The events of foreign posts (EMSEVT) may come as they are.

Source of the Okapi codes: the public list of rigwild/suivi-poste (others agree), later additions from one client each.
Not officially published in full, so a code that is not here is normal: it is stored and shown, and changes nothing.

What the tables keep apart, because others got it wrong:
ET1 says nothing of the country and returns after ET3; DO1 is a customs step, not a fault; DI2 is back at the sender,
not delivered; RE1 does not say why; DEPGUI is the sender's own deposit; RENAVI waits for the addressee, RSTTAF for its
next transport. DOUTAX, DOUPAR, DOUVIS and AARTER are on their way again, whatever held them before.
"""

from __future__ import annotations

import re
from pathlib import Path

from services.carrier.carriers.codes import ARRIVED, EMSEVT, MOVED, RELEASED, code_table
from services.carrier.domain.carrier import CodeMeaning

ORIGIN, DESTINATION = "FR", "CN"


UNKNOWN = CodeMeaning(None)

OKAPI: dict[str, CodeMeaning] = {
    "DR1": CodeMeaning("announced"),
    "DR2": CodeMeaning(None, sets=("problem",)),
    "PC1": CodeMeaning("accepted", clears=MOVED),
    "PC2": CodeMeaning("accepted", clears=MOVED),
    "ET1": CodeMeaning("in_transit", clears=RELEASED),
    "ET2": CodeMeaning("at_origin_exchange", clears=MOVED),
    "ET3": CodeMeaning("arrived_destination", clears=RELEASED),
    "ET4": CodeMeaning("in_transit_country", clears=RELEASED),
    "EP1": CodeMeaning("at_delivery_office", clears=RELEASED),
    "DO1": CodeMeaning("customs", clears=MOVED),
    "DO2": CodeMeaning("customs_released", clears=RELEASED),
    "DO3": CodeMeaning(None, sets=("customs_held",)),
    "PB1": CodeMeaning(None, sets=("problem",)),
    "PB2": CodeMeaning(None, clears=("problem",)),
    "MD2": CodeMeaning("out_for_delivery", clears=ARRIVED),
    "ND1": CodeMeaning(None, sets=("delivery_failed",), clears=RELEASED),
    "AG1": CodeMeaning("available_for_pickup", clears=ARRIVED),
    "RE1": CodeMeaning("returning", clears=RELEASED),
    "DI0": CodeMeaning("delivered", clears=ARRIVED),
    "DI1": CodeMeaning("delivered", clears=ARRIVED),
    "DI2": CodeMeaning("returned", clears=RELEASED),
    "DI3": CodeMeaning(None, sets=("delayed",)),
    "ID0": CodeMeaning(None),
    "ID1": CodeMeaning(None),
}

COLISSIMO = code_table(Path(__file__).parent / "colissimo_codes.csv")
COLLECTING_DUTIES = frozenset(code for code, meaning in COLISSIMO.items() if meaning.reason == "duty_due")
"""Handed to the addressee against payment of duties and taxes."""
FAMILIES = {"AEC": COLISSIMO["AEC"]}
"""Colissimo codes that mean the same for every ending."""

_SIDES: dict[tuple[str, str | None], CodeMeaning] = {
    ("DO1", ORIGIN): CodeMeaning("export_customs", clears=MOVED),
    ("DO1", DESTINATION): CodeMeaning("import_customs", clears=MOVED),
    ("DO2", ORIGIN): CodeMeaning("export_cleared", clears=RELEASED),
    ("DO2", DESTINATION): CodeMeaning("import_cleared", clears=RELEASED),
}
"""Customs steps on either side. In another country, or without one, the side stays open: all the scans decide it."""


UNKNOWN_CODE = "unknown"
"""Published in place of a code that is in no table, since the code might be anybody's words."""
_OF_FAMILY = re.compile(r"[A-Z]{6}")


def of_table(code: str) -> str:
    """The code, if it is in a table or of a family in one; else `UNKNOWN_CODE`."""
    return UNKNOWN_CODE if _meaning(code) is None else code


def read(code: str, country: str | None) -> CodeMeaning:
    """What the code means. A code in no table changes nothing and never fails."""
    return _SIDES.get((code, country)) or _meaning(code) or UNKNOWN


def _meaning(code: str) -> CodeMeaning | None:
    of_family = FAMILIES.get(code[:3]) if _OF_FAMILY.fullmatch(code) else None
    return OKAPI.get(code) or COLISSIMO.get(code) or EMSEVT.get(code) or of_family
