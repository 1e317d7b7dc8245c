"""The external systems, simulated; the local stack; the demo. Not for production."""
