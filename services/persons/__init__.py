"""The person's record, as every service that may open a part of it keeps it."""
