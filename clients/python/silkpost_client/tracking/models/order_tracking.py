from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define

from ..models.order_tracking_outcome_type_0 import OrderTrackingOutcomeType0
from ..models.order_tracking_regime_type_0 import OrderTrackingRegimeType0
from ..models.order_tracking_state import OrderTrackingState
from ..models.order_tracking_tax_paid_by_type_0 import OrderTrackingTaxPaidByType0
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.next_step import NextStep
    from ..models.open_case import OpenCase
    from ..models.parcel_tracking import ParcelTracking
    from ..models.timeline_entry import TimelineEntry


T = TypeVar("T", bound="OrderTracking")


@_attrs_define
class OrderTracking:
    """Everything about where an order is; needs the order's secret. No personal data and no price.

    Attributes:
        order_id (UUID):
        refund_due (bool): The seller has money to give back.
        since (datetime.datetime): When it came into this state.
        state (OrderTrackingState):
        updated_at (datetime.datetime): When the latest fact occurred.
        cases (list[OpenCase] | Unset): The open ones, the oldest first.
        country (None | str | Unset): Where it goes, ISO 3166-1 alpha-2.
        language (None | str | Unset): In which the shopper reads, BCP 47.
        marketplace (None | str | Unset): Where it was placed.
        next_ (list[NextStep] | Unset): The most urgent first.
        number (None | str | Unset): The marketplace's own.
        outcome (None | OrderTrackingOutcomeType0 | Unset): How it has ended; left out while it has not.
        parcels (list[ParcelTracking] | Unset):
        placed_at (datetime.datetime | None | Unset): Left out, as all the above, while the order itself has not
            arrived.
        province (None | str | Unset): Where in it, ISO 3166-2.
        reason (None | str | Unset): Why it has ended, or is ending, in this way.
        regime (None | OrderTrackingRegimeType0 | Unset): Under which it is imported; left out while customs has not
            screened it.
        tax_paid_by (None | OrderTrackingTaxPaidByType0 | Unset): Who pays the import tax: the addressee, to the post
            when the parcel comes, or who guarantees it, with the
            declaration; left out where it is not known.
        timeline (list[TimelineEntry] | Unset):
    """

    order_id: UUID
    refund_due: bool
    since: datetime.datetime
    state: OrderTrackingState
    updated_at: datetime.datetime
    cases: list[OpenCase] | Unset = UNSET
    country: None | str | Unset = UNSET
    language: None | str | Unset = UNSET
    marketplace: None | str | Unset = UNSET
    next_: list[NextStep] | Unset = UNSET
    number: None | str | Unset = UNSET
    outcome: None | OrderTrackingOutcomeType0 | Unset = UNSET
    parcels: list[ParcelTracking] | Unset = UNSET
    placed_at: datetime.datetime | None | Unset = UNSET
    province: None | str | Unset = UNSET
    reason: None | str | Unset = UNSET
    regime: None | OrderTrackingRegimeType0 | Unset = UNSET
    tax_paid_by: None | OrderTrackingTaxPaidByType0 | Unset = UNSET
    timeline: list[TimelineEntry] | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        order_id = str(self.order_id)

        refund_due = self.refund_due

        since = self.since.isoformat()

        state = self.state.value

        updated_at = self.updated_at.isoformat()

        cases: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.cases, Unset):
            cases = []
            for cases_item_data in self.cases:
                cases_item = cases_item_data.to_dict()
                cases.append(cases_item)

        country: None | str | Unset
        if isinstance(self.country, Unset):
            country = UNSET
        else:
            country = self.country

        language: None | str | Unset
        if isinstance(self.language, Unset):
            language = UNSET
        else:
            language = self.language

        marketplace: None | str | Unset
        if isinstance(self.marketplace, Unset):
            marketplace = UNSET
        else:
            marketplace = self.marketplace

        next_: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.next_, Unset):
            next_ = []
            for next_item_data in self.next_:
                next_item = next_item_data.to_dict()
                next_.append(next_item)

        number: None | str | Unset
        if isinstance(self.number, Unset):
            number = UNSET
        else:
            number = self.number

        outcome: None | str | Unset
        if isinstance(self.outcome, Unset):
            outcome = UNSET
        elif isinstance(self.outcome, OrderTrackingOutcomeType0):
            outcome = self.outcome.value
        else:
            outcome = self.outcome

        parcels: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.parcels, Unset):
            parcels = []
            for parcels_item_data in self.parcels:
                parcels_item = parcels_item_data.to_dict()
                parcels.append(parcels_item)

        placed_at: None | str | Unset
        if isinstance(self.placed_at, Unset):
            placed_at = UNSET
        elif isinstance(self.placed_at, datetime.datetime):
            placed_at = self.placed_at.isoformat()
        else:
            placed_at = self.placed_at

        province: None | str | Unset
        if isinstance(self.province, Unset):
            province = UNSET
        else:
            province = self.province

        reason: None | str | Unset
        if isinstance(self.reason, Unset):
            reason = UNSET
        else:
            reason = self.reason

        regime: None | str | Unset
        if isinstance(self.regime, Unset):
            regime = UNSET
        elif isinstance(self.regime, OrderTrackingRegimeType0):
            regime = self.regime.value
        else:
            regime = self.regime

        tax_paid_by: None | str | Unset
        if isinstance(self.tax_paid_by, Unset):
            tax_paid_by = UNSET
        elif isinstance(self.tax_paid_by, OrderTrackingTaxPaidByType0):
            tax_paid_by = self.tax_paid_by.value
        else:
            tax_paid_by = self.tax_paid_by

        timeline: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.timeline, Unset):
            timeline = []
            for timeline_item_data in self.timeline:
                timeline_item = timeline_item_data.to_dict()
                timeline.append(timeline_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "order_id": order_id,
                "refund_due": refund_due,
                "since": since,
                "state": state,
                "updated_at": updated_at,
            }
        )
        if cases is not UNSET:
            field_dict["cases"] = cases
        if country is not UNSET:
            field_dict["country"] = country
        if language is not UNSET:
            field_dict["language"] = language
        if marketplace is not UNSET:
            field_dict["marketplace"] = marketplace
        if next_ is not UNSET:
            field_dict["next"] = next_
        if number is not UNSET:
            field_dict["number"] = number
        if outcome is not UNSET:
            field_dict["outcome"] = outcome
        if parcels is not UNSET:
            field_dict["parcels"] = parcels
        if placed_at is not UNSET:
            field_dict["placed_at"] = placed_at
        if province is not UNSET:
            field_dict["province"] = province
        if reason is not UNSET:
            field_dict["reason"] = reason
        if regime is not UNSET:
            field_dict["regime"] = regime
        if tax_paid_by is not UNSET:
            field_dict["tax_paid_by"] = tax_paid_by
        if timeline is not UNSET:
            field_dict["timeline"] = timeline

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.next_step import NextStep
        from ..models.open_case import OpenCase
        from ..models.parcel_tracking import ParcelTracking
        from ..models.timeline_entry import TimelineEntry

        d = dict(src_dict)
        order_id = UUID(d.pop("order_id"))

        refund_due = d.pop("refund_due")

        since = datetime.datetime.fromisoformat(d.pop("since"))

        state = OrderTrackingState(d.pop("state"))

        updated_at = datetime.datetime.fromisoformat(d.pop("updated_at"))

        _cases = d.pop("cases", UNSET)
        cases: list[OpenCase] | Unset = UNSET
        if _cases is not UNSET:
            cases = []
            for cases_item_data in _cases:
                cases_item = OpenCase.from_dict(cases_item_data)

                cases.append(cases_item)

        def _parse_country(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        country = _parse_country(d.pop("country", UNSET))

        def _parse_language(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        language = _parse_language(d.pop("language", UNSET))

        def _parse_marketplace(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        marketplace = _parse_marketplace(d.pop("marketplace", UNSET))

        _next_ = d.pop("next", UNSET)
        next_: list[NextStep] | Unset = UNSET
        if _next_ is not UNSET:
            next_ = []
            for next_item_data in _next_:
                next_item = NextStep.from_dict(next_item_data)

                next_.append(next_item)

        def _parse_number(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        number = _parse_number(d.pop("number", UNSET))

        def _parse_outcome(data: object) -> None | OrderTrackingOutcomeType0 | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                outcome_type_0 = OrderTrackingOutcomeType0(data)

                return outcome_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | OrderTrackingOutcomeType0 | Unset, data)

        outcome = _parse_outcome(d.pop("outcome", UNSET))

        _parcels = d.pop("parcels", UNSET)
        parcels: list[ParcelTracking] | Unset = UNSET
        if _parcels is not UNSET:
            parcels = []
            for parcels_item_data in _parcels:
                parcels_item = ParcelTracking.from_dict(parcels_item_data)

                parcels.append(parcels_item)

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

        def _parse_province(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        province = _parse_province(d.pop("province", UNSET))

        def _parse_reason(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        reason = _parse_reason(d.pop("reason", UNSET))

        def _parse_regime(data: object) -> None | OrderTrackingRegimeType0 | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                regime_type_0 = OrderTrackingRegimeType0(data)

                return regime_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | OrderTrackingRegimeType0 | Unset, data)

        regime = _parse_regime(d.pop("regime", UNSET))

        def _parse_tax_paid_by(data: object) -> None | OrderTrackingTaxPaidByType0 | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                tax_paid_by_type_0 = OrderTrackingTaxPaidByType0(data)

                return tax_paid_by_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | OrderTrackingTaxPaidByType0 | Unset, data)

        tax_paid_by = _parse_tax_paid_by(d.pop("tax_paid_by", UNSET))

        _timeline = d.pop("timeline", UNSET)
        timeline: list[TimelineEntry] | Unset = UNSET
        if _timeline is not UNSET:
            timeline = []
            for timeline_item_data in _timeline:
                timeline_item = TimelineEntry.from_dict(timeline_item_data)

                timeline.append(timeline_item)

        order_tracking = cls(
            order_id=order_id,
            refund_due=refund_due,
            since=since,
            state=state,
            updated_at=updated_at,
            cases=cases,
            country=country,
            language=language,
            marketplace=marketplace,
            next_=next_,
            number=number,
            outcome=outcome,
            parcels=parcels,
            placed_at=placed_at,
            province=province,
            reason=reason,
            regime=regime,
            tax_paid_by=tax_paid_by,
            timeline=timeline,
        )

        return order_tracking
