from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from attrs import define as _attrs_define

from ..models.order_preview_unanswered_item import OrderPreviewUnansweredItem

if TYPE_CHECKING:
    from ..models.fault import Fault
    from ..models.lane import Lane
    from ..models.line_stock import LineStock
    from ..models.money import Money
    from ..models.tax import Tax


T = TypeVar("T", bound="OrderPreview")


@_attrs_define
class OrderPreview:
    """What would become of the order if it were placed now. Nothing is reserved by it.

    Attributes:
        accepted (bool | None): Null when somebody has not answered, and nobody who has refuses it.
        dispatch_date (datetime.date | None): The day in Paris on which the goods would leave; null when there is not
            enough of them.
        faults (list[Fault]): Why it would not be accepted: the faults of the body, or those that customs and the
            warehouse find.
        lane (Lane | None): Null when the body has faults, or no carrier goes there.
        stock (list[LineStock]): By line; none when the body has faults, or the warehouse has not answered.
        tax (None | Tax): Null when the body has faults.
        unanswered (list[OrderPreviewUnansweredItem]): Who has not answered in time: try again.
        value_cny (Money | None): What would count against the limits of import; null unless customs would let the order
            pass.
    """

    accepted: bool | None
    dispatch_date: datetime.date | None
    faults: list[Fault]
    lane: Lane | None
    stock: list[LineStock]
    tax: None | Tax
    unanswered: list[OrderPreviewUnansweredItem]
    value_cny: Money | None

    def to_dict(self) -> dict[str, Any]:
        from ..models.lane import Lane
        from ..models.money import Money
        from ..models.tax import Tax

        accepted: bool | None
        accepted = self.accepted

        dispatch_date: None | str
        if isinstance(self.dispatch_date, datetime.date):
            dispatch_date = self.dispatch_date.isoformat()
        else:
            dispatch_date = self.dispatch_date

        faults = []
        for faults_item_data in self.faults:
            faults_item = faults_item_data.to_dict()
            faults.append(faults_item)

        lane: dict[str, Any] | None
        if isinstance(self.lane, Lane):
            lane = self.lane.to_dict()
        else:
            lane = self.lane

        stock = []
        for stock_item_data in self.stock:
            stock_item = stock_item_data.to_dict()
            stock.append(stock_item)

        tax: dict[str, Any] | None
        if isinstance(self.tax, Tax):
            tax = self.tax.to_dict()
        else:
            tax = self.tax

        unanswered = []
        for unanswered_item_data in self.unanswered:
            unanswered_item = unanswered_item_data.value
            unanswered.append(unanswered_item)

        value_cny: dict[str, Any] | None
        if isinstance(self.value_cny, Money):
            value_cny = self.value_cny.to_dict()
        else:
            value_cny = self.value_cny

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "accepted": accepted,
                "dispatch_date": dispatch_date,
                "faults": faults,
                "lane": lane,
                "stock": stock,
                "tax": tax,
                "unanswered": unanswered,
                "value_cny": value_cny,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.fault import Fault
        from ..models.lane import Lane
        from ..models.line_stock import LineStock
        from ..models.money import Money
        from ..models.tax import Tax

        d = dict(src_dict)

        def _parse_accepted(data: object) -> bool | None:
            if data is None:
                return data
            return cast(bool | None, data)

        accepted = _parse_accepted(d.pop("accepted"))

        def _parse_dispatch_date(data: object) -> datetime.date | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                dispatch_date_type_0 = datetime.date.fromisoformat(data)

                return dispatch_date_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.date | None, data)

        dispatch_date = _parse_dispatch_date(d.pop("dispatch_date"))

        faults = []
        _faults = d.pop("faults")
        for faults_item_data in _faults:
            faults_item = Fault.from_dict(faults_item_data)

            faults.append(faults_item)

        def _parse_lane(data: object) -> Lane | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                lane_type_0 = Lane.from_dict(data)

                return lane_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Lane | None, data)

        lane = _parse_lane(d.pop("lane"))

        stock = []
        _stock = d.pop("stock")
        for stock_item_data in _stock:
            stock_item = LineStock.from_dict(stock_item_data)

            stock.append(stock_item)

        def _parse_tax(data: object) -> None | Tax:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                tax_type_0 = Tax.from_dict(data)

                return tax_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | Tax, data)

        tax = _parse_tax(d.pop("tax"))

        unanswered = []
        _unanswered = d.pop("unanswered")
        for unanswered_item_data in _unanswered:
            unanswered_item = OrderPreviewUnansweredItem(unanswered_item_data)

            unanswered.append(unanswered_item)

        def _parse_value_cny(data: object) -> Money | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                value_cny_type_0 = Money.from_dict(data)

                return value_cny_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Money | None, data)

        value_cny = _parse_value_cny(d.pop("value_cny"))

        order_preview = cls(
            accepted=accepted,
            dispatch_date=dispatch_date,
            faults=faults,
            lane=lane,
            stock=stock,
            tax=tax,
            unanswered=unanswered,
            value_cny=value_cny,
        )

        return order_preview
