"""The sandbox's call-backs: how they are signed and repeated."""

from __future__ import annotations

import base64

from sandbox.laposte.callbacks import retry_wait, signed_headers


def test_a_signature_is_the_one_of_the_contract() -> None:
    """The example of docs/webhook.md."""
    body = (
        b'{"type":"shipment.updated","timestamp":"2026-11-16T04:20:40Z","data":{"returnCode":200,"idShip":"CY123456785FR",'
        b'"shipment":{"idShip":"CY123456785FR","event":[{"code":"DO3","date":"2026-11-16T05:20:00+01:00"}]}}}'
    )
    secret = "whsec_" + base64.b64encode(b"an example of a secret: 32 bytes").decode()
    headers = signed_headers(secret, "msg_1", 1_795_000_000, body)
    assert headers["webhook-signature"] == "v1,bkWbLoLj1mP2hchY2lAjf9awXTJLvUiRu5XhZjeBrjA="


def test_retries_wait_longer_each_time_up_to_a_minute() -> None:
    for attempt in range(1, 20):
        assert 0.1 < retry_wait(attempt) <= min(60, 0.2 * 2 ** (attempt - 1))
