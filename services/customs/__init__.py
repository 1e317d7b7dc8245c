"""Screening, the export from the EU and the import into China."""
