"""What a refusal of customs asks of goods: of a line of an order, and of a product. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_MESSAGES: Mapping[str, str] = {
    "not_on_positive_list": "Must be goods of the list that may come in as retail, by their hs_code",
    "dangerous_goods": "Must be goods that may travel by air, by their hs_code",
    "prohibited_goods": "Must be goods that may be brought in, by their hs_code",
    "licence_required": "Must have the permit for its export among its documents, or the statement that it needs none",
    "tariff_code_unknown": "Must be a code of China's tariff in force",
}
FIELDS: Mapping[str, str] = {"tariff_code_unknown": "hs_code", "licence_required": "documents"}
"""Of an article, where it is not the article itself."""


def message_of(reason: str, choices: Sequence[str], otherwise: str) -> str:
    """What the goods must be, with the codes of the tariff to choose from. Reasons are an open vocabulary: of one that
    is not known here, `otherwise`."""
    message = _MESSAGES.get(reason, otherwise)
    return f"{message}: {' or '.join(choices)}" if choices else message
