"""The HTTP interface of makers: read, call, answer."""
