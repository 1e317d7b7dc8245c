"""HTTP: what customs knows of an order, and what an operator may do about a parcel."""
