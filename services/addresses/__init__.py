"""Addresses in China: its divisions, and names and places in Latin letters; and which texts name a city."""
