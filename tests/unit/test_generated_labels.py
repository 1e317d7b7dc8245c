"""Requests for labels of generated orders, judged by the specification.

Two thousand at each run, and twenty thousand others among the slow tests, or as many as LABEL_ORDERS says.
"""

from __future__ import annotations

import json
import os
from collections import Counter

import jsonschema_rs
import pytest

from sandbox.laposte.sls_checks import refusals
from services.carrier.carriers.laposte.label_request import Contract, label_request
from services.carrier.domain.carrier import Sender
from tests.support.generated_orders import label_orders
from tests.support.sls_requests import SCHEMA

SHARES, OF_EACH = 4, 500
"""So that several workers have something to do."""
MANY_SHARES = 4
OF_EACH_OF_MANY = int(os.environ.get("LABEL_ORDERS", "20000")) // MANY_SHARES
JUDGE = jsonschema_rs.validator_for(SCHEMA)
CONTRACT = Contract(
    "123456",
    "pass",
    Sender("Silkpost", "1 rue de la Soie", "69001", "Lyon", "+33400000000", "expeditions@silkpost.example"),
)


@pytest.mark.parametrize("share", range(SHARES))
def test_the_request_of_every_order_that_intake_takes_is_within_the_specification(share: int) -> None:
    judge(share, OF_EACH)


@pytest.mark.slow
@pytest.mark.parametrize("share", range(SHARES, SHARES + MANY_SHARES))
def test_so_is_that_of_many_more(share: int) -> None:
    judge(share, OF_EACH_OF_MANY)


def judge(share: int, count: int) -> None:
    """The requests of so many orders, drawn by the number of the share."""
    changes = Counter[str]()
    for order in label_orders(share, count):
        request = label_request(order, CONTRACT)
        body = json.loads(request.body)
        assert request.broken == ()
        assert JUDGE.is_valid(body), [str(error) for error in JUDGE.iter_errors(body)]
        assert refusals(body) == []
        changes.update(request.changes)
    # What was drawn has called for every rule.
    assert changes.keys() >= {
        "weight:rounded_up",
        "orderNumber:own_reference",
        "senderParcelRef:own_reference",
        "addresseeParcelRef:own_reference",
        "invoiceNumber:own_reference",
        "description:english",
        "lastName:latin",
        "lastName:shortened",
        "line2:latin",
        "line2:split",
        "line2:shortened",
    }
