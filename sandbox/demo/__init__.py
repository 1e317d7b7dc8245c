"""What `make run` shows: it plays marketplace, warehouse and operator through the public APIs only."""
