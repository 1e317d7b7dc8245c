"""What `orders` asks of others: the job that erases a person's record, and what would be decided on an order."""
