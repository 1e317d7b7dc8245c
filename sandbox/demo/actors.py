"""The people of the demo. Each reads a list of work from the public APIs and does what is on it."""

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

Work = Literal["pack", "dispatch", "uplift", "answer", "unpack"]
POLL_SECONDS = 0.4
_CONCURRENCY = 12
_AGENT_PARCELS, _AGENT_SECONDS = 6, 1.6
"""Parcels that the agent looks up at a time, and real seconds between two times: within the rate limit of the public
tracking. Parcels the agent misses are declared on their arrival scan."""
_UNTIL_FLIGHT = timedelta(hours=58)
"""From the export clearance until the aeroplane leaves, in business time."""
_ANSWER_SECONDS = 1.2
"""Real seconds until an operator has found papers, or has the carrier's answer; so the demo shows an open case."""
_LEFT_FRANCE = frozenset({"export_cleared", "departed_origin", "in_transit_country", "arrived_destination"})
_BOX_G, _PADDING_MM = 140, 30


class Actors:
    """Packer, dispatcher, agent at the airport, operator, and the shoppers who change their minds."""

    def __init__(self, api: Api, orders: DemoOrders, now: Callable[[], datetime], rest: float = POLL_SECONDS) -> None:
        """`now` is business time, `rest` the real seconds between two readings of a list."""
        self._api, self._orders, self._now, self.rest = api, orders, now, rest
        self._limit = asyncio.Semaphore(_CONCURRENCY)
        self._done: set[tuple[str, str]] = set()
        self._failed: list[str] = []

    @property
    def failed(self) -> list[str]:
        """What a service refused although the actors did as they should."""
        return list(self._failed)

    async def work(self, *absent: Work) -> None:
        """Until cancelled; work that was begun is finished. What is named in `absent` is not done."""
        works: dict[Work, Callable[[], Awaitable[None]]] = {
            "pack": self._pack_all,
            "dispatch": self._dispatch_all,
            "uplift": self._uplift_all,
            "answer": self._answer_all,
            "unpack": self._unpack_all,
        }
        async with asyncio.TaskGroup() as group:
            for name, work in works.items():
                if name not in absent:
                    group.create_task(self._repeat(work))

    async def _repeat(self, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            await work()
            await asyncio.sleep(self.rest)

    async def _each(self, jobs: Sequence[Callable[[], Awaitable[None]]]) -> None:
        async def attempt(job: Callable[[], Awaitable[None]]) -> None:
            try:
                await job()
            except Refused as refusal:
                self._failed.append(str(refusal))

        async def limited(job: Callable[[], Awaitable[None]]) -> None:
            async with self._limit:
                running = asyncio.create_task(attempt(job))
                try:
                    await asyncio.shield(running)
                except asyncio.CancelledError:
                    # A parcel that the warehouse has handed over must also be posted at La Poste.
                    await asyncio.gather(running, return_exceptions=True)
                    raise

        await asyncio.gather(*(limited(job) for job in jobs))

    def _first_time(self, work: str, subject: str) -> bool:
        """Whether this was not done before; marks it as done."""
        if (work, subject) in self._done:
            return False
        self._done.add((work, subject))
        return True

    # --- packer ---

    async def _pack_all(self) -> None:
        jobs = []
        async for item in self._api.pages("warehouse", "/pick-lists", "pick_lists", "warehouse"):
            order = self._orders.by_id.get(item["order_id"])
            if order and self._first_time("pack", order.id):
                jobs.append(partial(self._pack, order))
        await self._each(jobs)

    async def _pack(self, order: Order) -> None:
        if order.scenario.cancel == "before_packing":
            return await self._cancel(order)
        if order.scenario.trouble:
            path = f"/orders/{order.id}/shortages"
            body = {"sku": order.scenario.lines[0][0], "quantity": 1, "reason": order.scenario.trouble}
            replaced = (await self._api.post("warehouse", path, "warehouse", body))["replaced"]
            if order.scenario.trouble == "short_pick":  # the shelf is empty, whatever the stock records say
                while replaced:
                    replaced = (await self._api.post("warehouse", path, "warehouse", body))["replaced"]
                return None
        packed = boxes(order)
        for box in packed:
            box["units"] = await self._scan(box["contents"])
        await self._api.post("warehouse", f"/orders/{order.id}/parcels", "warehouse", {"parcels": packed})
        return None

    async def _scan(self, contents: Sequence[dict[str, Any]]) -> list[dict[str, str]]:
        """Takes units with serials from the shelf, for goods that have any; none that was taken before."""
        taken: list[dict[str, str]] = []
        for content in contents:
            if BY_SKU[content["sku"]].serialised:
                taken += await self._take(content["sku"], content["quantity"])
        return taken

    async def _take(self, sku: str, quantity: int) -> list[dict[str, str]]:
        taken: list[dict[str, str]] = []
        async for unit in self._api.pages("warehouse", "/units", "units", "warehouse", sku=sku, state="in_stock"):
            if len(taken) == quantity:
                break
            if self._first_time("take", f"{unit['gtin']}.{unit['serial']}"):
                taken.append({"gtin": unit["gtin"], "serial": unit["serial"]})
        return taken

    # --- dispatcher ---

    async def _dispatch_all(self) -> None:
        jobs = []
        async for item in self._api.pages("warehouse", "/hand-overs", "hand_overs", "warehouse"):
            order = self._orders.by_id.get(item["order_id"])
            parcel = int(item["parcel"])
            if order and self._first_time("dispatch", f"{order.id}/{parcel}"):
                jobs.append(partial(self._dispatch, order, parcel, item["tracking_number"]))
        await self._each(jobs)

    async def _dispatch(self, order: Order, parcel: int, number: str) -> None:
        if order.scenario.cancel == "after_label":
            return await self._cancel(order)
        label = await self._api.send("GET", "carrier", f"/orders/{order.id}/parcels/{parcel}/label", "warehouse")
        if not label.content.startswith(b"%PDF"):
            self._failed.append(f"the label of {order.number}-{parcel} is no PDF")
        await self.hand_over(order, parcel, number)
        return None

    async def hand_over(self, order: Order, parcel: int, number: str) -> None:
        """Gives a labelled parcel to the carrier, on its own."""
        path = f"/orders/{order.id}/parcels/{parcel}/hand-over"
        await self._api.post("warehouse", path, "warehouse", {"tracking_number": number})
        await self.post([(order, parcel, number)])

    async def post(self, parcels: Sequence[tuple[Order, int, str]]) -> None:
        """The carrier has these parcels, each with its number, from now on; after it, who wanted to cancel too late
        does."""
        await self._api.post(
            "sandbox", "/control/postings", None, {"parcel_numbers": [number for *_, number in parcels]}
        )
        for order, parcel, _ in parcels:
            if order.scenario.cancel == "too_late" and parcel == len(order.scenario.parcel_scenarios):
                await self._cancel(order)

    async def _cancel(self, order: Order) -> None:
        await self._api.post("orders", f"/orders/{order.id}/cancel", "marketplace")

    # --- agent at the airport ---

    async def _uplift_all(self) -> None:
        """Reports each parcel's flight to customs, once the public tracking shows that the parcel has left France."""
        page = await self._api.get("customs", "/parcels", "operator", state="handed_over", limit=_AGENT_PARCELS)
        for parcel in page["parcels"]:
            if order := self._orders.by_id.get(parcel["order_id"]):
                await self._each([partial(self._uplift, order, int(parcel["parcel"]))])
        await asyncio.sleep(_AGENT_SECONDS)

    async def _uplift(self, order: Order, parcel: int) -> None:
        number = self._orders.tracking_number(order, parcel)
        if number is None:
            return
        try:
            status = await self._api.get("tracking", f"/tracking/{number}", None)
        except Refused:
            return  # tracking does not know it yet
        departed = datetime.fromisoformat(status["status_at"]) + _UNTIL_FLIGHT <= self._now()
        if status["status"] in _LEFT_FRANCE and departed and self._first_time("uplift", f"{order.id}/{parcel}"):
            body = {"bill_number": f"999-{order.number}-{parcel}", "voyage_number": "CA934"}
            try:
                await self._api.post("customs", f"/orders/{order.id}/parcels/{parcel}/uplift", "operator", body)
            except Refused as refusal:
                # A conflict: the arrival scan came first, and the parcel is declared without a flight.
                if refusal.status != httpx.codes.CONFLICT:
                    raise

    # --- operator ---

    async def _answer_all(self) -> None:
        jobs = []
        async for case in self._api.pages("orders", "/cases", "cases", "operator", status="open"):
            order = self._orders.by_id.get(case["order_id"])
            if order is None or order.scenario.left_open or not case["parcel"]:
                continue
            if self._first_time("case", f"{order.id}/{case['case']}"):
                jobs.append(partial(self._answer, order, case))
        await self._each(jobs)

    async def _answer(self, order: Order, case: dict[str, Any]) -> None:
        parcel = f"/orders/{order.id}/parcels/{case['parcel']}"
        await asyncio.sleep(_ANSWER_SECONDS)
        try:
            match case["action"]:
                case "answer_customs":
                    await self._api.post("customs", f"{parcel}/hold-answer", "operator", {"answer": "papers attached"})
                case "search_with_carrier":
                    body = {"found": order.scenario.parcel_scenarios[int(case["parcel"]) - 1] != "lost"}
                    await self._api.post("carrier", f"{parcel}/enquiry-answer", "operator", body)
                case "send_claim":
                    await self._api.post("carrier", f"{parcel}/claim-answer", "operator", {"sent": True})
                case "await_customs":
                    return  # only customs' decision settles it
                case "look_into" if case["case"].startswith("needs_attention:held_by_post:"):
                    return  # nothing to do: a later scan, or customs, settles it
                case "retry" if case["reason"] == "CEB622:700":
                    return  # sent back: the parcel comes back, which settles it
                case "retry" if case["reason"] == "CEB621:100":
                    # The sandbox rejects a parcel once; the same is declared again.
                    await self._api.post("customs", f"{parcel}/retry", "operator", {"work": "inventory"})
                case action:
                    self._failed.append(f"no actor can {action} for {order.number}: {case['reason']}")
        except Refused as refusal:
            if refusal.status != httpx.codes.CONFLICT:  # it may have been settled meanwhile
                raise

    # --- returns desk ---

    async def _unpack_all(self) -> None:
        """Opens the parcels that came back; their contents are sound."""
        jobs = [
            partial(self._unpack, order, int(parcel["parcel"]))
            for order in self._orders.by_id.values()
            for parcel in self._orders.documents.get(order.id, {}).get("parcels", ())
            if parcel["status"] == "returned" and self._first_time("unpack", f"{order.id}/{parcel['parcel']}")
        ]
        await self._each(jobs)

    async def _unpack(self, order: Order, parcel: int) -> None:
        contents = boxes(order)[parcel - 1]["contents"]
        sound = [{"sku": content["sku"], "quantity": content["quantity"]} for content in contents]
        await self._api.post("warehouse", f"/orders/{order.id}/parcels/{parcel}/return", "warehouse", {"sound": sound})


def boxes(order: Order) -> list[dict[str, Any]]:
    """What the packer scans, weighs and measures: one box, or one for each line of an order of several parcels."""
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
