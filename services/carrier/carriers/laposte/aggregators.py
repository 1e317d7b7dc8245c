"""AfterShip and EasyPost, which follow La Poste's parcels and call back: how they sign, and what their words mean.

Sources: AfterShip, "Webhook signature", "Webhook specifications" and "Delivery sub-statuses" (2026-07) of its tracking
documentation; EasyPost, "Webhooks guide" and "Trackers". Neither sends a time that the signature covers: a repeat is
known by the id of the event in the signed body. What their words leave open, the poll of Suivi settles.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, timedelta
from typing import Any

import pycountry

from services.carrier.carriers.carrier import Aggregator
from services.carrier.carriers.codes import ARRIVED, MOVED, RELEASED
from services.carrier.carriers.laposte import public_words, suivi
from services.carrier.carriers.laposte.codes import OKAPI
from services.carrier.domain.carrier import CarrierEvent, CodeMeaning, InvalidReport, ParcelEvents
from services.carrier.domain.s10 import is_parcel_id
from services.tracking_numbers import as_printed

MOST_EVENTS = 200
_ID = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_COUNTRY = re.compile(r"[A-Z]{2}")


AFTERSHIP: Mapping[str, CodeMeaning] = {
    "InfoReceived_001": CodeMeaning("announced"),
    "InTransit_001": CodeMeaning("in_transit"),
    "InTransit_002": CodeMeaning("accepted", clears=MOVED),
    "InTransit_003": CodeMeaning("in_transit"),
    "InTransit_004": CodeMeaning("arrived_destination", clears=MOVED),
    "InTransit_005": CodeMeaning("customs_released", clears=RELEASED),
    "InTransit_006": CodeMeaning("customs", clears=MOVED),
    "InTransit_007": CodeMeaning("in_transit"),
    "InTransit_008": CodeMeaning(None, clears=("problem",)),
    "InTransit_009": CodeMeaning("in_transit"),
    "OutForDelivery_001": CodeMeaning("out_for_delivery", clears=ARRIVED),
    "OutForDelivery_003": CodeMeaning("out_for_delivery", clears=ARRIVED),
    "OutForDelivery_004": CodeMeaning("out_for_delivery", clears=ARRIVED),
    "AvailableForPickup_001": CodeMeaning("available_for_pickup", clears=ARRIVED),
    "Delivered_001": CodeMeaning("delivered", clears=ARRIVED),
    "Delivered_002": CodeMeaning("delivered", clears=ARRIVED),
    "Delivered_003": CodeMeaning("delivered", clears=ARRIVED),
    "Delivered_004": CodeMeaning("delivered", clears=ARRIVED),
    "Delivered_005": CodeMeaning("delivered", clears=ARRIVED),
    "AttemptFail_001": CodeMeaning(None, sets=("delivery_failed",), clears=RELEASED),
    "AttemptFail_002": CodeMeaning(None, sets=("delivery_failed",), clears=RELEASED),
    "AttemptFail_003": CodeMeaning(None, sets=("delivery_failed",), clears=RELEASED),
    "Exception_001": CodeMeaning(None, sets=("problem",)),
    "Exception_004": CodeMeaning(None, sets=("customs_held",)),
    "Exception_005": CodeMeaning(None, sets=("delayed",)),
    "Exception_007": CodeMeaning(None, sets=("problem",)),
    "Exception_010": CodeMeaning("returned", clears=RELEASED),
    "Exception_011": CodeMeaning("returning", clears=RELEASED),
    "Exception_012": CodeMeaning(None, sets=("problem",)),
    "Exception_016": CodeMeaning(None, sets=("delayed",)),
    "Exception_017": CodeMeaning(None, sets=("delayed",)),
    "Exception_018": CodeMeaning(None, sets=("customs_held",)),
}
"""By sub-status. `Exception_013` (lost) is not here: an aggregator also calls lost what was long silent."""
EASYPOST: Mapping[str, CodeMeaning] = {
    "pre_transit": CodeMeaning("announced"),
    "in_transit": CodeMeaning("in_transit"),
    "out_for_delivery": CodeMeaning("out_for_delivery", clears=ARRIVED),
    "available_for_pickup": CodeMeaning("available_for_pickup", clears=ARRIVED),
    "delivered": CodeMeaning("delivered", clears=ARRIVED),
    "return_to_sender": CodeMeaning("returning", clears=RELEASED),
    "failure": CodeMeaning(None, sets=("problem",)),
    "unknown": CodeMeaning(None),
    "error": CodeMeaning(None),
    "cancelled": CodeMeaning(None),
}
"""By status. `return_to_sender` does not say whether it has arrived; `cancelled` is about the label at EasyPost."""
MEANINGS: Mapping[str, CodeMeaning] = {
    **{f"aftership:{word}": meaning for word, meaning in AFTERSHIP.items()},
    **{f"easypost:{word}": meaning for word, meaning in EASYPOST.items()},
}
"""By code, as scans have it: an aggregator's words are never taken for La Poste's."""


def aftership_signature(secret: str, body: bytes) -> str:
    """As it stands in the header `aftership-hmac-sha256`."""
    return base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256)).decode()


def easypost_signature(secret: str, body: bytes) -> str:
    """As it stands in the header `x-hmac-signature`; the secret counts in Unicode's form NFKD."""
    key = unicodedata.normalize("NFKD", secret).encode()
    return f"hmac-sha256-hex={hmac.digest(key, body, hashlib.sha256).hex()}"


def read_aftership(callback: Mapping[str, Any]) -> ParcelEvents | None:
    """The checkpoints of a tracking; None for an event that holds none. Raises InvalidReport."""
    if callback.get("event") != "tracking_update":
        return None
    tracking = _object(callback.get("msg"), "msg")
    number = _number(tracking.get("tracking_number"), "msg.tracking_number")
    rows = _rows(tracking.get("checkpoints"), "msg.checkpoints")
    return ParcelEvents(number, tuple(_checkpoint(number, row) for row in rows))


def read_easypost(callback: Mapping[str, Any]) -> ParcelEvents | None:
    """The details of a tracker; None for an event about anything else. Raises InvalidReport."""
    if callback.get("description") not in ("tracker.created", "tracker.updated"):
        return None
    tracker = _object(callback.get("result"), "result")
    number = _number(tracker.get("tracking_code"), "result.tracking_code")
    rows = _rows(tracker.get("tracking_details"), "result.tracking_details")
    return ParcelEvents(number, tuple(_tracking_detail(number, row) for row in rows))


def _checkpoint(number: str, row: Mapping[str, Any]) -> CarrierEvent:
    """With La Poste's own code where the checkpoint brings it, so that the poll reports the same scan."""
    raw_tag, word = row.get("raw_tag"), row.get("subtag")
    code = raw_tag if isinstance(raw_tag, str) and raw_tag in OKAPI else _code("aftership", word)
    country = row.get("country_region") or row.get("country_iso3")
    return _event(number, row, code, row.get("checkpoint_time"), _alpha_2(country), row.get("city"))


def _tracking_detail(number: str, row: Mapping[str, Any]) -> CarrierEvent:
    location = row.get("tracking_location")
    place: Mapping[str, Any] = location if isinstance(location, Mapping) else {}
    country = place.get("country")
    alpha_2 = country if isinstance(country, str) and _COUNTRY.fullmatch(country) else None
    return _event(number, row, _code("easypost", row.get("status")), row.get("datetime"), alpha_2, place.get("city"))


def _code(aggregator: str, word: Any) -> str:
    code = f"{aggregator}:{word}"
    return code if isinstance(word, str) and code in MEANINGS else "unknown"


def _event(number: str, row: Mapping[str, Any], code: str, date: Any, country: str | None, city: Any) -> CarrierEvent:
    instant = suivi.instant(date)
    offset = (instant.utcoffset() if instant is not None else None) or timedelta()
    return CarrierEvent(
        tracking_number=number,
        raw=suivi.as_kept(row),
        code=code if instant is not None else None,
        scanned_at=instant.astimezone(UTC) if instant is not None else None,
        utc_offset_minutes=round(offset.total_seconds() / 60),
        country=country,
        city=public_words.city(city),
    )


def _object(value: Any, field: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InvalidReport(field, "object", "must be a JSON object")
    return value


def _number(value: Any, field: str) -> str:
    if not isinstance(value, str) or not is_parcel_id(number := as_printed(value)):
        raise InvalidReport(field, "parcel_id", "11 to 15 letters and digits; an S10 check digit must hold")
    return number


def _rows(value: Any, field: str) -> Sequence[Mapping[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(row, Mapping) for row in value):
        raise InvalidReport(field, "array", "must be an array of objects")
    if len(value) > MOST_EVENTS:
        raise InvalidReport(field, "too_long", f"at most {MOST_EVENTS} events")
    return value


def _alpha_2(alpha_3: Any) -> str | None:
    country = pycountry.countries.get(alpha_3=alpha_3) if isinstance(alpha_3, str) and len(alpha_3) == 3 else None
    return country.alpha_2 if country is not None else None


def _event_id(callback: Mapping[str, Any], field: str) -> str | None:
    value = callback.get(field)
    return value if isinstance(value, str) and _ID.fullmatch(value) else None


AGGREGATORS = (
    Aggregator(
        name="aftership",
        header="aftership-hmac-sha256",
        signature=aftership_signature,
        secrets=lambda settings: settings.aftership_secrets.get_secret_value(),
        event_id=lambda callback: _event_id(callback, "event_id"),
        read=read_aftership,
        described="AfterShip's webhook of a tracking, `tracking_update`; any other event is taken and changes nothing",
    ),
    Aggregator(
        name="easypost",
        header="x-hmac-signature",
        signature=easypost_signature,
        secrets=lambda settings: settings.easypost_secrets.get_secret_value(),
        event_id=lambda callback: _event_id(callback, "id"),
        read=read_easypost,
        described="EasyPost's `Event` of a tracker; one about anything else is taken and changes nothing",
    ),
)
