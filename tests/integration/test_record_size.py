"""Events that are too large for a record, or that the broker refuses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import partial
from typing import Any, ClassVar

import pytest
from aiokafka.errors import MessageSizeTooLargeError

from contracts.base import OrderEvent
from contracts.cases import CaseOpened
from sandbox.local.servers import Servers
from shared.db import DB
from shared.ledger import outbox
from shared.ledger.facts import DecisionContext, Facts, Output
from shared.messaging import dead_letters
from shared.platform import Platform, Service
from tests.support.platform_pair import Answered, Asked, Pair, ask, both, count, decided_by, events, new_pair
from tests.support.waiting import until


class Answer(OrderEvent):
    NAME: ClassVar[str] = "test-answer"
    text: str


@dataclass
class Verbose(Pair):
    """Answers one question at more length than any record may have."""

    mended: bool = False

    def answerer(self, platform: Platform) -> Service:
        service = super().answerer(platform)
        decide = service.kinds[0].decide
        assert decide is not None

        async def handle(db: DB, orders: Sequence[Facts], context: DecisionContext) -> Sequence[Output]:
            verbose = [facts for facts in orders if (asked := facts.get(Asked)) and asked.text == "verbose"]
            text = "" if self.mended else "x" * outbox.RECORD_BYTES
            spelled = [Answer(order_id=facts.id, occurred_at=context.now, text=text) for facts in verbose]
            return [*await decide(db, orders, context), *spelled]

        return decided_by(service, handle)


async def test_a_request_whose_event_is_too_large_for_a_record_changes_nothing(pair: Pair) -> None:
    async with both(pair) as (asker, _):
        with pytest.raises(outbox.TooLarge, match=r"test-asked.v1 has \d+ bytes"):
            await ask(asker, "x" * outbox.RECORD_BYTES)
        assert await asker.pool.fetchval("select count(*) from facts") == 0
        assert await asker.pool.fetchval("select count(*) from outbox") == 0


async def test_a_decision_too_large_for_a_record_is_a_case_and_can_be_replayed(servers: Servers) -> None:
    plain = await new_pair(servers, servers.kafka_bootstrap)
    pair = Verbose(**{field.name: getattr(plain, field.name) for field in fields(plain)})
    async with both(pair) as (asker, answerer):
        [verbose, _] = await ask(asker, "verbose", "plain")
        await until(partial(answered, asker, 1))
        [letter] = await dead_letters.find(answerer.pool)
        assert (letter.stream_id, "TooLarge" in letter.cause) == (verbose, True)
        [case] = [event for event in await events(answerer, verbose) if isinstance(event, CaseOpened)]
        assert (case.kind, case.action) == ("dead_letter", "replay_dead_letter")
        pair.mended = True
        await answerer.letters.replay(letter.id)
        await until(partial(answered, asker, 2))


async def test_an_event_that_the_broker_refuses_is_a_case_and_can_be_sent_again(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with both(pair) as (asker, _):
        await until(lambda: hasattr(asker, "relay"))
        producer, limit = asker.relay._producer, 10_000
        send = producer.send_batch

        async def send_small(batch: Any, topic: str, *, partition: int) -> Any:
            if batch.size() > limit:
                raise MessageSizeTooLargeError
            return await send(batch, topic, partition=partition)

        monkeypatch.setattr(producer, "send_batch", send_small)
        [large, _] = await ask(asker, "x" * 20_000, "plain")
        for turn in range(2):
            await until(lambda: dead_letters.find(asker.pool))
            [letter] = await dead_letters.find(asker.pool)
            assert (letter.stream_id, letter.cause) == (large, "refused by the broker: too large")
            cases = [event.case for event in await events(asker, large) if isinstance(event, CaseOpened)]
            assert len(cases) == turn + 1
            limit = 10_000 if turn == 0 else 1_000_000
            await asker.letters.replay(letter.id)
        await until(partial(answered, asker, 2))
        assert await dead_letters.find(asker.pool) == []


async def answered(asker: Platform, wanted: int) -> bool:
    return await count(asker, Answered) == wanted
