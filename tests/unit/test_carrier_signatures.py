"""Standard Webhooks: what is let in, and what is not."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from services.carrier.api.signatures import (
    SIGNATURES_LENGTH,
    TOLERANCE_SECONDS,
    InvalidSignature,
    SignatureHeaders,
    secrets_of,
    signature,
)
from shared.http.json_reader import NotJson

OLD_BYTES, NEW_BYTES = b"o" * 32, b"n" * 32
OLD, NEW = Webhook(OLD_BYTES), Webhook(NEW_BYTES)
NOW = 1_764_000_000
BODY = '{"type":"shipment.updated"}'


def headers(secret: Webhook = NEW, webhook_id: str = "msg_1", timestamp: int = NOW, body: str = BODY) -> dict[str, str]:
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(secret, webhook_id, timestamp, body),
    }


def check(given: Mapping[str, str], body: str, secrets: Sequence[Webhook], now: float) -> str:
    return SignatureHeaders.of(given, now).verify(body.encode(), secrets)


def test_signatures_longer_than_a_sender_needs_are_refused_before_the_body() -> None:
    given = headers()
    given["webhook-signature"] = " ".join([given["webhook-signature"]] * 20)
    assert len(given["webhook-signature"]) > SIGNATURES_LENGTH
    with pytest.raises(InvalidSignature, match="webhook-signature"):
        SignatureHeaders.of(given, NOW)


def test_the_published_example_of_standard_webhooks() -> None:
    """The specification's test vector."""
    secret = Webhook("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    assert (
        signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, '{"test": 2432232314}')
        == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )


@pytest.mark.parametrize("secret", [OLD, NEW])
def test_any_of_several_secrets_counts(secret: Webhook) -> None:
    assert check(headers(secret), BODY, (NEW, OLD), NOW) == "msg_1"


def test_any_of_several_signatures_counts() -> None:
    given = headers(OLD)
    given["webhook-signature"] = (
        "v1a,xyz " + signature(Webhook(b"x" * 32), "msg_1", NOW, BODY) + " " + given["webhook-signature"]
    )
    assert check(given, BODY, (OLD,), NOW) == "msg_1"


@pytest.mark.parametrize("late", [-TOLERANCE_SECONDS, 0, TOLERANCE_SECONDS])
def test_within_the_tolerance(late: int) -> None:
    assert check(headers(), BODY, (NEW,), NOW + late) == "msg_1"


@pytest.mark.parametrize("late", [-TOLERANCE_SECONDS - 1, TOLERANCE_SECONDS + 1])
def test_outside_the_tolerance(late: int) -> None:
    with pytest.raises(InvalidSignature, match="webhook-timestamp"):
        check(headers(), BODY, (NEW,), NOW + late)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"webhook-id": ""}, "webhook-id"),
        ({"webhook-id": "a b"}, "webhook-id"),
        ({"webhook-id": "x" * 129}, "webhook-id"),
        ({"webhook-id": "msg_2"}, "webhook-signature"),
        ({"webhook-timestamp": "now"}, "webhook-timestamp"),
        ({"webhook-timestamp": str(NOW + 1)}, "webhook-signature"),
        ({"webhook-signature": ""}, "webhook-signature"),
        ({"webhook-signature": "v1,"}, "webhook-signature"),
        ({"webhook-signature": "v2," + signature(NEW, "msg_1", NOW, BODY)[3:]}, "webhook-signature"),
        ({"webhook-signature": "é"}, "webhook-signature"),
    ],
)
def test_refused(change: dict[str, str], rule: str) -> None:
    with pytest.raises(InvalidSignature, match=rule):
        check({**headers(), **change}, BODY, (NEW, OLD), NOW)


def test_nothing_is_let_in_without_a_secret() -> None:
    with pytest.raises(InvalidSignature):
        check(headers(), BODY, (), NOW)


@given(st.text(max_size=200), st.text(max_size=200))
def test_another_body_is_refused(signed: str, sent: str) -> None:
    given = headers(body=signed)
    if signed == sent:
        assert check(given, sent, (NEW,), NOW) == "msg_1"
    else:
        with pytest.raises(InvalidSignature):
            check(given, sent, (NEW,), NOW)


def test_a_body_that_is_no_text_is_no_json() -> None:
    with pytest.raises(NotJson):
        SignatureHeaders.of(headers(), NOW).verify(b"\xff", (NEW,))


def test_secrets_of_a_setting() -> None:
    first, second = ("whsec_" + base64.b64encode(secret).decode() for secret in (OLD_BYTES, NEW_BYTES))
    signed = [signature(secret, "msg_1", NOW, BODY) for secret in secrets_of(f"{first}, {second}")]
    assert signed == [signature(OLD, "msg_1", NOW, BODY), signature(NEW, "msg_1", NOW, BODY)]
    assert secrets_of("") == ()


@pytest.mark.parametrize("setting", ["whsec_!!!", "whsec_c2hvcnQ="])
def test_bad_secrets_are_named_without_being_shown(setting: str) -> None:
    with pytest.raises(ValueError, match="webhook secret") as caught:
        secrets_of(setting)
    assert setting.removeprefix("whsec_") not in str(caught.value)
