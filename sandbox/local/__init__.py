"""The local stack: embedded servers, services and sandbox as processes on this machine, and how `.venv` is installed."""
