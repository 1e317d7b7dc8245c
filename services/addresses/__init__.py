"""Addresses in China: its divisions, and how names and places are spelt in Latin letters."""
