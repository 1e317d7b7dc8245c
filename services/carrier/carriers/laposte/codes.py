"""What La Poste's event codes mean, as data: the Okapi codes of Suivi v2 and Colissimo's six-letter codes.

Sources: Suivi v2, the public list of rigwild/suivi-poste (others agree), later additions from one client each;
Colissimo, the status table of its WooCommerce plugin 2.2.0. Not officially published in full, so a code that is not
here is normal: it is stored and shown, and moves nothing.

What the tables keep apart, because others got it wrong:
ET1 says nothing of the country and returns after ET3; DO1 is a customs step, not a fault; DI2 is back at the sender,
not delivered; RE1 does not say why; DEPGUI is the sender's own deposit; RENAVI and RSTTAF wait for the addressee.
"""

from __future__ import annotations

from contracts.vocabularies import Flag
from services.carrier.carriers.carrier import Reading

ORIGIN, DESTINATION = "FR", "CN"

_MOVED: tuple[Flag, ...] = ("problem", "delayed")
"""Any later step ends a problem and a delay."""
_RELEASED: tuple[Flag, ...] = ("customs_held", "problem", "delayed")
"""A step that is only possible outside customs ends a hold as well."""
_ARRIVED: tuple[Flag, ...] = ("customs_held", "delivery_failed", "problem", "delayed")
"""A step at or after the addressee's door ends an earlier failed attempt as well."""

UNKNOWN = Reading(None)

OKAPI: dict[str, Reading] = {
    "DR1": Reading("announced"),
    "DR2": Reading(None, sets=("problem",)),
    "PC1": Reading("accepted", clears=_MOVED),
    "PC2": Reading("accepted", clears=_MOVED),
    "ET1": Reading("in_transit", clears=_RELEASED),
    "ET2": Reading("at_origin_exchange", clears=_MOVED),
    "ET3": Reading("arrived_destination", clears=_RELEASED),
    "ET4": Reading("in_transit_country", clears=_RELEASED),
    "EP1": Reading("at_delivery_office", clears=_RELEASED),
    "DO1": Reading("customs", clears=_MOVED),
    "DO2": Reading("customs_released", clears=_RELEASED),
    "DO3": Reading(None, sets=("customs_held",)),
    "PB1": Reading(None, sets=("problem",)),
    "PB2": Reading(None, clears=("problem",)),
    "MD2": Reading("out_for_delivery", clears=_ARRIVED),
    "ND1": Reading(None, sets=("delivery_failed",), clears=_RELEASED),
    "AG1": Reading("available_for_pickup", clears=_ARRIVED),
    "RE1": Reading("returning", clears=_RELEASED),
    "DI0": Reading("delivered", clears=_ARRIVED),
    "DI1": Reading("delivered", clears=_ARRIVED),
    "DI2": Reading("returned", clears=_RELEASED),
    "DI3": Reading(None, sets=("delayed",)),
    "ID0": Reading(None),
    "ID1": Reading(None),
}

_HELD = Reading(None, sets=("customs_held",))
_DELIVERED = Reading("delivered", clears=_ARRIVED)
_WAITING = Reading("available_for_pickup", clears=_ARRIVED)
_RETURNING = Reading("returning", clears=_RELEASED)
_TRANSIT = Reading("in_transit", clears=_RELEASED)
_CLEARING = Reading("import_customs", clears=_MOVED)

COLISSIMO: dict[str, Reading] = {
    "COMCFM": Reading("announced"),
    "PCHMQT": Reading("announced"),
    "PCHCLI": Reading("announced"),
    "DEPGUI": Reading("accepted", clears=_MOVED),
    "PCHCFM": Reading("accepted", clears=_MOVED),
    "PCHCEX": Reading("accepted", clears=_MOVED),
    "DEPCDR": _TRANSIT,
    "AARTRA": _TRANSIT,
    "AARTER": Reading(None, sets=("problem",)),
    "AARTRG": Reading(None, sets=("problem",)),
    "EXPCFM": Reading("at_origin_exchange", clears=_MOVED),
    "DOUEXP": Reading("export_customs", clears=_MOVED),
    "AAREXP": Reading("arrived_destination", clears=_RELEASED),
    "DCHCFM": Reading("arrived_destination", clears=_RELEASED),
    "DCHDDT": Reading("import_cleared", clears=_RELEASED),
    "AARDOU": _CLEARING,
    "DOUDOU": _CLEARING,
    "DOUAGV": _CLEARING,
    "DOUVIS": _CLEARING,
    "DOUDDI": _HELD,
    "DOUDDM": _HELD,
    "DOUFCI": _HELD,
    "DOUFCM": _HELD,
    "DOUCOI": _HELD,
    "DOUCOM": _HELD,
    "DOUNIR": _HELD,
    "DOUEOR": _HELD,
    "DOUIDD": _HELD,
    "DOUIIR": _HELD,
    "DOUEXI": _HELD,
    "DOURES": _HELD,
    "DOUPRO": _HELD,
    "RSTPRO": _HELD,
    "DOUPAR": _HELD,
    "DOUTAX": _HELD,
    "AARCFM": Reading("at_delivery_office", clears=_RELEASED),
    "RENNRV": Reading(None, sets=("delivery_failed",), clears=_RELEASED),
    "RENARV": Reading(None, sets=("delivery_failed",), clears=_RELEASED),
    "RENCAD": Reading(None, sets=("problem",)),
    "RSTTAF": Reading(None),
    "RENAVI": _WAITING,
    "AARBPR": _WAITING,
    "MLVARS": _WAITING,
    "LIVCFM": _DELIVERED,
    "LIVGAR": _DELIVERED,
    "LIVRTI": _DELIVERED,
    "LIVBAL": _DELIVERED,
    "LIVCGA": _DELIVERED,
    "LIVBPO": _DELIVERED,
    "RENDIA": _RETURNING,
    "RENTAR": _RETURNING,
    "RENAVA": _RETURNING,
    "RENSNC": _RETURNING,
    "RENEMB": _RETURNING,
    "SOLREO": _RETURNING,
    "SOLREI": _RETURNING,
    "LIVREO": Reading("returned", clears=_RELEASED),
    "ANNULE": Reading("cancelled"),
    "SOLVOL": Reading("lost"),
    "SOLMQD": Reading("lost"),
    "SOLDOC": Reading(None, sets=("problem",)),
    "SOLDDR": Reading("seized"),
}
FAMILIES: dict[str, Reading] = {"AEC": _TRANSIT}
"""Colissimo codes that mean the same for every ending."""

_SIDES: dict[tuple[str, str | None], Reading] = {
    ("DO1", ORIGIN): Reading("export_customs", clears=_MOVED),
    ("DO1", DESTINATION): Reading("import_customs", clears=_MOVED),
    ("DO2", ORIGIN): Reading("export_cleared", clears=_RELEASED),
    ("DO2", DESTINATION): Reading("import_cleared", clears=_RELEASED),
}
"""Customs steps on either side. In another country, or without one, the side stays open: all the scans decide it."""


def read(code: str, country: str | None) -> Reading:
    """What the code means. A code in neither table moves nothing and never fails."""
    if (known := _SIDES.get((code, country)) or OKAPI.get(code) or COLISSIMO.get(code)) is not None:
        return known
    if len(code) == 6 and (family := FAMILIES.get(code[:3])) is not None:
        return family
    return UNKNOWN
