"""The people of the line. Each looks at a list of work over the public APIs and does what is on it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Literal

import httpx

from sandbox.demo.api import Api, Refused
from sandbox.demo.goods import BY_SKU
from sandbox.demo.orders import DemoOrders, Order

Duty = Literal["pack", "dispatch", "uplift", "answer", "unpack"]
POLL_SECONDS = 0.4
_HANDS = 12
_AGENT_LOOKS_AT, _AGENT_RESTS = 6, 1.6
"""Within what the public tracking answers one client. Parcels it misses are declared on their arrival scan."""
_TO_THE_FLIGHT = timedelta(hours=58)
"""From the export clearance until the aeroplane leaves, in business time."""
_SEARCH_SECONDS = 1.2
"""How long an operator needs to find papers, or to hear from the carrier; real, so that the show shows the wait."""
_GONE_ABROAD = frozenset({"export_cleared", "departed_origin", "in_transit_country", "arrived_destination"})
_BOX_G, _PADDING_MM = 140, 30


class Actors:
    """Packer, dispatcher, agent at the airport, operator, and the shoppers who change their minds."""

    def __init__(self, api: Api, orders: DemoOrders, now: Callable[[], datetime], rest: float = POLL_SECONDS) -> None:
        """`now` is business time, `rest` how long they wait between two looks at their lists, in real seconds."""
        self._api, self._orders, self._now, self.rest = api, orders, now, rest
        self._hands = asyncio.Semaphore(_HANDS)
        self._done: set[tuple[str, str]] = set()
        self._failed: list[str] = []

    @property
    def failed(self) -> list[str]:
        """What a service refused although the people did as they should."""
        return list(self._failed)

    async def work(self, *absent: Duty) -> None:
        """Until cancelled; what is in hand is finished. The duties of those who are absent are left undone."""
        duties: dict[Duty, Callable[[], Awaitable[None]]] = {
            "pack": self._pack_all,
            "dispatch": self._dispatch_all,
            "uplift": self._uplift_all,
            "answer": self._answer_all,
            "unpack": self._unpack_all,
        }
        async with asyncio.TaskGroup() as shift:
            for name, duty in duties.items():
                if name not in absent:
                    shift.create_task(self._again(duty))

    async def _again(self, duty: Callable[[], Awaitable[None]]) -> None:
        while True:
            await duty()
            await asyncio.sleep(self.rest)

    async def _each(self, todo: Sequence[Callable[[], Awaitable[None]]]) -> None:
        async def done(work: Callable[[], Awaitable[None]]) -> None:
            try:
                await work()
            except Refused as refusal:
                self._failed.append(str(refusal))

        async def in_turn(work: Callable[[], Awaitable[None]]) -> None:
            async with self._hands:
                in_hand = asyncio.create_task(done(work))
                try:
                    await asyncio.shield(in_hand)
                except asyncio.CancelledError:
                    # A parcel that is handed over is also brought to the post.
                    await asyncio.gather(in_hand, return_exceptions=True)
                    raise

        await asyncio.gather(*(in_turn(work) for work in todo))

    def _first_time(self, duty: str, subject: str) -> bool:
        """Whether this was not done yet; from now on it is."""
        if (duty, subject) in self._done:
            return False
        self._done.add((duty, subject))
        return True

    # --- packer ---

    async def _pack_all(self) -> None:
        todo = []
        async for item in self._api.pages("warehouse", "/pick-lists", "pick_lists", "warehouse"):
            order = self._orders.by_id.get(item["order_id"])
            if order and self._first_time("pack", order.id):
                todo.append(partial(self._pack, order))
        await self._each(todo)

    async def _pack(self, order: Order) -> None:
        if order.scenario.cancel == "before_packing":
            return await self._cancel(order)
        if order.scenario.trouble:
            path = f"/orders/{order.id}/shortages"
            body = {"sku": order.scenario.lines[0][0], "quantity": 1, "reason": order.scenario.trouble}
            replaced = (await self._api.post("warehouse", path, "warehouse", body))["replaced"]
            if order.scenario.trouble == "short_pick":  # the shelf is empty, whatever the books say
                while replaced:
                    replaced = (await self._api.post("warehouse", path, "warehouse", body))["replaced"]
                return None
        await self._api.post("warehouse", f"/orders/{order.id}/parcels", "warehouse", {"parcels": boxes(order)})
        return None

    # --- dispatcher ---

    async def _dispatch_all(self) -> None:
        todo = []
        async for item in self._api.pages("warehouse", "/hand-overs", "hand_overs", "warehouse"):
            order = self._orders.by_id.get(item["order_id"])
            parcel = int(item["parcel"])
            if order and self._first_time("dispatch", f"{order.id}/{parcel}"):
                todo.append(partial(self._dispatch, order, parcel, item["tracking_number"]))
        await self._each(todo)

    async def _dispatch(self, order: Order, parcel: int, number: str) -> None:
        if order.scenario.cancel == "after_label":
            return await self._cancel(order)
        label = await self._api.send("GET", "carrier", f"/orders/{order.id}/parcels/{parcel}/label", "warehouse")
        if not label.content.startswith(b"%PDF"):
            self._failed.append(f"the label of {order.number}-{parcel} is no PDF")
        path = f"/orders/{order.id}/parcels/{parcel}/hand-over"
        await self._api.post("warehouse", path, "warehouse", {"tracking_number": number})
        await self._api.post("sandbox", "/control/postings", None, {"parcel_numbers": [number]})
        if order.scenario.cancel == "too_late" and parcel == len(order.scenario.parcel_scenarios):
            await self._cancel(order)
        return None

    async def _cancel(self, order: Order) -> None:
        await self._api.post("orders", f"/orders/{order.id}/cancel", "marketplace")

    # --- agent at the airport ---

    async def _uplift_all(self) -> None:
        """Tells customs on which flight a parcel is, once the public tracking shows that it has left France."""
        page = await self._api.get("customs", "/parcels", "operator", state="handed_over", limit=_AGENT_LOOKS_AT)
        for parcel in page["parcels"]:
            if order := self._orders.by_id.get(parcel["order_id"]):
                await self._each([partial(self._uplift, order, int(parcel["parcel"]))])
        await asyncio.sleep(_AGENT_RESTS)

    async def _uplift(self, order: Order, parcel: int) -> None:
        number = self._orders.tracking_number(order, parcel)
        if number is None:
            return
        try:
            seen = await self._api.get("tracking", f"/tracking/{number}", None)
        except Refused:
            return  # not heard of yet
        flown = datetime.fromisoformat(seen["status_at"]) + _TO_THE_FLIGHT <= self._now()
        if seen["status"] in _GONE_ABROAD and flown and self._first_time("uplift", f"{order.id}/{parcel}"):
            body = {"bill_number": f"999-{order.number}-{parcel}", "voyage_number": "CA934"}
            try:
                await self._api.post("customs", f"/orders/{order.id}/parcels/{parcel}/uplift", "operator", body)
            except Refused as refusal:
                if refusal.status != httpx.codes.CONFLICT:  # an arrival scan was faster: it is declared without
                    raise

    # --- operator ---

    async def _answer_all(self) -> None:
        todo = []
        async for case in self._api.pages("orders", "/cases", "cases", "operator", status="open"):
            order = self._orders.by_id.get(case["order_id"])
            if order is None or order.scenario.left_open or not case["parcel"]:
                continue
            if self._first_time("case", f"{order.id}/{case['case']}"):
                todo.append(partial(self._answer, order, case))
        await self._each(todo)

    async def _answer(self, order: Order, case: dict[str, Any]) -> None:
        parcel = f"/orders/{order.id}/parcels/{case['parcel']}"
        await asyncio.sleep(_SEARCH_SECONDS)
        try:
            match case["action"]:
                case "answer_customs":
                    await self._api.post("customs", f"{parcel}/hold-answer", "operator", {"answer": "papers attached"})
                case "search_with_carrier":
                    body = {"found": order.scenario.parcel_scenarios[int(case["parcel"]) - 1] != "lost"}
                    await self._api.post("carrier", f"{parcel}/enquiry-answer", "operator", body)
                case "look_into" if case["reason"] == "held_by_post":
                    return  # nothing to send: a later scan, or customs itself, says more
                case action:
                    self._failed.append(f"nobody knows how to {action} for {order.number}: {case['reason']}")
        except Refused as refusal:
            if refusal.status != httpx.codes.CONFLICT:  # the world may have settled it meanwhile
                raise

    # --- returns desk ---

    async def _unpack_all(self) -> None:
        """Opens the parcels that came back; what lies in them is sound."""
        todo = [
            partial(self._unpack, order, int(parcel["parcel"]))
            for order in self._orders.by_id.values()
            for parcel in self._orders.documents.get(order.id, {}).get("parcels", ())
            if parcel["status"] == "returned" and self._first_time("unpack", f"{order.id}/{parcel['parcel']}")
        ]
        await self._each(todo)

    async def _unpack(self, order: Order, parcel: int) -> None:
        contents = boxes(order)[parcel - 1]["contents"]
        sound = [{"sku": content["sku"], "quantity": content["quantity"]} for content in contents]
        await self._api.post("warehouse", f"/orders/{order.id}/parcels/{parcel}/return", "warehouse", {"sound": sound})


def boxes(order: Order) -> list[dict[str, Any]]:
    """What the packer scans, weighs and measures: one box, or one for each line when the story has several parcels."""
    lines = list(enumerate(order.scenario.lines, start=1))
    parts = [[line] for line in lines] if len(order.scenario.parcel_scenarios) > 1 else [lines]
    return [_box([(line, sku, units) for line, (sku, units) in part]) for part in parts]


def _box(contents: list[tuple[int, str, int]]) -> dict[str, Any]:
    goods = [(BY_SKU[sku], units) for _, sku, units in contents]
    return {
        "contents": [{"line": line, "sku": sku, "quantity": units} for line, sku, units in contents],
        "weight_g": _BOX_G + sum(good.weight_g * units for good, units in goods),
        "length_mm": _PADDING_MM + max(good.size_mm[0] for good, _ in goods),
        "width_mm": _PADDING_MM + max(good.size_mm[1] for good, _ in goods),
        "height_mm": _PADDING_MM + sum(good.size_mm[2] * units for good, units in goods),
    }
