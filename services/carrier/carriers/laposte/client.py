"""La Poste over HTTP: the one place where it is called. Builders and parsers are in `labels` and `mapping`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from contracts.sls_limits import BrokenLimit
from services.carrier.carriers.carrier import Calls
from services.carrier.carriers.laposte import mapping
from services.carrier.carriers.laposte.bordereau import bordereau_request, read_bordereau_answer
from services.carrier.carriers.laposte.formats import Printing
from services.carrier.carriers.laposte.label_request import Contract, LabelRequest, label_request, reprint_request
from services.carrier.carriers.laposte.labels import read_check_answer, read_label_answer, read_reprint_answer
from services.carrier.carriers.laposte.settings import LaPosteSettings
from services.carrier.carriers.laposte.timeline import read_timeline, timeline_request
from services.carrier.carriers.laposte.undeliverable import product_inter_request, read_product_inter_answer
from services.carrier.domain.bordereaux import BordereauAnswer
from services.carrier.domain.carrier import (
    Account,
    AddressRefused,
    AnswerLost,
    CheckAnswer,
    LabelAnswer,
    LabelMade,
    LabelOrder,
    LabelRejected,
    LabelReprint,
    ParcelEvents,
    Sender,
    TryLater,
    Unexplained,
    Unreachable,
)
from services.carrier.domain.undeliverable import ReturnOptions, ReturnOptionsAnswer
from shared.http.client import Bounds, Counterpart, NoAnswer
from shared.http.counterpart_answer import Answer
from shared.telemetry import log


def connect(settings: LaPosteSettings, sender: Sender, la_poste: Counterpart) -> Calls:
    """What La Poste can be asked, with the addresses and credentials of the settings."""
    contract = Contract(
        settings.laposte_contract_number,
        settings.laposte_password.get_secret_value(),
        sender,
        Printing(settings.laposte_printing, settings.laposte_cn23_printing, settings.laposte_cn23_copies),
        settings.laposte_api_key.get_secret_value(),
    )
    sls_url = settings.laposte_sls_url.rstrip("/")
    sls_headers = {"content-type": "application/json", "accept": "multipart/related, application/json"}
    if contract.api_key:
        sls_headers["apiKey"] = contract.api_key
    # `getLabel` has the old form in headers, where the others have it in the body.
    account = {} if contract.api_key else {"login": contract.number, "password": contract.password}
    idships_url = f"{settings.laposte_suivi_url.rstrip('/')}/idships"
    timeline_url = f"{settings.laposte_timeline_url.rstrip('/')}/timelineCompany"
    okapi_key = settings.okapi_key.get_secret_value()
    sls = Bounds(settings.sls_timeout_seconds, settings.sls_answer_bytes)
    suivi = Bounds(settings.suivi_timeout_seconds, settings.suivi_answer_bytes)

    async def ask_sls(operation: str, body: bytes) -> Answer:
        return await la_poste.call("POST", f"{sls_url}/{operation}", sls, headers=sls_headers, body=body)

    returns: dict[tuple[str, str], ReturnOptions] = {}

    def request_of(order: LabelOrder) -> LabelRequest:
        return label_request(order, contract, returns.get((order.product, order.contact.country)))

    async def ask_returns(product: str, country: str) -> ReturnOptionsAnswer:
        body = product_inter_request(product, country, contract)
        try:
            return read_product_inter_answer(await ask_sls("getProductInter", body), product)
        except NoAnswer as fault:
            return TryLater(f"sls:{fault.reason}")

    async def make_label(order: LabelOrder) -> LabelAnswer:
        request = request_of(order)
        if request.broken:
            return not_sent(request.broken[0])
        try:
            made = read_label_answer(await ask_sls("generateLabel", request.body), contract.printing)
        except NoAnswer as fault:
            return AnswerLost(f"sls:{fault.reason}") if fault.sent else TryLater(f"sls:{fault.reason}")
        return replace(made, changes=request.changes) if isinstance(made, LabelMade) else made

    async def reprint_label(order: LabelOrder, number: str) -> LabelReprint:
        body, headers = reprint_request(number, contract), sls_headers | account
        try:
            answer = await la_poste.call("POST", f"{sls_url}/getLabel", sls, headers=headers, body=body)
        except NoAnswer as fault:
            return TryLater(f"sls:{fault.reason}")
        made = read_reprint_answer(answer, number, contract.printing)
        return replace(made, changes=request_of(order).changes) if isinstance(made, LabelMade) else made

    async def check_label(order: LabelOrder) -> CheckAnswer:
        request = request_of(order)
        if request.broken:
            # Whichever field is at fault: a request that was not sent shows nothing about our account.
            return Unexplained(not_sent(request.broken[0]).reason)
        try:
            return read_check_answer(await ask_sls("checkGenerateLabel", request.body))
        except NoAnswer as fault:
            return TryLater(f"sls:{fault.reason}")

    async def make_bordereau(numbers: Sequence[str]) -> BordereauAnswer:
        body = bordereau_request(numbers, contract)
        try:
            return read_bordereau_answer(await ask_sls("generateBordereauByParcelsNumbers", body))
        except NoAnswer as fault:
            return AnswerLost(f"sls:{fault.reason}") if fault.sent else TryLater(f"sls:{fault.reason}")

    async def idships(numbers: Sequence[str]) -> list[ParcelEvents]:
        await la_poste.turn(settings.suivi_calls_per_second)
        url = f"{idships_url}/{','.join(numbers)}"
        headers = {"accept": "application/json", "x-okapi-key": okapi_key}
        try:
            answer = await la_poste.call("GET", url, suivi, headers=headers, params={"lang": "fr_FR"})
        except NoAnswer as fault:
            raise Unreachable(f"suivi:{fault.reason}") from None
        try:
            parcels = mapping.read_answer(numbers, answer.status, answer.body, answer.retry_after)
        except (Unreachable, mapping.GroupRefused) as fault:
            reason = getattr(fault, "reason", "suivi:group_refused")
            log.warning("no tracking", reason=reason, status=answer.status, request_id=answer.request_id)
            raise
        return [replace(parcel, request_id=answer.request_id) for parcel in parcels]

    async def track(numbers: Sequence[str]) -> Sequence[ParcelEvents]:
        try:
            return await idships(numbers)
        except mapping.GroupRefused:
            return [reported for number in numbers for reported in await idships([number])]

    async def timelines(numbers: Sequence[str]) -> Sequence[ParcelEvents]:
        return [await timeline(number) for number in numbers]

    async def timeline(number: str) -> ParcelEvents:
        await la_poste.turn(settings.suivi_calls_per_second)
        headers = {"content-type": "application/json", "accept": "application/json"}
        body = timeline_request(number, contract)
        try:
            answer = await la_poste.call("POST", timeline_url, suivi, headers=headers, body=body)
        except NoAnswer as fault:
            raise Unreachable(f"timeline:{fault.reason}") from None
        return replace(read_timeline(answer, number), request_id=answer.request_id)

    ours = Account(settings.laposte_account, settings.laposte_pays_duties)
    tracking, group_size = (timelines, 1) if settings.laposte_tracking == "timeline" else (track, mapping.GROUP_SIZE)
    return Calls(
        make_label, check_label, tracking, ours, group_size, reprint_label, make_bordereau, ask_returns, returns
    )


def not_sent(broken: BrokenLimit) -> AddressRefused | LabelRejected | Unexplained:
    """The answer in La Poste's place to a request that it would refuse; the reason is the field and the rule, as
    `sls:addressee.address.line2.required`.

    Of the addressee it is the order's: intake refuses what no rule can make right, so the order is older than that
    rule. Of the parcel, it is too heavy. Anything else is ours.
    """
    field = re.sub(r"\[\d*\]", "", broken.field).removeprefix("letter.")
    reason = f"sls:{field}.{broken.rule}"
    if field.startswith("addressee."):
        return AddressRefused(reason)
    return LabelRejected(reason) if field.startswith("parcel.") else Unexplained(reason)
