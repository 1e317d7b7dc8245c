"""Bodies of the HTTP interface, and answers that are not files of the log."""
