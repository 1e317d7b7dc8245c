"""Kafka: consumer, decoder, relay, partition logs, dead letters, restore."""
