"""HTTP, both ways: who may ask, how much, bodies and errors; and the client for calls to counterparts."""
