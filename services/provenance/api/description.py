"""What the HTTP interface of `provenance` says of itself."""

from __future__ import annotations

from shared.http.openapi import ApiDescription

API = ApiDescription(
    summary="What happened to each unit, in a log that anyone can check",
    text="""\
For anyone who holds a unit, and for whoever checks the log: no key is needed. For us and for vendors: the events
themselves, by GS1's REST binding of EPCIS 2.0. Label sheets and cases need a key.

**To begin**: `GET /units/{gtin}/{serial}/bundle` has all that shows what was logged of a unit: signed events in EPCIS
2.0 and a proof each under one checkpoint that witnesses have signed. `python -m services.provenance verify FILE` checks
it without us. The log itself is served in C2SP's formats (tlog-tiles) below `/log`.

**What a bundle proves** is that these events were in the log by its checkpoint. It proves neither that nothing came
before or followed, nor that what was logged is true; a unit that is not known need not be a fake.

**The code on a label** is a GS1 Digital Link, `/01/{gtin}/21/{serial}`, resolved by GS1's standard: it leads to the
page of the unit (307), with `linkType=` to something else; `linkType=linkset` or `Accept: application/linkset+json`
answers all links (RFC 9264). GET, HEAD and OPTIONS; 400 for what is no Digital Link.

**Events**: `GET /events`, `GET /events/{event_id}` and `GET /epcs/{epc}/events` answer an EPCISQueryDocument, `POST
/events` takes in an event, `POST /capture` an EPCISDocument; `OPTIONS` of each says which versions and bounds it has.
Goods that are told apart by lot have events of quantities, and no bundle. A vendor's key, which it makes at `makers`,
reads and tells events of the units of its own products. An event that others told is shown with `silkpost:saidBy`.
""",
    tags={
        "units": "For anyone: what was logged of a unit.",
        "resolver": "For anyone: what a GS1 Digital Link leads to.",
        "events": "For the warehouse, operators and vendors: events in EPCIS 2.0.",
        "labels": "For the warehouse: labels of units, with hidden codes that are told once.",
        "cases": "For support and operators: units whose looks cannot all be at one unit.",
        "log": "For anyone: checkpoints, tiles and leaves of the log, and the keys of who signs events.",
    },
)
