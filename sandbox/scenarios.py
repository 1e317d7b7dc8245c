"""Journeys as data: which scans a parcel gets, where, when, and what Chinese customs says of it.

Hours are business hours since the deposit or, after a wait, since what was waited for. A named story runs at its own
pace for each sub-order, always the same for the same one; a script runs exactly as written.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

Until = Literal["released", "refused", "step"]
"""`released`, `refused`: Chinese customs has let the goods go, or sent them back. `step`: someone drives the parcel."""


@dataclass(frozen=True, slots=True)
class Scan:
    after_hours: float
    code: str
    country: str | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    until: Until


Step = Scan | Wait


@dataclass(frozen=True, slots=True)
class Receipt:
    """What customs will say, and how many hours after the inventory, or after the answer to a hold."""

    after_hours: float
    status: str
    info: str


@dataclass(frozen=True, slots=True)
class Clearance:
    receipts: tuple[Receipt, ...]
    after_answer: tuple[Receipt, ...] = ()
    """What follows the answer to a hold; empty when there is no hold to answer."""


RELEASE = Receipt(20, "800", "[Code:800;Desc:放行]")
CLEARANCES: dict[str, Clearance] = {
    "released": Clearance((RELEASE,)),
    "reviewed": Clearance((Receipt(6, "300", "[Code:300;Desc:人工审核]"), replace(RELEASE, after_hours=30))),
    "held": Clearance(
        (Receipt(8, "500", "[Code:500;Desc:查验]"),),
        after_answer=(replace(RELEASE, after_hours=14),),
    ),
    "sent_back": Clearance(
        (
            Receipt(6, "300", "[Code:300;Desc:人工审核]"),
            Receipt(36, "700", "[Code:700;Desc:退货]"),
            Receipt(60, "899", "[Code:899;Desc:结关]"),
        )
    ),
}


@dataclass(frozen=True, slots=True)
class Story:
    name: str
    steps: tuple[Step, ...]
    clearance: Clearance = field(default_factory=lambda: CLEARANCES["released"])
    export_refusal: str | None = None
    """The code with which the French gateway refuses the export declaration."""
    paced: bool = True

    def pace(self, sub_order: str) -> float:
        """How slow this parcel's world is: 0.9 to 1.25 for a named story, 1 for a script."""
        return 0.9 + zlib.crc32(sub_order.encode()) % 36 / 100 if self.paced else 1.0


def scans(country: str, *rows: tuple[float, str]) -> tuple[Step, ...]:
    return tuple(Scan(hours, code, country) for hours, code in rows)


def journey(*parts: Step | tuple[Step, ...]) -> tuple[Step, ...]:
    return tuple(step for part in parts for step in (part if isinstance(part, tuple) else (part,)))


SILENCE_HOURS = 16.5 * 24
"""Long enough for an enquiry even at the quickest pace, short of La Poste's thirty days for claims."""
RELEASED, REFUSED = Wait("released"), Wait("refused")
COLLECTED = scans("FR", (2, "PC1"), (9, "ET1"), (26, "ET1"), (38, "ET2"))
EXPORTED = scans("FR", (44, "DO1"), (52, "DO2"))
FLOWN = scans("CN", (118, "ET3"), (126, "DO1"))
TO_THE_OFFICE = scans("CN", (5, "DO2"), (20, "ET1"), (66, "EP1"))
TO_THE_DOOR = (*TO_THE_OFFICE, *scans("CN", (84, "MD2"), (88, "DI1")))
NOBODY_HOME = (*TO_THE_OFFICE, *scans("CN", (84, "MD2"), (89, "ND1"), (108, "AG1")))

STORIES: dict[str, Story] = {
    story.name: story
    for story in (
        Story("delivered", journey(COLLECTED, EXPORTED, FLOWN, RELEASED, TO_THE_DOOR)),
        Story("lost", COLLECTED),
        Story(
            "customs_hold",
            journey(COLLECTED, EXPORTED, FLOWN, Scan(133, "DO3", "CN"), RELEASED, TO_THE_DOOR),
            clearance=CLEARANCES["held"],
        ),
        Story(
            "customs_refused",
            journey(
                *(COLLECTED, EXPORTED, FLOWN, REFUSED),
                *(Scan(12, "RE1", "CN"), scans("FR", (130, "ET1"), (168, "DI2"))),
            ),
            clearance=CLEARANCES["sent_back"],
        ),
        Story(
            "pickup",
            journey(COLLECTED, EXPORTED, FLOWN, RELEASED, NOBODY_HOME, Scan(154, "DI1", "CN")),
            clearance=CLEARANCES["reviewed"],
        ),
        Story(
            "silent_then_found",
            journey(
                *(COLLECTED, EXPORTED),
                *(scans("CN", (52 + SILENCE_HOURS, "ET3"), (60 + SILENCE_HOURS, "DO1")), RELEASED, TO_THE_DOOR),
            ),
        ),
        Story(
            "returned",
            journey(
                *(COLLECTED, EXPORTED, FLOWN, RELEASED, NOBODY_HOME),
                *(Scan(180, "RE1", "CN"), scans("FR", (300, "ET1"), (330, "DI2"))),
            ),
        ),
        Story(
            "minimal",
            journey(
                *(scans("FR", (3, "PC1"), (12, "ET1"), (40, "ET2")), Scan(116, "ET3", "CN"), RELEASED),
                *scans("CN", (24, "ET1"), (90, "MD2"), (95, "DI1")),
            ),
        ),
        Story("export_refused", (), export_refusal="prohibited_goods"),
        Story("stepwise", (Wait("step"),)),
    )
}
DEFAULT = STORIES["delivered"]


def of_script(script: list[dict[str, object]], clearance: str | None = None) -> Story:
    """The story a caller wrote itself. ValueError names the step that cannot be read."""
    steps = tuple(_step(index, raw) for index, raw in enumerate(script))
    waits = {step.until for step in steps if isinstance(step, Wait)}
    name = clearance or ("sent_back" if "refused" in waits else "released")
    if name not in CLEARANCES:
        raise ValueError(f"clearance: one of {', '.join(CLEARANCES)}")
    return Story("script", steps, clearance=CLEARANCES[name], paced=False)


def _step(index: int, raw: dict[str, object]) -> Step:
    match raw:
        case {"wait": "released" | "refused" | "step" as until}:
            return Wait(until)
        case {"code": str(code), "after_hours": int() | float() as hours} if hours >= 0 and code:
            country = raw.get("country")
            return Scan(float(hours), code, country if isinstance(country, str) else None)
        case _:
            waits = ", ".join(get_args(Until))
            raise ValueError(f'script/{index}: {{"after_hours", "code", "country"}} or {{"wait": {waits}}}')


class StoryBook:
    """Which sub-order lives through which story."""

    def __init__(self) -> None:
        self._stories: dict[str, Story] = {}

    def tell(self, sub_order: str, story: Story) -> None:
        self._stories[sub_order] = story

    def of(self, sub_order: str) -> Story:
        return self._stories.get(sub_order, DEFAULT)
