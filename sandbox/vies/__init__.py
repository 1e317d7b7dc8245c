"""VIES, the register of VAT numbers: its REST interface with its test numbers and its faults."""
