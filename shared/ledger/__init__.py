"""Facts, and what follows from them, in one transaction: the sets, the outbox, group commit."""
