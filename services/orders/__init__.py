"""Orders: accepts orders, knows the status of each, and alone decides that an order has ended."""
