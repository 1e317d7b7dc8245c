"""All SQL of the warehouse's own tables."""
