"""La Poste over HTTP: the one place where it is called. Builders and parsers are in `labels` and `mapping`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from services.carrier.carriers.carrier import Carrier, Unreachable
from services.carrier.carriers.laposte import codes, mapping
from services.carrier.carriers.laposte.labels import Contract, label_request, read_label_answer
from services.carrier.domain.carrier import AnswerLost, LabelAnswer, LabelOrder, ParcelEvents, TryLater
from shared.http.client import Bounds, Counterpart, NoAnswer

NAME = "laposte"
COUNTERPART = f"carrier.{NAME}"


@dataclass(frozen=True, slots=True)
class Access:
    """The addresses and credentials of La Poste; what one call of each service may take."""

    sls_url: str
    suivi_url: str
    contract: Contract
    okapi_key: str
    sls: Bounds
    suivi: Bounds
    suivi_calls_per_second: float


class OutgoingRate:
    """Spaces calls evenly, in real time: never two closer than 1/rate seconds."""

    def __init__(self, per_second: float) -> None:
        self._gap = 1 / per_second
        self._next = 0.0

    async def wait(self) -> None:
        now = time.monotonic()
        start = max(now, self._next)
        self._next = start + self._gap
        await asyncio.sleep(start - now)


def connect(access: Access, la_poste: Counterpart) -> Carrier:
    """La Poste as a carrier."""
    rate = OutgoingRate(access.suivi_calls_per_second)

    async def make_label(order: LabelOrder) -> LabelAnswer:
        headers = {"content-type": "application/json", "accept": "multipart/related, application/json"}
        body = label_request(order, access.contract)
        try:
            answer = await la_poste.call(
                "POST", f"{access.sls_url}/generateLabel", access.sls, headers=headers, body=body
            )
        except NoAnswer as fault:
            return AnswerLost(f"sls:{fault.reason}") if fault.sent else TryLater(f"sls:{fault.reason}")
        return read_label_answer(answer)

    async def idships(numbers: Sequence[str]) -> list[ParcelEvents]:
        await rate.wait()
        url = f"{access.suivi_url}/idships/{','.join(numbers)}"
        headers = {"accept": "application/json", "x-okapi-key": access.okapi_key}
        try:
            answer = await la_poste.call("GET", url, access.suivi, headers=headers, params={"lang": "fr_FR"})
        except NoAnswer as fault:
            raise Unreachable(f"suivi:{fault.reason}") from None
        return mapping.read_answer(numbers, answer.status, answer.body, answer.retry_after)

    async def track(numbers: Sequence[str]) -> Sequence[ParcelEvents]:
        try:
            return await idships(numbers)
        except mapping.GroupRefused:
            return [reported for number in numbers for reported in await idships([number])]

    return Carrier(NAME, la_poste.name, mapping.GROUP_SIZE, make_label, track, codes.read)
