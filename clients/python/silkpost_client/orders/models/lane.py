from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define

T = TypeVar("T", bound="Lane")


@_attrs_define
class Lane:
    """On which way the order would go.

    Attributes:
        carrier (str):
        product (str): The carrier's own code of its product.
        regime (None | str): The regime of import, as `cbec_9610`; null unless customs would let the order pass.
    """

    carrier: str
    product: str
    regime: None | str

    def to_dict(self) -> dict[str, Any]:
        carrier = self.carrier

        product = self.product

        regime: None | str
        regime = self.regime

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "carrier": carrier,
                "product": product,
                "regime": regime,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        carrier = d.pop("carrier")

        product = d.pop("product")

        def _parse_regime(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        regime = _parse_regime(d.pop("regime"))

        lane = cls(
            carrier=carrier,
            product=product,
            regime=regime,
        )

        return lane
