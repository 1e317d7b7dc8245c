"""A post's EMS service under a contract that gives us ranges of S10 numbers: we print its labels ourselves, and it
reports events in files (EMSEVT). It cannot be asked for anything."""

from __future__ import annotations

from contracts.carriers import EMS
from services.carrier.carriers.carrier import Carrier, Feed
from services.carrier.carriers.codes import EMSEVT
from services.carrier.carriers.ems import client, mapping
from services.carrier.carriers.ems.settings import EmsSettings
from services.carrier.carriers.ems.silence import SILENCE_RULES

CARRIER = Carrier(
    name=EMS,
    settings=EmsSettings,
    connect=client.connect,
    label_service="ems",
    codes=EMSEVT,
    read=mapping.meaning,
    silence=SILENCE_RULES,
    feed=Feed(
        directory=lambda settings: settings.ems_feed_dir,
        look_seconds=lambda settings: settings.ems_feed_seconds,
        unfinished_seconds=lambda settings: settings.ems_unfinished_seconds,
        most_bytes=mapping.MOST_BYTES,
        read=mapping.read_file,
    ),
    number_ranges=lambda settings: settings.number_ranges(),
)
