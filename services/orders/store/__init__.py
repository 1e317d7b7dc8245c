"""All SQL of the tables of `orders`."""
