"""What `make run` prints last: what can be tried now, in lines that work as they are printed."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from datetime import datetime

from sandbox.show.baskets import order_body
from sandbox.show.book import Order
from sandbox.show.people import person
from sandbox.show.speech import moment
from sandbox.show.tales import EVERYDAY_LINES, Tale
from shared.provision import Scope

NUMBER = "HELLO-1"
_SHOPPER = 9_001
"""Nobody of the show, and none whom `make order` draws."""
_JSON = "Content-Type: application/json"


def closing(urls: Mapping[str, str], keys: Mapping[Scope, str], now: datetime, *, held: Order, delivered: Order) -> str:
    """`now` is business time. Fits a terminal of 40 lines by 120 columns."""
    answer = f"{urls['customs']}/orders/{held.id}/parcels/1/hold-answer"
    return f"""\
It is {moment(now)} in business time, which goes on at real pace now: parcels take days unless you speed
it up. All stays up until Ctrl-C. You are the marketplace and the operator; make run goes on playing the packer, the
dispatcher and the agent at the airport, the sandbox La Poste and both customs. In another terminal, in this directory:

  make order                       place an order and follow it to its end
  make clock SPEED=20000           let its days pass in seconds; SPEED=1 is real pace, make clock alone tells the time
  make why ORDER={held.number:<17} why an order waits, and what frees it: customs holds this one
  make status                      all services on one screen: exit code 1, for one order waits for you
  make key SCOPE=operator          a key: marketplace, warehouse or operator; NAME=maison makes a new one
  make operate SERVICE=warehouse CMD=dead-letters    the runbook's commands; CMD=--help lists them

The page of a delivered order, and of the one that customs holds:
  {delivered.tracking_url}
  {held.tracking_url}

Answer customs, and speed the clock up to see it delivered:
{request(answer, keys["operator"], {"answer": "papers attached"})}

Place an order by hand, from anywhere; said twice it is one order:
{by_hand(urls["orders"], keys["marketplace"], now)}

Then: make why ORDER={NUMBER}. To cancel it, before the dispatcher hands it over or to be told that it is too late:
curl -sS '{urls["orders"]}/orders?number={NUMBER}' -H 'Authorization: Bearer {keys["marketplace"]}'
gives its id, and POST /orders/ID/cancel with the same header asks for it. Every interface: {urls["orders"]}/docs"""


def request(url: str, key: str, body: Mapping[str, object]) -> str:
    """A curl for a POST, as a POSIX shell, fish and zsh read it."""
    text = shlex.quote(json.dumps(body, ensure_ascii=False))
    return f"curl -sS {url} \\\n  -H 'Authorization: Bearer {key}' -H '{_JSON}' -d {text}"


def by_hand(orders: str, key: str, now: datetime) -> str:
    """A curl that places an order, its body a part a line."""
    body = order_body(NUMBER, Tale("hello", "", EVERYDAY_LINES, "delivered"), person(_SHOPPER), now)
    parts = [f' "{name}": {json.dumps(part, ensure_ascii=False)}' for name, part in body.items()]
    text = "{" + ",\n".join(parts).lstrip() + "}"
    return f"curl -sS {orders}/orders -H 'Authorization: Bearer {key}' -H '{_JSON}' -d {shlex.quote(text)}"
