"""Whose fault it is when SLS refuses a label: its message ids as data.

Four kinds. `settings`: our settings or our contract, alike for every parcel. `address`: the addressee's address or
person. `goods`: the parcel or what is in it. `later`: the same request, made again, may succeed. An id in no table may
be anybody's fault, and is never taken for the parcel's: so is one that concerns single parcels and yet our own request
(a reference that is too long, weights that do not add up).

Sources: the tables of two public clients, which agree (PH2M's module for Magento, the CDI plugin for WooCommerce);
30027 and 30519 are also in La Poste's OpenAPI of SLS; 30000, 30015, 30108, 30204, 30213, 30220, 30221 and 30301 have
been recorded. La Poste publishes no table, and may add to it.
"""

from __future__ import annotations

from collections.abc import Iterable

from services.carrier.domain.carrier import (
    AddressRefused,
    LabelRejected,
    OperationRefused,
    Refused,
    TryLater,
    Unexplained,
)

SETTINGS = {
    "30000": "credentials",
    "30007": "contract",
    "30008": "contract",
    "30009": "contract",
    "30014": "product",
    "30015": "product",
    "30018": "SENDER_COMPANY",
    "30025": "LAPOSTE_PRINTING",
    "30026": "LAPOSTE_PRINTING",
    "30027": "product",
    "30043": "SENDER_COMPANY",
    "30045": "SENDER_EMAIL",
    "30046": "SENDER_EMAIL",
    "30047": "SENDER_PHONE",
    "30065": "SENDER_COMPANY",
    "30085": "SENDER_PHONE",
    "30100": "SENDER_STREET",
    "30102": "sender_country",
    "30103": "sender_country",
    "30104": "SENDER_CITY",
    "30106": "SENDER_POSTCODE",
    "30107": "SENDER_POSTCODE",
    "30108": "SENDER_POSTCODE",
    "30109": "SENDER_POSTCODE",
    "30313": "product",
    "30323": "request",
    "30324": "request",
    "30700": "contract",
    "30701": "contract",
    "30703": "contract",
    "40014": "contract",
    "40018": "contract",
}
"""What to mend, by id: a setting in capitals, else a part of the contract, of the routes or of our request."""

ADDRESS = frozenset(
    {
        "30089",  # company missing
        "30200",  # name missing
        "30202",  # first name missing
        "30204",  # street missing
        "30206",  # country missing
        "30207",  # country wrong
        "30208",  # city missing
        "30210",  # postcode missing
        "30211",  # postcode wrong
        "30212",  # postcode of another country
        "30213",  # postcode or country not served by the product
        "30220",  # mobile phone missing
        "30221",  # mobile phone wrong
        "30222",  # e-mail missing
        "30223",  # e-mail wrong
    }
)
GOODS = frozenset(
    {
        "30301",  # weight
        "30506",  # too many articles
        "30511",  # description of an article
        "30519",  # tariff number of an article
        "30521",  # origin of an article
        "30523",  # too many articles
        "30536",  # value above the threshold
    }
)
LATER = frozenset(
    {
        "30002",  # the deposit date has passed: the next request bears its own day
        "40015",  # unavailable for the moment
    }
)


def meaning(ids: Iterable[str], retry_after: float | None = None) -> Refused | TryLater:
    """What an answer with these ids means. Of several kinds the one counts that withdraws least: ours, the address,
    later, unknown, and the parcel's own fault only where every id says so. ValueError when there is no id."""
    by_kind: dict[str, str] = {}
    for message in ids:
        by_kind.setdefault(_kind(message), message)
    if settings := by_kind.get("settings"):
        return OperationRefused(f"sls:{settings}", SETTINGS[settings])
    if address := by_kind.get("address"):
        return AddressRefused(f"sls:{address}")
    if later := by_kind.get("later"):
        return TryLater(f"sls:{later}", retry_after)
    if unknown := by_kind.get("unknown"):
        return Unexplained(f"sls:{unknown}")
    if goods := by_kind.get("goods"):
        return LabelRejected(f"sls:{goods}")
    raise ValueError("a refusal has an id")


def _kind(message: str) -> str:
    if message in SETTINGS:
        return "settings"
    kinds = (("address", ADDRESS), ("goods", GOODS), ("later", LATER))
    return next((kind for kind, ids in kinds if message in ids), "unknown")
