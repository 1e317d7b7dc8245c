"""Where every order is: the fold of all facts, for shoppers, machines and a live page. Decides nothing."""
