"""Orders: takes orders in, knows where in its life each stands, and is the only one to say that an order has ended."""
