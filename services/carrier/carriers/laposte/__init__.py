"""La Poste: labels by Colissimo's SLS web service, tracking by Suivi v2."""

from __future__ import annotations

from contracts.carriers import LAPOSTE
from contracts.sls_limits import BORDEREAU_PARCELS
from services.carrier.carriers.carrier import Callbacks, Carrier
from services.carrier.carriers.codes import EMSEVT
from services.carrier.carriers.laposte import aggregators, client, codes, mapping
from services.carrier.carriers.laposte.settings import LaPosteSettings
from services.carrier.carriers.laposte.silence import SILENCE_RULES
from services.carrier.domain.carrier import CodeMeaning


def _meaning(code: str, country: str | None) -> CodeMeaning:
    """Of a code of La Poste's, or of an aggregator's word."""
    return aggregators.MEANINGS.get(code) or codes.read(code, country)


CALLBACKS = Callbacks(
    secrets=lambda settings: settings.webhook_secrets.get_secret_value(),
    read=mapping.read_new_events,
    described="one Suivi v2 envelope, new events only, or an array of them as Suivi answers for several ids",
    most=mapping.GROUP_SIZE,
)
CARRIER = Carrier(
    name=LAPOSTE,
    settings=LaPosteSettings,
    connect=client.connect,
    label_service="sls",
    codes={**EMSEVT, **codes.OKAPI, **codes.COLISSIMO, **aggregators.MEANINGS},
    read=_meaning,
    silence=SILENCE_RULES,
    duty_codes=codes.COLLECTING_DUTIES,
    callbacks=CALLBACKS,
    aggregators=aggregators.AGGREGATORS,
    bordereau_parcels=BORDEREAU_PARCELS,
)
