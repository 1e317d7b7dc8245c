"""La Poste: labels by Colissimo's SLS web service, tracking by Suivi v2."""

from __future__ import annotations

from contracts.carriers import LAPOSTE
from services.carrier.carriers.carrier import Callbacks, Carrier
from services.carrier.carriers.laposte import client, codes, mapping
from services.carrier.carriers.laposte.settings import LaPosteSettings
from services.carrier.carriers.laposte.silence import SILENCE_RULES

CALLBACKS = Callbacks(
    lambda settings: settings.webhook_secrets.get_secret_value(),
    mapping.read_new_events,
    "one Suivi v2 envelope, new events only",
)
CARRIER = Carrier(
    LAPOSTE,
    LaPosteSettings,
    client.connect,
    "sls",
    mapping.GROUP_SIZE,
    codes.OKAPI | codes.COLISSIMO,
    codes.read,
    SILENCE_RULES,
    CALLBACKS,
)
