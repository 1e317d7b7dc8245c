from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.backlog import Backlog
    from ..models.status_checks import StatusChecks


T = TypeVar("T", bound="Status")


@_attrs_define
class Status:
    """How a service stands.

    Attributes:
        blocked (None | str): Why it does no work until someone steps in; null when it does.
        business_time (datetime.datetime): What the service takes for the time; the sandbox lets it run faster than the
            real one.
        checks (StatusChecks): By loop, `ok` or what it waits for.
        lag (int | None): Records that wait on the topics, counted every ten seconds; null before the first time.
        ready (bool): Whether it takes requests.
        service (str):
        speed (float): Business seconds in a real one.
        store (Backlog | None): Null while the database does not answer.
    """

    blocked: None | str
    business_time: datetime.datetime
    checks: StatusChecks
    lag: int | None
    ready: bool
    service: str
    speed: float
    store: Backlog | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.backlog import Backlog

        blocked: None | str
        blocked = self.blocked

        business_time = self.business_time.isoformat()

        checks = self.checks.to_dict()

        lag: int | None
        lag = self.lag

        ready = self.ready

        service = self.service

        speed = self.speed

        store: dict[str, Any] | None
        if isinstance(self.store, Backlog):
            store = self.store.to_dict()
        else:
            store = self.store

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "blocked": blocked,
                "business_time": business_time,
                "checks": checks,
                "lag": lag,
                "ready": ready,
                "service": service,
                "speed": speed,
                "store": store,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.backlog import Backlog
        from ..models.status_checks import StatusChecks

        d = dict(src_dict)

        def _parse_blocked(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        blocked = _parse_blocked(d.pop("blocked"))

        business_time = datetime.datetime.fromisoformat(d.pop("business_time"))

        checks = StatusChecks.from_dict(d.pop("checks"))

        def _parse_lag(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        lag = _parse_lag(d.pop("lag"))

        ready = d.pop("ready")

        service = d.pop("service")

        speed = d.pop("speed")

        def _parse_store(data: object) -> Backlog | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                store_type_0 = Backlog.from_dict(data)

                return store_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Backlog | None, data)

        store = _parse_store(d.pop("store"))

        status = cls(
            blocked=blocked,
            business_time=business_time,
            checks=checks,
            lag=lag,
            ready=ready,
            service=service,
            speed=speed,
            store=store,
        )

        status.additional_properties = d
        return status

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
