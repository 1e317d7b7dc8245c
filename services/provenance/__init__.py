"""What happened to each unit, in a log that anyone can check."""
