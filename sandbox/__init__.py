"""The outside world for one machine: stand-ins for the counterparts, the local stack, the demo. Not for production."""
