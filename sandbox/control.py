"""`/control`: sets what the external systems do and reports what they did; by default for callers on this machine."""

from __future__ import annotations

from collections import defaultdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, HTTPException, Request
from pydantic import BaseModel, ConfigDict, Field

from sandbox.ems.post import FeedFault
from sandbox.faults import CounterpartName, Fault, FaultKind, Faults
from sandbox.laposte.callbacks import Callbacks
from sandbox.laposte.envelopes import french_time
from sandbox.laposte.parcels import Event, Parcel
from sandbox.scenarios import PARCEL_SCENARIOS, ParcelScenario, of_script
from sandbox.world import World

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
Number = Annotated[str, Field(min_length=11, max_length=15)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ScenarioBody(Body):
    story: str | None = None
    script: list[dict[str, Any]] | None = None
    clearance: str | None = None
    """With a script: what Chinese customs does (`released`, `reviewed`, `held`, `sent_back`)."""


class Postings(Body):
    parcel_numbers: list[Number]


class ScanBody(Body):
    code: Annotated[str, Field(min_length=1, max_length=12)]
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None = None


class FaultBody(Body):
    counterpart: CounterpartName
    fault: FaultKind
    count: Annotated[int, Field(ge=0, le=100_000)] = 1
    """0 cancels all faults that are planned for this counterpart."""
    retry_after: Annotated[float, Field(ge=0)] | None = None
    seconds: Annotated[float, Field(ge=0, le=600)] = 3.0


class ItemScanBody(Body):
    code: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    country: Literal["FR", "CN"]


class FeedFaultBody(Body):
    fault: FeedFault
    count: Annotated[int, Field(ge=1, le=1000)] = 1


class CallbacksBody(Body):
    enabled: bool


def _only_loopback(request: Request) -> None:
    """403 for anyone who calls from another machine."""
    if request.client is not None and request.client.host not in LOOPBACK:
        raise HTTPException(403, "control is for this machine only")


def router(world: World, faults: Faults, callbacks: Callbacks, *, anywhere: bool = False) -> APIRouter:
    """`anywhere`: for callers on other machines too, such as a container's host."""
    routes = APIRouter(prefix="/control", dependencies=[] if anywhere else [Depends(_only_loopback)])

    @routes.get("/stories")
    async def stories() -> dict[str, list[str]]:
        return {"stories": sorted(PARCEL_SCENARIOS)}

    @routes.put("/stories/{sub_order}")
    async def assign(sub_order: str, body: ScenarioBody) -> dict[str, str]:
        """Has an effect on parcels that are not deposited yet."""
        scenario = _scenario(body)
        world.scenarios.assign(sub_order, scenario)
        return {"sub_order": sub_order, "story": scenario.name}

    @routes.post("/postings")
    async def post(body: Postings) -> dict[str, list[str]]:
        now = world.advance()
        posts = {
            number: world.laposte if number in world.laposte.parcels else world.ems for number in body.parcel_numbers
        }
        unknown = [number for number, post in posts.items() if post is world.ems and not world.ems.takes(number)]
        if unknown:
            raise HTTPException(404, {"unknown": unknown})
        posted = [number for number in body.parcel_numbers if posts[number].deposit(number, now)]
        return {"posted": posted, "already": [number for number in body.parcel_numbers if number not in posted]}

    @routes.get("/parcels/{number}")
    async def show_parcel(number: str) -> dict[str, Any]:
        world.advance()
        parcel = _parcel(world, number)
        return {**_label(parcel), "waiting": parcel.waiting, "events": [_event(event) for event in parcel.events]}

    @routes.post("/parcels/{number}/scan")
    async def scan(number: str, body: ScanBody) -> dict[str, Any]:
        now = world.advance()
        _parcel(world, number)
        return _event(world.laposte.scan(number, body.code, body.country, now))

    @routes.post("/ems/items/{number}/scan")
    async def scan_item(number: str, body: ItemScanBody) -> dict[str, str]:
        """A scan of an EMS item that is no part of its way; the next file tells of it."""
        now = world.advance()
        if number not in world.ems.items:
            raise HTTPException(404, {"unknown": [number]})
        return {"line": world.ems.scan(number, body.code, body.country, now).line}

    @routes.put("/ems/faults")
    async def plan_feed(body: FeedFaultBody) -> dict[str, int]:
        """How the next files of EMS events are at fault."""
        world.ems.faults.extend([body.fault] * body.count)
        return {"planned": len(world.ems.faults)}

    @routes.put("/faults")
    async def plan(body: FaultBody) -> dict[str, int]:
        if body.count == 0:
            faults.cancel(body.counterpart)
        else:
            try:
                faults.plan(body.counterpart, Fault(body.fault, body.retry_after, body.seconds), body.count)
            except ValueError as error:
                raise HTTPException(422, str(error)) from error
        return {"planned": faults.planned(body.counterpart)}

    @routes.put("/callbacks")
    async def switch(body: CallbacksBody) -> dict[str, bool]:
        """While off, events are never pushed, as if the sender were down; Suivi still returns them."""
        world.advance()
        callbacks.enable(body.enabled)
        return {"enabled": callbacks.enabled}

    @routes.get("/account")
    async def account() -> dict[str, Any]:
        """What the external systems received and did, to compare with the services' own records."""
        world.advance()
        requests: defaultdict[str, dict[str, int]] = defaultdict(dict)
        for (name, outcome), count in sorted(world.requests.items()):
            requests[name][outcome] = count
        injected: defaultdict[str, dict[str, int]] = defaultdict(dict)
        for (counterpart, kind), count in sorted(faults.injected.items()):
            injected[counterpart][kind] = count
        counted = {name: callbacks.counts[name] for name in ("sent", "retried", "refused", "given_up", "suppressed")}
        return {
            "labels": [_label(parcel) for parcel in world.laposte.parcels.values()],
            "bordereaux": [
                {"number": number, "parcel_numbers": list(numbers)}
                for number, numbers in world.laposte.bordereaux.items()
            ],
            "export_declarations": [
                {**released.as_json(), "sub_order": released.sub_order, "received_at": released.released_at.isoformat()}
                for released in world.france_customs.released.values()
            ],
            "ceb": [
                {
                    "type": received.message.kind,
                    "guid": received.message.guid,
                    "orderNo": received.message.head.get("orderNo"),
                    "returnStatus": received.status,
                    "received_at": received.at.isoformat(),
                    "times": received.times,
                }
                for received in world.china_customs.received.values()
            ],
            "ems": {
                "items": {number: [event.code for event in events] for number, events in world.ems.items.items()},
                "files": world.ems.files,
                "faults": dict(world.ems.injected),
            },
            "callbacks": {**counted, "pending": callbacks.pending},
            "requests": requests,
            "faults": injected,
        }

    return routes


def _scenario(body: ScenarioBody) -> ParcelScenario:
    match body:
        case ScenarioBody(story=str(name), script=None):
            if name not in PARCEL_SCENARIOS:
                raise HTTPException(422, f"story: one of {', '.join(sorted(PARCEL_SCENARIOS))}")
            return PARCEL_SCENARIOS[name]
        case ScenarioBody(story=None, script=list(script)):
            try:
                return of_script(script, body.clearance)
            except ValueError as error:
                raise HTTPException(422, str(error)) from error
        case _:
            raise HTTPException(422, "either story or script")


def _parcel(world: World, number: str) -> Parcel:
    parcel = world.laposte.parcels.get(number)
    if parcel is None:
        raise HTTPException(404, {"unknown": [number]})
    return parcel


def _label(parcel: Parcel) -> dict[str, Any]:
    first = parcel.first_scan_at
    return {
        "parcel_number": parcel.number,
        "sub_order": parcel.sub_order,
        "announced_at": parcel.announced_at.isoformat(),
        "deposited_at": parcel.deposited_at.isoformat() if parcel.deposited_at else None,
        "first_scan_at": first.isoformat() if first else None,
    }


def _event(event: Event) -> dict[str, Any]:
    return {"code": event.code, "country": event.country, "at": event.at.isoformat(), "date": french_time(event.at)}
