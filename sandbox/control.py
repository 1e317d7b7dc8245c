"""The strings of the outside world, for the people and the tests who pull them. For callers on this machine only."""

from __future__ import annotations

from collections import defaultdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request
from pydantic import BaseModel, ConfigDict, Field

from sandbox.faults import CounterpartName, Fault, FaultKind, Faults
from sandbox.laposte.callbacks import Callbacks
from sandbox.laposte.envelopes import local
from sandbox.laposte.parcels import Event, Parcel
from sandbox.scenarios import STORIES, Story, of_script
from sandbox.world import World

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
Number = Annotated[str, Field(min_length=11, max_length=15)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class StoryBody(Body):
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
    """0 takes back all that is planned for this counterpart."""
    retry_after: Annotated[float, Field(ge=0)] | None = None
    seconds: Annotated[float, Field(ge=0, le=600)] = 3.0


class CallbacksBody(Body):
    enabled: bool


def _only_loopback(request: Request) -> None:
    """403 for anyone who calls from another machine."""
    if request.client is not None and request.client.host not in LOOPBACK:
        raise HTTPException(403, "control is for this machine only")


def router(world: World, faults: Faults, callbacks: Callbacks, *, anywhere: bool = False) -> APIRouter:
    """`anywhere`: also for callers from other machines, such as a container's host."""
    routes = APIRouter(prefix="/control", dependencies=[] if anywhere else [Depends(_only_loopback)])

    @routes.get("/stories")
    async def stories() -> dict[str, list[str]]:
        return {"stories": sorted(STORIES)}

    @routes.put("/stories/{sub_order}")
    async def tell(sub_order: str, body: StoryBody) -> dict[str, str]:
        """Before the parcel is deposited: a journey that has begun goes on as it began."""
        story = _story(body)
        world.book.tell(sub_order, story)
        return {"sub_order": sub_order, "story": story.name}

    @routes.post("/postings")
    async def post(body: Postings) -> dict[str, list[str]]:
        now = world.advance()
        unknown = [number for number in body.parcel_numbers if number not in world.post.parcels]
        if unknown:
            raise HTTPException(404, {"unknown": unknown})
        posted = [number for number in body.parcel_numbers if world.post.deposit(number, now)]
        return {"posted": posted, "already": [number for number in body.parcel_numbers if number not in posted]}

    @routes.get("/parcels/{number}")
    async def parcel(number: str) -> dict[str, Any]:
        world.advance()
        found = _known(world, number)
        return {**_label(found), "waiting": found.waiting, "events": [_event(event) for event in found.events]}

    @routes.post("/parcels/{number}/scan")
    async def scan(number: str, body: ScanBody) -> dict[str, Any]:
        now = world.advance()
        _known(world, number)
        return _event(world.post.scan(number, body.code, body.country, now))

    @routes.put("/faults")
    async def plan(body: FaultBody) -> dict[str, int]:
        if body.count == 0:
            faults.forget(body.counterpart)
        else:
            try:
                faults.plan(body.counterpart, Fault(body.fault, body.retry_after, body.seconds), body.count)
            except ValueError as error:
                raise HTTPException(422, str(error)) from error
        return {"planned": faults.waiting(body.counterpart)}

    @routes.put("/callbacks")
    async def switch(body: CallbacksBody) -> dict[str, bool]:
        """Off: what happens meanwhile is never pushed, as when the sender is down; Suivi still tells it."""
        world.advance()
        callbacks.enable(body.enabled)
        return {"enabled": callbacks.enabled}

    @routes.get("/account")
    async def account() -> dict[str, Any]:
        """What the outside world was asked for and did; for comparing with what the services believe."""
        world.advance()
        requests: defaultdict[str, dict[str, int]] = defaultdict(dict)
        for (name, outcome), count in sorted(world.requests.items()):
            requests[name][outcome] = count
        injected: defaultdict[str, dict[str, int]] = defaultdict(dict)
        for (counterpart, kind), count in sorted(faults.injected.items()):
            injected[counterpart][kind] = count
        counted = {name: world.callbacks[name] for name in ("sent", "retried", "refused", "given_up", "suppressed")}
        return {
            "labels": [_label(parcel) for parcel in world.post.parcels.values()],
            "export_declarations": world.export_account,
            "ceb": [
                {
                    "type": received.message.kind,
                    "guid": received.message.guid,
                    "orderNo": received.message.head.get("orderNo"),
                    "returnStatus": received.status,
                    "received_at": received.at.isoformat(),
                    "times": received.times,
                }
                for received in world.port.received.values()
            ],
            "callbacks": {**counted, "pending": callbacks.pending},
            "requests": requests,
            "faults": injected,
        }

    return routes


def _story(body: StoryBody) -> Story:
    match body:
        case StoryBody(story=str(name), script=None):
            if name not in STORIES:
                raise HTTPException(422, f"story: one of {', '.join(sorted(STORIES))}")
            return STORIES[name]
        case StoryBody(story=None, script=list(script)):
            try:
                return of_script(script, body.clearance)
            except ValueError as error:
                raise HTTPException(422, str(error)) from error
        case _:
            raise HTTPException(422, "either story or script")


def _known(world: World, number: str) -> Parcel:
    found = world.post.parcels.get(number)
    if found is None:
        raise HTTPException(404, {"unknown": [number]})
    return found


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
    return {"code": event.code, "country": event.country, "at": event.at.isoformat(), "date": local(event.at)}
