"""All SQL of the customs service's own tables."""
