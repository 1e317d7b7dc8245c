"""What makers says of its HTTP interface."""

from __future__ import annotations

from shared.http.openapi import ApiDescription

API = ApiDescription(
    summary="Who may sell what: vendors, their brands and their products.",
    text="""\
An operator adds a vendor and hands it its first key. With it the vendor states its company, its people, its bank
account, its brands and its products, and submits them; registers are asked, and persons decide. A vendor's key opens
the things of its own vendor alone: what is another's is answered as what is not there.
""",
    tags={
        "vendors": "Who may sell: what a vendor states, what registers say of it, what persons decide.",
        "keys": "A vendor's keys, made, rotated and ended by itself.",
        "brands": "Marks that a vendor owns or may sell.",
        "products": "What may be sold, version by version; one by one, or as a spreadsheet.",
        "cases": "What waits for a person.",
    },
)
