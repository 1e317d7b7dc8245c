"""Whose fault a refusal of SLS is, by its message ids."""

from __future__ import annotations

import pytest

from sandbox.refusals import TEXTS
from services.carrier.carriers.laposte.messages import ADDRESS, GOODS, LATER, SETTINGS, meaning
from services.carrier.domain.carrier import (
    AddressRefused,
    LabelRejected,
    OperationRefused,
    Refused,
    TryLater,
    Unexplained,
)


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        (["30000"], OperationRefused("sls:30000", "credentials")),
        (["30015"], OperationRefused("sls:30015", "product")),
        (["30100"], OperationRefused("sls:30100", "SENDER_STREET")),
        (["30108"], OperationRefused("sls:30108", "SENDER_POSTCODE")),
        (["30204"], AddressRefused("sls:30204")),
        (["30221"], AddressRefused("sls:30221")),
        (["30301"], LabelRejected("sls:30301")),
        (["30002"], TryLater("sls:30002", 3.0)),
        (["40015"], TryLater("sls:40015", 3.0)),
        (["30090"], Unexplained("sls:30090")),
        (["31999"], Unexplained("sls:31999")),
        (["http_422"], Unexplained("sls:http_422")),
    ],
)
def test_an_id_says_whose_fault_it_is(ids: list[str], expected: Refused | TryLater) -> None:
    assert meaning(ids, 3.0) == expected


@pytest.mark.parametrize(
    ("ids", "counts"),
    [
        (["30301", "30204", "30015"], "30015"),
        (["30301", "31999", "40015", "30204"], "30204"),
        (["30301", "31999", "40015"], "40015"),
        (["30301", "31999"], "31999"),
        (["30301", "30519"], "30301"),
        (["30108", "30100"], "30108"),
    ],
)
def test_of_several_the_one_counts_that_withdraws_least(ids: list[str], counts: str) -> None:
    assert meaning(ids).reason == f"sls:{counts}"


def test_an_answer_without_an_id_is_no_refusal() -> None:
    with pytest.raises(ValueError, match="has an id"):
        meaning([])


def test_no_id_is_of_two_kinds() -> None:
    kinds = [frozenset(SETTINGS), ADDRESS, GOODS, LATER]
    assert sum(map(len, kinds)) == len(frozenset().union(*kinds))


def test_what_the_sandbox_refuses_everything_with_is_ours() -> None:
    assert set(TEXTS) <= set(SETTINGS)
