"""The HTTP interface of the warehouse: read, call, answer."""
