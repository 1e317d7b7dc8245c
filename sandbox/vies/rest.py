"""VIES' REST interface: check-vat-number, check-vat-test-service, check-status. A fault of a member state comes with
status 200, one of the question with 400, one of VIES' own with 500."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.scheduler import Advance
from sandbox.vies.register import (
    MEMBER_STATES,
    NOTHING,
    TEST_FAULTS,
    TEST_TRADERS,
    WITHHELD,
    WITHHOLDING,
    Register,
    Trader,
    VatFault,
)

NUMBER = re.compile(r"[0-9A-Za-z+*.]{2,12}")
STATUS: dict[VatFault, int] = {"INVALID_INPUT": 400, "INVALID_REQUESTER_INFO": 400, "VOW-ERR-1": 500}
MATCHED = ("Name", "Street", "PostalCode", "City", "CompanyType")


class _Faulty(Exception):
    def __init__(self, fault: VatFault) -> None:
        super().__init__(fault)
        self.fault: VatFault = fault


def app(register: Register, advance: Advance) -> Starlette:
    consultations = iter(range(1, 10**9))

    async def check(request: Request) -> Response:
        now = advance()
        try:
            question = _question(await request.body())
            country, number = question["countryCode"], question["vatNumber"]
            if (fault := register.take_fault(country)) is not None:
                raise _Faulty(fault)
        except _Faulty as faulty:
            return _fault(faulty.fault)
        requester = "requesterNumber" in question
        consultation = f"WAPIAAAAW{next(consultations):07d}" if requester else ""
        trader = register.traders.get(f"{country}{number}")
        return _answer(question, trader and (WITHHELD if country in WITHHOLDING else trader), now, consultation)

    async def check_test(request: Request) -> Response:
        now = advance()
        try:
            question = _question(await request.body())
        except _Faulty as faulty:
            return _fault(faulty.fault)
        number = question["vatNumber"]
        if number not in TEST_TRADERS:
            return _fault(TEST_FAULTS.get(number, "SERVICE_UNAVAILABLE"))
        return _answer(question, TEST_TRADERS[number], now, "")

    async def status(_: Request) -> Response:
        countries = [{"countryCode": code, "availability": "Available"} for code in sorted(MEMBER_STATES)]
        return JSONResponse({"vow": {"available": True}, "countries": countries})

    return Starlette(
        routes=[
            Route("/rest-api/check-vat-number", check, methods=["POST"]),
            Route("/rest-api/check-vat-test-service", check_test, methods=["POST"]),
            Route("/rest-api/check-status", status, methods=["GET"]),
        ]
    )


def _question(body: bytes) -> dict[str, str]:
    """Raises _Faulty for what VIES does not take."""
    try:
        question = json.loads(body)
    except ValueError:
        raise _Faulty("INVALID_INPUT") from None
    if not isinstance(question, dict) or not all(isinstance(value, str) for value in question.values()):
        raise _Faulty("INVALID_INPUT")
    if question.get("countryCode") not in MEMBER_STATES or not NUMBER.fullmatch(question.get("vatNumber", "")):
        raise _Faulty("INVALID_INPUT")
    requester = question.get("requesterMemberStateCode"), question.get("requesterNumber")
    if any(requester) and not (requester[0] in MEMBER_STATES and NUMBER.fullmatch(requester[1] or "")):
        raise _Faulty("INVALID_REQUESTER_INFO")
    return question


def _answer(question: dict[str, str], trader: Trader | None, now: datetime, consultation: str) -> Response:
    """`trader` whose number it is; nobody's with None."""
    shown = trader or WITHHELD
    answer: dict[str, Any] = {
        "countryCode": question["countryCode"],
        "vatNumber": question["vatNumber"],
        "requestDate": now.strftime("%Y-%m-%dT%H:%M:%S.") + f"{now.microsecond // 1000:03d}Z",
        "valid": trader is not None,
        "requestIdentifier": consultation,
        "name": shown.name,
        "address": shown.address,
    }
    for field in MATCHED:
        answer |= {f"trader{field}": NOTHING, f"trader{field}Match": "NOT_PROCESSED"}
    return JSONResponse(answer)


def _fault(fault: VatFault) -> Response:
    return JSONResponse({"actionSucceed": False, "errorWrappers": [{"error": fault}]}, STATUS.get(fault, 200))
