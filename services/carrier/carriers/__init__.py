"""Every carrier we work with, by the name the routes use."""

from __future__ import annotations

from services.carrier.carriers.laposte import client as laposte

CARRIERS = {laposte.NAME: laposte.connect}
