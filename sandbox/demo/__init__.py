"""The show of `make run`: goods, shoppers, stories and the people of the warehouse, through the public APIs only."""
