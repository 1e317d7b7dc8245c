"""What the customs service measures beyond the platform: what becomes of the receipts that are polled."""

from __future__ import annotations

from prometheus_client import Counter

OUTCOMES = ("recorded", "repeated", "unmatched", "unreadable", "unknown_status")
RECEIPTS = Counter(
    "customs_receipts",
    "answers of import customs by what became of them: recorded, repeated, of no message of ours, unreadable, or of a"
    " status that we do not know",
    ["outcome"],
)
for _outcome in OUTCOMES:
    RECEIPTS.labels(_outcome)
