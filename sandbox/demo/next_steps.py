"""What `make run` prints last: commands to try, which work as they are printed."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rich.cells import cell_len

from sandbox.demo.order_request import order_body
from sandbox.demo.orders import Order
from sandbox.demo.people import person
from sandbox.demo.scenarios import Scenario
from sandbox.demo.wording import format_instant
from services.orders.domain.decide import order_id_of
from shared.scopes import Scope

NUMBER = "HELLO-1"
COLUMNS, ROWS = 120, 40
"""Of the terminal that the text must fit."""
_ORDER_LINES = (("SAVON-OLIVE-300", 2),)
_SHOPPER = 9_001
"""No shopper of the demo, and none of `make order`."""
_JSON = "Content-Type: application/json"


def next_steps(
    urls: Mapping[str, str], keys: Mapping[Scope, str], now: datetime, *, held: Order, delivered: Order, buyer: str
) -> str:
    """`now` is business time, `buyer` the marketplace whose key it is."""
    answer = f"{urls['customs']}/orders/{held.id}/parcels/1/hold-answer"
    cancel = f"{urls['orders']}/orders/{order_id_of(buyer, NUMBER)}/cancel"
    return f"""\
It is {format_instant(now)} in business time, which now runs at real pace: parcels take days unless
you speed it up. Everything runs until Ctrl-C. You are the marketplace and the operator; make run plays the packer,
dispatcher and agent at the airport, the sandbox La Poste and both customs. In another terminal, in this directory:

  make order                    place an order and follow it to its end
  make clock SPEED=20000        let its days pass in seconds; SPEED=1 is real pace, make clock alone prints the time
  make why ORDER={held.number:<14} why an order waits, and what it needs; a part of a number will do
  make status                   all services on one screen; exit code 1, for the order that customs holds needs you
  make key SCOPE=operator       a key: marketplace, warehouse or operator; NAME=maison makes a new one
  make operate SERVICE=warehouse CMD=dead-letters    the runbook's commands; CMD=--help lists them

The page of a delivered order, and of {held.number}, which customs holds:
  {delivered.tracking_url}
  {held.tracking_url}

Answer customs (then speed the clock up and follow the page):
{post(answer, keys["operator"])} \\
  -H '{_JSON}' -d '{{"answer": "papers attached"}}'

Place an order by hand, from any directory; sent twice it is the same order. Then: make why ORDER={NUMBER}
{post(f"{urls['orders']}/orders", keys["marketplace"])} \\
  -H '{_JSON}' -d {shlex.quote(_packed(_body(now)))}

Ask to cancel it; once the dispatcher has handed it over, the answer is too_late:
{post(cancel, keys["marketplace"])}"""


def post(url: str, key: str) -> str:
    """The beginning of a request, quoted for a POSIX shell, zsh and fish."""
    return f"curl -sS -X POST {url} \\\n  -H 'Authorization: Bearer {key}'"


def rows(text: str) -> int:
    """How many rows of the terminal the text takes."""
    return sum(max(1, -(-cell_len(line) // COLUMNS)) for line in text.splitlines())


def _body(now: datetime) -> dict[str, Any]:
    body = order_body(
        NUMBER, Scenario("hello", "", _ORDER_LINES, "delivered"), person(_SHOPPER), now.replace(microsecond=0)
    )
    return {name: part for name, part in body.items() if name != "language"}


def _packed(body: Mapping[str, object]) -> str:
    """As JSON, as many parts a row as there is room for."""
    lines, row = [], "{"
    for name, part in body.items():
        text = f"{json.dumps(name)}: {json.dumps(part, ensure_ascii=False)}"
        if cell_len(row) > 1 and cell_len(f"{row} {text},") > COLUMNS:
            lines.append(row)
            row = ""
        row += ("" if row == "{" else " ") + text + ","
    return "\n".join([*lines, row.rstrip(",") + "}"])
