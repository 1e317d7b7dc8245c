"""The demo of `make run`: it acts as marketplace, warehouse and operator, through the public APIs only."""
