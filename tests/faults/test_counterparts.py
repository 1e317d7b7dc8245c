"""The outside world fails: every counterpart in every way it can, and the connections to it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from tests.support.faults.busy_stack import BusyStack
from tests.support.waiting import until

WAYS: Mapping[str, Mapping[str, Any]] = {
    "429 with Retry-After": {"fault": "429", "retry_after": 1},
    "500": {"fault": "500"},
    "time-out after success (lost answer)": {"fault": "lost_answer"},
    "truncated body": {"fault": "truncated"},
    "slow": {"fault": "slow", "seconds": 2},
}
BAD_ANSWERS: Mapping[str, Mapping[str, Any]] = {
    "1 MB that unpacks to 1 GiB": {"fault": "gzip_bomb"},
    "body without an end": {"fault": "endless"},
    "page of HTML with 200": {"fault": "html"},
}
CUT_PDF: Mapping[str, Mapping[str, Any]] = {"half a PDF in a whole answer": {"fault": "cut_pdf"}}
WHO = {"sls": "La Poste, labels", "suivi": "La Poste, tracking", "chinaport": "import gateway"}
"""The export gateway is asked for goods above 1,000 EUR only; the limit of 5,000 RMB keeps them out of this stack."""
WAYS_OF = {"sls": {**WAYS, **BAD_ANSWERS, **CUT_PDF}, "suivi": WAYS, "chinaport": {**WAYS, **BAD_ANSWERS}}
TIMES = {"sls": 3, "suivi": 1, "chinaport": 1}
"""So often each fault is met, by requests that are made anyway. Whoever is asked in turns, and not for each parcel, is
left in peace for longer after every failure."""
MET_SECONDS = 240.0
REFUSED_LABELS = 4


async def test_counterparts_fail_in_every_way(busy: BusyStack) -> None:
    """Shuffled, so that one fault meets the retry of the last."""
    rows = [(way, who) for name, who in WHO.items() for way in WAYS_OF[name]]
    before = await injected(busy)
    async with busy.faults(rows, "I1 I3 I4 I6 I9", orders=10) as injections:
        plan = [
            (counterpart, way) for counterpart in WHO for way in WAYS_OF[counterpart] for _ in range(TIMES[counterpart])
        ]
        busy.chance.shuffle(plan)
        for counterpart, way in plan:
            await busy.api.put(
                "sandbox", "/control/faults", None, {"counterpart": counterpart, **WAYS_OF[counterpart][way]}
            )
        wanted = {
            (counterpart, str(WAYS_OF[counterpart][way]["fault"])): TIMES[counterpart] for counterpart, way in plan
        }
        try:
            await all_met(busy, before, wanted)
        finally:
            await forget_plans(busy)
        names = {words: name for name, words in WHO.items()}
        after = await injected(busy)
        for injection, (way, who) in zip(injections, rows, strict=True):
            what = (names[who], str(WAYS_OF[names[who]][way]["fault"]))
            injection.happened(after[what] - before.get(what, 0))


async def forget_plans(busy: BusyStack) -> None:
    """Nobody fails any more."""
    for counterpart in WHO:
        nothing = {"counterpart": counterpart, "fault": "500", "count": 0}
        await busy.api.put("sandbox", "/control/faults", None, nothing)


async def all_met(
    busy: BusyStack, before: Mapping[tuple[str, str], int], wanted: Mapping[tuple[str, str], int]
) -> None:
    async def all_injected() -> bool:
        return not missing(await injected(busy), before, wanted)

    await until(all_injected, MET_SECONDS)


def missing(
    after: Mapping[tuple[str, str], int], before: Mapping[tuple[str, str], int], wanted: Mapping[tuple[str, str], int]
) -> list[tuple[str, str]]:
    return [what for what, times in wanted.items() if after.get(what, 0) - before.get(what, 0) < times]


async def injected(busy: BusyStack) -> dict[tuple[str, str], int]:
    account = await busy.api.get("sandbox", "/control/account", None)
    return {(name, kind): count for name, kinds in account["faults"].items() for kind, count in kinds.items()}


async def test_every_label_is_refused_by_a_wrong_setting(busy: BusyStack) -> None:
    """A password that is not ours: nobody's parcel is at fault, so every job waits, and goes on once it is right."""
    async with busy.fault("every label refused: wrong password", "La Poste, labels", "I1 I3 I9", orders=8) as fault:
        refused_labels = "select count(*) from facts where type like 'label-refused.%' and published"
        before = await busy.stores.value("carrier", refused_labels)
        await asyncio.to_thread(busy.stack.processes["carrier"].end)
        busy.stack.start("carrier", {"LAPOSTE_PASSWORD": "of somebody else"})
        # The first refusals pause all labels: how many calls were under way until then is a matter of speed.
        refused = """select count(*) from jobs where kind = 'label.laposte' and status = 'ready'
                     and exists (select from jobs where status = 'ready' and reason = 'sls:30000')"""

        async def enough() -> bool:
            return int(await busy.stores.value("carrier", refused)) >= REFUSED_LABELS

        await until(enough, MET_SECONDS)
        fault.happened(await busy.stores.value("carrier", refused))
        await asyncio.to_thread(busy.stack.processes["carrier"].end)
        busy.start("carrier")
    assert await busy.stores.value("carrier", refused_labels) == before, "an order was withdrawn for a fault of ours"


async def test_call_backs_repeated_and_shuffled_by_their_sender(busy: BusyStack) -> None:
    rows = [("sent twice", "call-backs"), ("sent out of order", "call-backs")]
    before = await injected(busy)
    async with busy.faults(rows, "I4 I5 I7") as injections:
        for kind, count in (("duplicate", 8), ("shuffle", 8)):
            await busy.api.put(
                "sandbox", "/control/faults", None, {"counterpart": "webhook", "fault": kind, "count": count}
            )
        wanted = {("webhook", "duplicate"): 8, ("webhook", "shuffle"): 8}
        await all_met(busy, before, wanted)
        for injection in injections:
            injection.happened(8)


async def test_the_outside_world_is_cut_off(busy: BusyStack) -> None:
    async with busy.faults([("cut", "the outside world"), ("half-open", "the outside world")], "I1 I3 I9") as both:
        for injection, state in zip(both, ("cut", "half_open"), strict=True):
            for proxy in busy.proxied("sandbox"):
                proxy.cut() if state == "cut" else proxy.half_open()
            injection.happened()
            await asyncio.sleep(4)
            for proxy in busy.proxied("sandbox"):
                proxy.heal()


async def test_call_backs_are_cut_off(busy: BusyStack) -> None:
    """The sender repeats what was not answered, and the poll finds what was never sent."""
    way = busy.proxies["sandbox", "carrier"]
    async with busy.fault("cut", "call-backs", "I4 I7") as fault:
        way.cut()
        fault.happened()
        await asyncio.sleep(4)
        way.heal()
