"""What `make run` prints of its two lanes: the quotes to the fen, the orders that were decided by the same code, and a
parcel that was rejected and declared again."""

from __future__ import annotations

import re

RETAIL_QUOTED = (
    "marketplace-1 sells on cbec_9610, the waybill filed by Silk Road Logistics (SANDBOX-511): tax 160.89 CNY,"
    " paid by the guarantor; landed 1887.04 CNY, 225.75 EUR"
)
POSTAL_QUOTED = "by-post-1 sells on postal: tax 68.71 CNY, paid by the addressee; landed 662.20 CNY, 79.22 EUR"
_LINES = (
    re.escape("Two lanes into China:"),
    "  " + re.escape(RETAIL_QUOTED),
    r"    SP[0-9A-F]{4}-[0-9]{5} came in as cbec_9610: tax 160\.89 CNY, as collected; import cleared",
    "  " + re.escape(POSTAL_QUOTED),
    r"    SP[0-9A-F]{4}-[0-9]{5} came in as personal_postal: tax 68\.71 CNY, as collected; import cleared",
    r"  SP[0-9A-F]{4}-[0-9]{5} was rejected \(100\), declared again as 2244[0-9]{4}I[0-9]{9}:"
    " 800 cleared; import cleared",
)
PRINTED = re.compile("^" + "\n".join(_LINES) + "$", re.MULTILINE)
"""All of it, line by line."""
