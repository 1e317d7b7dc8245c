"""Where every order is: one document an order, derived from all facts, for shoppers and machines. Decides nothing."""
