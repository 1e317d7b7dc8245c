"""All SQL of the tables of makers."""
