"""The command line of every service, and how its commands reach the servers."""
