"""Calls to external counterparts as durable jobs."""
