"""The others: the limit of each stage, which does less than is needed, and the peer, which does it as tutorials do."""
