"""How long declarations and their papers are kept. Pure."""

from __future__ import annotations

from datetime import datetime

KEEP_YEARS = 4
"""Declarations and their papers are kept for four years (CN23: colissimo.entreprise.laposte.fr)."""


def keep_until(sent_at: datetime) -> datetime:
    """The same day four years later; the 29th of February becomes the 28th."""
    try:
        return sent_at.replace(year=sent_at.year + KEEP_YEARS)
    except ValueError:
        return sent_at.replace(year=sent_at.year + KEEP_YEARS, day=28)
