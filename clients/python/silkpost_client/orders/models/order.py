from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from attrs import define as _attrs_define

from ..models.order_person import OrderPerson
from ..models.order_supported_actions_item import OrderSupportedActionsItem

if TYPE_CHECKING:
    from ..models.amendment import Amendment
    from ..models.cancellation import Cancellation
    from ..models.case import Case
    from ..models.change import Change
    from ..models.hold import Hold
    from ..models.line import Line
    from ..models.money import Money
    from ..models.parcel import Parcel


T = TypeVar("T", bound="Order")


@_attrs_define
class Order:
    """An order as its marketplace sees it. It names no person.

    Attributes:
        amendments (list[Amendment]): What has happened since it was closed.
        awaits (None | str): Who acts next, as `warehouse`; null when it is closed.
        cancel (Cancellation | None): Null unless someone has asked to cancel it.
        cases (list[Case]): The open ones.
        changes (list[Change]): All that were asked for, the oldest first.
        closed_at (datetime.datetime | None):
        country (str): Where it goes, ISO 3166-1 alpha-2.
        deadline (datetime.datetime | None): When something is done about it if it is in this state still; null when
            nothing is.
        discount (Money): An amount to the cent.
        freight (Money): An amount to the cent.
        holds (list[Hold]): All that there ever were, the oldest first.
        id (str):
        insurance (Money | None): Of the carriage; null where there is none.
        language (str): In which the shopper reads, BCP 47.
        lines (list[Line]):
        marketplace (str): Whose order it is: the name of its key.
        number (str): The marketplace's own.
        parcels (list[Parcel]): None until it is packed.
        person (OrderPerson): Whether buyer and consignee are still on record.
        placed_at (datetime.datetime): When the shopper placed it.
        province (str): Where in it, ISO 3166-2.
        reason (None | str): Why it was closed with this outcome.
        refund_due (Money | None): What the shopper is to get back; null until it is closed.
        since (datetime.datetime): When it came into this state.
        status (str): Its state, as `packed`, or its outcome once it is closed, as `delivered`.
        supported_actions (list[OrderSupportedActionsItem]): What can be asked of the order in this state.
        tax (Money): An amount to the cent.
        total (Money): An amount to the cent.
        tracking_url (str): Where the shopper follows the order; it holds the order's secret.
        updated_at (datetime.datetime): When anything in it changed last.
    """

    amendments: list[Amendment]
    awaits: None | str
    cancel: Cancellation | None
    cases: list[Case]
    changes: list[Change]
    closed_at: datetime.datetime | None
    country: str
    deadline: datetime.datetime | None
    discount: Money
    freight: Money
    holds: list[Hold]
    id: str
    insurance: Money | None
    language: str
    lines: list[Line]
    marketplace: str
    number: str
    parcels: list[Parcel]
    person: OrderPerson
    placed_at: datetime.datetime
    province: str
    reason: None | str
    refund_due: Money | None
    since: datetime.datetime
    status: str
    supported_actions: list[OrderSupportedActionsItem]
    tax: Money
    total: Money
    tracking_url: str
    updated_at: datetime.datetime

    def to_dict(self) -> dict[str, Any]:
        from ..models.cancellation import Cancellation
        from ..models.money import Money

        amendments = []
        for amendments_item_data in self.amendments:
            amendments_item = amendments_item_data.to_dict()
            amendments.append(amendments_item)

        awaits: None | str
        awaits = self.awaits

        cancel: dict[str, Any] | None
        if isinstance(self.cancel, Cancellation):
            cancel = self.cancel.to_dict()
        else:
            cancel = self.cancel

        cases = []
        for cases_item_data in self.cases:
            cases_item = cases_item_data.to_dict()
            cases.append(cases_item)

        changes = []
        for changes_item_data in self.changes:
            changes_item = changes_item_data.to_dict()
            changes.append(changes_item)

        closed_at: None | str
        if isinstance(self.closed_at, datetime.datetime):
            closed_at = self.closed_at.isoformat()
        else:
            closed_at = self.closed_at

        country = self.country

        deadline: None | str
        if isinstance(self.deadline, datetime.datetime):
            deadline = self.deadline.isoformat()
        else:
            deadline = self.deadline

        discount = self.discount.to_dict()

        freight = self.freight.to_dict()

        holds = []
        for holds_item_data in self.holds:
            holds_item = holds_item_data.to_dict()
            holds.append(holds_item)

        id = self.id

        insurance: dict[str, Any] | None
        if isinstance(self.insurance, Money):
            insurance = self.insurance.to_dict()
        else:
            insurance = self.insurance

        language = self.language

        lines = []
        for lines_item_data in self.lines:
            lines_item = lines_item_data.to_dict()
            lines.append(lines_item)

        marketplace = self.marketplace

        number = self.number

        parcels = []
        for parcels_item_data in self.parcels:
            parcels_item = parcels_item_data.to_dict()
            parcels.append(parcels_item)

        person = self.person.value

        placed_at = self.placed_at.isoformat()

        province = self.province

        reason: None | str
        reason = self.reason

        refund_due: dict[str, Any] | None
        if isinstance(self.refund_due, Money):
            refund_due = self.refund_due.to_dict()
        else:
            refund_due = self.refund_due

        since = self.since.isoformat()

        status = self.status

        supported_actions = []
        for supported_actions_item_data in self.supported_actions:
            supported_actions_item = supported_actions_item_data.value
            supported_actions.append(supported_actions_item)

        tax = self.tax.to_dict()

        total = self.total.to_dict()

        tracking_url = self.tracking_url

        updated_at = self.updated_at.isoformat()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "amendments": amendments,
                "awaits": awaits,
                "cancel": cancel,
                "cases": cases,
                "changes": changes,
                "closed_at": closed_at,
                "country": country,
                "deadline": deadline,
                "discount": discount,
                "freight": freight,
                "holds": holds,
                "id": id,
                "insurance": insurance,
                "language": language,
                "lines": lines,
                "marketplace": marketplace,
                "number": number,
                "parcels": parcels,
                "person": person,
                "placed_at": placed_at,
                "province": province,
                "reason": reason,
                "refund_due": refund_due,
                "since": since,
                "status": status,
                "supported_actions": supported_actions,
                "tax": tax,
                "total": total,
                "tracking_url": tracking_url,
                "updated_at": updated_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.amendment import Amendment
        from ..models.cancellation import Cancellation
        from ..models.case import Case
        from ..models.change import Change
        from ..models.hold import Hold
        from ..models.line import Line
        from ..models.money import Money
        from ..models.parcel import Parcel

        d = dict(src_dict)
        amendments = []
        _amendments = d.pop("amendments")
        for amendments_item_data in _amendments:
            amendments_item = Amendment.from_dict(amendments_item_data)

            amendments.append(amendments_item)

        def _parse_awaits(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        awaits = _parse_awaits(d.pop("awaits"))

        def _parse_cancel(data: object) -> Cancellation | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                cancel_type_0 = Cancellation.from_dict(data)

                return cancel_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Cancellation | None, data)

        cancel = _parse_cancel(d.pop("cancel"))

        cases = []
        _cases = d.pop("cases")
        for cases_item_data in _cases:
            cases_item = Case.from_dict(cases_item_data)

            cases.append(cases_item)

        changes = []
        _changes = d.pop("changes")
        for changes_item_data in _changes:
            changes_item = Change.from_dict(changes_item_data)

            changes.append(changes_item)

        def _parse_closed_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                closed_at_type_0 = datetime.datetime.fromisoformat(data)

                return closed_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        closed_at = _parse_closed_at(d.pop("closed_at"))

        country = d.pop("country")

        def _parse_deadline(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                deadline_type_0 = datetime.datetime.fromisoformat(data)

                return deadline_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        deadline = _parse_deadline(d.pop("deadline"))

        discount = Money.from_dict(d.pop("discount"))

        freight = Money.from_dict(d.pop("freight"))

        holds = []
        _holds = d.pop("holds")
        for holds_item_data in _holds:
            holds_item = Hold.from_dict(holds_item_data)

            holds.append(holds_item)

        id = d.pop("id")

        def _parse_insurance(data: object) -> Money | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                insurance_type_0 = Money.from_dict(data)

                return insurance_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Money | None, data)

        insurance = _parse_insurance(d.pop("insurance"))

        language = d.pop("language")

        lines = []
        _lines = d.pop("lines")
        for lines_item_data in _lines:
            lines_item = Line.from_dict(lines_item_data)

            lines.append(lines_item)

        marketplace = d.pop("marketplace")

        number = d.pop("number")

        parcels = []
        _parcels = d.pop("parcels")
        for parcels_item_data in _parcels:
            parcels_item = Parcel.from_dict(parcels_item_data)

            parcels.append(parcels_item)

        person = OrderPerson(d.pop("person"))

        placed_at = datetime.datetime.fromisoformat(d.pop("placed_at"))

        province = d.pop("province")

        def _parse_reason(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        reason = _parse_reason(d.pop("reason"))

        def _parse_refund_due(data: object) -> Money | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                refund_due_type_0 = Money.from_dict(data)

                return refund_due_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Money | None, data)

        refund_due = _parse_refund_due(d.pop("refund_due"))

        since = datetime.datetime.fromisoformat(d.pop("since"))

        status = d.pop("status")

        supported_actions = []
        _supported_actions = d.pop("supported_actions")
        for supported_actions_item_data in _supported_actions:
            supported_actions_item = OrderSupportedActionsItem(supported_actions_item_data)

            supported_actions.append(supported_actions_item)

        tax = Money.from_dict(d.pop("tax"))

        total = Money.from_dict(d.pop("total"))

        tracking_url = d.pop("tracking_url")

        updated_at = datetime.datetime.fromisoformat(d.pop("updated_at"))

        order = cls(
            amendments=amendments,
            awaits=awaits,
            cancel=cancel,
            cases=cases,
            changes=changes,
            closed_at=closed_at,
            country=country,
            deadline=deadline,
            discount=discount,
            freight=freight,
            holds=holds,
            id=id,
            insurance=insurance,
            language=language,
            lines=lines,
            marketplace=marketplace,
            number=number,
            parcels=parcels,
            person=person,
            placed_at=placed_at,
            province=province,
            reason=reason,
            refund_due=refund_due,
            since=since,
            status=status,
            supported_actions=supported_actions,
            tax=tax,
            total=total,
            tracking_url=tracking_url,
            updated_at=updated_at,
        )

        return order
