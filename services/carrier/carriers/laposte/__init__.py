"""La Poste: labels by Colissimo's SLS web service, tracking by Suivi v2."""

from __future__ import annotations

from contracts.carriers import LAPOSTE
from services.carrier.carriers.carrier import Callbacks, Carrier
from services.carrier.carriers.codes import EMSEVT
from services.carrier.carriers.laposte import bordereau, client, codes, mapping
from services.carrier.carriers.laposte.settings import LaPosteSettings
from services.carrier.carriers.laposte.silence import SILENCE_RULES

CALLBACKS = Callbacks(
    secrets=lambda settings: settings.webhook_secrets.get_secret_value(),
    read=mapping.read_new_events,
    described="one Suivi v2 envelope, new events only",
)
CARRIER = Carrier(
    name=LAPOSTE,
    settings=LaPosteSettings,
    connect=client.connect,
    label_service="sls",
    group_size=mapping.GROUP_SIZE,
    codes=EMSEVT | codes.OKAPI | codes.COLISSIMO,
    read=codes.read,
    silence=SILENCE_RULES,
    duty_codes=codes.COLLECTING_DUTIES,
    callbacks=CALLBACKS,
    bordereau_parcels=bordereau.MOST_PARCELS,
)
