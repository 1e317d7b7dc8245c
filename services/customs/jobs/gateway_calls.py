"""One call to an authority's gateway. An answer that may be better another time is a `Retry`."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

from services.customs.domain.export import Unreadable
from shared.http.client import Bounds, Counterpart, NoAnswer
from shared.http.counterpart_answer import Answer
from shared.jobs.worker import Retry

T = TypeVar("T")


def read(answer: Answer, accepted: Collection[int], parse: Callable[[bytes], T]) -> T:
    """What an answer with one of these statuses holds. Retry for another status, and for what cannot be read."""
    if answer.status not in accepted:
        raise Retry(f"http:{answer.status}")
    try:
        return parse(answer.body)
    except Unreadable:
        raise Retry("unreadable") from None


def json_body(value: Mapping[str, Any]) -> dict[str, Any]:
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    return {"headers": {"content-type": "application/json"}, "body": body}


async def ask(counterpart: Counterpart, method: str, url: str, bounds: Bounds, **request: Any) -> Answer:
    """The answer, whatever its status but 429 and 5xx; these, and no answer at all, are a Retry."""
    try:
        answer = await counterpart.call(method, url, bounds, **request)
    except NoAnswer as fault:
        raise Retry(fault.reason) from None
    if answer.status == 429 or answer.status >= 500:
        raise Retry(f"http:{answer.status}", answer.retry_after)
    return answer
