"""A witness of transparency logs (c2sp.org/tlog-witness), of our own: it shows the protocol, not independence."""
