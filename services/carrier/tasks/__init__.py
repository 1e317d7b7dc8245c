"""The endless loops of the carrier service."""
