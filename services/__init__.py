"""The services. None imports another; they meet on the topics."""
