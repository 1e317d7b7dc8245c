"""Rules of the carrier service: pure functions and frozen values. No I/O, no clock."""
