"""What crosses a boundary between services. Imports nothing of the project but itself."""
