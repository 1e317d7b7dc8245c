from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.dead_letter_fate import DeadLetterFate

T = TypeVar("T", bound="DeadLetter")


@_attrs_define
class DeadLetter:
    """A record that could not be handled.

    Attributes:
        cause (str): A type and a place, or the field and rule that the body breaks.
        died_at (datetime.datetime): When it could not be handled.
        fate (DeadLetterFate): `failing` waits for a replay, `newer` for a version that knows it; `foreign` is what
            nobody of ours has sent.
        id (int):
        offset (int):
        order_id (None | UUID): What it is about, as far as it could be read.
        partition (int): Below 0: the broker refused it, so that it never was a record.
        replayed_at (datetime.datetime | None): When it was handled after all; null while it waits.
        topic (str):
        type_ (None | str): Of the event, as far as it could be read.
    """

    cause: str
    died_at: datetime.datetime
    fate: DeadLetterFate
    id: int
    offset: int
    order_id: None | UUID
    partition: int
    replayed_at: datetime.datetime | None
    topic: str
    type_: None | str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        cause = self.cause

        died_at = self.died_at.isoformat()

        fate = self.fate.value

        id = self.id

        offset = self.offset

        order_id: None | str
        if isinstance(self.order_id, UUID):
            order_id = str(self.order_id)
        else:
            order_id = self.order_id

        partition = self.partition

        replayed_at: None | str
        if isinstance(self.replayed_at, datetime.datetime):
            replayed_at = self.replayed_at.isoformat()
        else:
            replayed_at = self.replayed_at

        topic = self.topic

        type_: None | str
        type_ = self.type_

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "cause": cause,
                "died_at": died_at,
                "fate": fate,
                "id": id,
                "offset": offset,
                "order_id": order_id,
                "partition": partition,
                "replayed_at": replayed_at,
                "topic": topic,
                "type": type_,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        cause = d.pop("cause")

        died_at = datetime.datetime.fromisoformat(d.pop("died_at"))

        fate = DeadLetterFate(d.pop("fate"))

        id = d.pop("id")

        offset = d.pop("offset")

        def _parse_order_id(data: object) -> None | UUID:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                order_id_type_0 = UUID(data)

                return order_id_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | UUID, data)

        order_id = _parse_order_id(d.pop("order_id"))

        partition = d.pop("partition")

        def _parse_replayed_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                replayed_at_type_0 = datetime.datetime.fromisoformat(data)

                return replayed_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        replayed_at = _parse_replayed_at(d.pop("replayed_at"))

        topic = d.pop("topic")

        def _parse_type_(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        type_ = _parse_type_(d.pop("type"))

        dead_letter = cls(
            cause=cause,
            died_at=died_at,
            fate=fate,
            id=id,
            offset=offset,
            order_id=order_id,
            partition=partition,
            replayed_at=replayed_at,
            topic=topic,
            type_=type_,
        )

        dead_letter.additional_properties = d
        return dead_letter

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
