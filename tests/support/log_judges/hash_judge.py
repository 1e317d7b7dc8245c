"""`hash_judge.py < DOCUMENT`: prints the event hashes of an EPCIS document, by the reference implementation.

It runs in an environment of its own, which has epcis-event-hash-generator and nothing of ours.
"""

from __future__ import annotations

import sys

from epcis_event_hash_generator.hash_generator import epcis_hashes_from_events
from epcis_event_hash_generator.json_to_py import event_list_from_epcis_document_str

if __name__ == "__main__":
    sys.stdout.write("\n".join(epcis_hashes_from_events(event_list_from_epcis_document_str(sys.stdin.read()))))
