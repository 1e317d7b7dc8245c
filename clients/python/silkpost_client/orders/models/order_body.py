from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from attrs import define as _attrs_define

from ..models.order_body_language import OrderBodyLanguage
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.buyer import Buyer
    from ..models.consignee import Consignee
    from ..models.line_body import LineBody
    from ..models.money_body import MoneyBody
    from ..models.payment import Payment
    from ..models.total_amount import TotalAmount


T = TypeVar("T", bound="OrderBody")


@_attrs_define
class OrderBody:
    """An order as a marketplace submits it.

    Attributes:
        buyer (Buyer): The buyer by real name, as Chinese customs requires.
        consignee (Consignee): Who receives the parcels, and where.
        discount (MoneyBody): An amount to the cent.
        freight (MoneyBody): An amount to the cent.
        lines (list[LineBody]):
        number (str): The marketplace's own; it is accepted once.
        payment (Payment): How the shopper has paid: Chinese customs compares it with the order.
        tax (MoneyBody): An amount to the cent.
        total (TotalAmount): What an order costs, or what was paid for it: above zero.
        insurance (MoneyBody | None | Unset): Of the carriage; left out, there is none.
        language (OrderBodyLanguage | Unset): In which the shopper reads. Default: OrderBodyLanguage.ZH.
        placed_at (datetime.datetime | None | Unset): When the shopper placed it, with its offset; left out, it is the
            time at which it is accepted.
    """

    buyer: Buyer
    consignee: Consignee
    discount: MoneyBody
    freight: MoneyBody
    lines: list[LineBody]
    number: str
    payment: Payment
    tax: MoneyBody
    total: TotalAmount
    insurance: MoneyBody | None | Unset = UNSET
    language: OrderBodyLanguage | Unset = OrderBodyLanguage.ZH
    placed_at: datetime.datetime | None | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        from ..models.money_body import MoneyBody

        buyer = self.buyer.to_dict()

        consignee = self.consignee.to_dict()

        discount = self.discount.to_dict()

        freight = self.freight.to_dict()

        lines = []
        for lines_item_data in self.lines:
            lines_item = lines_item_data.to_dict()
            lines.append(lines_item)

        number = self.number

        payment = self.payment.to_dict()

        tax = self.tax.to_dict()

        total = self.total.to_dict()

        insurance: dict[str, Any] | None | Unset
        if isinstance(self.insurance, Unset):
            insurance = UNSET
        elif isinstance(self.insurance, MoneyBody):
            insurance = self.insurance.to_dict()
        else:
            insurance = self.insurance

        language: str | Unset = UNSET
        if not isinstance(self.language, Unset):
            language = self.language.value

        placed_at: None | str | Unset
        if isinstance(self.placed_at, Unset):
            placed_at = UNSET
        elif isinstance(self.placed_at, datetime.datetime):
            placed_at = self.placed_at.isoformat()
        else:
            placed_at = self.placed_at

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "buyer": buyer,
                "consignee": consignee,
                "discount": discount,
                "freight": freight,
                "lines": lines,
                "number": number,
                "payment": payment,
                "tax": tax,
                "total": total,
            }
        )
        if insurance is not UNSET:
            field_dict["insurance"] = insurance
        if language is not UNSET:
            field_dict["language"] = language
        if placed_at is not UNSET:
            field_dict["placed_at"] = placed_at

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.buyer import Buyer
        from ..models.consignee import Consignee
        from ..models.line_body import LineBody
        from ..models.money_body import MoneyBody
        from ..models.payment import Payment
        from ..models.total_amount import TotalAmount

        d = dict(src_dict)
        buyer = Buyer.from_dict(d.pop("buyer"))

        consignee = Consignee.from_dict(d.pop("consignee"))

        discount = MoneyBody.from_dict(d.pop("discount"))

        freight = MoneyBody.from_dict(d.pop("freight"))

        lines = []
        _lines = d.pop("lines")
        for lines_item_data in _lines:
            lines_item = LineBody.from_dict(lines_item_data)

            lines.append(lines_item)

        number = d.pop("number")

        payment = Payment.from_dict(d.pop("payment"))

        tax = MoneyBody.from_dict(d.pop("tax"))

        total = TotalAmount.from_dict(d.pop("total"))

        def _parse_insurance(data: object) -> MoneyBody | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                insurance_type_0 = MoneyBody.from_dict(data)

                return insurance_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(MoneyBody | None | Unset, data)

        insurance = _parse_insurance(d.pop("insurance", UNSET))

        _language = d.pop("language", UNSET)
        language: OrderBodyLanguage | Unset
        if isinstance(_language, Unset):
            language = UNSET
        else:
            language = OrderBodyLanguage(_language)

        def _parse_placed_at(data: object) -> datetime.datetime | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                placed_at_type_0 = datetime.datetime.fromisoformat(data)

                return placed_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None | Unset, data)

        placed_at = _parse_placed_at(d.pop("placed_at", UNSET))

        order_body = cls(
            buyer=buyer,
            consignee=consignee,
            discount=discount,
            freight=freight,
            lines=lines,
            number=number,
            payment=payment,
            tax=tax,
            total=total,
            insurance=insurance,
            language=language,
            placed_at=placed_at,
        )

        return order_body
