"""The register behind VIES: traders by VAT number, and member states that are away."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Literal, get_args

MEMBER_STATES = frozenset(
    ("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "EL", "ES", "FI", "FR", "HR", "HU", "IE", "IT", "LT", "LU", "LV")
) | {"MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK", "XI"}
"""VIES' own codes: Greece is EL, Northern Ireland XI."""
WITHHOLDING = frozenset({"DE", "ES"})
"""They do not publish names and addresses."""
NOTHING = "---"
"""How VIES says that it tells nothing."""

VatFault = Literal[
    "INVALID_INPUT",
    "INVALID_REQUESTER_INFO",
    "SERVICE_UNAVAILABLE",
    "MS_UNAVAILABLE",
    "TIMEOUT",
    "VAT_BLOCKED",
    "IP_BLOCKED",
    "GLOBAL_MAX_CONCURRENT_REQ",
    "GLOBAL_MAX_CONCURRENT_REQ_TIME",
    "MS_MAX_CONCURRENT_REQ",
    "MS_MAX_CONCURRENT_REQ_TIME",
    "VOW-ERR-1",
]
VAT_FAULTS: tuple[VatFault, ...] = get_args(VatFault)
TEST_FAULTS: dict[str, VatFault] = {
    "201": "INVALID_INPUT",
    "202": "INVALID_REQUESTER_INFO",
    "300": "SERVICE_UNAVAILABLE",
    "301": "MS_UNAVAILABLE",
    "302": "TIMEOUT",
    "400": "VAT_BLOCKED",
    "401": "IP_BLOCKED",
    "500": "GLOBAL_MAX_CONCURRENT_REQ",
    "501": "GLOBAL_MAX_CONCURRENT_REQ_TIME",
    "600": "MS_MAX_CONCURRENT_REQ",
    "601": "MS_MAX_CONCURRENT_REQ_TIME",
}
"""What the test service answers to these numbers, whatever the country; SERVICE_UNAVAILABLE to those that it does not
know."""


@dataclass(frozen=True, slots=True)
class Trader:
    name: str
    address: str


WITHHELD = Trader(NOTHING, NOTHING)
"""Of a member state that tells no names, and of nobody."""
TEST_TRADERS: dict[str, Trader | None] = {"100": Trader("John Doe", "123 Main St, Anytown, UK"), "200": None}
"""Of the test service's numbers that are answered, whatever the country; 200 is nobody's."""


class Register:
    """Who is registered, and which member states fail."""

    def __init__(self) -> None:
        self.traders: dict[str, Trader] = {
            "FR96552100554": Trader("SAVONNERIE DU VIEUX PORT", "12 QUAI DU PORT\n13002 MARSEILLE"),
            "FR83404833048": Trader("MAISON DES GRASSES ROSES", "4 RUE DE L'ORATOIRE\n06130 GRASSE"),
            "DE136695976": Trader("Kraeuterhof Lindau GmbH", "Hauptstrasse 7, 88131 Lindau"),
        }
        self._faults: dict[str, deque[VatFault]] = {}

    def fail(self, country: str, fault: VatFault, count: int) -> None:
        """The next `count` questions about this member state's numbers; 0 ends all of its faults."""
        if count == 0:
            self._faults.pop(country, None)
        else:
            self._faults.setdefault(country, deque()).extend([fault] * count)

    def take_fault(self, country: str) -> VatFault | None:
        planned = self._faults.get(country)
        return planned.popleft() if planned else None
