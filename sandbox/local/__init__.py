"""The local stack: embedded servers, and services and sandbox as processes; and how `.venv` is installed."""
