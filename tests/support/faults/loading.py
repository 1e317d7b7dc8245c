"""The people of the demo, whose dispatcher loads every other parcel onto a manifest; trucks leave all the time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx

from sandbox.demo.actors import Actors, Work
from sandbox.demo.api import Api, Refused
from sandbox.demo.orders import DemoOrders, Order

TRUCK_SECONDS = 2.0
PAUSE_SECONDS = 0.2


@dataclass(frozen=True)
class Load:
    """What was scanned onto an open manifest."""

    manifest_id: str
    parcels: dict[str, tuple[Order, int]] = field(default_factory=dict)
    """By tracking number."""


class LoadingActors(Actors):
    """Every other parcel is handed over with the manifest of a truck, the others one by one."""

    def __init__(self, api: Api, orders: DemoOrders, now: Callable[[], datetime]) -> None:
        super().__init__(api, orders, now)
        self._load: Load | None = None
        self._loading = asyncio.Lock()
        """Nobody scans while the truck leaves."""

    async def work(self, *absent: Work) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(super().work(*absent))
            group.create_task(self._send_trucks())

    async def hand_over(self, order: Order, parcel: int, number: str) -> None:
        if (int(order.number.rpartition("-")[2]) + parcel) % 2:
            await super().hand_over(order, parcel, number)
            return
        async with self._loading:
            if self._load is None:
                opened = await self._api.post("warehouse", "/manifests", "warehouse", {"carrier": "laposte"})
                self._load = Load(opened["id"])
            load = self._load
            path = f"/manifests/{load.manifest_id}/parcels"
            try:
                await self._api.post("warehouse", path, "warehouse", {"tracking_number": number})
            except Refused as refusal:
                match refusal.status:
                    case httpx.codes.CONFLICT:  # its order was withdrawn meanwhile, or the truck is full
                        self._dispatch_again({number: (order, parcel)})
                    case httpx.codes.NOT_FOUND:  # the database was restored
                        self._dispatch_again(load.parcels | {number: (order, parcel)})
                        self._load = None
                    case _:
                        raise
            else:
                load.parcels[number] = (order, parcel)

    def _dispatch_again(self, parcels: Mapping[str, tuple[Order, int]]) -> None:
        """Those that still wait to be handed over are on the dispatcher's list."""
        for order, parcel in parcels.values():
            self._done.discard(("dispatch", f"{order.id}/{parcel}"))

    async def _send_trucks(self) -> None:
        while True:
            await asyncio.sleep(TRUCK_SECONDS)
            await self._each([self._leave])

    async def _leave(self) -> None:
        """Hands over what is loaded, and posts it. What stays is dispatched again if it still waits for that."""
        async with self._loading:
            if self._load is None:
                return
            load, left = self._load, await self._close(self._load.manifest_id)
            self._load = None
            self._dispatch_again({number: parcel for number, parcel in load.parcels.items() if number not in left})
            if loaded := [(*load.parcels[number], number) for number in left if number in load.parcels]:
                await self.post(loaded)

    async def _close(self, manifest_id: str) -> list[str]:
        """The tracking numbers of what was handed over with it: none of an unknown one, that of a restored database.
        One from which nothing may leave is dropped."""
        path = f"/manifests/{manifest_id}"
        while True:
            try:
                manifest = await self._api.get("warehouse", path, "warehouse")
                if manifest["state"] == "closed":
                    return _with_state(manifest, "handed_over")
                if _with_state(manifest, "ready"):
                    staying = [parcel["tracking_number"] for parcel in manifest["parcels"] if _stays(parcel)]
                    await self._api.post("warehouse", f"{path}/close", "warehouse", {"without": staying})
                else:
                    await self._api.send("DELETE", "warehouse", path, "warehouse")
            except Refused as refusal:
                if refusal.status == httpx.codes.NOT_FOUND:
                    return []
                if refusal.status != httpx.codes.CONFLICT:  # an order was withdrawn between the two requests
                    raise
            await asyncio.sleep(PAUSE_SECONDS)


def _with_state(manifest: Mapping[str, Any], state: str) -> list[str]:
    return [parcel["tracking_number"] for parcel in manifest["parcels"] if parcel["state"] == state]


def _stays(parcel: Mapping[str, Any]) -> bool:
    return parcel["state"] not in ("ready", "gone")
