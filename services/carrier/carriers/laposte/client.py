"""La Poste over HTTP: the one place where it is called. Builders and parsers are in `labels` and `mapping`."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from aiolimiter import AsyncLimiter

from services.carrier.carriers.carrier import Calls
from services.carrier.carriers.laposte import mapping
from services.carrier.carriers.laposte.labels import (
    Contract,
    label_request,
    read_check_answer,
    read_label_answer,
)
from services.carrier.carriers.laposte.settings import LaPosteSettings
from services.carrier.domain.carrier import (
    Account,
    AnswerLost,
    CheckAnswer,
    LabelAnswer,
    LabelOrder,
    ParcelEvents,
    Sender,
    TryLater,
    Unreachable,
)
from shared.http.client import Bounds, Counterpart, NoAnswer
from shared.http.counterpart_answer import Answer


def connect(settings: LaPosteSettings, sender: Sender, la_poste: Counterpart) -> Calls:
    """What La Poste can be asked, with the addresses and credentials of the settings."""
    contract = Contract(
        settings.laposte_contract_number,
        settings.laposte_password.get_secret_value(),
        sender,
        settings.laposte_printing,
    )
    sls_url = settings.laposte_sls_url.rstrip("/")
    idships_url = f"{settings.laposte_suivi_url.rstrip('/')}/idships"
    okapi_key = settings.okapi_key.get_secret_value()
    sls = Bounds(settings.sls_timeout_seconds, settings.sls_answer_bytes)
    suivi = Bounds(settings.suivi_timeout_seconds, settings.suivi_answer_bytes)
    pace = AsyncLimiter(1, 1 / settings.suivi_calls_per_second)

    async def ask_sls(operation: str, order: LabelOrder) -> Answer:
        headers = {"content-type": "application/json", "accept": "multipart/related, application/json"}
        body = label_request(order, contract)
        return await la_poste.call("POST", f"{sls_url}/{operation}", sls, headers=headers, body=body)

    async def make_label(order: LabelOrder) -> LabelAnswer:
        try:
            return read_label_answer(await ask_sls("generateLabel", order))
        except NoAnswer as fault:
            return AnswerLost(f"sls:{fault.reason}") if fault.sent else TryLater(f"sls:{fault.reason}")

    async def check_label(order: LabelOrder) -> CheckAnswer:
        try:
            return read_check_answer(await ask_sls("checkGenerateLabel", order))
        except NoAnswer as fault:
            return TryLater(f"sls:{fault.reason}")

    async def idships(numbers: Sequence[str]) -> list[ParcelEvents]:
        await pace.acquire()
        url = f"{idships_url}/{','.join(numbers)}"
        headers = {"accept": "application/json", "x-okapi-key": okapi_key}
        try:
            answer = await la_poste.call("GET", url, suivi, headers=headers, params={"lang": "fr_FR"})
        except NoAnswer as fault:
            raise Unreachable(f"suivi:{fault.reason}") from None
        return mapping.read_answer(numbers, answer.status, answer.body, answer.retry_after)

    async def track(numbers: Sequence[str]) -> Sequence[ParcelEvents]:
        try:
            return await idships(numbers)
        except mapping.GroupRefused:
            return [reported for number in numbers for reported in await idships([number])]

    reference = sha256(settings.laposte_contract_number.encode()).hexdigest()[:12]
    return Calls(make_label, check_label, track, Account(reference, settings.laposte_pays_duties))
