"""Customs' own loops."""
