"""Reading as aiokafka's pages show it."""

from __future__ import annotations

from aiokafka import AIOKafkaConsumer

from contracts import topics
from services.persons import records as persons
from shared.settings import PlatformSettings


async def listen(settings: PlatformSettings, name: str, personal: bool) -> AIOKafkaConsumer:
    """A member of the service's group, on all that it hears; offsets are Kafka's."""
    consumed = [topic.name for topic in topics.subscribed_by(name) if personal or topic.name != persons.TOPIC]
    consumer = AIOKafkaConsumer(
        *consumed,
        bootstrap_servers=settings.kafka_bootstrap,
        group_id=name,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=settings.fetch_wait_ms,
    )
    await consumer.start()
    return consumer
