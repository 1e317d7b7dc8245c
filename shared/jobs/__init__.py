"""Calls to counterparts outside as durable jobs."""
