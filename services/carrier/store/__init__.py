"""All SQL of the carrier service. Times in these tables are real: they serve retention, polling and people's eyes."""
