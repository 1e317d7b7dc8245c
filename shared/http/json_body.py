"""The JSON body of a request, or the problem that it is."""

from __future__ import annotations

from typing import Any

from shared.faults import Fault
from shared.http.json_reader import NotJson, read_strictly
from shared.http.problems import Problem


def read_json(body: bytes) -> Any:
    """The value, read strictly. Raises Problem 400 that names the rule."""
    try:
        return read_strictly(body)
    except NotJson as fault:
        raise refusal(fault) from None


def refusal(fault: NotJson) -> Problem:
    """The answer to a request whose body this is."""
    title = "not JSON that can be read in one way" if fault.rule == "name_repeated" else "not JSON"
    return Problem(400, title, errors=[Fault(fault.field, fault.rule, fault.message)])
