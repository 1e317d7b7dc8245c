"""What the end-to-end tests order, and who buys it."""

from __future__ import annotations

from sandbox.demo.scenarios import BY_NAME, SCENARIOS, Scenario

EVERYDAY = Scenario("delivered", "delivered", (("SAVON-OLIVE-300", 2),), "delivered")
MIXED = (*(BY_NAME[name] for name in ("delivered", "split", "damaged", "customs_hold", "pickup")), *[EVERYDAY] * 7)
EMS_SHOP = "by-ems-1"
"""The marketplace whose orders go by EMS."""
PEOPLE_OF = {
    "S": range(len(SCENARIOS)),
    "K": range(100, 100 + len(MIXED)),
    "B": range(200, 200 + len(MIXED)),
    "E": range(250, 252),
    "R": range(300, 352),
    "O": range(400, 412),
}
"""Shoppers by the prefix of their orders' numbers: nobody buys twice, whose yearly limit might matter."""
