from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.finding import Finding


T = TypeVar("T", bound="OrderFindings")


@_attrs_define
class OrderFindings:
    """What one service knows of an order.

    Attributes:
        known (bool): Whether any fact of it has come here.
        order_id (UUID):
        service (str):
        facts (int | Unset): How many facts of it the service keeps. Default: 0.
        findings (list[Finding] | Unset):
        last_fact (None | str | Unset): The type of the one recorded last.
        last_fact_at (datetime.datetime | None | Unset): Real time, when it was recorded here.
    """

    known: bool
    order_id: UUID
    service: str
    facts: int | Unset = 0
    findings: list[Finding] | Unset = UNSET
    last_fact: None | str | Unset = UNSET
    last_fact_at: datetime.datetime | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        known = self.known

        order_id = str(self.order_id)

        service = self.service

        facts = self.facts

        findings: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.findings, Unset):
            findings = []
            for findings_item_data in self.findings:
                findings_item = findings_item_data.to_dict()
                findings.append(findings_item)

        last_fact: None | str | Unset
        if isinstance(self.last_fact, Unset):
            last_fact = UNSET
        else:
            last_fact = self.last_fact

        last_fact_at: None | str | Unset
        if isinstance(self.last_fact_at, Unset):
            last_fact_at = UNSET
        elif isinstance(self.last_fact_at, datetime.datetime):
            last_fact_at = self.last_fact_at.isoformat()
        else:
            last_fact_at = self.last_fact_at

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "known": known,
                "order_id": order_id,
                "service": service,
            }
        )
        if facts is not UNSET:
            field_dict["facts"] = facts
        if findings is not UNSET:
            field_dict["findings"] = findings
        if last_fact is not UNSET:
            field_dict["last_fact"] = last_fact
        if last_fact_at is not UNSET:
            field_dict["last_fact_at"] = last_fact_at

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.finding import Finding

        d = dict(src_dict)
        known = d.pop("known")

        order_id = UUID(d.pop("order_id"))

        service = d.pop("service")

        facts = d.pop("facts", UNSET)

        _findings = d.pop("findings", UNSET)
        findings: list[Finding] | Unset = UNSET
        if _findings is not UNSET:
            findings = []
            for findings_item_data in _findings:
                findings_item = Finding.from_dict(findings_item_data)

                findings.append(findings_item)

        def _parse_last_fact(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        last_fact = _parse_last_fact(d.pop("last_fact", UNSET))

        def _parse_last_fact_at(data: object) -> datetime.datetime | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                last_fact_at_type_0 = datetime.datetime.fromisoformat(data)

                return last_fact_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None | Unset, data)

        last_fact_at = _parse_last_fact_at(d.pop("last_fact_at", UNSET))

        order_findings = cls(
            known=known,
            order_id=order_id,
            service=service,
            facts=facts,
            findings=findings,
            last_fact=last_fact,
            last_fact_at=last_fact_at,
        )

        order_findings.additional_properties = d
        return order_findings

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
