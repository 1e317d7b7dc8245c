"""Every carrier we work with: what `contracts.carriers` declares has a package of its name here, with `CARRIER`."""

from __future__ import annotations

from importlib import import_module

from contracts import carriers as declared
from services.carrier.carriers.carrier import Carrier

CARRIERS: tuple[Carrier, ...] = tuple(import_module(f"{__name__}.{name}").CARRIER for name in declared.CARRIERS)
