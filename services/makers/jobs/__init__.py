"""What makers asks of registers and of customs, and what their answers mean."""
